"""What went wrong in a database, in one line and without what people wrote."""

import traceback

import psycopg
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from mo_gateway.errors import UnsafeDatabase
from mo_gateway.masking import one_line

#: The database is away, or is not to be trusted: nothing is wrong with what it was asked, which is asked again.
UNAVAILABLE = (OperationalError, InterfaceError, NoConnectionFree, UnsafeDatabase, OSError)


def in_one_line(exc: BaseException) -> str:
    """Name an error without the values that were bound: the engine hides them, PostgreSQL's DETAIL quotes them."""
    cause = getattr(exc, "orig", None) or exc
    sentence = cause.diag.message_primary if isinstance(cause, psycopg.Error) else None
    return one_line(" ".join(f"{type(cause).__name__}: {sentence or _words(cause)}".split()))


def way_to(exc: BaseException) -> str:
    """Give the way to an exception without its words, which may quote a message or a number."""
    return "".join(traceback.format_tb(exc.__traceback__)) + type(exc).__name__


def _words(exc: BaseException) -> str:
    try:
        return str(exc)
    except Exception:  # noqa: BLE001 - a plugin's exception may raise anything when it is asked for its words
        return "an exception without words"
