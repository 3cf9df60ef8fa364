"""The loss clock: it starts with the first refusal, outlives the process, and stops when it is calm again."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner

from mo_gateway.cli import main
from mo_gateway.gateway import open_gateway
from mo_gateway.loss_clock import LossClock, lost_from
from mo_gateway.web import create_app

from .conftest import MakeSettings
from .examples import FORM

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "refusing"


def test_the_first_refusal_counts_and_the_first_loss_is_a_day_later(path: Path) -> None:
    clock = LossClock(path)
    clock.refused(NOON)
    clock.refused(NOON + SECOND)

    assert clock.first_refusal() == NOON
    assert lost_from(NOON) == NOON + timedelta(days=1)


def test_another_process_goes_on_with_the_clock_that_it_finds(path: Path) -> None:
    LossClock(path).refused(NOON)
    later = LossClock(path)
    later.refused(NOON + MINUTE)

    assert later.first_refusal() == NOON


def test_it_stops_when_a_message_is_stored_and_none_was_refused_for_a_minute(path: Path) -> None:
    clock = LossClock(path)
    clock.refused(NOON)
    clock.stored(NOON + 59 * SECOND)
    just_before = clock.first_refusal()
    clock.stored(NOON + MINUTE)

    assert (just_before, clock.first_refusal()) == (NOON, None)
    assert list(path.parent.iterdir()) == []


def test_it_starts_anew_after_it_has_stopped(path: Path) -> None:
    clock = LossClock(path)
    clock.refused(NOON)
    clock.stored(NOON + MINUTE)
    clock.refused(NOON + 2 * MINUTE)

    assert clock.first_refusal() == NOON + 2 * MINUTE


def test_a_new_process_lets_a_minute_pass_before_it_believes_that_it_is_calm(path: Path) -> None:
    LossClock(path).refused(NOON)
    fresh = LossClock(path)
    fresh.stored(NOON + SECOND)
    at_first = fresh.first_refusal()
    fresh.stored(NOON + SECOND + MINUTE)

    assert (at_first, fresh.first_refusal()) == (NOON, None)


def test_where_another_process_has_stopped_it_a_refusal_after_a_calm_minute_starts_it_again(path: Path) -> None:
    clock = LossClock(path)
    clock.refused(NOON)
    path.unlink()
    clock.refused(NOON + MINUTE)

    assert clock.first_refusal() == NOON + MINUTE


@pytest.mark.parametrize("content", ["", "yesterday", "\0"])
def test_a_file_that_says_nothing_is_no_clock(path: Path, content: str) -> None:
    path.write_text(content)

    assert LossClock(path).first_refusal() is None


def test_a_folder_that_cannot_be_written_costs_no_message(tmp_path: Path) -> None:
    clock = LossClock(tmp_path / "nowhere" / "refusing")
    clock.refused(NOON)
    clock.stored(NOON + MINUTE)

    assert clock.first_refusal() is None


def test_a_callback_that_is_refused_starts_the_clock_and_status_says_so_without_a_database(
    make_settings: MakeSettings, tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}"
    settings = make_settings(url, REFUSALS_FILE=str(path), TIMEZONE="Europe/Brussels")
    query = urlencode(FORM)
    with closing(open_gateway(settings, clock=lambda: NOON)) as gateway:
        status = create_app(gateway).test_client().get(f"/spryng/mo/geheim?{query}").status_code
    for name, value in {"DATABASE_URL": url, "REFUSALS_FILE": str(path), "TIMEZONE": "Europe/Brussels"}.items():
        monkeypatch.setenv(f"MO_GATEWAY_{name}", value)
    monkeypatch.chdir(tmp_path)

    said = CliRunner().invoke(main, ["status"])

    assert status == 503
    assert LossClock(path).first_refusal() == NOON
    assert "refused since 2026-11-22 13:00:00" in said.stdout
    assert "The first is lost at 2026-11-23 13:00:00" in said.stdout
