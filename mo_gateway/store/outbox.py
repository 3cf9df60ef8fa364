"""The outbox: replies, from the handler's transaction to what became of them.

A claim says `unknown` before anything is sent, and the result takes it back: whoever is killed in between leaves
the truth behind, and nothing to clean up. Only where the provider recognises a repeated reference is such a row
claimed again. The fence of a result is the attempt: a late one still counts while nobody has tried again.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select, update

from mo_gateway import gsm, keys
from mo_gateway.message import Message
from mo_gateway.reply import MtMessage, Reply, VCard

from .tables import mo_attempt, mt_message
from .types import database_now

OCTETS_OF_ONE = 140  # of a binary message
OCTETS_OF_MANY = 134

#: After what time nobody else is expected to settle a reply.
LONG_AGO = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How replies are queued, by the settings."""

    person_secret: bytes = field(repr=False)
    provider: str  #: who sends them; empty = who delivered the message
    sender: str  #: empty = the shortcode of the message
    tries: int
    max_age: timedelta
    transliterate: bool
    keep_schedules: frozenset[str]  #: providers that are handed a reply at once and send it at its time


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a reply answers; what is sent by hand answers nothing."""

    shortcode: str
    keyword: str | None = None  #: folded
    message: Message | None = None
    handler: str | None = None
    opt_out_id: int | None = None  #: the STOP or START that it confirms


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One reply, ours to send until the lease ends."""

    message: MtMessage
    provider: str
    parts: int
    attempt: int
    attempt_limit: int
    is_repeat: bool  #: it may have gone out before, and whatever this try gives, that stays so
    first_tried_at: datetime  #: by the database's clock
    opt_out_id: int | None
    shortcode: str | None = None  #: of the message it answers


def add(conn: Connection, replies: Sequence[Reply], origin: Origin, rules: Rules, *, now: datetime) -> list[int]:
    """Queue replies; those of a handler exist exactly when its message is marked done. Give their ids."""
    return [_add(conn, _row(reply, origin, rules, now), rules) for reply in replies]


def body_of(reply: Reply, rules: Rules) -> str:
    """Give the text of a reply as it is queued."""
    return gsm.measure(gsm.transliterated(reply.text) if rules.transliterate else reply.text).text


def has_due(conn: Connection, provider: str) -> bool:
    """Tell, without a lock, whether there is anything to claim or to settle."""
    due = select(mt_message.c.id).where(mt_message.c.provider == provider, mt_message.c.due_at <= database_now())
    return conn.scalar(due.limit(1)) is not None


def next_due(conn: Connection, provider: str, *, repeats_safely_for: timedelta) -> Row[Any] | None:
    """Lock the reply that is longest due, and give its row."""
    safe_since = database_now(-repeats_safely_for.total_seconds())
    is_free = mt_message.c.state == "queued"
    if repeats_safely_for:
        is_free = or_(is_free, and_(mt_message.c.state == "unknown", mt_message.c.first_tried_at > safe_since))
    query = select(mt_message).where(_is_due(provider), is_free).order_by(mt_message.c.due_at, mt_message.c.id)
    return conn.execute(query.limit(1).with_for_update(skip_locked=True)).first()


def claim(conn: Connection, row: Row[Any], *, lease: timedelta) -> Claim:
    """Mark a locked reply as being sent, which for everybody else is `unknown`."""
    reference = row.reference or secrets.token_hex(8)
    being_sent = update(mt_message).where(mt_message.c.id == row.id)
    being_sent = being_sent.values(
        state="unknown",
        attempts=row.attempts + 1,
        due_at=database_now(lease.total_seconds()),
        tried_at=database_now(),
        first_tried_at=func.coalesce(mt_message.c.first_tried_at, database_now()),
        reference=reference,
        error=None,
        error_code=None,
    )
    first_tried_at = conn.scalars(being_sent.returning(mt_message.c.first_tried_at)).one()
    return Claim(
        message=to_mt_message(row, reference),
        provider=row.provider,
        parts=row.parts or 1,
        attempt=row.attempts + 1,
        attempt_limit=row.attempt_limit,
        is_repeat=row.state == "unknown",
        first_tried_at=first_tried_at,
        opt_out_id=row.opt_out_id,
        shortcode=row.shortcode,
    )


