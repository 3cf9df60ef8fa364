"""The clock of a gateway's host, set wrong by a test while the database's goes on; `injected/` puts it in."""

import os
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from mo_gateway.gateway import clock

from .crash_points import INJECTED

VARIABLE = "MO_TEST_HOST_CLOCK"


class HostClock:
    """The test's side: how wrong the clock is."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set_wrong(timedelta(0))

    @property
    def variables(self) -> dict[str, str]:
        """What the processes of a gateway need to go by this clock."""
        return {VARIABLE: str(self._file), **INJECTED}

    def set_wrong(self, by: timedelta) -> None:
        """Let the clock jump."""
        draft = self._file.with_suffix(".draft")
        draft.write_text(str(by.total_seconds()))
        draft.rename(self._file)


class WrongDatetime(datetime):
    """What `gateway/clock.py` reads."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override] # a plain one, as everybody expects
        seconds = float(Path(os.environ[VARIABLE]).read_text())
        return datetime.now(tz) + timedelta(seconds=seconds)


def skew() -> None:
    """Set the clock of this process, where a test wants that."""
    if VARIABLE in os.environ:
        vars(clock)["datetime"] = WrongDatetime
