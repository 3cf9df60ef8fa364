"""The network between the gateway and PostgreSQL is cut, goes silent, or is slow."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.postgres import PostgresServer
from tests.running import post, program
from tests.waiting import until

from .answers import in_words, is_ready, seconds, started, wait_for_refusals
from .proxy import Proxy, proxy_to
from .trial import Trial

pytestmark = pytest.mark.storage

SEED = 20261122
IN_TIME = 8.0  # seconds for a refusal, with a COMMIT_DEADLINE of one

SETTINGS = {"COMMIT_DEADLINE": "1", "LEASE": "2", "RETRY_DELAY": "0.2", "ALLOW_UNSAFE_DATABASE": "0"}


@pytest.fixture
def proxy(durable_server: PostgresServer) -> Iterator[Proxy]:
    """The wire to the server."""
    with proxy_to(durable_server.port) as proxy:
        yield proxy


@pytest.fixture
def through_proxy(durable_url: str, proxy: Proxy) -> str:
    """The URL of an empty database at the other end of the wire."""
    return make_url(durable_url).set(port=proxy.port).render_as_string(hide_password=False)


def test_the_network_is_cut(
    tmp_path: Path, durable_url: str, proxy: Proxy, through_proxy: str, tell: Callable[[str], None]
) -> None:
    trial = Trial(tmp_path, durable_url, SEED, is_endless=True)
    with program(tmp_path, through_proxy, **SETTINGS) as gateway:
        url = started(gateway)
        with trial.sending(url):
            for _ in range(3):
                trial.wait_for_more(20)
                proxy.refuses = True
                proxy.cut()
                wait_for_refusals(url)
                proxy.refuses = False
                trial.broke("cut")  # counted from its end

        tell(f"{trial.verdict()}; {in_words(trial)}")
        assert max(trial.seconds_to_next_true()) < 5
        assert seconds(trial, "503")[-1] < IN_TIME


def test_the_network_is_cut_between_a_commit_and_its_answer(
    tmp_path: Path, durable_url: str, proxy: Proxy, through_proxy: str, tell: Callable[[str], None]
) -> None:
    trial = Trial(tmp_path, durable_url, SEED, messages=200)
    with program(tmp_path, through_proxy, **SETTINGS) as gateway:
        url = started(gateway)
        with trial.sending(url):
            trial.wait_for(50)
            proxy.swallows = True
            until(lambda: post(url).status == 503 and proxy.swallowed >= 10, "10 answers to be swallowed")
            proxy.swallows = False
            trial.broke("answers swallowed")  # counted from the last

        tell(f"{trial.verdict()}; {proxy.swallowed} commits of which nobody was told; {in_words(trial)}")
        assert max(trial.seconds_to_next_true()) < 5
        assert proxy.swallowed >= 10
        assert '"duplicate"' in gateway.log  # their retries


def test_the_network_is_slow_and_then_silent(
    tmp_path: Path, durable_url: str, proxy: Proxy, through_proxy: str, tell: Callable[[str], None]
) -> None:
    trial = Trial(tmp_path, durable_url, SEED, messages=200)
    with program(tmp_path, through_proxy, MAX_WAITING="4", **SETTINGS) as gateway:
        url = started(gateway)
        with trial.sending(url):
            trial.wait_for(20)
            proxy.delay = 0.1
            trial.wait_for(70)
            proxy.delay = 0.0
            trial.broke("slow")
            proxy.stall()
            until(lambda: not is_ready(url), "the gateway to say that it is not ready")
            wait_for_refusals(url, 10)
            proxy.go_on()
            trial.broke("silent")  # counted from its end
            until(lambda: is_ready(url), "the gateway to be ready again")

        tell(f"{trial.verdict()}; {in_words(trial)}")
        assert max(trial.seconds_to_next_true()) < 5
        assert seconds(trial, "503")[-1] < IN_TIME
