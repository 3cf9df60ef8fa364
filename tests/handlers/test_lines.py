"""The line of a value in a TOML file: right, however the file is written."""

import tomllib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.handlers.lines import Lines


def line_of(text: str, *path: str | int) -> int:
    return Lines(text, tomllib.loads(text)).of(path)


TEXT = '''# first

[[route]]
a = """
[[route]]
text"""   # 4

[route.vote]
b = 1
c = [
  1,
]

[[route]]
a = { x = 1, y = 2 }
[route.deep.deeper]
z = 1
'''


def test_values_of_more_than_one_line_begin_where_their_key_stands() -> None:
    assert line_of(TEXT, "route", 0, "a") == 4
    assert line_of(TEXT, "route", 0, "vote") == 8
    assert line_of(TEXT, "route", 0, "vote", "c") == 10
    assert line_of(TEXT, "route", 1, "a", "y") == 15
    assert line_of(TEXT, "route", 1, "deep", "deeper", "z") == 17


def test_what_is_not_there_is_where_its_table_is() -> None:
    assert line_of(TEXT, "route", 0, "vote", "nothing") == 8
    assert line_of(TEXT, "nothing") == 1
    assert line_of(TEXT) == 1


def test_tables_that_are_written_in_another_way_have_a_line_too() -> None:
    assert line_of("x = 1\nroute = [{ a = 1 }, { a = 2 }]\n", "route", 1, "a") == 2
    assert line_of('x = 1\n[["route"]]\na = 1\n[[ route ]]\na = 2\n', "route", 1, "a") == 5


@pytest.mark.parametrize(
    "quoted",
    [
        '"""\n[[route]]\n"""',
        "'''\n[[route]]\n'''",
        '"""\n[[route]]\n\\"""\n[[route]]\n"""""',
        "'''\n[[route]]\n'''''",
        '[\n  """\n[[route]]\n""", # ]\n  "]",\n]',
        '[\n  [\n    "[[route]]",\n],\n  "\'",\n]',
        '"""\n# [[route]]\n[[route]] # """',
        '"# [[" # [[',
    ],
)
def test_a_header_that_is_quoted_is_none(quoted: str) -> None:
    text = f"[[answer]]\na = {quoted}\nb = 1\n[[route]]\nc = 1\n"

    after = text.partition("\nb")[0].count("\n") + 2
    assert line_of(text, "answer", 0, "b") == after
    assert line_of(text, "route", 0) == after + 1
    assert line_of(text, "route", 0, "c") == after + 2


def test_a_table_of_an_entry_may_stand_behind_the_next_entry() -> None:
    text = "[[route]]\na = 1\n[[answer]]\nb = 1\n[route.reply]\nc = 1\n[answer.reply]\nd = 1\n"

    assert line_of(text, "route", 0, "reply", "c") == 6
    assert line_of(text, "answer", 0, "reply", "d") == 8


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\u2029"])
def test_only_what_ends_a_line_in_toml_counts_as_its_end(sign: str) -> None:
    text = f'# a{sign}b\n[[route]]\na = "c{sign}d"\nb = 1\n'

    assert line_of(text, "route", 0, "b") == 4


def test_a_file_without_a_last_line_end_and_an_empty_one_have_lines_too() -> None:
    assert line_of("[[route]]\na = 1", "route", 0, "a") == 2
    assert line_of("", "route") == 1


@pytest.mark.timeout(20)
def test_many_entries_cost_no_more_where_one_quotes_a_header() -> None:
    text = "[[route]]\na = 1\nb = 2\n" * 2000 + 'c = """\n[[route]]"""\n'
    lines = Lines(text, tomllib.loads(text))

    assert [lines.of(["route", at]) for at in range(2000)] == list(range(1, 6001, 3))


KEYS = st.lists(st.sampled_from("abcdefg"), unique=True, min_size=1, max_size=4)
VALUES = st.sampled_from(
    [
        "1",
        '"x"',
        '"""\n[[route]]\n"""',
        '"""\n\\"""\n[[answer]]"""""',
        "[\n  1,\n  2,\n]",
        "{ n = 1 }",
        "'''\n# no\n'''",
        '\'\\\' # """',
    ]
)
NOISE = st.sampled_from(["", "# a comment\n", "\n\n", "# [[route]]\n", "# it's \"quoted\n"])
KINDS = st.sampled_from(["route", "answer"])
PARTS = st.lists(st.tuples(VALUES, NOISE), min_size=4, max_size=4)
TABLES = st.lists(st.tuples(KINDS, KEYS, PARTS, st.booleans()), max_size=4)


@given(TABLES)
def test_the_line_of_each_key_of_a_made_up_file_is_right(
    tables: list[tuple[str, list[str], list[tuple[str, str]], bool]],
) -> None:
    text, expected = "", {}
    seen = Counter[str]()
    for kind, keys, parts, is_deep in tables:
        text += f"[[{kind}]]\n" + f"[{kind}.deep]\n" * is_deep
        for key, (value, noise) in zip(keys, parts, strict=False):
            text += noise
            path = (kind, seen[kind], "deep", key) if is_deep else (kind, seen[kind], key)
            expected[path] = text.count("\n") + 1
            text += f"{key} = {value}\n"
        seen[kind] += 1

    lines = Lines(text, tomllib.loads(text))

    assert {path: lines.of(path) for path in expected} == expected
