"""What is shipped for Prometheus and Grafana: it says what it should, and of nothing but what `/metrics` shows."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from mo_gateway.gateway import open_gateway
from mo_gateway.metrics import Metrics
from mo_gateway.scrape import Scrape

from .conftest import MakeSettings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "rules.yml"
CASES = DEPLOY / "prometheus" / "rules_test.yml"
BOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
PROVISIONING = DEPLOY / "grafana" / "provisioning"

#: What a counter and a histogram add to their names.
ENDINGS = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def alerts() -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for group in read(RULES)["groups"] for rule in group["rules"]}


def board(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def asked_by(path: Path) -> list[str]:
    """Give every query of a board."""
    found = board(path)
    panels = [target["expr"] for panel in found["panels"] for target in panel["targets"]]
    return panels + [variable["definition"] for variable in found["templating"]["list"]]


@pytest.fixture
def shown(sqlite_url: str, make_settings: MakeSettings) -> Iterator[set[str]]:
    """The names of all samples that can be shown."""
    gateway = open_gateway(make_settings(sqlite_url))
    text = Scrape(gateway.settings, gateway.engine, gateway.metrics, gateway.clock).text().decode()
    yield {
        f"{family.name}{ending}"
        for family in text_string_to_metric_families(text)
        for ending in ENDINGS[family.type]
        if not family.name.endswith("_created")  # the library's own
    }
    gateway.close()


def promtool() -> str:
    """Find promtool; without it skip at a desk and fail in CI."""
    found = shutil.which("promtool")
    if not found and "CI" not in os.environ:
        pytest.skip("promtool is not installed")
    assert found, "promtool is not installed"
    return found


@pytest.mark.parametrize("command", [("check", "rules", RULES.name), ("test", "rules", CASES.name)])
def test_the_rules_are_right_and_fire_when_they_should(command: tuple[str, ...]) -> None:
    done = subprocess.run([promtool(), *command], cwd=RULES.parent, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case_where_it_fires_and_one_where_it_does_not() -> None:
    asked = [case for test in read(CASES)["tests"] for case in test["alert_rule_test"]]

    fires = {case["alertname"] for case in asked if case["exp_alerts"]}
    is_calm = {case["alertname"] for case in asked if not case["exp_alerts"]}

    assert fires == is_calm == alerts().keys()


@pytest.mark.parametrize("name", alerts())
def test_an_alert_leads_to_a_board_and_a_page_that_are_there(name: str) -> None:
    annotations = alerts()[name]["annotations"]

    boards = {f"/d/{board(path)['uid']}" for path in BOARDS}
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbooks.md").read_text(), re.MULTILINE)
    assert annotations.keys() == {"summary", "description", "dashboard_url", "runbook_url"}
    assert annotations["dashboard_url"].removeprefix("http://localhost:3000") in boards
    assert annotations["runbook_url"].endswith(f"docs/runbooks.md#{name.lower()}")
    assert name in headings
    assert alerts()[name]["labels"]["severity"] in ("page", "ticket")


def test_the_rules_ask_for_nothing_but_what_is_shown(shown: set[str]) -> None:
    asked = set(re.findall(r"mogateway_\w+", " ".join(rule["expr"] for rule in alerts().values())))
    in_words = set(re.findall(r"mogateway_\w+", RULES.read_text()))

    assert asked
    assert asked | in_words <= shown


def test_the_cases_of_the_rules_are_of_nothing_but_what_is_shown(shown: set[str]) -> None:
    assert set(re.findall(r"mogateway_\w+", CASES.read_text())) <= shown


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_a_board_asks_for_nothing_but_what_is_shown(path: Path, shown: set[str]) -> None:
    for query in asked_by(path):
        names = set(re.findall(r"mogateway_\w+", query))
        assert names, query
        assert names <= shown, query


def test_the_boards_show_all_there_is(shown: set[str]) -> None:
    queries = " ".join(query for path in BOARDS for query in asked_by(path))

    names = {re.sub(r"_(bucket|count|sum)$", "", name) for name in shown}
    assert [name for name in sorted(names) if name not in queries] == []


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_the_panels_of_a_board_do_not_lie_on_one_another(path: Path) -> None:
    taken = [
        (x, y)
        for panel in board(path)["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


def test_a_board_asks_the_data_source_that_is_provisioned() -> None:
    (source,) = read(PROVISIONING / "datasources" / "prometheus.yml")["datasources"]

    used = {
        (one["datasource"]["type"], one["datasource"]["uid"])
        for path in BOARDS
        for panel in board(path)["panels"]
        for one in [panel, *panel["targets"]]
    }
    assert used == {(source["type"], source["uid"])}


def test_what_compose_mounts_for_prometheus_and_grafana_is_there_and_where_they_look() -> None:
    services = read(ROOT / "compose.yaml")["services"]
    mounts = dict(
        mount.split(":")[:2]
        for name in ("prometheus", "grafana")
        for mount in services[name]["volumes"]
        if "/" in mount[0:2]
    )
    (provider,) = read(PROVISIONING / "dashboards" / "mo-gateway.yml")["providers"]
    scraped = read(DEPLOY / "prometheus" / "prometheus.yml")["scrape_configs"]

    assert [source for source in mounts if not (ROOT / source).exists()] == []
    assert provider["options"]["path"] in mounts.values()
    targets = [target for job in scraped for one in job["static_configs"] for target in one["targets"]]
    assert targets == ["gateway:8000", "worker:9464"]
    assert services["worker"]["command"] == ["work", "--metrics", "0.0.0.0:9464"]
    assert {services[name]["profiles"][0] for name in ("prometheus", "grafana")} == {"monitoring"}


def test_no_name_ends_otherwise_than_prometheus_wants_it() -> None:
    for family in text_string_to_metric_families(generate_latest(Metrics().registry).decode()):
        assert family.documentation.endswith(".")
        assert family.type != "histogram" or family.name.endswith("_seconds")
