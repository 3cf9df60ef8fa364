"""Those who wait for their rows to be durable, and what they are told."""

import sqlite3
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

import psycopg
import structlog
from psycopg.errors import ReadOnlySqlTransaction

from mo_gateway.errors import StorageError
from mo_gateway.message import Outcome, Receipt

from .failures import UNAVAILABLE, in_one_line
from .inbox import NewMessage
from .rejections import NewRejection
from .reports import NewReport

LARGEST_BATCH = 500

log = structlog.get_logger()

New = NewMessage | NewReport | NewRejection


@dataclass(frozen=True, slots=True)
class Waiter:
    """Somebody who waits for one row to be durable."""

    new: New
    future: Future[Receipt] = field(default_factory=Future)


def is_unavailable(exc: Exception) -> bool:
    """Tell whether the database is away or not to be trusted, so that no row of a batch is to blame."""
    drivers = (sqlite3.OperationalError, psycopg.OperationalError, psycopg.InterfaceError)
    return isinstance(exc, (StorageError, ReadOnlySqlTransaction, *drivers, *UNAVAILABLE))


def tell_success(batch: Sequence[Waiter], receipts: Mapping[bytes, Receipt]) -> None:
    """Give everybody in a committed batch a receipt; of copies in one batch, one alone was stored."""
    told: set[bytes] = set()
    for waiter in batch:
        receipt = receipts[waiter.new.key]
        is_copy = waiter.new.key in told and receipt.outcome is Outcome.STORED
        waiter.future.set_result(replace(receipt, outcome=Outcome.DUPLICATE) if is_copy else receipt)
        told.add(waiter.new.key)


def tell_failure(batch: Sequence[Waiter], cause: Exception) -> None:
    """Say to everybody in a batch that it is not stored."""
    if is_unavailable(cause):
        log.error("commit failed", rows=len(batch), error=in_one_line(cause))
    else:
        log.error("row refused by the database", error=in_one_line(cause))
    for waiter in batch:
        error = StorageError(f"the database could not store it: {in_one_line(cause)}")
        error.__cause__ = cause
        waiter.future.set_exception(error)
