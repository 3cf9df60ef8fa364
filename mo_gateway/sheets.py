"""How rows are written for other programs: as CSV, as CSV that Excel opens right, or as lines of JSON.

`csv` is RFC 4180. The sheets for Excel are what it opens with a double-click where the list separator is a
semicolon and the decimal sign a comma; the byte order mark tells it UTF-8. `jsonl` is for programs: nothing in
it is changed.

**Formulas.** Texts come from phones, and a spreadsheet calculates what begins with a sign such as `=`. An
apostrophe is put before each sign that could come to stand at the beginning of a cell: of this one, or of one
that is cut out of it, for a file with commas that is opened where semicolons are usual falls apart at the
semicolons within its texts. Numbers of number columns are no texts: -5 stays -5.

**Texts that look like something else.** Excel reads 0032 as 32, 32412345678 as 3,24E+10, 1-2, 3/4 and JAN1 as
dates, 1E5 as a number, TRUE as a truth; quotes around them do not help, and `="0032"` is a formula. So in the
sheets for Excel they too begin with an apostrophe. A tab or a character without width would do as well, unseen:
then two equal values differ, in a filter or in VLOOKUP, and nobody sees why. The apostrophe is seen; it is
Excel's own mark of a text, and goes when somebody edits the cell. Plain numbers of up to eight digits, such as
shortcodes, are left bare: Excel shows each digit of them, and finds them as they are typed.

**Moments** are in the configured zone, which the name of their column tells, with their offset. Excel has no
offsets: there a moment has one in the hour that comes twice only, and is a text then. **Yes and no** are true
and false; in Excel 1 and 0, which are the same in every language and can be added up. A cell of Excel holds
32,767 characters: a longer text ends in `…` there, for Excel would put the rest of it into the next row.
"""

import csv
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

BYTE_ORDER_MARK = "\ufeff"
JSON_LINES = "jsonl"
LONGEST_CELL = 32_767  # UTF-16 units, in Excel

#: What begins a formula, and each likeness of one of these signs, U+2212 (minus) and U+FB29 (plus) too.
SIGNS = frozenset("=+-@＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋\u2212\ufb29")

#: A new cell may begin after any of these, in one program or another.
SEPARATORS = frozenset(",;\t\r\n")

#: Letters and signs that show nothing, although Unicode does not count them among what is invisible.
BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")

TRUTHS = frozenset({"true", "false", "waar", "onwaar", "vrai", "faux", "wahr", "falsch"})

