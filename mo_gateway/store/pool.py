"""The pool of connections: none of them outlives it open, whoever still has one when it is disposed of.

SQLAlchemy's own closes what lies in it. What a thread hands back afterwards would stay open, to be found by the
garbage collector; and so would what a thread that is late for the end opens anew.
"""

from typing import Any

from sqlalchemy.pool import ConnectionPoolEntry, QueuePool


class ClosingPool(QueuePool):
    """Closes what it is handed once it has been disposed of."""

    #: Else each dispose would be a line in our log, and one on the terminal; SQLAlchemy's own are not told.
    _sqla_logger_namespace = "sqlalchemy.pool.impl.ClosingPool"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_over = False

    def dispose(self) -> None:
        self._is_over = True  # before it is emptied: whoever hands back meanwhile sees it, or is seen
        super().dispose()

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        super()._do_return_conn(record)
        if self._is_over:
            super().dispose()
