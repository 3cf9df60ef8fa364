"""Does the database agree with the provider's book? Set arithmetic over what was sent and what is stored.

lost = acknowledged - stored; phantom = stored - sent; twice = a reference on more than one row; changed =
another keyword or text than was sent. All must be empty.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from mo_gateway.settings import Settings
from mo_gateway.store.engine import READ_ONLY, open_engine
from mo_gateway.store.tables import mo_message

from .book import Book
from .plan import Plan


@dataclass(frozen=True, slots=True)
class StoredRow:
    """What the verdict needs of a row of `mo_message`."""

    reference: str
    keyword: str
    parm: str


#: What is wrong with the references in each field of a Verdict.
MEANINGS = {
    "lost": "acknowledged, but not stored",
    "phantom": "stored, but never sent",
    "twice": "stored more than once",
    "changed": "stored with another text than was sent",
    "bad_stored": "stored, though a field was bad",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The references that speak against the gateway; `MEANINGS` says how."""

    stored: int  #: rows of this run
    lost: tuple[str, ...]
    phantom: tuple[str, ...]
    twice: tuple[str, ...]
    changed: tuple[str, ...]
    bad_stored: tuple[str, ...]


def compare(plan: Plan, book: Book, rows: Iterable[StoredRow]) -> Verdict:
    """Hold the book against the rows of its run."""
    sent = {f"{plan.prefix}{n}": n for n in book.tries}
    times: Counter[str] = Counter()
    changed = []
    for row in rows:
        times[row.reference] += 1
        n = sent.get(row.reference)
        if n is not None and n not in book.bad and plan.text(n) != (row.keyword, row.parm):
            changed.append(row.reference)
    acknowledged = book.acknowledged - book.bad
    return Verdict(
        stored=times.total(),
        lost=tuple(name for name, n in sent.items() if n in acknowledged and name not in times),
        phantom=tuple(name for name in times if name not in sent),
        twice=tuple(name for name, n in times.items() if n > 1),
        changed=tuple(changed),
        bad_stored=tuple(name for name, n in sent.items() if n in book.bad and name in times),
    )


def stored_rows(settings: Settings, plan: Plan) -> Iterator[StoredRow]:
    """Read the rows of a run, or raise SQLAlchemyError or FileNotFoundError."""
    if settings.is_sqlite and not Path(settings.database_url.database or "").exists():
        raise FileNotFoundError(f"there is no file {settings.database_url.database}")  # reading would make one
    engine = open_engine(settings, may_idle=True)
    columns = select(mo_message.c.reference, mo_message.c.keyword, mo_message.c.parm)
    query = columns.where(mo_message.c.reference.startswith(plan.prefix, autoescape=True))
    try:
        with engine.execution_options(**READ_ONLY, yield_per=1000).connect() as conn:
            for row in conn.execute(query):
                yield StoredRow(*row)
    finally:
        engine.dispose()
