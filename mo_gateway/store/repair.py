"""Messages whose text was read as the wrong charset: the one change that a stored message may see."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from mo_gateway.errors import LostClaim
from mo_gateway.message import Message
from mo_gateway.words import fold

from .selection import Filter, conditions
from .tables import mo_handling, mo_message

_HANDLINGS = mo_handling.join(mo_message, mo_message.c.id == mo_handling.c.message_id)


def count(conn: Connection, chosen: Filter, providers: Collection[str]) -> int:
    """Count what `page` goes through."""
    return conn.scalar(select(func.count()).select_from(_HANDLINGS).where(*_chosen(chosen, providers))) or 0


def page(
    conn: Connection, chosen: Filter, providers: Collection[str], *, after: int, size: int
) -> Sequence[Row[Any]]:
    """Give the next messages, each with `handling_id`, all greater than `after`, and `handler`."""
    columns = (mo_message, mo_handling.c.id.label("handling_id"), mo_handling.c.handler)
    found = select(*columns).select_from(_HANDLINGS).where(*_chosen(chosen, providers))
    return conn.execute(found.where(mo_handling.c.id > after).order_by(mo_handling.c.id).limit(size)).all()


def put_right(conn: Connection, row: Row[Any], message: Message, key: bytes) -> None:
    """Store the texts of `message` in a row of `page`; or raise LostClaim where that is no longer what it was."""
    changed = conn.execute(
        update(mo_message)
        .where(
            mo_message.c.id == row.id,
            mo_message.c.dedupe_key == row.dedupe_key,
            mo_message.c.raw == row.raw,  # else it was erased meanwhile, and must stay so
        )
        .values(
            keyword=message.keyword,
            keyword_folded=fold(message.keyword),
            parm=message.parm,
            reference=message.reference,
            charset=message.charset,
            marks=list(message.marks),
            dedupe_key=key,
        )
    )
    if changed.rowcount != 1:
        raise LostClaim(f"message {row.id} was changed meanwhile")


def _chosen(chosen: Filter, providers: Collection[str]) -> list[ColumnElement[bool]]:
    is_erased = mo_message.c.msisdn == ""
    return [mo_message.c.provider.in_(providers), ~is_erased, *conditions(chosen)]
