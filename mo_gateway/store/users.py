"""Users of the dashboard, their sessions, and the log-ins that failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, RowMapping, Select, delete, func, insert, select, update

from .access_tables import mo_login_failure, mo_session, mo_user

LONGEST_NAME = 100  # characters
FAILURES_KEPT = timedelta(hours=1)

#: A session ends so long after its log-in, and so long after it was last used.
LONGEST_SESSION = timedelta(hours=12)
LONGEST_PAUSE = timedelta(hours=1)

SEEN_TO = timedelta(minutes=1)  # so exactly is it noted when a session was used


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may log in."""

    id: int
    name: str
    role: str
    keywords: tuple[str, ...]  #: folded; what a manager may see


def exist(conn: Connection) -> bool:
    """Tell whether there is a user at all; until then there is no dashboard."""
    return conn.scalar(select(mo_user.c.id).limit(1)) is not None


def of_all(conn: Connection) -> Sequence[RowMapping]:
    """Give every user, and when each was last seen."""
    seen_at = func.max(mo_session.c.seen_at).label("seen_at")
    columns = (mo_user.c.id, mo_user.c.name, mo_user.c.role, mo_user.c.keywords, mo_user.c.created_at)
    query = select(*columns, seen_at).outerjoin_from(mo_user, mo_session).group_by(mo_user.c.id)
    return conn.execute(query.order_by(mo_user.c.name)).mappings().all()


def by_name(conn: Connection, name: str) -> tuple[User, str] | None:
    """Give a user with the hash of the password, or None where there is no such user."""
    row = conn.execute(select(mo_user).where(mo_user.c.name == name)).first()
    return (_user(row), row.password_hash) if row else None


def add(
    conn: Connection, *, name: str, role: str, keywords: Sequence[str], password_hash: str, at: datetime
) -> None:
    """Make a user; a name that is taken raises IntegrityError."""
    conn.execute(
        insert(mo_user).values(
            name=name, role=role, keywords=list(keywords), password_hash=password_hash, created_at=at
        )
    )


def set_role(conn: Connection, user_id: int, role: str, keywords: Sequence[str]) -> None:
    """Give a user another role; it holds from the next page on."""
    conn.execute(update(mo_user).where(mo_user.c.id == user_id).values(role=role, keywords=list(keywords)))


def set_password(conn: Connection, user_id: int, password_hash: str) -> None:
    """Give a user another password and end every session that was begun with the old one."""
    conn.execute(update(mo_user).where(mo_user.c.id == user_id).values(password_hash=password_hash))
    conn.execute(delete(mo_session).where(mo_session.c.user_id == user_id))


def rehash(conn: Connection, user_id: int, password_hash: str) -> None:
    """Keep the same password under today's parameters."""
    conn.execute(update(mo_user).where(mo_user.c.id == user_id).values(password_hash=password_hash))


def remove(conn: Connection, user_id: int) -> None:
    """Take a user away, and the sessions."""
    conn.execute(delete(mo_session).where(mo_session.c.user_id == user_id))
    conn.execute(delete(mo_user).where(mo_user.c.id == user_id))


def begin_session(conn: Connection, user_id: int, token_hash: bytes, at: datetime) -> None:
    """Let a browser in, and forget the sessions that are over."""
    conn.execute(delete(mo_session).where(~_is_open(at)))
    conn.execute(insert(mo_session).values(token_hash=token_hash, user_id=user_id, created_at=at, seen_at=at))


def in_session(conn: Connection, token_hash: bytes, at: datetime) -> tuple[User, bool] | None:
    """Give whose session it is, and whether its use is to be noted; None where there is no such session now."""
    query = select(mo_user, mo_session.c.seen_at).join_from(mo_session, mo_user)
    row = conn.execute(query.where(mo_session.c.token_hash == token_hash, _is_open(at))).first()
    return (_user(row), at - row.seen_at >= SEEN_TO) if row else None


def note_use(conn: Connection, token_hash: bytes, at: datetime) -> None:
    """Note that a session is used."""
    conn.execute(update(mo_session).where(mo_session.c.token_hash == token_hash).values(seen_at=at))


def end_session(conn: Connection, token_hash: bytes) -> None:
    """Log a browser out."""
    conn.execute(delete(mo_session).where(mo_session.c.token_hash == token_hash))


def add_failure(conn: Connection, name: str, remote_addr: str, at: datetime) -> None:
    """Note a log-in that failed, and forget the old ones."""
    conn.execute(delete(mo_login_failure).where(mo_login_failure.c.at < at - FAILURES_KEPT))
    conn.execute(insert(mo_login_failure).values(at=at, name=name[:LONGEST_NAME], remote_addr=remote_addr))


def failures(conn: Connection, name: str, remote_addr: str, since: datetime) -> tuple[int, int, int]:
    """Count the log-ins that failed: of this name from this address, from this address, of this name."""
    recent = mo_login_failure.c.at > since
    is_name = mo_login_failure.c.name == name[:LONGEST_NAME]
    is_address = mo_login_failure.c.remote_addr == remote_addr
    return (
        _count(conn, select(func.count()).where(recent, is_name, is_address)),
        _count(conn, select(func.count()).where(recent, is_address)),
        _count(conn, select(func.count()).where(recent, is_name)),
    )


def forget_failures(conn: Connection, name: str, remote_addr: str) -> None:
    """Begin to count anew for who knows the password."""
    of_both = (mo_login_failure.c.name == name, mo_login_failure.c.remote_addr == remote_addr)
    conn.execute(delete(mo_login_failure).where(*of_both))


def _count(conn: Connection, query: Select[int]) -> int:
    return conn.scalar(query) or 0


def _is_open(at: datetime) -> ColumnElement[bool]:
    return (mo_session.c.created_at > at - LONGEST_SESSION) & (mo_session.c.seen_at > at - LONGEST_PAUSE)


def _user(row: Row[Any]) -> User:
    return User(id=row.id, name=row.name, role=row.role, keywords=tuple(row.keywords))
