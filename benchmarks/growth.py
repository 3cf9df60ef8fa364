"""Growth: how fast the writer stores messages in a full table, and in an empty one beside it.

The full databases and the empty one are there at the same time; each round stores some messages in all of them,
in shuffled order, through the gateway's own writer. So a busy neighbour slows all alike, and the ratio counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from random import Random
from statistics import median
from time import perf_counter
from urllib.parse import urlencode

from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.message import Receipt, WebhookRequest
from mo_gateway.settings import load_settings
from mo_gateway.store import schema
from mo_gateway.store.inbox import NewMessage

from .databases import Database, count
from .designs import new_folder
from .filling import fill
from .load import FORM
from .own import environ

BATCH = 32  #: as many as wait when 32 connections send
BATCHES = 100  #: in a round, for each database


def measure(databases: Sequence[Database], *, sizes: Sequence[int], rounds: int) -> Iterator[dict[str, str]]:
    """Give a row for each size of table on each database."""
    for database in databases:
        with ExitStack() as stack:
            gateways = {size: stack.enter_context(filled(database, size)) for size in {0, *sizes}}
            rates = _rates(gateways, rounds=rounds)
        for size, values in sorted(rates.items()):
            yield {
                "database": database.name,
                "rows before": f"{size:,}",
                "stored/s": f"{median(values):,.0f}",
                "lowest–highest": f"{min(values):,.0f}–{max(values):,.0f}",
                "of empty": f"{median(values) / median(rates[0]):.2f}",
            }


@contextmanager
def filled(database: Database, rows: int) -> Iterator[Gateway]:
    """Open a gateway on a new database with so many messages."""
    with new_folder() as folder:
        url = database.fresh(folder)
        gateway = open_gateway(load_settings(environ(url), folder))
        schema.upgrade(gateway.engine)
        gateway.writer.store(_message(gateway, "TEMPLATE"))
        if rows:
            fill(url, rows=rows)
            assert count(url, "mo_message") == count(url, "mo_handling") == rows + 1
        yield gateway
        gateway.close()


def _rates(gateways: Mapping[int, Gateway], *, rounds: int) -> dict[int, list[float]]:
    """Store in all of them in turn; give the messages a second of each round, but the first, which warms up."""
    rates: dict[int, list[float]] = {size: [] for size in gateways}
    dice = Random()
    for number in range(rounds + 1):
        for size in dice.sample(sorted(gateways), len(gateways)):
            rate = _rate(gateways[size], name=f"ROUND-{number}")
            if number:
                rates[size].append(rate)
    return rates


def _rate(gateway: Gateway, *, name: str) -> float:
    """Store batches of messages one after another; give the messages a second."""
    batches = [[_message(gateway, f"{name}-{b}-{n}") for n in range(BATCH)] for b in range(BATCHES)]
    began = perf_counter()
    for batch in batches:
        for receipt in gateway.writer.store_all(batch):
            if not isinstance(receipt, Receipt):
                raise receipt
    return BATCH * BATCHES / (perf_counter() - began)


def _message(gateway: Gateway, reference: str) -> NewMessage:
    now = datetime.now(UTC)
    form = {
        "MSISDN": "32412345678",
        "KEYWORD": "WIN",
        "PARM": "blue & café",
        "TIMESTAMP": f"{now:%Y%m%d%H%M%S}",
        "SHORTCODE": "4414",
        "COUNTRY": "BEL",
        "REFERENCE": reference,
    }
    request = WebhookRequest(
        method="POST",
        raw=urlencode(form, encoding="iso-8859-1").encode(),
        content_type=FORM["Content-Type"],
        remote_addr="127.0.0.1",
        received_at=now,
    )
    new = gateway.receiver.prepare(gateway.spryng, request)
    assert isinstance(new, NewMessage)
    return new
