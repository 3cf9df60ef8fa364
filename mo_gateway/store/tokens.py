"""Tokens of the read API; what is kept of each is its hash."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, insert, select

from .access_tables import mo_token


def of_all(conn: Connection) -> Sequence[RowMapping]:
    """Give what each token is for, and since when it is there."""
    return conn.execute(select(mo_token.c.name, mo_token.c.created_at).order_by(mo_token.c.name)).mappings().all()


def hashes(conn: Connection) -> Sequence[bytes]:
    """Give the hash of every token; there are few."""
    return conn.scalars(select(mo_token.c.token_hash)).all()


def add(conn: Connection, *, name: str, token_hash: bytes, at: datetime) -> None:
    """Keep a token; a name that is taken raises IntegrityError."""
    conn.execute(insert(mo_token).values(name=name, token_hash=token_hash, created_at=at))


def remove(conn: Connection, name: str) -> bool:
    """Take a token away, and tell whether there was one."""
    return conn.execute(delete(mo_token).where(mo_token.c.name == name)).rowcount > 0
