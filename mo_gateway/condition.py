"""How the gateway stands, for programs: what `status --json` prints and the read API answers."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from .loss_clock import lost_from
from .masking import shell_word
from .store.arrivals import Silence
from .store.overview import Overview, Problem

REFUSED_WITHIN = timedelta(hours=1)


def as_dict(found: Overview, silences: Sequence[Silence], refused_at: datetime | None) -> dict[str, Any]:
    """Give what was counted, the next command for each problem, who is silent, what the loss clock says."""
    problems = [{**asdict(problem), "next": next_command(problem)} for problem in found.problems]
    loss = {"refusing_since": refused_at, "first_loss_at": refused_at and lost_from(refused_at)}
    silent = [{**asdict(one), "allowed": one.allowed.total_seconds()} for one in silences]
    return {**asdict(found), "problems": problems, "silences": silent, **loss}


def next_command(problem: Problem) -> str:
    """Give the command to begin with; what failed is tried again without anybody's help."""
    handler = f" --handler {shell_word(problem.handler)}" if problem.handler else ""
    if problem.state == "dead":
        return f"mo-gateway replay --state dead{handler} --dry-run"
    return f"mo-gateway messages --state {problem.state}{handler}"
