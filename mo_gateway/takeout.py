"""What lies in a provider's own outbox until its time, for somebody who has said STOP meanwhile, is taken out.

Every worker does it. What one of them has taken out, the next no longer finds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine

from .providers.sms1601 import OUTBOX, Sms1601Sender
from .store import opt_outs, replies
from .store.engine import READ_ONLY
from .wire import MaybeSent, NotSent

TRIED_FOR = timedelta(days=7)  # after a STOP

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeout:
    """Takes SMS out of the outbox of 1601SMS, the only provider that has one."""

    engine: Engine
    sender: Sms1601Sender
    clock: Callable[[], datetime]

    def look_after(self) -> None:
        """Do one round."""
        for reply_id, outbox_id in self._unwanted():
            try:
                told = self.sender.remove_scheduled(outbox_id)
            except (NotSent, MaybeSent) as exc:
                log.warning("cannot take it out of the outbox", reply=reply_id, error=str(exc))
                return  # the others would fare no better
            if not told.is_done:
                log.warning("cannot take it out of the outbox", reply=reply_id, error=told.code)
                continue
            with self.engine.begin() as conn:
                replies.taken_out(conn, [reply_id])
            log.info("taken out of the outbox", reply=reply_id, reason="opt-out")

    def _unwanted(self) -> list[tuple[int, str]]:
        """Give the replies, with their ids in the outbox, whose time has not come and that are not wanted."""
        now = self.clock()
        with self.engine.execution_options(**READ_ONLY).begin() as conn:
            rows = replies.kept_for_opted_out(
                conn, self.sender.name, ids_begin=OUTBOX, stopped_since=now - TRIED_FOR
            )
            return [
                (row.id, row.provider_id)
                for row in rows
                if datetime.fromisoformat(row.options["at"]) > now and opt_outs.stands_against(conn, row)
            ]