def suppress(conn: Connection, row: Row[Any], reason: str) -> None:
    """Decide that a locked reply is not sent; one that may have gone out before stays `unknown`."""
    state = "unknown" if row.state == "unknown" else "suppressed"
    values = {"state": state, "suppressed_reason": reason, "due_at": None}
    conn.execute(update(mt_message).where(mt_message.c.id == row.id).values(values))


def abandoned(conn: Connection, provider: str, *, repeats_safely_for: timedelta) -> list[int]:
    """Give up the claims whose lease ran out without a result: they stay `unknown`. Give their ids."""
    is_lost = [_is_due(provider), mt_message.c.state == "unknown"]
    if repeats_safely_for:
        is_lost.append(mt_message.c.first_tried_at <= database_now(-repeats_safely_for.total_seconds()))
    return _give_up(conn, and_(*is_lost))


def left_behind(conn: Connection) -> list[int]:
    """Settle what nobody sends by any more: lost claims stay `unknown`, what has long expired is suppressed.

    It is for providers that were taken out of the settings of all hosts. Give the ids of the lost claims.
    """
    long_ago = database_now(-LONG_AGO.total_seconds())
    # `due_at` is what there is an index of: of the rows that are still to be dealt with
    waiting = and_(mt_message.c.state == "queued", mt_message.c.due_at.is_not(None))
    expired = update(mt_message).where(waiting, mt_message.c.expires_at < long_ago)
    conn.execute(expired.values(state="suppressed", suppressed_reason="expired", due_at=None))
    return _give_up(conn, and_(mt_message.c.state == "unknown", mt_message.c.due_at < long_ago))


def finish(conn: Connection, claim: Claim, **values: Any) -> bool:
    """Record what became of a try; False where somebody has tried again or settled it meanwhile."""
    # what was sent is sent, though a delivery report may have said so before, or somebody has queued it again
    states = ("unknown", "sent", "queued") if values.get("state") == "sent" else ("unknown",)
    held = update(mt_message).where(
        mt_message.c.id == claim.message.id,
        mt_message.c.attempts == claim.attempt,
        mt_message.c.state.in_(states),
    )
    return conn.execute(held.values(values)).rowcount == 1


def add_attempt(
    conn: Connection,
    mt_message_id: int,
    number: int,
    *,
    started_at: datetime,
    duration: timedelta | None,
    outcome: str,
    error: str | None,
) -> None:
    """Note one try."""
    conn.execute(
        insert(mo_attempt).values(
            mt_message_id=mt_message_id,
            number=number,
            started_at=started_at,
            duration_ms=None if duration is None else round(duration.total_seconds() * 1000),
            outcome=outcome,
            error=error,
        )
    )


def gone_to(conn: Connection, row: Row[Any], *, within: timedelta, same_text: bool = False) -> int:
    """Count what went, or may have gone, to the person of a reply on its shortcode lately.

    Confirmations of STOP and START are counted by themselves.
    """
    query = select(func.count()).where(
        mt_message.c.person_key == row.person_key,
        mt_message.c.tried_at > database_now(-within.total_seconds()),
        mt_message.c.state.in_(("sent", "unknown")),
        mt_message.c.shortcode == row.shortcode,
        mt_message.c.id != row.id,
        mt_message.c.opt_out_id.is_(None) if row.opt_out_id is None else mt_message.c.opt_out_id.is_not(None),
    )
    return conn.scalar(query.where(mt_message.c.body == row.body) if same_text else query) or 0


