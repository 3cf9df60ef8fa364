"""The loss clock: since when callbacks are refused, and so when the first of them is lost.

A provider repeats what is not acknowledged for a day. The first refusal is kept in a small file beside the
program, since what does not answer then is most often the database. It is forgotten when a message is stored and
none was refused in the minute before: by then whatever was refused has come again.
"""

import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

#: Spryng tries once a minute, for so long.
PATIENCE = timedelta(hours=24)

CALM = timedelta(minutes=1)


class LossClock:
    """The clock of the processes that run in one folder; where the file cannot be written, there is none.

    Requests of all threads come here. None waits for another: at worst a file is made or taken away twice.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last_refusal: datetime | None = None
        self._is_running: bool | None = None  # as far as this process knows; None: it has not looked yet

    def refused(self, now: datetime) -> None:
        """Note that a callback was refused: the first one starts the clock."""
        was_calm = self._last_refusal is None or now - self._last_refusal >= CALM
        self._last_refusal = now
        if was_calm or not self._is_running:
            self._is_running = True
            with suppress(OSError):
                _write_new(self._path, now.isoformat(timespec="seconds"))

    def stored(self, now: datetime) -> None:
        """Note that a message was stored: the clock stops when it is calm again."""
        if self._is_running is None:  # another process, or one before this, may have started it
            self._is_running = self._path.exists()
            self._last_refusal = now
        if not self._is_running:
            return
        if self._last_refusal and now - self._last_refusal < CALM:
            return
        self._is_running = False
        with suppress(OSError):
            self._path.unlink()

    def first_refusal(self) -> datetime | None:
        """Give when the first callback was refused that may not have come again yet; None where none is known."""
        try:
            return datetime.fromisoformat(self._path.read_text().strip())
        except (OSError, ValueError):
            return None


def lost_from(first_refusal: datetime) -> datetime:
    """Give when the first refused callback is not repeated any more."""
    return first_refusal + PATIENCE


def _write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet, whole or not at all; the first of several processes wins."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        draft.write_text(f"{text}\n")
        path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
