"""Reports: how long it takes to count millions of messages, and then to ask each view its question."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter

from sqlalchemy import Connection, func, insert, select, text

from mo_gateway import Message, keyword
from mo_gateway.gateway import Gateway
from mo_gateway.gateway.upkeep import tally_of
from mo_gateway.handlers.finding import handlers_in
from mo_gateway.routing import Routes
from mo_gateway.store.engine import READ_ONLY
from mo_gateway.store.functions import in_hex
from mo_gateway.store.tables import mo_intake, mo_message
from mo_gateway.store.views import VIEWS

from .databases import Database
from .growth import filled

TIMES = 3  #: that each question is asked; the median is told

#: Questions over everything, by the view that they ask.
OVER_ALL = {
    "report_attempts": "SELECT target, outcome, count(*), max(duration_ms) FROM report_attempts GROUP BY 1, 2",
    "report_votes": "SELECT option, count(*) FROM report_votes WHERE poll = 'song' AND is_counted GROUP BY option",
    "report_daily": "SELECT substr(CAST(local_date AS text), 1, 7), keyword, sum(messages) FROM report_daily"
    " GROUP BY 1, 2",
    "report_hourly": "SELECT shortcode, max(messages), max(max_wait_seconds) FROM report_hourly GROUP BY 1",
    "report_unmatched": "SELECT word, sum(messages) FROM report_unmatched GROUP BY word",
    "report_people": "SELECT shortcode, count(*), sum(messages) FROM report_people GROUP BY shortcode",
}


#: What else happens to messages: a try each, a reply and a vote for each tenth, no handler for each hundredth.
HAPPENS = (
    "INSERT INTO mo_attempt (handling_id, number, started_at, duration_ms, outcome)"
    " SELECT id, 1, finished_at, 3, 'done' FROM mo_handling WHERE finished_at IS NOT NULL ORDER BY id",
    "INSERT INTO mt_message (message_id, provider, msisdn, person_key, sender, body, state, created_at, sent_at)"
    " SELECT id, provider, msisdn, person_key, shortcode, 'Thanks.', 'sent', received_at, received_at"
    " FROM mo_message WHERE id % 10 = 0 ORDER BY id",
    "INSERT INTO mo_vote (poll, option, person_key, message_id, voted_at, timing, last_counts)"
    " SELECT 'song', keyword, person_key, id, sent_at, 'in time', false FROM mo_message"
    " WHERE id % 10 = 0 ORDER BY id",
    "UPDATE mo_handling SET state = 'unrouted', handler = NULL WHERE message_id % 100 = 0",
)


@contextmanager
def counted(database: Database, rows: int) -> Iterator[tuple[Gateway, float]]:
    """Open a gateway on a new database with so many messages, all counted; give the seconds that counting took."""
    with filled(database, rows) as gateway:
        let_happen(gateway)
        yield gateway, count_anew(gateway)


def measure(gateway: Gateway) -> Iterator[tuple[str, float]]:
    """Give each question with the seconds that it takes."""
    with gateway.engine.execution_options(**READ_ONLY).begin() as conn:
        person = conn.scalar(select(in_hex(mo_message.c.person_key)).limit(1)) or ""
        for view in VIEWS:
            yield f"{view.name}: its question", _asked(conn, _of_today(view.question, person))
        for name, question in OVER_ALL.items():
            yield f"{name}: over everything", _asked(conn, question)


def let_happen(gateway: Gateway) -> None:
    """Have something become of the messages."""
    with gateway.engine.begin() as conn:
        for statement in HAPPENS:
            conn.exec_driver_sql(statement.replace("%", "%%") if conn.dialect.name == "postgresql" else statement)
        begin, now = conn.scalar(select(func.min(mo_message.c.received_at))), datetime.now(UTC)
        assert begin
        minutes = range(int((now - begin).total_seconds()) // 60)
        counted = {"process": "host:1", "provider": "spryng", "outcome": "stored", "n": 60}
        conn.execute(insert(mo_intake), [{"minute": begin + timedelta(minutes=n), **counted} for n in minutes])
    for table in ("mo_attempt", "mo_handling", "mt_message", "mo_vote", "mo_intake"):
        with gateway.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql(
                f"ANALYZE {table}" if conn.dialect.name == "sqlite" else f"VACUUM ANALYZE {table}"
            )


def _routes() -> Routes:
    """Give a hundred words that lead somewhere."""

    def handler(_message: Message) -> None: ...

    return Routes(handlers_in(keyword(*(f"WORD{n}" for n in range(100)), name="handler")(handler)))


def count_anew(gateway: Gateway) -> float:
    """Count everything anew for the reports; give the seconds."""
    tally = tally_of(_routes(), gateway.settings, gateway.engine)
    began = perf_counter()
    for _ in tally.rebuild():
        pass
    return perf_counter() - began


def _asked(conn: Connection, question: str) -> float:
    def once() -> float:
        began = perf_counter()
        conn.execute(text(question)).all()
        return perf_counter() - began

    return median(once() for _ in range(TIMES))


def _of_today(question: str, person: str) -> str:
    """Let a question about 22 November 2026 be about yesterday, and one about a person about this one."""
    today = datetime.now(UTC).date()
    days = {"2026-11-22": today - timedelta(days=1), "2026-11-23": today, "2026-11-01": today.replace(day=1)}
    dated = re.sub("|".join(days), lambda found: str(days[found[0]]), question)
    return re.sub("[0-9a-f]{32}", person, dated)
