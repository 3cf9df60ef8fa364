"""What the commands that look ask of the database; nothing here writes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, RowMapping, Select, func, or_, select

from mo_gateway.errors import SchemaError
from mo_gateway.message import Message
from mo_gateway.settings import Settings

from . import questions, schema
from .engine import READ_ONLY, open_engine
from .problem_index import handling_is
from .queue import to_message
from .selection import Filter, conditions
from .tables import mo_attempt, mo_handling, mo_message, mo_subscription, mo_vote, mt_message, mt_report

LATEST = 10_000  # messages, of which it is asked who brought them

#: A row for each handling of a message, which before routing and mostly after it too is one.
_WITH_HANDLING = select(
    mo_message,
    mo_handling.c.handler,
    mo_handling.c.state,
    mo_handling.c.attempts,
    mo_handling.c.due_at,
    mo_handling.c.finished_at,
    mo_handling.c.error,
).join_from(mo_message, mo_handling)


@contextmanager
def opened(settings: Settings) -> Iterator[Engine]:
    """Open the database for looking only; or raise SchemaError where it is not there or not of this version."""
    if settings.is_sqlite and not Path(settings.database_url.database or "").exists():
        raise SchemaError(
            f"there is no database {settings.database_url.database}:"
            " is this the directory that `mo-gateway run` is started in?"
        )
    engine = open_engine(settings, may_idle=True)
    try:
        looking = engine.execution_options(**READ_ONLY)
        with looking.begin() as conn:
            schema.check(conn)
        yield looking
    finally:
        engine.dispose()


def latest(
    conn: Connection, chosen: Filter, *, limit: int | None, up_to: int | None = None, down_to: int | None = None
) -> Sequence[RowMapping]:
    """Give messages with their handlings, newest first; with `up_to` and `down_to` of these numbers only."""
    query = _chosen(chosen)
    if up_to is not None:
        query = query.where(mo_message.c.id <= up_to)
    if down_to is not None:
        query = query.where(mo_message.c.id >= down_to)
    newest_first = query.order_by(mo_message.c.id.desc(), mo_handling.c.id.desc())
    return conn.execute(newest_first.limit(limit)).mappings().all()


def stored_after(conn: Connection, chosen: Filter, message_id: int) -> Sequence[RowMapping]:
    """Give the messages with a higher number, oldest first."""
    later = _chosen(chosen).where(mo_message.c.id > message_id)
    return conn.execute(later.order_by(mo_message.c.id, mo_handling.c.id)).mappings().all()


def latest_ids(conn: Connection, chosen: Filter, *, before: int | None, limit: int) -> list[int]:
    """Give the numbers of messages, newest first, each once however many handlings it has."""
    query = select(mo_message.c.id).join_from(mo_message, mo_handling).where(*conditions(chosen)).distinct()
    if before is not None:
        query = query.where(mo_message.c.id < before)
    return list(conn.scalars(query.order_by(mo_message.c.id.desc()).limit(limit)))


def newest_id(conn: Connection) -> int:
    """Give the highest number of a message, or 0."""
    return conn.scalar(select(func.max(mo_message.c.id))) or 0


def message(conn: Connection, message_id: int) -> RowMapping | None:
    """Give one message as it is stored."""
    return conn.execute(select(mo_message).where(mo_message.c.id == message_id)).mappings().first()


def handlings(conn: Connection, message_id: int) -> Sequence[RowMapping]:
    """Give the work on one message."""
    of_message = select(mo_handling).where(mo_handling.c.message_id == message_id)
    return conn.execute(of_message.order_by(mo_handling.c.id)).mappings().all()


def attempts(conn: Connection, message_id: int) -> Sequence[RowMapping]:
    """Give every try of the handlers of one message, the first one first."""
    of_message = (
        select(mo_attempt)
        .join(mo_handling, mo_attempt.c.handling_id == mo_handling.c.id)
        .where(mo_handling.c.message_id == message_id)
    )
    return conn.execute(of_message.order_by(mo_attempt.c.id)).mappings().all()


def latest_providers(conn: Connection) -> list[str]:
    """Name who brought the latest messages."""
    latest = select(mo_message.c.provider).order_by(mo_message.c.id.desc()).limit(LATEST).subquery()
    return sorted(conn.scalars(select(latest.c.provider).distinct()))


def replies(conn: Connection, message_id: int) -> Sequence[RowMapping]:
    """Give the replies to one message."""
    of_message = select(mt_message).where(mt_message.c.message_id == message_id)
    return conn.execute(of_message.order_by(mt_message.c.id)).mappings().all()


def sends(conn: Connection, message_id: int) -> Sequence[RowMapping]:
    """Give every try to send the replies to one message, the first one first."""
    columns = (mo_attempt.c.number, mo_attempt.c.started_at, mo_attempt.c.duration_ms)
    query = (
        select(mt_message.c.id.label("reply"), *columns, mo_attempt.c.outcome, mo_attempt.c.error)
        .join(mt_message, mo_attempt.c.mt_message_id == mt_message.c.id)
        .where(mt_message.c.message_id == message_id)
    )
    return conn.execute(query.order_by(mo_attempt.c.id)).mappings().all()


def reports(conn: Connection, message_id: int) -> Sequence[RowMapping]:
    """Give the delivery reports on the replies to one message, the first one first."""
    columns = (mt_report.c.status, mt_report.c.provider_status, mt_report.c.reported_at)
    query = (
        select(mt_message.c.id.label("reply"), *columns, mt_report.c.received_at, mt_report.c.deliveries)
        .join(mt_message, mt_report.c.mt_message_id == mt_message.c.id)
        .where(mt_message.c.message_id == message_id)
    )
    return conn.execute(query.order_by(mt_report.c.id)).mappings().all()


def messages_after(
    conn: Connection, message_id: int, *, limit: int, chosen: Filter | None = None
) -> list[Message]:
    """Give the next messages with a higher number, oldest first, each with the question that it answered."""
    query = select(mo_message).where(mo_message.c.id > message_id)
    if chosen:
        is_chosen = select(mo_handling.c.id).where(
            mo_handling.c.message_id == mo_message.c.id, *conditions(chosen)
        )
        query = query.where(is_chosen.correlate(mo_message).exists())
    rows = conn.execute(query.order_by(mo_message.c.id).limit(limit)).all()
    answered = questions.answered_by(conn, [row.id for row in rows])
    return [to_message(row, question=answered.get(row.id)) for row in rows]


def unrouted_words(conn: Connection, chosen: Filter) -> Sequence[RowMapping]:
    """Count messages without a handler: rows of shortcode, keyword, messages and last_at."""
    columns = (mo_message.c.shortcode, mo_message.c.keyword)
    query = (
        select(*columns, func.count().label("messages"), func.max(mo_message.c.received_at).label("last_at"))
        .join(mo_handling, mo_handling.c.message_id == mo_message.c.id)
        .where(handling_is(["unrouted"]), ~mo_handling.c.is_observer, *conditions(chosen))
    )
    return conn.execute(query.group_by(*columns)).mappings().all()


def votes(conn: Connection, message_id: int) -> Sequence[RowMapping]:
    """Give the votes that a message cast."""
    return conn.execute(select(mo_vote).where(mo_vote.c.message_id == message_id)).mappings().all()


def subscriptions(conn: Connection, message_id: int) -> Sequence[RowMapping]:
    """Give the times on lists that a message began or ended."""
    which = or_(mo_subscription.c.message_id == message_id, mo_subscription.c.until_message_id == message_id)
    return conn.execute(select(mo_subscription).where(which).order_by(mo_subscription.c.id)).mappings().all()


def newest_with_number(conn: Connection) -> RowMapping | None:
    """Give the newest message whose number is not erased."""
    known = select(mo_message).where(mo_message.c.msisdn != "")
    return conn.execute(known.order_by(mo_message.c.id.desc()).limit(1)).mappings().first()


def _chosen(chosen: Filter) -> Select[tuple[object, ...]]:
    return _WITH_HANDLING.where(*conditions(chosen))
