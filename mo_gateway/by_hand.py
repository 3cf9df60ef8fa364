"""What a person decides: replies that are tried again, providers that are paused, opt-outs that no message proves.

Commands and pages do it by these steps; each adds its row to the audit trail in its own transaction.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping

from .keys import person_key
from .masking import without_numbers
from .reply import is_msisdn
from .store import audit, opt_outs, replies, standing
from .store.audit import Actor, Deed
from .store.engine import WRITABLE
from .store.outbox import Rules
from .store.replies import Chosen
from .words import fold

_SHORTCODE = re.compile(r"[0-9]{3,15}")
LONGEST_ORIGIN = 200  # characters

#: (provider, state, code or reason) → how many replies.
Counts = Mapping[tuple[str, str, str | None], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlan:
    """What trying replies again would do."""

    counts: Counts
    stopped: int  #: people who have said STOP since: nothing goes out to them

    @property
    def replies(self) -> int:
        """How many there are."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """What somebody said on the telephone or in a letter; or raise ValueError that says what would be right."""

    msisdn: str
    shortcode: str | None = None  #: None = all of them
    keywords: tuple[str, ...] = ()  #: folded; empty = all of them
    word: str = "by hand"  #: what the entry says of its origin

    def __post_init__(self) -> None:
        if not is_msisdn(self.msisdn):  # it is not quoted: it may be a number all the same
            raise ValueError("an MSISDN is 6 to 15 digits, country code first, without +")
        if self.shortcode is not None:
            check_shortcode(self.shortcode)
        if not 0 < len(self.word) <= LONGEST_ORIGIN or not self.word.isprintable():
            raise ValueError(f"the origin is a text of 1 to {LONGEST_ORIGIN} printable characters")


def check_shortcode(value: str) -> str:
    """Give back a shortcode, or the long number that stands in its place; or raise ValueError."""
    if not _SHORTCODE.fullmatch(value):
        raise ValueError("a shortcode is 3 to 15 digits; leave it out to mean all of them")
    return value


def folded_keyword(value: str) -> str:
    """Fold a keyword as those of messages are; or raise ValueError."""
    folded = fold(value)
    if len(folded.split()) != 1:
        raise ValueError("a keyword is one word, with a letter or a digit in it")
    return folded


def plan_retry(conn: Connection, chosen: Chosen) -> RetryPlan:
    """Say what trying again would do."""
    return RetryPlan(counts=replies.count(conn, chosen), stopped=replies.stopped(conn, chosen))


def retry(engine: Engine, chosen: Chosen, rules: Rules, by: Actor, now: datetime) -> list[int]:
    """Queue replies again that failed, were suppressed, or may have gone out; give their ids."""
    with engine.execution_options(**WRITABLE).begin() as conn:
        done = replies.take_up(conn, chosen, rules, now=now)
        details = {"queued_again": len(done), **_in_words(chosen)}
        audit.add(conn, by, Deed(action="retry", subject="replies", details=details), now)
    return done


def set_paused(
    engine: Engine, provider: str | None, *, paused: bool, by: Actor, now: datetime
) -> Sequence[RowMapping]:
    """Pause the replies of a provider or of all, or let them go on at once; give how all providers stand then."""
    deed = Deed(action="pause" if paused else "resume", subject=f"replies by {provider or 'all providers'}")
    with engine.execution_options(**WRITABLE).begin() as conn:
        standing.set_paused(conn, provider or standing.ALL, paused=paused)
        if not paused:
            replies.wait_no_longer(conn, provider)
        audit.add(conn, by, deed, now)
        return standing.of_all(conn)


def add_opt_out(engine: Engine, wanted: OptOut, secret: bytes, by: Actor, now: datetime) -> int | None:
    """Enter that somebody wants no more; give the entry, or None where it was in force already."""
    person = person_key(secret, wanted.msisdn)
    with engine.execution_options(**WRITABLE).begin() as conn:
        entry = opt_outs.add(
            conn,
            person_key=person,
            msisdn=wanted.msisdn,
            shortcode=wanted.shortcode,
            keywords=wanted.keywords,
            word=wanted.word,
            now=now,
            message_id=None,
        )
        if entry is not None:
            origin = without_numbers(wanted.word)
            details = {"shortcode": wanted.shortcode, "keywords": wanted.keywords, "origin": origin}
            deed = Deed(action="optout-add", subject=f"opt-out {entry}", person_key=person, details=details)
            audit.add(conn, by, deed, now)
    return entry


def end_opt_outs(
    engine: Engine,
    person: bytes,
    shortcode: str | None,
    keywords: Collection[str],
    by: Actor,
    now: datetime,
) -> tuple[int | None, Sequence[RowMapping]]:
    """Enter that somebody wants messages again; give an entry that ended, or None, and what is still in force."""
    with engine.execution_options(**WRITABLE).begin() as conn:
        ended = opt_outs.end(
            conn, person_key=person, shortcode=shortcode, keywords=keywords, now=now, message_id=None
        )
        if ended is not None:
            audit.add(conn, by, _end_deed(ended, person, reason=""), now)
        return ended, opt_outs.in_force_for(conn, person)


def end_opt_out(engine: Engine, opt_out_id: int, reason: str, by: Actor, now: datetime) -> bool:
    """End one entry for a reason; False where it is not in force any more."""
    with engine.execution_options(**WRITABLE).begin() as conn:
        ended = opt_outs.end_one(conn, opt_out_id, now)
        if ended is not None:
            audit.add(conn, by, _end_deed(opt_out_id, ended["person_key"], reason=reason), now)
    return ended is not None


def _end_deed(opt_out_id: int, person: bytes, *, reason: str) -> Deed:
    return Deed(action="optout-end", subject=f"opt-out {opt_out_id}", person_key=person, reason=reason)


def _in_words(chosen: Chosen) -> dict[str, Any]:
    """Write a choice for the trail, what does not narrow it left out."""
    given = {name: value for name, value in asdict(chosen).items() if value}
    return {name: _in_word(value) for name, value in given.items()}


def _in_word(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return without_numbers(value) if isinstance(value, str) else value
