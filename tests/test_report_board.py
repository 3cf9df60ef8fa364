"""The board of the reports for Grafana: what its panels ask is answered by the views."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from .conftest import engine_for

BOARD = json.loads((Path(__file__).parents[1] / "deploy" / "grafana" / "reports.json").read_text())
PANELS: dict[str, Any] = {panel["title"]: panel["targets"][0] for panel in BOARD["panels"]}

#: What Grafana puts in their place.
MOMENTS = {"$__timeFrom()": "'2026-11-01T00:00:00Z'", "$__timeTo()": "'2026-11-30T23:59:59Z'"}


@pytest.mark.parametrize("title", PANELS)
def test_each_panel_asks_what_the_views_can_answer(title: str, postgres_url: str) -> None:
    question = PANELS[title]["rawSql"]
    for macro, moment in MOMENTS.items():
        question = question.replace(macro, moment)

    with engine_for(postgres_url) as engine, engine.connect() as conn:
        columns = set(conn.execute(text(question)).keys())

    assert " report_" in question
    assert "$" not in question
    assert ("time" in columns) == (PANELS[title]["format"] == "time_series")
