"""How rows are written: what a spreadsheet must not calculate, must not make another thing of, must not lose."""

import csv
import io
import json
import re
import sys
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mo_gateway import sheets
from mo_gateway.sheets import FORMS, SHEETS, SIGNS, lines, name_of, neutral

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FORMULA = "=cmd|' /C calc'!A0"
LONGEST_SMS = 65_536  # characters, and more than anybody can send

#: Texts out of what a formula, a new cell or a wrong reading is made of, and out of anything.
hostile_texts = st.lists(
    st.one_of(
        st.sampled_from(
            [*SIGNS, *",;\t\r\n\"' ", "\u200b", "\ufeff", "\u3164", "\u00a0", "\u0301", "\0", "1", "E"]
        ),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=12,
).map("".join)


def written(form: str, value: object, kind: str = "text", zone: ZoneInfo = AMSTERDAM) -> str:
    """Write one value as a file, and give it as a reader of that file gets it."""
    _header, row = read(form, "".join(lines(form, {"it": kind, "last": "text"}, [(value, "end")], zone)))
    assert row[1] == "end"
    return row[0]


def read(form: str, text: str) -> list[list[str]]:
    sheet = SHEETS[form]
    content = io.StringIO(text.removeprefix(sheet.beginning), newline="")
    return list(csv.reader(content, delimiter=sheet.delimiter, strict=True))


def first_seen(text: str) -> str:
    """Give the first character that shows anything."""
    return next((one for one in text if unicodedata.category(one)[0] not in "ZCM" and one not in "\u3164"), "")


# files


def test_csv_is_that_of_the_rfc() -> None:
    text = "".join(
        lines("csv", {"id": "number", "word": "text"}, [(1, 'a "b", c'), (2, "two\r\nlines")], AMSTERDAM)
    )

    assert text == 'id,word\r\n1,"a ""b"", c"\r\n2,"two\r\nlines"\r\n'


@pytest.mark.parametrize("form", ["excel-nl", "excel-be", "excel-fr"])
def test_a_sheet_for_excel_has_semicolons_decimal_commas_and_says_that_it_is_utf_8(form: str) -> None:
    columns = {"word": "text", "share": "number"}

    text = "".join(lines(form, columns, [("été; hiver", 0.5)], AMSTERDAM))

    assert text.encode() == b'\xef\xbb\xbfword;share\r\n"\xc3\xa9t\xc3\xa9; hiver";0,5\r\n'


def test_lines_of_json_have_utc_times_numbers_and_texts_as_they_are() -> None:
    row = {
        "at": datetime(2026, 10, 25, 1, 30, 0, 5, tzinfo=UTC),
        "local_date": date(2026, 10, 25),
        "share": 0.5,
        "sum": Decimal("2.5"),
        "messages": 3,
        "is_test": False,
        "key": b"\x01\xff",
        "list": None,
        "parm": FORMULA + "\n",
    }

    (line,) = lines("jsonl", dict.fromkeys(row, "text"), [tuple(row.values())], AMSTERDAM)

    assert line.endswith("}\n")
    assert json.loads(line) == {
        **row,
        "at": "2026-10-25T01:30:00.000005+00:00",
        "local_date": "2026-10-25",
        "sum": 2.5,
        "key": "01ff",
    }


@pytest.mark.parametrize("form", FORMS)
def test_a_row_is_asked_for_only_when_its_line_is(form: str) -> None:
    asked: list[int] = []

    def rows() -> Iterator[tuple[int]]:
        for number in range(1_000_000):
            asked.append(number)
            yield (number,)

    found = lines(form, {"id": "number"}, rows(), AMSTERDAM)
    for _ in range(3):
        next(found)

    assert len(asked) <= 3


@pytest.mark.parametrize("form", SHEETS)
def test_a_sheet_without_rows_has_its_header(form: str) -> None:
    assert read(form, "".join(lines(form, {"id": "number", "at": "moment"}, [], AMSTERDAM))) == [
        ["id", "at_amsterdam"]
    ]


# values


@pytest.mark.parametrize(
    ("value", "in_csv", "in_excel"),
    [
        (None, "", ""),
        (True, "true", "1"),
        (False, "false", "0"),
        (0, "0", "0"),
        (-5, "-5", "-5"),
        (-0.25, "-0.25", "-0,25"),
        (1e-07, "0.0000001", "0,0000001"),
        (1e22, "10000000000000000000000", "10000000000000000000000"),
        (Decimal("1.50"), "1.50", "1,50"),
        (date(2026, 11, 1), "2026-11-01", "2026-11-01"),
        (b"\x0a\xff", "0aff", "0aff"),
    ],
)
def test_each_kind_of_value_is_written_as_its_reader_reads_it(value: object, in_csv: str, in_excel: str) -> None:
    assert written("csv", value) == in_csv
    assert written("excel-nl", value) == in_excel


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("Europe/Amsterdam", "received_at_amsterdam"),
        ("America/Argentina/Buenos_Aires", "received_at_buenos_aires"),
        ("UTC", "received_at_utc"),
        ("America/Port-au-Prince", "received_at_port_au_prince"),
    ],
)
def test_a_column_of_moments_names_its_zone(zone: str, name: str) -> None:
    assert name_of("received_at", "moment", ZoneInfo(zone)) == name
    assert name_of("local_date", "date", ZoneInfo(zone)) == "local_date"


