"""What `doctor` and the connection page look at, a module for each side: settings, database, workers, gateway."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a thing was found."""

    RIGHT = "right"
    WRONG = "wrong"
    OPEN = "open"  #: there was nothing to judge, or nobody but the operator can


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    verdict: Verdict
    text: str  #: what is so, and where it is wrong what to do
