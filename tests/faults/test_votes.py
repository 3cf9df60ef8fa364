"""A vote from a routes file while the gateway is killed: the totals are right to the vote."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine, select

from mo_gateway.gateway.clock import utc_now
from mo_gateway.gateway.routes import open_routes
from mo_gateway.recount import Recount, recount
from mo_gateway.store import values
from mo_gateway.store.tables import mo_message
from tests.conftest import engine_for, settings_for
from tests.running import program

from .trial import PACE, Trial

pytestmark = pytest.mark.faults

SEED = 20261127
VOTES = 2000
ROUTES = """
[[route]]
keyword = ["VOTE", "STEM"]
shortcode = "4414"

[route.vote]
poll = "song"
options = {{ Blue = ["blue", "b"], Red = ["red"] }}
closes = {closes:%Y-%m-%dT%H:%M:%S}Z
text = "Thank you for {{{{ option }}}}."
"""
TEXTS = ("VOTE blue", "vote Red!", "stem B", "VOTE purple", "VOET blue")
OPTIONS = {"blue": "Blue", "Red!": "Red", "B": "Blue"}


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    with engine_for(empty_url) as engine:
        yield engine


def test_totals_are_right_to_the_vote_whatever_is_killed(
    tmp_path: Path, empty_url: str, engine: Engine, tell: Callable[[str], None]
) -> None:
    closes = utc_now().replace(microsecond=0) - timedelta(minutes=30)
    routes = tmp_path / "routes.toml"
    routes.write_text(ROUTES.format(closes=closes))
    trial = Trial(tmp_path, empty_url, SEED, messages=VOTES, pace=replace(PACE, rate=None, connections=32))
    trial.plan = replace(trial.plan, texts=TEXTS, people=VOTES // 3, spread=timedelta(hours=1))
    with program(tmp_path, empty_url, ROUTES=str(routes), LEASE="2", RETRY_DELAY="0.2") as gateway:
        url = gateway.run()
        with trial.sending(url):
            for settled in (200, 700, 1200):
                trial.wait_for(settled)
                gateway.close()
                trial.broke("all at once")
                gateway.run(bind=urlsplit(url).netloc)
        trial.wait_until_handled(engine)

    with engine.begin() as conn:
        totals = {(row["option"], row["standing"]): row["votes"] for row in values.totals(conn, "song")}
    settings = settings_for(empty_url, ROUTES=str(routes))
    again = recount(engine, open_routes(settings), "song", person_secret=settings.person_secret)
    counted = counted_by_hand(engine, closes)

    assert trial.faults
    assert len(trial.book.acknowledged) == VOTES
    assert totals == counted
    assert {standing for _, standing in totals} == {"counted", "double", "late", "unreadable"}
    assert again == Recount(read=VOTES, right=sum(totals.values()))
    tell(f"seed {SEED}: {VOTES} acknowledged, {len(trial.faults)} kills, totals right to the vote: {totals}")


def counted_by_hand(engine: Engine, closes: datetime) -> Counter[tuple[str | None, str]]:
    """Count what the stored messages say, with nothing of the gateway's."""
    with engine.connect() as conn:
        messages = conn.execute(select(mo_message).order_by(mo_message.c.sent_at, mo_message.c.id)).all()
    has_voted = set()
    counts: Counter[tuple[str | None, str]] = Counter()
    for message in messages:
        if message.keyword.upper() == "VOET":
            continue
        option = OPTIONS.get(message.parm)
        if message.sent_at.astimezone(UTC) >= closes:
            counts[option, "late"] += 1
        elif option is None:
            counts[option, "unreadable"] += 1
        elif message.msisdn in has_voted:
            counts[option, "double"] += 1
        else:
            has_voted.add(message.msisdn)
            counts[option, "counted"] += 1
    return counts
