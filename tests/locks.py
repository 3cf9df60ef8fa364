"""The locks: every package of the image at one version, with the hashes that its files may have."""

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

DEPLOY = Path(__file__).parent.parent / "deploy"
LOCK = DEPLOY / "requirements.lock"
BUILD_LOCK = DEPLOY / "build.lock"


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock."""

    name: str
    version: str
    hashes: frozenset[str]


def locked_in(lock: Path) -> dict[str, Locked]:
    """Read a lock: each line is a comment, or one package at one version, with its hashes."""
    found: dict[str, Locked] = {}
    for line in lock.read_text().replace("\\\n", "").splitlines():
        if line.startswith("#"):
            continue
        pinned = re.fullmatch(r"([\w.-]+)==([\w.]+)( ; [^-]+?)?((?:\s+--hash=sha256:[0-9a-f]{64})+)", line)
        assert pinned, line
        name = canonicalize_name(pinned[1])
        found[name] = Locked(name, pinned[2], frozenset(re.findall("[0-9a-f]{64}", pinned[4])))
    return found
