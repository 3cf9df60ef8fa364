"""Delivery reports: each stored once, joined to its reply whatever came first.

Whoever stores reports locks first the replies that they settle, by id, then the reports, by dedupe key, and then
the opt-outs, by id. A sender that records a result does so in this order too. What joins reports later skips those
that are locked. So none of them deadlock, on whatever host.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select, update

from mo_gateway.message import Receipt, WebhookRequest
from mo_gateway.reply import FINAL, DeliveryReport

from . import opt_outs
from .counted import CountedTable, Row, folded, insert, receipts
from .replies import WITHDRAWN
from .tables import mt_message, mt_report
from .types import database_now

#: How long a report may be there before its reply's own id is known. A host's clock says when the report came and
#: the database's how long ago that is: they are seconds apart, and this is days. So it is with `sent_within`.
CROSSING = timedelta(days=1)
LONGEST_STATUS = 100  # characters
LONGEST_RAW = 16_384  # bytes
#: What a reply's row says once a report has proven it sent.
_PROVEN = {
    "state": "sent",
    "sent_at": database_now(),
    "due_at": None,
    "suppressed_reason": None,
    "error": None,
    "error_code": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReport:
    """A delivery report that waits to be stored."""

    key: bytes
    report: DeliveryReport
    request: WebhookRequest


@dataclass(frozen=True, slots=True)
class _Found:
    """The reply that a report is about."""

    id: int
    is_erased: bool  #: with its person, so that nothing of them is stored any more
    is_only: bool  #: False where others have the same reference, and the report may be about one of them


def new_report(report: DeliveryReport, request: WebhookRequest) -> NewReport:
    """Give a report the key that it is stored under, and words that every database can hold."""
    words = replace(
        report,
        provider_status=_storable(report.provider_status)[:LONGEST_STATUS],
        reference=_storable(report.reference or "") or None,
        provider_id=_storable(report.provider_id or "") or None,
    )
    return NewReport(key=_key(words), report=words, request=request)


TABLE = CountedTable(
    name="mt_report",
    columns={
        "dedupe_key": "bytea",
        "mt_message_id": "bigint",
        "provider": "text",
        "status": "text",
        "provider_status": "text",
        "reference": "text",
        "provider_id": "text",
        "reported_at": "timestamptz",
        "received_at": "timestamptz",
        "last_received_at": "timestamptz",
        "deliveries": "integer",
        "raw": "bytea",
        "remote_addr": "text",
    },
    completed=("mt_message_id",),
)


def add_reports(conn: Connection, batch: Sequence[NewReport]) -> dict[bytes, Receipt]:
    """Store reports and join them to their replies; give a receipt for each dedupe key."""
    found = _replies_of(conn, batch)
    opt_out_ids = _settle(conn, {reply.id for reply in found.values() if reply.is_only})
    rows = folded(_row(new, found.get(new.key)) for new in batch)
    stored = insert(conn, TABLE, rows)
    for opt_out_id in opt_out_ids:
        opt_outs.confirmed(conn, opt_out_id, database_now())
    return receipts(rows, stored)


def join(conn: Connection, mt_message_id: int, provider: str, provider_id: str | None) -> None:
    """Join the reports that overtook the provider's answer to a reply whose id is known now."""
    if provider_id is None:
        return
    crossed = _lonely().where(mt_report.c.provider == provider, mt_report.c.provider_id == provider_id)
    in_order = crossed.order_by(mt_report.c.dedupe_key).with_for_update()
    conn.execute(update(mt_report).where(mt_report.c.id.in_(in_order)).values(mt_message_id=mt_message_id))


def has_crossed(conn: Connection) -> bool:
    """Tell, without a lock, whether there is anything to join."""
    return conn.scalar(_crossed().limit(1)) is not None


def join_crossed(conn: Connection) -> int:
    """Join reports whose reply got its id in the same moment, unseen by both; give how many.

    By reference none can cross: a reply has it before it is sent.
    """
    reply = select(func.max(mt_message.c.id)).where(_has_its_id()).scalar_subquery()
    crossed = _crossed().with_for_update(skip_locked=True)
    joined = update(mt_report).where(mt_report.c.id.in_(crossed)).values(mt_message_id=reply)
    return conn.execute(joined).rowcount


def without_final(conn: Connection, provider: str, *, sent_within: timedelta, limit: int) -> Sequence[Any]:
    """Give the replies that were sent lately and have no final report yet.

    They are rows of id and provider_id, of how often anything was reported of it (answers), and when last
    (answered_at).
    """
    is_of_reply = mt_report.c.mt_message_id == mt_message.c.id
    final = exists().where(is_of_reply, mt_report.c.status.in_([status.value for status in FINAL]))
    reply = (mt_message.c.id, mt_message.c.provider_id)
    answers = func.coalesce(func.sum(mt_report.c.deliveries), 0).label("answers")
    query = (
        select(*reply, answers, func.max(mt_report.c.last_received_at).label("answered_at"))
        .outerjoin_from(mt_message, mt_report, is_of_reply)
        .where(
            mt_message.c.provider == provider,
            mt_message.c.state == "sent",
            mt_message.c.provider_id.is_not(None),
            mt_message.c.sent_at > database_now(-sent_within.total_seconds()),
            ~final.correlate(mt_message),
        )
        .group_by(*reply, mt_message.c.sent_at)
    )
    return conn.execute(query.order_by(mt_message.c.sent_at).limit(limit)).all()