@pytest.mark.parametrize(
    ("utc", "in_csv", "in_excel"),
    [
        ("2026-07-01T10:00:00.999999", "2026-07-01 12:00:00+02:00", "2026-07-01 12:00:00"),
        ("2026-10-25T00:30:00", "2026-10-25 02:30:00+02:00", "2026-10-25 02:30:00+02:00"),
        ("2026-10-25T01:30:00", "2026-10-25 02:30:00+01:00", "2026-10-25 02:30:00+01:00"),
        ("2026-10-25T02:00:00", "2026-10-25 03:00:00+01:00", "2026-10-25 03:00:00"),
        ("2026-03-29T01:00:00", "2026-03-29 03:00:00+02:00", "2026-03-29 03:00:00"),
    ],
)
def test_moments_of_the_hour_that_comes_twice_are_told_apart(utc: str, in_csv: str, in_excel: str) -> None:
    moment = datetime.fromisoformat(utc).replace(tzinfo=UTC)

    assert written("csv", moment, "moment") == in_csv
    assert written("excel-nl", moment, "moment") == in_excel


def test_a_zone_without_such_an_hour_gives_excel_dates_only() -> None:
    moment = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    assert written("excel-nl", moment, "moment", ZoneInfo("UTC")) == "2026-10-25 00:30:00"
    assert written("csv", moment, "moment", ZoneInfo("UTC")) == "2026-10-25 00:30:00+00:00"


# formulas


@pytest.mark.parametrize("form", SHEETS)
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "\u2212"])
@pytest.mark.parametrize("before", ["", " ", "\u00a0", "\u200b", "\ufeff", "\u3000", "\u2028", "\u3164", "\u0301"])
def test_a_sign_that_begins_a_formula_is_made_harmless(form: str, sign: str, before: str) -> None:
    cell = written(form, f"{before}{sign}1+1")

    assert first_seen(cell) == "'"
    assert cell.replace("'", "") == f"{before}{sign}1+1"


@pytest.mark.parametrize("form", SHEETS)
@pytest.mark.parametrize("beginning", ["\t", "\r", "\n", "\r\n"])
def test_white_space_that_begins_a_formula_is_made_harmless(form: str, beginning: str) -> None:
    assert written(form, f"{beginning}hello") == f"'{beginning}hello"


@pytest.mark.parametrize("form", SHEETS)
@pytest.mark.parametrize("separator", [",", ";", "\t", "\r", "\n", ';"', '," '])
def test_a_formula_is_harmless_also_where_a_wrong_separator_cuts_it_out(form: str, separator: str) -> None:
    assert f"{separator}'=cmd" in written(form, f"hello{separator}{FORMULA}")


@pytest.mark.parametrize("text", ["hello", "", "a-b", "1+1 = 2", "l'été", "'=1", "me@example.org", "ok :-)"])
def test_other_texts_are_left_as_they_are(text: str) -> None:
    assert neutral(text) == text


def test_every_likeness_of_a_sign_counts_as_one() -> None:
    likenesses = {
        one for one in map(chr, range(sys.maxunicode + 1)) if unicodedata.normalize("NFKC", one) in "=+-@"
    }

    assert likenesses - SIGNS == set()


@given(text=hostile_texts)
@example(text='x;"=1')
@example(text="\t\t=1")
def test_no_cell_of_any_reader_begins_with_a_formula(text: str) -> None:
    for form in SHEETS:
        cell = written(form, text)
        pieces = re.split("[,;\t\r\n]", cell)

        assert not cell.startswith(("\t", "\r", "\n"))
        assert first_seen(cell) not in SIGNS or not first_seen(cell)
        assert not [piece for piece in pieces if first_seen(piece.replace('"', "")) in {*SIGNS}]


