"""Questions that handlers asked people, and who takes the answer.

Of one person on one shortcode one question waits at a time. Its answer is told by the provider's clock: what was
sent in time is taken, however long it was on its way to us.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, exists, func, insert, or_, select, update

from mo_gateway.message import Message, Question
from mo_gateway.values import Ask

from .tables import mo_handling, mo_message, mo_question
from .types import database_now

TIMED_OUT = "timed out"

_LED_TO = mo_message.alias("led_to")


def beside_messages(query: Select[Any]) -> Select[Any]:
    """Add to handlings with their messages the question that each answers; an observer's answers nothing."""
    was_asked = or_(
        mo_question.c.answer_message_id == mo_message.c.id,  # it is handled once more
        and_(
            mo_question.c.answer_message_id.is_(None),
            or_(mo_question.c.ended_at.is_(None), mo_question.c.outcome == TIMED_OUT),
            # what came late and was sent before the question was led to answers nothing
            _LED_TO.c.id < mo_message.c.id,
            _LED_TO.c.sent_at <= mo_message.c.sent_at,
            mo_message.c.sent_at <= mo_question.c.expires_at,
        ),
    )
    latest = (
        select(func.max(mo_question.c.id))
        .join(_LED_TO, _LED_TO.c.id == mo_question.c.message_id)
        .where(
            mo_question.c.line == mo_handling.c.line,
            mo_question.c.person_key == mo_message.c.person_key,
            was_asked,
        )
        .correlate(mo_message, mo_handling)
        .scalar_subquery()
    )
    answered = mo_question.alias("answered")
    columns = (answered.c.expect, answered.c.note, answered.c.asked_at, answered.c.message_id.label("asked_by"))
    return query.add_columns(*columns).outerjoin(
        answered, and_(~mo_handling.c.is_observer, answered.c.id == latest)
    )


def beside(row: Row[Any]) -> Question | None:
    """Give the question that `beside_messages` has put beside a message."""
    if row.asked_by is None:
        return None
    return Question(expect=row.expect, note=row.note, asked_at=row.asked_at, message_id=row.asked_by)


def ask(conn: Connection, question: Ask, message: Message, *, line: int, person_key: bytes, now: datetime) -> None:
    """Let a question wait for the answer of a message's sender, in the place of what waited before."""
    _end(conn, mo_question.c.line == line, outcome="replaced", now=now)
    values = {
        "line": line,
        "person_key": person_key,
        "shortcode": message.shortcode,
        "expect": question.expect,
        "note": question.note,
        "timeout_text": question.timeout_text,
        "message_id": message.id,
        "asked_at": now,
        "expires_at": now + question.within,
    }
    conn.execute(insert(mo_question).values(values))


def answered(conn: Connection, message: Message, *, now: datetime) -> None:
    """Note that a message answered its question."""
    if message.question:
        open_or_late = or_(mo_question.c.ended_at.is_(None), mo_question.c.outcome == TIMED_OUT)
        asked = (mo_question.c.message_id == message.question.message_id, open_or_late)
        which = (mo_question.c.id == select(func.max(mo_question.c.id)).where(*asked).scalar_subquery(),)
        values = {"ended_at": now, "outcome": "answered", "answer_message_id": message.id}
        conn.execute(update(mo_question).where(*which).values(values))


def stopped(conn: Connection, message: Message, *, now: datetime) -> None:
    """Note that a question is over, because its person wants no more."""
    if message.question:
        _end(conn, mo_question.c.message_id == message.question.message_id, outcome="stopped", now=now)


def is_any_over(conn: Connection) -> bool:
    """Tell, without a lock, whether a question's time is up."""
    over = select(mo_question.c.id).where(mo_question.c.ended_at.is_(None), _is_over())
    return conn.scalar(over.limit(1)) is not None


def time_out(conn: Connection, *, limit: int, now: datetime) -> Sequence[Row[Any]]:
    """End questions whose time is up; give rows of the messages that led to them, with their `timeout_text`.

    A question waits on while a message of its person is not handled yet: that may be the answer.
    """
    unhandled = exists().where(
        mo_handling.c.line == mo_question.c.line,
        mo_handling.c.due_at.is_not(None),
    )
    over = (
        select(mo_question.c.id)
        .where(mo_question.c.ended_at.is_(None), _is_over(), ~unhandled)
        .order_by(mo_question.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = conn.scalars(over).all()
    if not ids:
        return []
    _end(conn, mo_question.c.id.in_(ids), outcome=TIMED_OUT, now=now)
    query = select(mo_message, mo_question.c.timeout_text, mo_question.c.expect).join(
        mo_question, mo_question.c.message_id == mo_message.c.id
    )
    return conn.execute(query.where(mo_question.c.id.in_(ids)).order_by(mo_question.c.id)).all()


def of_message(conn: Connection, message_id: int) -> Sequence[Any]:
    """Give the questions that a message led to, or answered."""
    which = or_(mo_question.c.message_id == message_id, mo_question.c.answer_message_id == message_id)
    return conn.execute(select(mo_question).where(which).order_by(mo_question.c.id)).mappings().all()


def answered_by(conn: Connection, message_ids: Sequence[int]) -> dict[int, Question]:
    """Give, by message, the question that it answered."""
    rows = conn.execute(select(mo_question).where(mo_question.c.answer_message_id.in_(message_ids)))
    return {row.answer_message_id: _question(row) for row in rows}


def _question(row: Row[Any]) -> Question:
    return Question(expect=row.expect, note=row.note, asked_at=row.asked_at, message_id=row.message_id)


def _is_over() -> Any:
    return mo_question.c.expires_at < database_now()


def _end(conn: Connection, which: Any, *, outcome: str, now: datetime) -> None:
    is_open = mo_question.c.ended_at.is_(None)
    conn.execute(update(mo_question).where(which, is_open).values(ended_at=now, outcome=outcome))
