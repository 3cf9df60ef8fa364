"""What went wrong in a database, in one line and without what people wrote."""

import psycopg

from mo_gateway.masking import one_line


def in_one_line(exc: BaseException) -> str:
    """Name an error without the values that were bound: the engine hides them, PostgreSQL's DETAIL quotes them."""
    cause = getattr(exc, "orig", None) or exc
    sentence = cause.diag.message_primary if isinstance(cause, psycopg.Error) else None
    return one_line(" ".join(f"{type(cause).__name__}: {sentence or _words(cause)}".split()))


def _words(exc: BaseException) -> str:
    try:
        return str(exc)
    except Exception:  # noqa: BLE001 - a plugin's exception may raise anything when it is asked for its words
        return "an exception without words"
