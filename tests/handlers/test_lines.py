"""The line of a value in a TOML file: right, however the file is written."""

import tomllib
from typing import Any

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


KEYS = st.lists(st.sampled_from("abcdefg"), unique=True, min_size=1, max_size=4)
VALUES = st.sampled_from(["1", '"x"', '"""\n[[route]]\n"""', "[\n  1,\n  2,\n]", "{ n = 1 }", "'''\n# no\n'''"])
NOISE = st.sampled_from(["", "# a comment\n", "\n\n", "# [[route]]\n"])
TABLES = st.lists(st.tuples(KEYS, st.lists(st.tuples(VALUES, NOISE), min_size=4, max_size=4)), max_size=4)


@given(TABLES)
def test_the_line_of_each_key_of_a_made_up_file_is_right(tables: list[tuple[list[str], Any]]) -> None:
    text, expected = "", {}
    for at, (keys, parts) in enumerate(tables):
        text += "[[route]]\n"
        for key, (value, noise) in zip(keys, parts, strict=False):
            text += noise
            expected["route", at, key] = text.count("\n") + 1
            text += f"{key} = {value}\n"

    lines = Lines(text, tomllib.loads(text))

    assert {path: lines.of(path) for path in expected} == expected
