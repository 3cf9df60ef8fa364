"""Two receivers and two workers on one database: one of each dies, and each vote counts once, with one reply."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mo_gateway.store import values
from tests.conftest import engine_for

from .hosts import WORK, four_hosts
from .trial import PACE, Trial

pytestmark = pytest.mark.storage

SEED = 20261127
VOTES = 600  # to each receiver
ROUTES = """
[[route]]
keyword = "VOTE"
shortcode = "4414"

[route.vote]
poll = "song"
options = { Blue = ["blue"], Red = ["red"] }
text = "Thank you for {{ option }}."
"""


def test_one_of_two_receivers_and_one_of_two_workers_die(
    tmp_path: Path, durable_url: str, tell: Callable[[str], None]
) -> None:
    routes = tmp_path / "routes.toml"
    routes.write_text(ROUTES)
    trials = [
        Trial(tmp_path, durable_url, SEED + n, messages=VOTES, pace=replace(PACE, rate=200.0)) for n in range(2)
    ]
    for trial, texts in zip(trials, (("VOTE blue",), ("VOTE red",)), strict=True):
        trial.plan = replace(trial.plan, texts=texts)
    one, other = trials
    with four_hosts(tmp_path, durable_url, ROUTES=str(routes)) as hosts:
        with one.sending(hosts.urls[0]), other.sending(hosts.urls[1]):
            one.wait_for(100)
            hosts.workers[0].kill()
            hosts.receivers[0].close()
            for trial in trials:
                trial.broke("a receiver and a worker")
            other.wait_for(400)
            hosts.receivers[0].run("--no-work", bind=urlsplit(hosts.urls[0]).netloc)
            hosts.workers[0].start(*WORK)
        figures = [trial.verdict() for trial in trials]

    with engine_for(durable_url) as engine, engine.connect() as conn:
        totals: Counter[str] = Counter()
        for row in values.totals(conn, "song"):
            totals[row["standing"]] += row["votes"]
    tell(f"{'; '.join(figures)}; votes: {dict(totals)}")
    assert totals == {"counted": VOTES, "double": VOTES}  # the same people, by both receivers
