"""axe-core, which looks for what keeps people out, run inside a page."""

from functools import cache
from importlib.resources import files
from typing import Any

#: The rules of WCAG 2.2 AA, and what axe-core itself recommends.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Any) -> list[str]:
    """Give what is wrong with a page: the rule, how bad it is, and where."""
    page.evaluate(_source())
    found = page.evaluate("rules => axe.run({runOnly: {type: 'tag', values: rules}})", RULES)
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@cache
def _source() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text()
