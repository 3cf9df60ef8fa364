"""What commands leave in the audit trail: who has seen numbers, and who has done what."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from mo_gateway.errors import MoGatewayError
from mo_gateway.gateway.clock import utc_now
from mo_gateway.masking import without_numbers
from mo_gateway.settings import Settings
from mo_gateway.store import audit, reading
from mo_gateway.store.audit import Deed
from mo_gateway.store.engine import WRITABLE

from .actor import at_the_terminal


@contextmanager
def opened(settings: Settings, action: str = "reveal") -> Iterator[Engine]:
    """Open the database for looking only; where numbers are to be shown, that is noted before.

    What cannot be noted is not shown: raise MoGatewayError then.
    """
    with reading.opened(settings) as engine:
        if click.get_current_context().params.get("reveal"):
            try:
                with engine.execution_options(**WRITABLE).begin() as conn:
                    note(conn, action)
            except SQLAlchemyError as exc:
                cause = " ".join(str(getattr(exc, "orig", exc)).split())
                raise MoGatewayError(
                    f"numbers are shown only where that can be noted in the audit trail, and it cannot: {cause}"
                ) from exc
        yield engine


def note(
    conn: Connection, action: str, found: Mapping[str, Any] | None = None, *, person_key: bytes | None = None
) -> None:
    """Note that this command does something, with the options that it was given, and what it `found` to do."""
    context = click.get_current_context()
    details = {name: _plain(value) for name, value in context.params.items() if value not in (None, False, ())}
    command = context.command_path.partition(" ")[2]
    deed = Deed(action=action, subject=command, person_key=person_key, details={**details, **(found or {})})
    audit.add(conn, at_the_terminal(), deed, utc_now())


def _plain(value: Any) -> Any:
    """Write an option's value; no number stands in it."""
    if isinstance(value, bool | int):
        return value
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return without_numbers(str(getattr(value, "name", value)))
