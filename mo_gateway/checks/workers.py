"""Is somebody there who handles what is stored, and with which routes?"""

from collections.abc import Sequence

from mo_gateway.store.presence import Standing

from . import Finding, Verdict


def check_workers(workers: Sequence[Standing]) -> list[Finding]:
    """Look at the workers that are there."""
    if not workers:
        text = "none is there, and messages wait: start `mo-gateway run`, or `mo-gateway work` beside it"
        return [Finding("worker", Verdict.WRONG, text)]
    there = Finding("worker", Verdict.RIGHT, ", ".join(worker.process for worker in workers))
    return [there, *(_routes(worker) for worker in workers)]


def _routes(worker: Standing) -> Finding:
    if worker.error:
        text = f"{worker.process} keeps its old ones, as the new ones are wrong: {worker.error}"
        return Finding("routes", Verdict.WRONG, text)
    if not worker.routes:
        text = f"{worker.process} has none, and messages stay unrouted: MO_GATEWAY_ROUTES names some"
        return Finding("routes", Verdict.OPEN, text)
    return Finding("routes", Verdict.RIGHT, f"{worker.process} has {worker.routes}")
