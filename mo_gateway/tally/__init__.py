"""The tally: the worker's counting for the reports, beside its work and never in its way.

A round counts today, then another date that is due, and more of them for about a second; after it there is a rest
of twenty times as long as it took. A date is read in transactions that only read, and written in short ones, a few
rows at a time. Dates are closed one after the other, when no provider repeats their messages any more. What
happens to a message of a closed date later (a replay, a late delivery report) is found by the new tries and
reports, and has that date counted again.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from threading import Event, Thread
from time import monotonic
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from mo_gateway.errors import LostClaim, MoGatewayError, UnsafeDatabase
from mo_gateway.routing import Routes
from mo_gateway.store import agenda, merge, report_zone, touched
from mo_gateway.store.agenda import Due
from mo_gateway.store.dates import Day, day_in
from mo_gateway.store.engine import READ_ONLY
from mo_gateway.store.failures import in_one_line, way_to
from mo_gateway.store.merge import Changes
from mo_gateway.store.touched import Seen

from . import figures

EVERY = 10.0  # seconds between two rounds, at least
LONGEST_REST = 300.0  # seconds
RESTS = 20  # times as long as a round took
A_ROUND = 1.0  # seconds after which a round begins with no other date
BETWEEN_WRITES = 0.05  # seconds in which the intake has a SQLite file to itself
ALL_POLLS_EVERY = 3600.0  # seconds; what `votes recount` has mended is counted at once, and is safe by then
REPEATED_FOR = timedelta(hours=26)  # a provider repeats itself for a day; its last repeat is in by then

log = structlog.get_logger()


class Tally:
    """Counts dates and polls into the tables of the reports; any number of workers may do so at the same time."""

    def __init__(
        self,
        engine: Engine,
        routes: Routes,
        *,
        zone: ZoneInfo,
        longest_transaction: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        self._engine = engine
        self._looking = engine.execution_options(**READ_ONLY)
        self._routes = routes
        self._zone = zone
        self._longest_transaction = longest_transaction
        self._clock = clock
        self._stopping = Event()
        self._newest: deque[tuple[float, Seen]] = deque()  #: what was there at which monotonic second
        self._polls_again_at = 0.0  #: monotonic seconds; then all are counted, whatever is known of them

    def start(self) -> None:
        """Begin, in a thread of its own."""
        Thread(target=self._run, name="tally", daemon=True).start()

    def stop(self) -> None:
        """Begin with nothing more."""
        self._stopping.set()

    def round(self) -> None:
        """Count what is most wanted; or raise MoGatewayError where everything is counted in another zone."""
        begun = monotonic()
        self._check_zone()
        today = self._today()
        with self._engine.begin() as conn:
            agenda.add_dates(conn, self._zone, today=today)
        self._look_back()
        _write_each(self._engine, figures.of_routes(self._looking, self._routes))
        due = self._due()
        others = [one for one in due if one.day.date != today]
        for one in due:
            if one.day.date == today:
                self._count(one)
        for one in others:  # however long today takes, one of them has its turn
            self._count(one)
            if monotonic() - begun > A_ROUND:
                return

    def rebuild(self) -> Iterator[tuple[int, int]]:
        """Count every date anew in the zone of today, from the first on of which there are messages.

        What was counted on dates before that stays. Give, again and again, how many dates are counted and how many
        there are.
        """
        offsets = report_zone.offsets(self._zone)
        with self._engine.begin() as conn:
            report_zone.begin(conn, self._zone, offsets, settled_at=self._settled_at())
            agenda.begin_anew(conn, self._zone, today=self._today())
        while left := [one for one in self._due() if not one.is_counted]:
            for one in left:
                with self._looking.begin() as conn:
                    progress = agenda.progress(conn)
                yield progress
                self._count(one)
        self._polls_again_at = 0.0
        self.round()
        with self._looking.begin() as conn:
            progress = agenda.progress(conn)
        yield progress

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            begun = monotonic()
            pause = LONGEST_REST
            try:
                self.round()
                pause = min(LONGEST_REST, max(EVERY, RESTS * (monotonic() - begun)))
            except (SQLAlchemyError, UnsafeDatabase, OSError) as exc:
                log.warning("cannot count for the reports", error=in_one_line(exc))
                pause = EVERY
            except MoGatewayError as exc:
                log.error("cannot count for the reports", error=str(exc))
            except Exception as exc:  # noqa: BLE001 - whatever is wrong with the counting, messages are handled
                log.error("cannot count for the reports", exception=way_to(exc))

    def _today(self) -> date:
        return self._clock().astimezone(self._zone).date()

    def _check_zone(self) -> None:
        """Begin to count in our zone, or raise MoGatewayError where another has begun."""
        with self._looking.begin() as conn:
            found = report_zone.zone_name(conn)
        if found is None:
            offsets = report_zone.offsets(self._zone)  # before the transaction: it takes its time
            with self._engine.begin() as conn:
                report_zone.begin(conn, self._zone, offsets, settled_at=self._settled_at())
        else:
            self._check_is_ours(found)

    def _check_is_ours(self, zone: str | None) -> None:
        if zone != self._zone.key:
            raise MoGatewayError(
                f"the reports are counted by the dates of {zone}, and MO_GATEWAY_TIMEZONE is {self._zone.key}:"
                " `mo-gateway reports rebuild` counts them anew"
            )

    def _due(self) -> list[Due]:
        """Give what is to be counted, with fences that nobody in another zone has moved."""
        with self._looking.begin() as conn:
            due = agenda.due(conn, self._zone)
            self._check_is_ours(report_zone.zone_name(conn))  # after it: who moves the fences then stops us
        return due

    def _look_back(self) -> None:
        """Find what has happened to closed dates and to polls since the last time."""
        with self._looking.begin() as conn:
            newest = touched.newest(conn)
            since = touched.seen(conn)
            hours = touched.hours(conn, since)
            all_polls = monotonic() >= self._polls_again_at
            polls = touched.all_polls(conn) if all_polls else touched.polls(conn, since)
        dates = {self._date(moment) for hour in hours for moment in _ends_of(hour)}
        over = [local for local in dates if self._is_over(day_in(self._zone, local))]
        if dates:
            with self._engine.begin() as conn:
                agenda.mark_due(conn, self._zone, dates, over=over)
        for poll in polls:
            count_poll(self._engine, poll, now=self._clock())
        if all_polls:
            self._polls_again_at = monotonic() + ALL_POLLS_EVERY
        self._note(newest)

    def _is_over(self, day: Day) -> bool:
        """Tell whether no provider repeats the messages of a date any more."""
        return self._clock() >= day.ends_at + REPEATED_FOR

    def _date(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()

    def _settled_at(self) -> datetime:
        """Give the moment up to which no transaction brings anything any more."""
        return self._clock() - 2 * self._longest_transaction

    def _note(self, newest: Seen) -> None:
        """Note how far was looked, once no transaction can still bring something that lies before it."""
        self._newest.append((monotonic(), newest))
        settled = monotonic() - 2 * self._longest_transaction.total_seconds()
        old = None
        while self._newest and self._newest[0][0] < settled:
            _, old = self._newest.popleft()
        if old:
            with self._engine.begin() as conn:
                touched.note_seen(conn, old)

    def _count(self, one: Due) -> None:
        try:
            self._count_date(one)
        except LostClaim as exc:  # whoever was before us has it, or the next round
            log.debug("a date is counted again", reason=str(exc))

    def _count_date(self, one: Due) -> None:
        now, day, number = self._clock(), one.day, one.number
        with self._looking.begin() as conn:
            agenda.check(conn, day.date, number)
            is_closed = self._is_over(day) and agenda.are_closed_before(conn, day.date)
        if is_closed:
            number = self._write(day, number, figures.of_people(self._looking, day))
        have_people_changed = number > one.number
        changes = figures.of_date(self._looking, day, self._routes, with_new_people=is_closed)
        number = self._write(day, number, changes)
        with self._engine.begin() as conn:
            if is_closed:
                agenda.check_closed_before(conn, day.date)
            if have_people_changed:  # who is new on a later date is not the same any more
                agenda.mark_due_after(conn, day.date)
            agenda.finish(conn, day.date, number, counted_at=now, is_closed=is_closed)

    def _write(self, day: Day, number: int, all_changes: Iterable[Changes]) -> int:
        """Write a date's changes, some at a time, each one number further; give the number after them."""
        for changes in all_changes:
            for some in changes.chunks():
                with self._engine.begin() as conn:
                    agenda.step(conn, day.date, number)
                    merge.write(conn, some)
                number += 1
                if len(some) >= merge.CHUNK and self._engine.dialect.name == "sqlite":
                    self._stopping.wait(BETWEEN_WRITES)
        return number


def count_poll(engine: Engine, poll: str, *, now: datetime) -> None:
    """Count a poll for the reports.

    It needs no fence: of two who count at once, one may write what is older, and a later round puts that right.
    """
    _write_each(engine, figures.of_poll(engine.execution_options(**READ_ONLY), poll, now=now))


def _write_each(engine: Engine, changes: Changes) -> None:
    for some in changes.chunks():
        with engine.begin() as conn:
            merge.write(conn, some)


def _ends_of(hour: datetime) -> tuple[datetime, datetime]:
    """Give the first and the last second of an hour: in some zones they are of two dates."""
    return hour, hour + timedelta(minutes=59, seconds=59)
