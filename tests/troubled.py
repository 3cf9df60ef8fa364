"""Databases that make trouble for messages with a certain text."""

from sqlalchemy import Engine, text


def poison(engine: Engine) -> None:
    """Make the database refuse messages whose text is POISON."""
    with engine.begin() as conn:
        if engine.dialect.name == "postgresql":
            conn.execute(text("ALTER TABLE mo_message ADD CHECK (parm <> 'POISON')"))
        else:
            conn.execute(
                text(
                    "CREATE TRIGGER poison BEFORE INSERT ON mo_message WHEN NEW.parm = 'POISON'"
                    " BEGIN SELECT RAISE(ABORT, 'poison'); END"
                )
            )


def stall(engine: Engine) -> None:
    """Make PostgreSQL take a minute for the commit of messages whose text is STALL."""
    with engine.begin() as conn:
        conn.execute(
            text(
                "CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$"
            )
        )
        conn.execute(
            text(
                "CREATE CONSTRAINT TRIGGER stall AFTER INSERT ON mo_message DEFERRABLE INITIALLY DEFERRED"
                " FOR EACH ROW WHEN (NEW.parm = 'STALL') EXECUTE FUNCTION stall()"
            )
        )


def is_stalled(engine: Engine) -> bool:
    """Tell whether PostgreSQL is at such a commit."""
    with engine.connect() as conn:
        return conn.scalar(text("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")) is not None


def end_stalled(engine: Engine) -> int:
    """End the server's side of what stalls, which would sleep on, and say how many there were."""
    stalled = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    with engine.begin() as conn:
        return len(conn.scalars(text(stalled)).all())


def warn(engine: Engine) -> None:
    """Make PostgreSQL warn as after a cancelled wait for its standby, for messages whose text is WARN."""
    with engine.begin() as conn:
        conn.execute(
            text(
                "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE WARNING 'canceling wait for synchronous replication'; RETURN NULL; END $$"
            )
        )
        conn.execute(
            text(
                "CREATE TRIGGER warn AFTER INSERT ON mo_message"
                " FOR EACH ROW WHEN (NEW.parm = 'WARN') EXECUTE FUNCTION warn()"
            )
        )
