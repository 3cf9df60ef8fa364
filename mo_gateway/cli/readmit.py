"""`replay --rejected`: what it does, and how it tells of it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

import click

from mo_gateway.gateway.readers import open_readers
from mo_gateway.masking import fault_in_words, shown_value
from mo_gateway.message import Outcome
from mo_gateway.readmit import Reading, Readmission

from .order import Order, counted
from .progress import progress

_OUTCOMES = (Outcome.STORED, Outcome.DUPLICATE, Outcome.REJECTED)


def run(order: Order) -> bool:
    """Read rejected requests again; give False where some are still bad, outside of a dry run."""
    job = Readmission(
        engine=order.engine,
        readers=open_readers(order.settings),
        person_secret=order.settings.person_secret,
        stop_words=order.settings.stop_words,
        tries=order.settings.max_attempts,
        charset=order.charset,
    )
    if not order.dry_run:
        order.note()
    requests = 0
    readings: list[Reading] = []
    total = job.count(order.chosen)
    with progress(min(total, order.limit or total), "Read again") as tell:
        for of_one in islice(job.readings(order.chosen, dry_run=order.dry_run), order.limit):
            requests += 1
            readings += of_one
            tell(1)
    words = _in_words(requests, readings, dry_run=order.dry_run)
    order.report(_as_dict(readings, dry_run=order.dry_run), words)
    if order.dry_run:
        return True
    if readings:
        click.echo("Next: mo-gateway status", err=True)
    return not _having(readings, Outcome.REJECTED)


def _in_words(requests: int, readings: Sequence[Reading], *, dry_run: bool) -> Iterator[str]:
    if not requests:
        yield "No rejected request is like that and can be read again."
        return
    stored, there, bad = (len(_having(readings, outcome)) for outcome in _OUTCOMES)
    are_stored = "would be stored" if dry_run else "stored"
    read = counted(requests, "rejected request")
    yield f"{read} read again: {stored} {are_stored}, {there} there already, {bad} still bad."
    for reading in _having(readings, Outcome.REJECTED):
        yield f"Rejection {reading.rejection_id}: {'; '.join(map(fault_in_words, reading.errors))}."


def _as_dict(readings: Sequence[Reading], *, dry_run: bool) -> dict[str, Any]:
    stored, there, bad = (_having(readings, outcome) for outcome in _OUTCOMES)
    return {
        "dry_run": dry_run,
        "stored": [{"rejection": reading.rejection_id, "message": reading.message_id} for reading in stored],
        "there_already": [{"rejection": reading.rejection_id, "message": reading.message_id} for reading in there],
        "still_bad": [
            {
                "rejection": reading.rejection_id,
                "errors": [{**asdict(error), "value": shown_value(error)} for error in reading.errors],
            }
            for reading in bad
        ],
    }


def _having(readings: Sequence[Reading], outcome: Outcome) -> list[Reading]:
    return [reading for reading in readings if reading.outcome is outcome]
