"""In which line of a TOML file a value stands; tomllib does not say, so parts of it are read once more."""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

#: Where a value is: keys, and places in lists.
Path = Sequence[str | int]

_HEADER = re.compile(r"""\s*\[\[\s*["']?([A-Za-z_]+)["']?\s*\]\]""")
#: What decides whether the next line begins something new; in a string, and in a comment, nothing does.
_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|\'{3}.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\#[^\n]*|[\[\]{}\n]''', re.DOTALL
)


class Lines:
    """The lines of a file, beside what tomllib has read in it."""

    def __init__(self, text: str, content: Mapping[str, Any]) -> None:
        self._lines = re.findall(r"[^\n]*\n|[^\n]+", text)  # str.splitlines knows ends of lines that TOML does not
        self._content = content
        self._begins = [*_begins(text), len(self._lines)]  # and at last where the file ends
        self._entries: dict[str, list[tuple[int, int]]] = {}
        headers = [(number, _HEADER.match("".join(self._lines[number : number + 1]))) for number in self._begins]
        kinds = [(number, match[1]) for number, match in headers if match]
        for (begin, kind), (end, _) in pairwise([*kinds, (len(self._lines), "")]):
            self._entries.setdefault(kind, []).append((begin, end))

    def of(self, path: Path) -> int:
        """Give the line, from 1, where a value begins; of a key that is not there, its table's."""
        while path and not _is_there(self._content, path):
            path = path[:-1]
        if not path:
            return 1
        entries = self._entries.get(str(path[0]), [])
        if len(path) > 1 and len(entries) == len(self._content[str(path[0])]):  # not written in another way
            begin, end = entries[int(path[1])]
            if len(path) == 2:
                return begin + 1
            if found := self._first_line(begin, end, [path[0], 0, *path[2:]]):
                return found
        return self._first_line(0, len(self._lines), path) or 1

    def _first_line(self, begin: int, end: int, path: Path) -> int | None:
        """Give the line, from 1, where the value at `path` begins, of a part of the file that is a document too.

        None where it is not in that part.
        """
        first = bisect_right(self._begins, begin)
        ends = self._begins[first : bisect_right(self._begins, end)]

        def is_read(until: int) -> bool:
            return _is_there(tomllib.loads("".join(self._lines[begin:until])), path)

        if not ends or not is_read(ends[-1]):
            return None
        low, high = 0, len(ends) - 1  # the first end that has it; every later one has it too
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if is_read(ends[middle]) else (middle + 1, high)
        return self._begins[first + low - 1] + 1


def _begins(text: str) -> Iterator[int]:
    """Give the number, from 0, of each line that begins something new."""
    number = depth = 0
    yield 0
    for token in _TOKEN.finditer(text):
        found = token[0]
        number += found.count("\n")
        depth += (found in "[{") - (found in "]}")
        if found == "\n" and not depth and token.end() < len(text):
            yield number


def _is_there(content: Any, path: Path) -> bool:
    for step in path:
        try:
            content = content[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True
