"""Retention: messages that are old enough go, whole dates at a time, and what they came to stays counted.

A date goes when its counts are closed, and is never counted again. What is not finished stays, and so does what
proves that somebody is on a list. Rows are deleted some at a time, by one process at a time; whoever is killed in
between has done a part, and the next one does the rest.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from threading import Event
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from .errors import LostClaim, MoGatewayError
from .store import agenda, audit, counting, pruning, report_zone
from .store.audit import Actor, Deed
from .store.dates import midnight
from .store.engine import READ_ONLY
from .store.pruning import Old
from .store.tables import mo_message, mo_rejection, mt_message, mt_report

CHUNK = 100  # messages that go in one transaction: SQLite's intake waits for it
BETWEEN_WRITES = 0.02  # seconds in which the intake has a SQLite file to itself
OTHERS = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How long messages are kept."""

    days: int
    shortcode: str | None = None  #: of this one; None = of all, but those of `but`
    but: tuple[str, ...] = ()

    def old(self, zone: ZoneInfo, now: datetime) -> Old:
        """Say what is too old now."""
        first_kept = now.astimezone(zone).date() - timedelta(days=self.days)
        return Old(before=midnight(zone, first_kept), shortcode=self.shortcode, but=self.but)


@dataclass(slots=True, kw_only=True)
class Pruned:
    """What went, or would go."""

    rows: Counter[str] = field(default_factory=Counter)  #: by table
    dates: set[date] = field(default_factory=set)
    unfinished: int = 0  #: old messages that stay: not finished, or the proof of something in force
    uncounted: int = 0  #: old messages that stay: their dates are to be counted first


class _Job(NamedTuple):
    """Rows of a table that go together."""

    table: str
    ids: list[int]
    local: date | None = None  #: of messages


def rules_of(retention: Mapping[str, int]) -> list[Rule]:
    """Read the setting."""
    but = tuple(one for one in retention if one != OTHERS)
    return [
        Rule(days=days, but=but) if one == OTHERS else Rule(days=days, shortcode=one)
        for one, days in retention.items()
    ]


def plan(engine: Engine, rules: Collection[Rule], *, now: datetime) -> Pruned:
    """Say what would go."""
    looking, found = engine.execution_options(**READ_ONLY), Pruned()
    zone = _zone(looking)
    for rule in rules:
        old = rule.old(zone, now)
        with looking.begin() as conn:
            ended = [poll for poll, _ in pruning.ended_polls(conn, old.before)]
        for job in _jobs(looking, old, zone, found, ended):
            found.rows[job.table] += len(job.ids)
            found.dates.update([job.local] if job.local else [])
    return found


def prune(
    engine: Engine, rules: Collection[Rule], *, actor: Actor, now: datetime, stopping: Event | None = None
) -> Pruned:
    """Take out what is too old; or raise LostClaim where somebody else does, or a date is counted again."""
    looking, found, stop = engine.execution_options(**READ_ONLY), Pruned(), stopping or Event()
    zone = _zone(looking)
    pause = BETWEEN_WRITES if engine.dialect.name == "sqlite" else 0
    for rule in rules:
        old, is_noted = rule.old(zone, now), False
        _keep_polls(engine, old, now)
        for job in _jobs(looking, old, zone, found):
            if stop.wait(pause):
                return found
            with engine.begin() as conn:
                if not pruning.is_alone(conn):
                    raise LostClaim("somebody else is pruning at this moment")
                if job.local:
                    agenda.mark_pruned(conn, job.local)
                    found.dates.add(job.local)
                if not is_noted:
                    audit.add(conn, actor, _deed(rule, old), now)
                    is_noted = True
                found.rows.update(pruning.delete_rows(conn, job.table, job.ids, old.before))
    return found


def _jobs(looking: Engine, old: Old, zone: ZoneInfo, found: Pruned, ended: Collection[str] = ()) -> Iterator[_Job]:
    """Give what is to go, part by part; what stays is counted in `found`."""
    with looking.begin() as conn:
        staying = agenda.dates_that_stay(conn, before=old.before.astimezone(zone).date())
    after = None
    while True:
        with looking.begin() as conn:
            page = pruning.old_messages(conn, old, after=after, ended=ended)
        if not page:
            break
        after = page[-1][1], page[-1][0]
        for local, of_date in groupby(page, key=lambda row: row[1].astimezone(zone).date()):
            rows = list(of_date)
            if local not in staying:
                found.uncounted += len(rows)
                continue
            going = [message_id for message_id, _, may_go in rows if may_go]
            found.unfinished += len(rows) - len(going)
            yield from (_Job(mo_message.name, ids, local) for ids in _chunks(going))
    with looking.begin() as conn:
        others = {mt_message.name: pruning.lonely_replies(conn, old)}
        if old.shortcode is None:  # these are of no shortcode
            others[mt_report.name] = pruning.lonely_reports(conn, old.before)
            others[mo_rejection.name] = pruning.old_rejections(conn, old.before)
    for table, rest in others.items():
        yield from (_Job(table, ids) for ids in _chunks(rest))


def _keep_polls(engine: Engine, old: Old, now: datetime) -> None:
    """Keep what the polls came to that nobody votes in any more, before their votes go."""
    looking = engine.execution_options(**READ_ONLY)
    with looking.begin() as conn:
        ended = pruning.ended_polls(conn, old.before)
    for poll, newest_vote in ended:
        with looking.begin() as conn:  # counted in no transaction that writes: it takes its time
            rows = counting.poll_rows(conn, poll, now=now)
            is_whole = pruning.newest_vote(conn, poll) == newest_vote
        if is_whole:  # else somebody has voted after all
            with engine.begin() as conn:
                if pruning.is_alone(conn):
                    pruning.keep_poll(conn, poll, rows, up_to=newest_vote)


def _zone(looking: Engine) -> ZoneInfo:
    """Give the zone that dates are counted in; or raise MoGatewayError where nothing is counted yet."""
    with looking.begin() as conn:
        name = report_zone.zone_name(conn)
    if name is None:
        raise MoGatewayError(
            "nothing can be pruned before a worker has counted it for the reports: start `mo-gateway run`"
            " or `mo-gateway work`, or say `mo-gateway reports rebuild`"
        )
    return ZoneInfo(name)


def _deed(rule: Rule, old: Old) -> Deed:
    details = {
        "days": rule.days,
        "before": old.before.isoformat(),
        "shortcode": rule.shortcode,
        "but": [*rule.but],
    }
    return Deed(action="prune", details=details)


def _chunks(ids: Collection[int]) -> Iterator[list[int]]:
    listed = list(ids)
    yield from (listed[start : start + CHUNK] for start in range(0, len(listed), CHUNK))
