"""The benchmarks' pages: figures come to their places, and the chart is one."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import report, summary
from benchmarks.designs import DESIGNS
from benchmarks.intake import Case, Measured, Results
from benchmarks.load import Load

SVG = "{http://www.w3.org/2000/svg}"


def results(rate: int) -> Results:
    """Say that each design was measured once, at the same rate."""
    load = Load(acknowledged=rate, failed=0, seconds=1.0, p50=1.0, p99=2.0)
    measured = [Measured(load=load, cpu=0.1, database_cpu=0.1, memory=1)]
    return {
        Case(summary.DATABASE, design.name, at): measured
        for design in DESIGNS
        for at in (summary.KEPT, summary.CLOSED)
    }


def test_figures_replace_what_stood_in_their_place_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- begin here -->\nold\n<!-- end here -->\nafter\n")

    report.put(page, "here", r"new \1")

    assert page.read_text() == "before\n<!-- begin here -->\n\nnew \\1\n\n<!-- end here -->\nafter\n"


def test_figures_without_a_place_are_an_error(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing\n")

    with pytest.raises(ValueError, match="no place for here"):
        report.put(page, "here", "new")


@pytest.mark.parametrize("place", ["chart", "intake", "worth", "dispatch", "growth", "reports"])
def test_the_page_of_results_has_a_place_for_each_measurement(place: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(report.RESULTS.read_text())

    report.put(page, place, "new")

    assert "new" in page.read_text()


def test_the_readme_has_a_place_for_the_summary(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(report.README.read_text())

    report.put(page, "benchmarks", "new")

    assert "new" in page.read_text()


def test_the_chart_has_two_bars_for_each_design_and_dashes_those_that_lose_messages() -> None:
    chart = ElementTree.fromstring(summary.chart(results(100), DESIGNS))

    bars = chart.findall(f"{SVG}rect")
    dashed = [bar for bar in bars if "volatile" in bar.attrib["class"]]
    assert len(bars) == 2 * len(DESIGNS)
    assert len(dashed) == 2 * len([design for design in DESIGNS if not design.durable])


def test_the_summary_says_how_ours_compares_and_what_each_answer_is_worth() -> None:
    lines = {line["design"]: line for line in summary.lines(results(100), DESIGNS)}

    assert lines["php-persistent"]["ours is"] == "1 times"
    assert {line["TRUE means"] for line in lines.values()} == {design.worth for design in DESIGNS}
