"""The dossier: everything that is known of one person, in both directions, as they may ask for it."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, RowMapping

from . import keys
from .store import audit
from .store import person as store
from .store.audit import Actor, Deed
from .store.engine import READ_ONLY
from .store.person import NAMES, Person

#: Columns that hold bytes as they came from outside.
AS_CAME = ("raw",)

Dossier = dict[str, list[dict[str, Any]]]


def dossier(
    engine: Engine,
    msisdn: str,
    *,
    person_secret: bytes,
    actor: Actor,
    action: str,
    reason: str = "",
    now: datetime,
) -> Dossier:
    """Give all rows of a person, by kind; that somebody looks is in the audit trail before anything is seen."""
    person = Person(msisdn=msisdn, key=keys.person_key(person_secret, msisdn))
    with engine.begin() as conn:
        audit.add(conn, actor, Deed(action=action, person_key=person.key, reason=reason), now)
    with engine.execution_options(**READ_ONLY).begin() as conn:
        found = store.find(conn, person)
        return {
            name: [_shown(row) for row in store.rows(conn, person, found, table)] for name, table in NAMES.items()
        }


def as_json(msisdn: str, found: Dossier, *, now: datetime) -> str:
    """Write a dossier as a document that a person can be given."""
    return json.dumps({"msisdn": msisdn, "written_at": now.isoformat(), **found}, indent=2, default=str) + "\n"


def _shown(row: RowMapping) -> dict[str, Any]:
    return {name: _plain(name, value) for name, value in row.items()}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin-1") if name in AS_CAME else value.hex()
    return value.isoformat() if isinstance(value, datetime) else value