#: How the months begin.
MONTHS = frozenset(
    {
        *("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
        *("maa", "mrt", "mei", "okt"),  # in Dutch, where it is another
        *("aou", "aoû", "avr", "déc", "fev", "fév", "jui", "mai"),  # in French
        *("dez", "mär"),  # in German
    }
)

CURRENCIES = frozenset({"chf", "eur", "gbp", "usd"})

#: What else may stand behind digits without making a text of them: exponents, times of day, zones.
ENDINGS = frozenset({"a", "am", "e", "p", "pm", "t", "z"})

# Each pattern repeats one thing once: whatever a phone sends, it is looked at in one pass.
_DIGIT = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W\d_]+")
_SHOWN_AS_IT_IS = re.compile(r"0|[1-9][0-9]{0,7}")
_NOT_FOR_A_NAME = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A way to write CSV."""

    delimiter: str
    beginning: str = ""
    cell: Callable[[object, ZoneInfo], str]


class _Echo:
    """A file that gives back what is written to it, which `writerow` hands on."""

    def write(self, line: str) -> str:
        return line


def lines(
    form: str, columns: Mapping[str, str], rows: Iterable[Sequence[object]], zone: ZoneInfo
) -> Iterator[str]:
    """Write rows one after the other, each when it is asked for; a line may have line breaks within quotes.

    `form` is one of FORMS, `columns` are the names of the values in each row, with their kinds as views have them.
    """
    if form == JSON_LINES:
        return (_json_line(columns, row) for row in rows)
    return _sheet_lines(SHEETS[form], columns, rows, zone)


def neutral(text: str) -> str:
    """Put an apostrophe before whatever a spreadsheet may take for a formula; nothing is taken away."""
    marked = "".join(_marked(text)) if SIGNS.intersection(text) else text
    return f"'{marked}" if text.startswith(("\t", "\r", "\n")) else marked


def plain(text: str) -> str:
    """Take away what `neutral` has put before signs; an apostrophe that somebody wrote there goes with it."""
    bare = text[1:] if text.startswith(("'\t", "'\r", "'\n")) else text
    return "".join(_unmarked(bare)) if "'" in bare else bare


def extension(form: str) -> str:
    """Give what the name of such a file ends in."""
    return form if form == JSON_LINES else "csv"


def name_of(column: str, kind: str, zone: ZoneInfo) -> str:
    """Name a column: a moment with its zone, such as `received_at_amsterdam`."""
    if kind != "moment":
        return column
    return f"{column}_{_NOT_FOR_A_NAME.sub('_', zone.key.rpartition('/')[2].lower())}"


def _sheet_lines(
    sheet: Sheet, columns: Mapping[str, str], rows: Iterable[Sequence[object]], zone: ZoneInfo
) -> Iterator[str]:
    writer = csv.writer(_Echo(), delimiter=sheet.delimiter, lineterminator="\r\n")
    names = [name_of(column, kind, zone) for column, kind in columns.items()]
    yield f"{sheet.beginning}{writer.writerow(names)}"
    for row in rows:
        yield str(writer.writerow([sheet.cell(value, zone) for value in row]))


def _json_line(columns: Iterable[str], row: Iterable[object]) -> str:
    return json.dumps(dict(zip(columns, row, strict=True)), default=_for_json) + "\n"


def _for_json(value: Any) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case _:
            return value.hex()


def _cell(value: object, zone: ZoneInfo) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return f"{Decimal(str(value)):f}"  # never 1e-07
        case datetime():
            return value.astimezone(zone).isoformat(" ", "seconds")
        case date():
            return value.isoformat()
        case bytes():
            return value.hex()
        case _:
            return neutral(str(value))


def _excel_cell(value: object, zone: ZoneInfo) -> str:
    match value:
        case bool():
            return str(int(value))
        case float() | Decimal():
            return _cell(value, zone).replace(".", ",")
        case datetime():
            return _excel_moment(value.astimezone(zone))
        case str() | bytes():
            return _excel_text(value if isinstance(value, str) else value.hex())
        case _:
            return _cell(value, zone)


def _excel_moment(local: datetime) -> str:
    comes_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return (local if comes_twice else local.replace(tzinfo=None)).isoformat(" ", "seconds")


def _excel_text(text: str) -> str:
    marked = neutral(text)
    if not marked.startswith("'") and _looks_otherwise(text):
        marked = f"'{marked}"
    return _fitting(marked)


def _looks_otherwise(text: str) -> bool:
    """Tell whether Excel may take a text for a number, a date, a truth or an error: rather too often than not."""
    if _SHOWN_AS_IT_IS.fullmatch(text):
        return False
    word = text.strip().casefold()
    if word in TRUTHS or (word.startswith("#") and not word[1:].isalnum()):  # `#N/A` and `#REF!`, not `#win`
        return True
    return bool(_DIGIT.search(word)) and all(map(_is_known, _LETTERS.finditer(word)))


def _is_known(found: re.Match[str]) -> bool:
    letters = found[0]
    return letters in CURRENCIES or letters[:3] in MONTHS or (letters in ENDINGS and found.start() > 0)


def _fitting(text: str) -> str:
    if len(text) * 2 <= LONGEST_CELL:  # a character is two units at most
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= LONGEST_CELL * 2:
        return text
    return units[: (LONGEST_CELL - 1) * 2].decode("utf-16-le", "ignore") + "…"


def _marked(text: str) -> Iterator[str]:
    is_beginning = True
    for character in text:
        if is_beginning and character in SIGNS:
            yield "'"
        is_beginning = character in SEPARATORS or (is_beginning and _is_passed_over(character))
        yield character


def _unmarked(text: str) -> Iterator[str]:
    is_beginning = True
    for character, following in zip(text, [*text[1:], ""], strict=True):
        if not (is_beginning and character == "'" and following in SIGNS):
            yield character
        is_beginning = character in SEPARATORS or (is_beginning and _is_passed_over(character))


def _is_passed_over(character: str) -> bool:
    """Tell whether a cell's beginning may still be to come: after white space, what is not seen, and a quote."""
    return character == '"' or character in BLANKS or unicodedata.category(character)[0] in "ZCM"


_EXCEL = Sheet(delimiter=";", beginning=BYTE_ORDER_MARK, cell=_excel_cell)

#: The names for Excel all mean the same, since the three have the same separators; each finds their own.
SHEETS = {
    "csv": Sheet(delimiter=",", cell=_cell),
    "excel-nl": _EXCEL,
    "excel-be": _EXCEL,
    "excel-fr": _EXCEL,
}

FORMS = (*SHEETS, JSON_LINES)
