"""The audit trail: what somebody saw or did. Rows are added in the transaction of what they tell of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from .access_tables import mo_audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something."""

    name: str  #: of the user; on the command line `cli:` and the host's account
    role: str | None = None  #: None on the command line
    remote_addr: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What is done; no number stands in any of it."""

    action: str  #: a verb, such as reveal, replay, export or forget
    subject: str = ""  #: such as `message 812`
    person_key: bytes | None = None
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def add(conn: Connection, actor: Actor, deed: Deed, at: datetime) -> None:
    """Note that somebody does something."""
    conn.execute(
        insert(mo_audit).values(
            at=at,
            actor=actor.name,
            role=actor.role,
            action=deed.action,
            subject=deed.subject,
            person_key=deed.person_key,
            reason=deed.reason,
            details=dict(deed.details),
            remote_addr=actor.remote_addr,
        )
    )


def latest(
    conn: Connection,
    *,
    actor: str | None = None,
    action: str | None = None,
    person_key: bytes | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int,
) -> Sequence[RowMapping]:
    """Give entries, newest first; `before` is an entry's number."""
    query = select(mo_audit).order_by(mo_audit.c.id.desc()).limit(limit)
    given = {mo_audit.c.actor: actor, mo_audit.c.action: action, mo_audit.c.person_key: person_key}
    query = query.where(*(column == value for column, value in given.items() if value is not None))
    if since is not None:
        query = query.where(mo_audit.c.at >= since)
    if before is not None:
        query = query.where(mo_audit.c.id < before)
    return conn.execute(query).mappings().all()
