"""Before the first message: the schema where there is none, and a clear stop where it is another's."""

from time import monotonic

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from .store import schema
from .store.engine import READ_ONLY

TRY_AGAIN_AFTER = 1.0  # seconds

log = structlog.get_logger()


class Preparation:
    """Makes the database ready as soon as it answers; meanwhile callbacks are refused, and come again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._done = False
        self._not_before = 0.0

    def go_on(self) -> None:
        """Do what is left, or nothing; or raise SchemaError where `mo-gateway db upgrade` must be run first."""
        if self._done or monotonic() < self._not_before:
            return
        try:
            make_ready(self._engine)
        except OperationalError as exc:
            log.warning("the database does not answer yet", error=" ".join(str(exc.orig).split()))
            self._not_before = monotonic() + TRY_AGAIN_AFTER
            return
        self._done = True
        self._engine.dispose()


def make_ready(engine: Engine) -> None:
    """Create the schema in an empty database; upgrade an older one on SQLite, and only there.

    On PostgreSQL other programs may still run on the older schema, so that step is the operator's.
    """
    if engine.dialect.name == "sqlite":
        schema.upgrade(engine)
        return
    with engine.execution_options(**READ_ONLY).connect() as conn:
        empty = schema.is_empty(conn)
        if not empty:
            schema.check(conn)
    if empty:
        schema.upgrade(engine)