def to_mt_message(row: Row[Any], reference: str) -> MtMessage:
    """Turn a row of `mt_message` into the words."""
    options = row.options or {}
    return MtMessage(
        id=row.id,
        msisdn=row.msisdn,
        sender=row.sender,
        reference=reference,
        text=row.body or "",
        vcard=VCard(**options["vcard"]) if "vcard" in options else None,
        udh=row.udh or "",
        data=row.data or "",
        at=datetime.fromisoformat(options["at"]) if "at" in options else None,
        group=options.get("group"),
    )


def parts_of(reply: Reply) -> int | None:
    """Count the SMS that a reply is billed as; None where only the provider knows."""
    if reply.text:
        return len(gsm.measure(reply.text).parts)
    if reply.data:
        octets = (len(reply.udh) + len(reply.data)) // 2
        return 1 if octets <= OCTETS_OF_ONE else -(-octets // OCTETS_OF_MANY)
    return None


def not_before(provider: str, options: Mapping[str, Any] | None, rules: Rules) -> datetime | None:
    """Give the moment that a reply waits for here; None where there is none, or where its provider waits."""
    at = (options or {}).get("at")
    return datetime.fromisoformat(at) if at and provider not in rules.keep_schedules else None


def _row(reply: Reply, origin: Origin, rules: Rules, now: datetime) -> dict[str, Any]:
    message = origin.message
    msisdn = "" if reply.group else reply.to or (message.msisdn if message else "")
    # composed, as it was counted: a decomposed é is not GSM
    body = body_of(reply, rules)
    options = {
        **({"vcard": asdict(reply.vcard)} if reply.vcard else {}),
        **({"at": reply.at.isoformat()} if reply.at else {}),
        **({"group": reply.group} if reply.group else {}),
    }
    return {
        "message_id": message.id if message else None,
        "handler": origin.handler,
        "provider": reply.provider or rules.provider or (message.provider if message else ""),
        "msisdn": msisdn,
        "person_key": keys.person_key(rules.person_secret, f"group:{reply.group}" if reply.group else msisdn),
        "sender": reply.sender or rules.sender or origin.shortcode,
        "body": body or None,
        "udh": reply.udh or None,
        "data": reply.data or None,
        "reference": reply.reference or secrets.token_hex(8),
        "parts": parts_of(reply if body == reply.text else Reply(body)),
        "attempt_limit": rules.tries,
        "created_at": now,
        "shortcode": origin.shortcode,
        "keyword": origin.keyword,
        "options": options or None,
        "is_test": message.is_test if message else False,
        "opt_out_id": origin.opt_out_id,
    }


def _add(conn: Connection, row: dict[str, Any], rules: Rules) -> int:
    first = not_before(row["provider"], row["options"], rules)
    times = {
        "due_at": first or database_now(),
        "expires_at": first + rules.max_age if first else database_now(rules.max_age.total_seconds()),
    }
    new: int = conn.execute(insert(mt_message).values({**row, **times}).returning(mt_message.c.id)).scalar_one()
    return new


def _give_up(conn: Connection, condition: ColumnElement[bool]) -> list[int]:
    """Note that nobody will bring a result any more; what is known of an earlier try is kept."""
    columns = (mt_message.c.id, mt_message.c.attempts, mt_message.c.tried_at, mt_message.c.error)
    locked = select(*columns).where(condition).order_by(mt_message.c.id).with_for_update(skip_locked=True)
    rows = conn.execute(locked).all()
    if not rows:
        return []
    error = "nobody recorded a result: the process ended, or stood still beyond its lease"
    given_up = update(mt_message).where(mt_message.c.id.in_([row.id for row in rows]))
    conn.execute(given_up.values(due_at=None, error=func.coalesce(mt_message.c.error, error)))
    lost = [row for row in rows if row.error is None]
    for row in lost:
        add_attempt(
            conn, row.id, row.attempts, started_at=row.tried_at, duration=None, outcome="unknown", error=error
        )
    return [row.id for row in lost]


def _is_due(provider: str) -> ColumnElement[bool]:
    return and_(mt_message.c.provider == provider, mt_message.c.due_at <= database_now())
