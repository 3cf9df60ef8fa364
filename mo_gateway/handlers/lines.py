"""In which line of a TOML file a value stands; tomllib does not say, so parts of it are read once more."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

#: Where a value is: keys, and places in lists.
Path = Sequence[str | int]

_HEADER = re.compile(r"\s*\[\[\s*([A-Za-z_]+)\s*\]\]")


class Lines:
    """The lines of a file, beside what tomllib has read in it."""

    def __init__(self, text: str, content: Mapping[str, Any]) -> None:
        self._lines = text.splitlines(keepends=True)
        self._content = content
        self._headers = [number for number, line in enumerate(self._lines) if _HEADER.match(line)]
        self._of_kind: dict[str, list[int]] = {}
        for place, number in enumerate(self._headers):
            match = _HEADER.match(self._lines[number])
            self._of_kind.setdefault(match[1] if match else "", []).append(place)

    def of(self, path: Path) -> int:
        """Give the line, from 1, where a value begins; of a key that is not there, its table's."""
        while path and not _is_there(self._content, path):
            path = path[:-1]
        if len(path) < 2:
            return _first_line(self._lines, path) if path else 1
        places = self._of_kind.get(str(path[0]), [])
        if len(places) != len(self._content[str(path[0])]):  # written in another way, or quoted in a text
            return _first_line(self._lines, path)
        place = places[int(path[1])]
        begin, end = [*self._headers, len(self._lines)][place : place + 2]
        return begin + _first_line(self._lines[begin:end], [path[0], 0, *path[2:]])


def _first_line(lines: Sequence[str], path: Path) -> int:
    """Give the number, from 1, of the line in which the value at `path` begins.

    The first lines that make a whole document with it in end with it; it begins after the last ones without it.
    """
    whole = 0
    for number in range(1, len(lines) + 1):
        try:
            content = tomllib.loads("".join(lines[:number]))
        except tomllib.TOMLDecodeError:  # a value that goes on in the next line
            continue
        if _is_there(content, path):
            return whole + 1
        whole = number
    return len(lines)


def _is_there(content: Any, path: Path) -> bool:
    for step in path:
        try:
            content = content[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True
