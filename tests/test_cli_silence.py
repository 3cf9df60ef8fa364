"""`silence`: how long nothing comes to a shortcode is learned from the counts, and what that is no alert for."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import insert

from mo_gateway.cli import silence
from mo_gateway.gateway import Gateway
from mo_gateway.settings import PREFIX, load_settings
from mo_gateway.store import agenda
from mo_gateway.store.habits import HOUR, learned
from mo_gateway.store.report_tables import report_hour

from .commands import invoke, table
from .reporting import AMSTERDAM, DAY, Clock, store_at, tally_with

#: A Monday at midnight in Amsterdam, in winter: no clock changes in the weeks before.
MONDAY = datetime(2026, 3, 15, 23, tzinfo=UTC)
WEEK = timedelta(weeks=1)

Run = Callable[..., Result]


@pytest.fixture
def run(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A function that runs `mo-gateway silence …` on that Monday."""
    monkeypatch.setattr(silence, "utc_now", lambda: MONDAY)

    def run(*arguments: str, **changes: str) -> Result:
        return invoke(gateway, "silence", *arguments, **{"TIMEZONE": "Europe/Amsterdam", **changes})

    return run


def counts(gateway: Gateway, hours: Iterable[datetime], shortcode: str = "4414", messages: int = 3) -> None:
    """Count messages in these hours, as the worker would."""
    figures = {"messages": messages, "callbacks": messages, "handled": messages}
    rows = [
        {"local_date": at.astimezone(AMSTERDAM).date(), "hour_at": at, "shortcode": shortcode, **figures}
        for at in hours
    ]
    with gateway.engine.begin() as conn:
        conn.execute(insert(report_hour), rows)


def by_day(days: int, *, first: int = 7, last: int = 22) -> list[datetime]:
    """Give the hours of some days up to that Monday, from one of the clock to another."""
    midnights = [MONDAY - n * DAY for n in range(days, 0, -1)]
    return [midnight + hour * HOUR for midnight in midnights for hour in range(first, last + 1)]


def of(result: Result) -> dict[str, Any]:
    """Give the one shortcode of an answer."""
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_what_is_silent_at_night_may_be_silent_as_long_as_a_night(gateway: Gateway, run: Run) -> None:
    counts(gateway, by_day(42))

    found = of(run("--json"))

    # something came after 22:00 and after 7:00 again: at most from 22:00 to 8:00
    assert (found["usual_seconds"], found["suggested"]) == (10 * 3600, "10h")
    assert [found["usual_hours"]["Wednesday"][hour] for hour in (6, 7, 8, 22, 23)] == [9, 10, 2, 2, 2]
    assert (found["days"], found["is_enough"]) == (41, True)


def test_the_night_is_that_of_the_configured_zone(gateway: Gateway, run: Run) -> None:
    counts(gateway, by_day(42))

    found = of(run("--json", TIMEZONE="Asia/Tokyo"))  # eight hours ahead

    assert found["usual_hours"]["Wednesday"][15] == 10


def test_one_outage_is_not_what_is_usual_and_two_are(gateway: Gateway, run: Run) -> None:
    outage = range(10, 21)
    whole = by_day(42)
    once = [at for at in whole if not (at.date() == (MONDAY - 10 * DAY).date() and at.hour in outage)]
    twice = [at for at in once if not (at.date() == (MONDAY - 24 * DAY).date() and at.hour in outage)]
    counts(gateway, once, "4414")
    counts(gateway, twice, "4415")

    first, second = map(json.loads, run("--json").stdout.splitlines())

    assert (first["longest_seconds"], first["suggested"]) == (13 * 3600, "10h")
    assert (second["longest_seconds"], second["suggested"]) == (13 * 3600, "13h")


def test_what_is_silent_all_week_may_be_silent_for_a_week_and_a_long_pause_is_left_out(
    gateway: Gateway, run: Run
) -> None:
    evenings = [MONDAY - n * WEEK - 28 * HOUR for n in range(12) if n not in (4, 5)]  # Saturdays, 20:00
    counts(gateway, sorted(evenings))

    found = of(run("--json"))

    assert found["longest_seconds"] == 3 * 7 * 86400 + 3600
    assert (found["usual_seconds"], found["suggested"]) == (7 * 86400 + 3600, "8d")


def test_what_has_ended_is_judged_by_the_time_before(gateway: Gateway, run: Run) -> None:
    counts(gateway, by_day(70)[: 40 * 16])

    assert of(run("--json"))["suggested"] == "10h"


