"""The result in one line for each design: a chart for the page of results, and a table for the README."""

from collections.abc import Iterator, Sequence
from html import escape

from .designs import ASGI, Design
from .intake import Case, Results, Setting, rate_of
from .process import ROOT

DATABASE = "PostgreSQL"
KEPT, CLOSED = Setting(32, kept=True), Setting(32, kept=False)

CHART = ROOT / "benchmarks" / "results.svg"
WIDTH, LEFT, RIGHT = 760, 130, 90
TOP, ROW, BAR = 70, 40, 14  # pixels

STYLE = """
    text { font: 13px system-ui, sans-serif; fill: #1f2328 }
    .title { font-size: 15px; font-weight: 600 }
    .note { font-size: 12px; fill: #59636e }
    .kept { fill: #1a7f5a; stroke: #1a7f5a }
    .closed { fill: #7bbfa5; stroke: #7bbfa5 }
    .volatile { fill: none; stroke-dasharray: 4 3 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .note { fill: #9198a1 }
      .kept { fill: #3fb68b; stroke: #3fb68b }
      .closed { fill: #2a6b55; stroke: #2a6b55 }
      .volatile { fill: none }
    }
"""


def chart(results: Results, designs: Sequence[Design]) -> str:
    """Draw the rates on PostgreSQL at 32 connections as an SVG that is readable on light and dark pages."""
    shown = [design for design in _by_rate(results, designs) if DATABASE in design.databases]
    scale = (WIDTH - LEFT - RIGHT) / max(1.0, *(_rate(results, one, at) for one in shown for at in (KEPT, CLOSED)))
    height = TOP + ROW * len(shown) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<style>{STYLE}</style>",
        _text(0, 18, "Messages acknowledged a second, 32 connections, PostgreSQL", "title"),
        _text(0, 38, "Dark: connections are kept. Light: each is closed after one message.", "note"),
        _text(
            0, 54, "Dashed: a loss of power can lose what was acknowledged, or nothing is stored at all.", "note"
        ),
    ]
    for number, design in enumerate(shown):
        top = TOP + ROW * number
        lines.append(_text(0, top + BAR + 4, design.name))
        for offset, (setting, kind) in enumerate([(KEPT, "kept"), (CLOSED, "closed")]):
            rate = _rate(results, design, setting)
            shape = kind if design.durable else f"{kind} volatile"
            y = top + offset * (BAR + 2)
            lines.append(f'<rect class="{shape}" x="{LEFT}" y="{y}" width="{rate * scale:.1f}" height="{BAR}"/>')
            lines.append(_text(LEFT + rate * scale + 6, y + BAR - 2, f"{rate:,.0f}", "note"))
    return "\n".join([*lines, "</svg>", ""])


def lines(results: Results, designs: Sequence[Design]) -> Iterator[dict[str, str]]:
    """Give a line for each design on PostgreSQL, the fastest first, and how ours compares with it."""
    ours = _rate(results, ASGI, KEPT)
    for design in _by_rate(results, designs):
        if rate := _rate(results, design, KEPT):
            yield {
                "design": design.name,
                "TRUE/s": f"{rate:,.0f}",
                "ours is": "" if design is ASGI else f"{ours / rate:.2g} times",
                "TRUE means": design.worth,
            }


def _by_rate(results: Results, designs: Sequence[Design]) -> list[Design]:
    return sorted(designs, key=lambda design: -_rate(results, design, KEPT))


def _rate(results: Results, design: Design, setting: Setting) -> float:
    return rate_of(results, Case(DATABASE, design.name, setting))


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    of_kind = f' class="{kind}"' if kind else ""
    return f'<text{of_kind} x="{x:.0f}" y="{y:.0f}">{escape(words)}</text>'
