"""The schema is upgraded while messages come in: the program that runs goes on with the new one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from mo_gateway.gateway import open_gateway
from mo_gateway.store import inbox, schema
from tests.conftest import settings_for
from tests.running import is_taken, post, program
from tests.serving import served
from tests.waiting import until

from .answers import in_words, seconds, wait_for_refusals
from .trial import Trial

pytestmark = [pytest.mark.storage, pytest.mark.usefixtures("stores_as_before")]

SEED = 20261122
ROWS = 20_000

#: Copies of the one message that is there, each with its own key.
MORE_MESSAGES = """
    INSERT INTO mo_message SELECT made.* FROM mo_message stored, generate_series(1000001, :last) n,
    LATERAL jsonb_populate_record(stored, jsonb_build_object('id', n, 'dedupe_key', '\\x' || md5(n::text))) made
"""
THEIR_HANDLINGS = """
    INSERT INTO mo_handling SELECT made.* FROM mo_handling stored, generate_series(1000001, :last) n,
    LATERAL jsonb_populate_record(
        stored, jsonb_build_object('id', n, 'message_id', n, 'state', 'done', 'due_at', NULL)
    ) made
"""


#: The schema to which `mo_message` has got a column since.
BEFORE = "0004"


def make_schema_before(engine: Engine) -> None:
    """Make the tables as they were before the newest column of `mo_message`, which takes its lock."""
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    with engine.begin() as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, BEFORE)


@pytest.fixture
def stores_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Store messages as the version before does: without the column that has come since."""
    for column in (", keyword_folded text", ", keyword_folded"):
        monkeypatch.setattr(inbox, "_ON_POSTGRESQL", inbox._ON_POSTGRESQL.replace(column, ""))


@contextmanager
def running_before_the_upgrade(database_url: str, **settings: str) -> Iterator[tuple[str, Engine]]:
    """Serve a gateway on a filled database that has still the schema before; gives its callback URL."""
    gateway = open_gateway(settings_for(database_url, **settings))
    make_schema_before(gateway.engine)
    with served(gateway) as address:
        url = f"{address}/geheim"
        assert post(url).body == "TRUE"
        with gateway.engine.begin() as conn:
            for statement in (MORE_MESSAGES, THEIR_HANDLINGS):
                conn.execute(text(statement), {"last": 1_000_000 + ROWS})
        yield url, gateway.engine
    gateway.close()


def test_messages_come_in_while_the_schema_is_upgraded(
    tmp_path: Path, durable_url: str, tell: Callable[[str], None]
) -> None:
    trial = Trial(tmp_path, durable_url, SEED, messages=200)
    with (
        running_before_the_upgrade(durable_url) as (url, engine),
        program(tmp_path, durable_url, LEASE="2", RETRY_DELAY="0.2") as operator,
    ):
        with trial.sending(url):
            trial.wait_for(50)
            operator.start("mo_gateway", "db", "upgrade")
            assert operator.process.wait(60) == 0
            trial.broke("upgrade")
        with engine.connect() as conn:
            schema.check(conn)
        operator.start("mo_gateway", "work")

        tell(f"{trial.verdict()}; of {ROWS} rows; {in_words(trial)}")
        assert seconds(trial, "503") == []


def test_an_upgrade_that_somebody_is_in_the_way_of_gives_up_and_is_repeated(
    tmp_path: Path, durable_url: str
) -> None:
    with (
        running_before_the_upgrade(durable_url, COMMIT_DEADLINE="0.5") as (url, engine),
        program(tmp_path, durable_url, COMMIT_DEADLINE="5") as operator,
    ):
        with engine.connect() as reader:
            reader.execute(text("SELECT count(*) FROM mo_message"))  # and its transaction stays open
            operator.start("mo_gateway", "db", "upgrade")
            wait_for_refusals(url, 1)  # what comes waits behind the upgrade
            assert operator.process.wait(60) == 5
            assert "lock timeout" in operator.log
            until(lambda: is_taken(url), "a TRUE")
        operator.start("mo_gateway", "db", "upgrade")

        assert operator.process.wait(60) == 0
        assert is_taken(url)
