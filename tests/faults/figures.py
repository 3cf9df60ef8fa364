"""What the fault runs have seen: a line for each, and their sum, shown at the end of all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a run that is not red has seen; several of them can be added up."""

    seeds: tuple[int, ...]
    acknowledged: int
    tries: int
    faults: Mapping[str, int]  #: what was broken → how often
    seconds_to_next_true: float  #: at most
    replies: int = 0
    taken: int = 0  #: SMS that a provider took, none of them twice
    unknown: int = 0  #: replies that may have gone out, and are shown as such

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            seeds=tuple(sorted({*self.seeds, *other.seeds})),
            acknowledged=self.acknowledged + other.acknowledged,
            tries=self.tries + other.tries,
            faults=Counter(self.faults) + Counter(other.faults),
            seconds_to_next_true=max(self.seconds_to_next_true, other.seconds_to_next_true),
            replies=self.replies + other.replies,
            taken=self.taken + other.taken,
            unknown=self.unknown + other.unknown,
        )

    def __str__(self) -> str:
        seeds = f"seed{'s' if len(self.seeds) > 1 else ''} {', '.join(map(str, self.seeds))}"
        kinds = ", ".join(f"{n} x {what}" for what, n in self.faults.items())
        words = [
            f"{seeds}: {self.acknowledged} acknowledged in {self.tries} tries",
            f"{sum(self.faults.values())} faults ({kinds})",
            f"0 lost, 0 phantom, 0 twice, next TRUE after at most {self.seconds_to_next_true:.2f} s",
        ]
        if self.replies:
            words.append(f"{self.replies} replies: {self.taken} SMS taken, none twice, {self.unknown} unknown")
        return ", ".join(words)


def lines(reports: Sequence[pytest.TestReport]) -> list[str]:
    """Give what tests have kept with `tell`, and the sum of what their trials have seen."""
    told = [
        f"{report.nodeid.rpartition('::')[2]}: {line}"
        for report in reports
        if report.when == "call"
        for name, line in report.user_properties
        if name == "figures"
    ]
    seen = [
        Figures(**values)
        for report in reports
        if report.when == "teardown"
        for name, values in report.user_properties
        if name == "seen" and isinstance(values, dict)
    ]
    return told + ([f"sum of {len(seen)} runs: {sum(seen[1:], start=seen[0])}"] if seen else [])
