"""Regular expressions that users write: RE2's, which take a time that grows with the text alone."""

from typing import Any

import re2


class Pattern:
    """What a whole text must match, in upper or lower case."""

    def __init__(self, source: str) -> None:
        """Raise ValueError, with what is wrong, where it is no expression."""
        options = re2.Options()
        options.case_sensitive = False
        options.dot_nl = True
        options.log_errors = False
        try:
            self._expression: Any = re2.compile(source, options)
        except re2.error as exc:
            said = exc.args[0].decode() if isinstance(exc.args[0], bytes) else str(exc)
            raise ValueError(f"{source!r} is not a regular expression as RE2 takes it: {said}") from exc

    def matches(self, text: str) -> bool:
        """Tell whether the whole text matches."""
        return self._expression.fullmatch(text.encode("utf-8", "replace")) is not None