@pytest.mark.parametrize(
    ("hours", "why"),
    [
        (by_day(20), "too little history, under 4 weeks"),
        ([MONDAY - 5 * WEEK, MONDAY - DAY], "too few messages"),
    ],
)
def test_too_little_to_learn_from_is_said_and_nothing_suggested(
    gateway: Gateway, run: Run, hours: list[datetime], why: str
) -> None:
    counts(gateway, hours)

    assert of(run("--json"))["suggested"] is None
    shown = run().stdout
    assert why in shown
    assert "MAX_SILENCE" not in shown


@pytest.mark.parametrize("hours", [[], [MONDAY - DAY], [MONDAY - 100 * DAY, MONDAY - 99 * DAY]])
def test_nothing_in_the_last_weeks_is_said(gateway: Gateway, run: Run, hours: list[datetime]) -> None:
    if hours:
        counts(gateway, hours)

    result = run()

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "Too little has come in the last 12 weeks to learn from.\n"


def test_the_setting_to_paste_keeps_what_it_says_of_others_and_can_be_read(gateway: Gateway, run: Run) -> None:
    counts(gateway, by_day(42))
    counts(gateway, by_day(10), "4415")

    result = run(MAX_SILENCE="4414=6h,7000=90m")

    line = result.stdout.splitlines()[-1]
    assert line == f"{PREFIX}MAX_SILENCE=4414=10h,7000=90m"
    name, _, value = line.partition("=")
    assert load_settings({name: value}).max_silence == {
        "4414": timedelta(hours=10),
        "7000": timedelta(minutes=90),
    }
    (shown,) = [row for row in table(result) if row[:1] == ["4414"]]
    assert shown[1:3] == ["41 days", "10h"]
    assert shown[-2:] == ["6h", "10h"]


def test_one_shortcode_is_shown_hour_by_hour(gateway: Gateway, run: Run) -> None:
    counts(gateway, by_day(42))
    counts(gateway, by_day(42), "4415")

    shown = run("--shortcode", "4415").stdout

    assert "4414" not in shown
    (wednesday,) = [line.split() for line in shown.splitlines() if line.startswith("Wed ")]
    assert wednesday[7:10] == ["9", "10", "2"]


def test_an_hour_of_two_dates_counts_once(gateway: Gateway, run: Run) -> None:
    hours = by_day(42)
    counts(gateway, hours)
    with gateway.engine.begin() as conn:  # as in a zone that is half an hour aside
        figures = {"shortcode": "4414", "messages": 1, "callbacks": 1, "handled": 1}
        conn.execute(insert(report_hour), {"local_date": MONDAY.date() + DAY, "hour_at": hours[-1], **figures})

    assert of(run("--json"))["suggested"] == "10h"


def test_it_is_learned_from_what_the_worker_has_counted(gateway: Gateway, run: Run) -> None:
    for hours in (1, 3, 30):
        store_at(gateway, MONDAY - hours * HOUR)
    before = run()
    tally = tally_with(gateway, clock=Clock(MONDAY))
    tally.round()

    found = of(run("--json"))

    assert before.stdout == ""
    assert (found["longest_seconds"], found["suggested"]) == (28 * 3600, None)


def test_dates_that_are_not_counted_yet_are_told(gateway: Gateway, run: Run) -> None:
    counts(gateway, by_day(42))
    with gateway.engine.begin() as conn:
        agenda.add_dates(conn, AMSTERDAM, today=MONDAY.date())

    assert "1 date not counted yet: they look as if nothing had come." in " ".join(run().stderr.split())


def test_more_than_can_be_set_is_not_suggested(gateway: Gateway, run: Run) -> None:
    counts(gateway, [MONDAY - n * timedelta(days=40) + DAY for n in (2, 1)] + [MONDAY - HOUR])

    result = run()

    assert "more than 31 days cannot be set" in result.stdout
    assert "MAX_SILENCE" not in result.stdout


def test_a_change_of_clocks_is_no_silence() -> None:
    spring = datetime(2026, 3, 29, 0, tzinfo=UTC)
    hours = [spring - 40 * DAY + n * HOUR for n in range(80 * 24)]

    found = learned("4414", hours, AMSTERDAM)

    assert set(found.usual.values()) == {2 * HOUR}
    assert found.suggested == 2 * HOUR
