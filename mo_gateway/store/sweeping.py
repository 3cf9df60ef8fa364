"""What is erased is taken out of the files too, as far as that goes while the gateway runs."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Engine, text

from .sqlite import LockedConnection

#: Where a person's rows lie.
TABLES = (
    *("mo_message", "mo_rejection", "mo_handling", "mo_attempt", "mt_message", "mt_report", "opt_out"),
    *("mo_vote", "mo_subscription", "mo_question", "report_day", "report_person", "report_word", "mt_provider"),
)


def sweep(engine: Engine, limit: timedelta) -> list[str]:
    """Write over what rows have left behind, holding up the intake for `limit` at most; say what is left."""
    return list(_of_sqlite(engine, limit) if engine.dialect.name == "sqlite" else _of_postgresql(engine))


def _of_sqlite(engine: Engine, limit: timedelta) -> Iterator[str]:
    borrowed = engine.raw_connection()
    try:
        driver = borrowed.driver_connection
        assert isinstance(driver, LockedConnection)
        if not driver.vacuum(limit):
            yield (
                "The database file may hold traces still: it could not be written anew in"
                f" {limit.total_seconds():g} s. Stop the gateway and say `sqlite3 FILE VACUUM`."
            )
    finally:
        borrowed.close()


def _of_postgresql(engine: Engine) -> Iterator[str]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        heard: list[str] = conn.info.get("warnings", [])
        conn.begin()  # what is set for a transaction is warned of here, where there is none
        heard.clear()
        conn.execute(text(f"VACUUM {', '.join(TABLES)}"))
        if heard:
            yield f"Not all tables were vacuumed ({heard[0]}): have their owner say VACUUM."
            heard.clear()
