"""Questions whose time is up: the person is told, once, and their next message is an ordinary one again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Engine

from .reply import Reply
from .store import outbox, questions
from .store.engine import READ_ONLY
from .store.outbox import Origin, Rules
from .store.queue import to_message
from .words import fold

AT_A_TIME = 50  # questions in one transaction; the intake waits for it on SQLite

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Looks after questions that nobody has answered."""

    engine: Engine
    reply_rules: Rules
    clock: Callable[[], datetime]

    def look_after(self) -> None:
        """End what is over, and queue the texts that say so."""
        with self.engine.execution_options(**READ_ONLY).begin() as conn:
            if not questions.is_any_over(conn):
                return
        now = self.clock()
        with self.engine.begin() as conn:
            over = questions.time_out(conn, limit=AT_A_TIME, now=now)
            for row in over:
                if row.timeout_text:
                    message = to_message(row)
                    origin = Origin(
                        shortcode=message.shortcode,
                        keyword=fold(message.keyword) or None,
                        message=message,
                        handler=f"{row.expect} (timed out)",
                    )
                    outbox.add(conn, [Reply(row.timeout_text)], origin, self.reply_rules, now=now)
        for row in over:
            log.info("question timed out", id=row.id, expect=row.expect)
