"""Erasure: a person is taken out of everything that is stored, and what is counted stays as it was.

It is one transaction: all of it or nothing. Afterwards the files are swept, as far as the running gateway allows.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from . import keys
from .errors import MoGatewayError
from .store import agenda, audit, erased_words, erasing, opt_outs, report_zone, sweeping
from .store import person as store
from .store.audit import Actor, Deed
from .store.engine import READ_ONLY
from .store.person import Person, Rows
from .store.tables import mo_message, mo_question, mo_rejection, mo_subscription, mo_vote, mt_message

FEW = 3  # unfinished things that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be erased, or was."""

    messages: int
    replies: int
    votes: int  #: kept as count
    subscriptions: int
    questions: int
    rejections: int
    stops: int  #: in force, and kept as keyed hashes
    unfinished: tuple[str, ...]  #: what must be done first

    @property
    def is_nothing(self) -> bool:
        """Tell whether nothing is there to be erased; a STOP that is a keyed hash already stays."""
        figures = asdict(self)
        return not any(figures[name] for name in figures if name not in ("unfinished", "stops"))


class Unfinished(MoGatewayError):
    """Something is still to be done for a person; erased, it could not be."""


def plan(engine: Engine, msisdn: str, *, person_secret: bytes) -> Plan:
    """Say what would be erased."""
    person = person_of(msisdn, person_secret)
    with engine.execution_options(**READ_ONLY).begin() as conn:
        found = store.find(conn, person)
        return _plan(conn, person, found)


def erase(engine: Engine, msisdn: str, *, person_secret: bytes, actor: Actor, reason: str, now: datetime) -> Plan:
    """Erase a person; or raise Unfinished, and then nothing is erased."""
    person = person_of(msisdn, person_secret)
    with engine.execution_options(**READ_ONLY).begin() as conn:
        found = store.find(conn, person)
    with engine.begin() as conn:
        done = _plan(conn, person, found)
        if done.unfinished:
            raise Unfinished(f"{_some(done.unfinished)}: say it again when that is done")
        _empty(conn, person, found, now)
        erasing.queue_keys(conn, found)
        erasing.make_keys_random(conn, now)
        figures = {name: n for name, n in asdict(done).items() if name != "unfinished"}
        deed = Deed(action="forget", person_key=person.key, reason=reason, details=figures)
        audit.add(conn, actor, deed, now)
    return done


def sweep(engine: Engine, limit: timedelta) -> list[str]:
    """Take what was erased out of the files, holding up the intake for `limit` at most; say what is left."""
    return sweeping.sweep(engine, limit)


def make_keys_random(engine: Engine, now: datetime) -> int:
    """Make the dedupe keys random that erased rows no longer need; give how many."""
    with engine.begin() as conn:
        return erasing.make_keys_random(conn, now)


def person_of(msisdn: str, person_secret: bytes) -> Person:
    """Give whom a number is of."""
    return Person(msisdn=msisdn, key=keys.person_key(person_secret, msisdn))


def _plan(conn: Connection, person: Person, found: Rows) -> Plan:
    return Plan(
        messages=len(found[mo_message]),
        replies=len(found[mt_message]),
        votes=len(found[mo_vote]),
        subscriptions=len(found[mo_subscription]),
        questions=len(found[mo_question]),
        rejections=len(found[mo_rejection]),
        stops=len(opt_outs.in_force_for(conn, person.key)),
        unfinished=tuple(store.unfinished(conn, found)),
    )


def _empty(conn: Connection, person: Person, found: Rows, now: datetime) -> None:
    key, sent = erasing.new_key(), erased_words.sent_by(conn, found)
    public = erased_words.public_words(conn, person, sent)
    if zone_name := report_zone.zone_name(conn):
        zone = ZoneInfo(zone_name)
        dates = {one.received_at.astimezone(zone).date() for one in sent}
        agenda.mark_due(conn, zone, dates, over=dates)  # whoever counts them at this moment begins anew
        erased_words.take_out(conn, erased_words.places(conn, person, sent, zone), public)
        erased_words.rename_person(conn, person, key, public)
    erasing.empty_messages(conn, person, found, key, erased_words.counted_as(sent, public))
    erasing.empty_replies(conn, person, found, key)
    erasing.empty_opt_outs(conn, person, key)
    erasing.empty_the_rest(conn, person, found, key, now=now)


def _some(unfinished: tuple[str, ...]) -> str:
    more = f", and {len(unfinished) - FEW} more" if len(unfinished) > FEW else ""
    return "; ".join(unfinished[:FEW]) + more