def _replies_of(conn: Connection, batch: Sequence[NewReport]) -> dict[bytes, _Found]:
    """Find, by dedupe key, the replies that reports are about: by the provider's id of it, or by our reference."""
    by_id = _tried(conn, mt_message.c.provider_id, {new.report.provider_id for new in batch})
    by_reference = _tried(conn, mt_message.c.reference, {new.report.reference for new in batch})
    found = {new.key: _reply_of(new.report, by_id, by_reference) for new in batch}
    return {key: reply for key, reply in found.items() if reply is not None}


def _reply_of(
    report: DeliveryReport,
    by_id: Mapping[tuple[str, str | None], _Found],
    by_reference: Mapping[tuple[str, str | None], _Found],
) -> _Found | None:
    """Choose the reply that a report is about.

    A handler may give several replies the same reference. Then a report that names the provider's id waits until
    that is known; of one that does not, nobody can tell, and the last reply gets it.
    """
    known = by_id.get((report.provider, report.provider_id))
    named = by_reference.get((report.provider, report.reference))
    if known or named is None or named.is_only or not report.provider_id:
        return known or named
    return None


def _tried(
    conn: Connection, column: ColumnElement[str | None], words: Collection[str | None]
) -> dict[tuple[str, str | None], _Found]:
    """Find replies by provider and word in a column, of those that were tried: no report is about another."""
    wanted = [word for word in words if word]
    if not wanted:
        return {}
    pair = (mt_message.c.provider, column)
    figures = (func.max(mt_message.c.id), func.max(mt_message.c.msisdn), func.count())
    rows = conn.execute(
        select(*pair, *figures).where(column.in_(wanted), mt_message.c.attempts > 0).group_by(*pair)
    )
    return {
        (provider, word): _Found(last, number == "", count == 1) for provider, word, last, number, count in rows
    }


def _settle(conn: Connection, replies: Collection[int]) -> list[int]:
    """Take a report as the proof that a tried reply went out, whatever else is known of it.

    So it is not sent a second time. Give the opt-outs that were confirmed by it.
    """
    if not replies:
        return []
    unproven = select(mt_message.c.id).where(
        mt_message.c.id.in_(replies),
        mt_message.c.attempts > 0,
        mt_message.c.state != "sent",
        mt_message.c.suppressed_reason.is_distinct_from(WITHDRAWN),  # a provider may report that it took it out
    )
    in_order = unproven.order_by(mt_message.c.id).with_for_update(key_share=True)
    settled = update(mt_message).where(mt_message.c.id.in_(in_order)).values(_PROVEN)
    opt_out_ids = conn.scalars(settled.returning(mt_message.c.opt_out_id)).all()
    return sorted({one for one in opt_out_ids if one is not None})


def _lonely() -> Select[tuple[int]]:
    """Choose the reports whose reply is not known yet and still may be."""
    since = database_now(-CROSSING.total_seconds())
    return select(mt_report.c.id).where(mt_report.c.mt_message_id.is_(None), mt_report.c.received_at > since)


def _crossed() -> Select[tuple[int]]:
    """Choose the lonely reports whose reply has its id by now."""
    return _lonely().where(exists().where(_has_its_id()))


def _has_its_id() -> ColumnElement[bool]:
    """Say that a reply has the provider's id that a report names."""
    same_provider = mt_message.c.provider == mt_report.c.provider
    return same_provider & (mt_message.c.provider_id == mt_report.c.provider_id)


def _row(new: NewReport, reply: _Found | None) -> Row:
    report, request = new.report, new.request
    return {
        "dedupe_key": new.key,
        "mt_message_id": reply.id if reply else None,
        "provider": report.provider,
        "status": report.status.value,
        "provider_status": report.provider_status,
        "reference": report.reference,
        "provider_id": report.provider_id,
        "reported_at": report.reported_at,
        "received_at": request.received_at,
        "last_received_at": request.received_at,
        "deliveries": 1,
        "raw": b"" if reply and reply.is_erased else report.raw[:LONGEST_RAW],
        "remote_addr": request.remote_addr,
    }


def _storable(text: str) -> str:
    """Replace what PostgreSQL's text cannot hold: NUL, and halves of surrogate pairs that JSON let through."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _key(report: DeliveryReport) -> bytes:
    """Make the same key of a report that comes again.

    Without the provider's id of the reply, whatever else the report says counts too: two replies may have the same
    reference. With it, that may differ, such as the place in a list.
    """
    digest = blake2b(digest_size=16)
    moment = report.reported_at.isoformat() if report.reported_at else ""
    words = (report.provider, report.reference or "", report.provider_id or "", report.provider_status, moment)
    for part in (*(word.encode() for word in words), b"" if report.provider_id else report.raw):
        digest.update(len(part).to_bytes(4))
        digest.update(part)
    return digest.digest()