@given(text=hostile_texts)
def test_no_character_is_ever_lost(text: str) -> None:
    for form in SHEETS:
        assert written(form, text).replace("'", "") == text.replace("'", "")


@given(texts=st.lists(hostile_texts, min_size=2, max_size=2))
def test_no_text_makes_more_cells_than_it_is(texts: list[str]) -> None:
    columns = {"one": "text", "other": "text"}
    for form in SHEETS:
        rows = read(form, "".join(lines(form, columns, [tuple(texts)], AMSTERDAM)))

        assert [len(row) for row in rows] == [2, 2]


@given(row=st.lists(st.one_of(hostile_texts, st.integers(), st.none(), st.booleans()), min_size=3, max_size=3))
def test_a_line_of_json_gives_back_what_was_put_in(row: list[Any]) -> None:
    columns = ("a", "b", "c")

    (line,) = lines("jsonl", dict.fromkeys(columns, "text"), [row], AMSTERDAM)

    assert line.count("\n") == 1
    assert json.loads(line) == dict(zip(columns, row, strict=True))


# what Excel takes for something else


@pytest.mark.parametrize(
    "text",
    [
        *("0032412345678", "32412345678", "123456789", "007", "01", "1.50", "1,50", "1 000", "20040208152544"),
        *("1E5", "1e-5", "12E0034", "5%", "€ 5", "5 EUR", "(5)", "１２"),
        *("1-2", "3/4", "1 1/2", "2026-11-01", "1.2.2026", "2026-10-25T02:30:00Z"),
        *("JAN1", "MARCH1", "SEPT2", "1 mei", "3 mrt 2026", "12 déc. 2026", "Août 3", "okt 10"),
        *("12:30", "8 PM", "8a", "1 jan 2026 8:00 am"),
        *("TRUE", "false", " WAAR", "onwaar", "VRAI", "faux", "#N/A", "#NAAM?", "#REF!"),
    ],
)
def test_what_excel_would_turn_into_something_else_stays_a_text(text: str) -> None:
    assert written("excel-nl", text) == f"'{text}"
    assert written("csv", text) == text


@pytest.mark.parametrize(
    "text", ["4414", "20601", "0", "12345678", "WIN", "song 3", "A1", "#win", "handling-12", "BEL", "deal 4 you"]
)
def test_what_excel_shows_as_it_is_has_no_mark(text: str) -> None:
    assert written("excel-nl", text) == text


def test_a_text_that_has_a_mark_gets_no_second_one() -> None:
    assert written("excel-nl", "-5") == "'-5"
    assert written("excel-nl", "'5") == "'5"


@given(digits=st.text("0123456789", min_size=1, max_size=40))
def test_a_string_of_digits_keeps_each_of_them(digits: str) -> None:
    cell = written("excel-nl", digits)

    assert cell == f"'{digits}" or (cell == digits == str(int(digits)) and len(digits) <= 8)


@pytest.mark.parametrize("character", ["x", "\U0001f600"])
def test_a_text_that_is_too_long_for_a_cell_of_excel_is_cut(character: str) -> None:
    cell = written("excel-nl", character * LONGEST_SMS)

    assert len(cell.encode("utf-16-le")) // 2 in (32_766, 32_767)
    assert cell.endswith(f"{character}…")
    assert written("csv", character * LONGEST_SMS) == character * LONGEST_SMS


# time


def test_no_character_is_looked_at_more_than_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0
    is_passed_over = sheets._is_passed_over

    def counting(character: str) -> bool:
        nonlocal looked
        looked += 1
        return is_passed_over(character)

    monkeypatch.setattr(sheets, "_is_passed_over", counting)
    for hostile in ("\t", " ", '"', ";\u200b", "\u0301", "\r\n", "= "):
        looked = 0
        text = hostile * (LONGEST_SMS // len(hostile)) + "="
        neutral(text)

        assert looked <= len(text)


def test_no_pattern_repeats_one_thing_within_another() -> None:
    patterns = [value for value in vars(sheets).values() if isinstance(value, re.Pattern)]

    assert len(patterns) >= 4
    for pattern in patterns:
        outside_of_classes = re.sub(r"\[.*?\]", "x", pattern.pattern)
        assert len(re.findall(r"[*+{]", outside_of_classes)) <= 1
