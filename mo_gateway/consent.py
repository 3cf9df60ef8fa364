"""Step 1½: STOP and START, read from stored messages before any handler sees them.

It is no plugin: it works when every plugin fails, and a message that waits behind a failing one of its sender is
looked at all the same. The ledger, the confirmation and the note that the message has been looked at commit
together, so each STOP is recorded and confirmed once.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection, Engine

from . import keys, stop
from .confirmation import confirmation, shown
from .masking import masked
from .message import Message
from .metrics import Metrics
from .reply import Reply
from .routing import Routes, fold
from .stop import Wish, WishKind
from .store import opt_outs, outbox
from .store.engine import READ_ONLY
from .store.failures import UNAVAILABLE, way_to
from .store.outbox import Origin, Rules

AUTO = "auto"
NONE = "none"
AT_A_TIME = 20  # messages in one transaction; the intake waits for it on SQLite

log = structlog.get_logger()


def wish_in(message: Message, routes: Routes, words: Collection[str]) -> Wish | None:
    """Read a message by the keywords that are live; None where it is neither a STOP nor a START."""

    def is_live(word: str) -> bool:
        return bool(routes.words_with(message.shortcode, word))

    return stop.read_wish(message, is_live=is_live, extra=words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Records who wants no more, and who wants it again."""

    engine: Engine
    routes: Routes
    reply_rules: Rules
    metrics: Metrics
    words: tuple[str, ...]  #: beside those of `stop.py`
    confirmation: str  #: auto, none, or the text
    clock: Callable[[], datetime]

    def record(self) -> bool:
        """Look at what has not been looked at yet; True where there may be more."""
        with self.engine.execution_options(**READ_ONLY).begin() as conn:
            if not opt_outs.is_anything_new(conn):
                return False
        with self.engine.begin() as conn:
            messages = opt_outs.next_messages(conn, AT_A_TIME)
            changes = [(message, self._look_if_possible(conn, message)) for message in messages]
            opt_outs.looked_at(conn, [message.id for message in messages if message.id])
        for message, wish in changes:
            self._tell(message, wish)
        return bool(messages)

    def _look_if_possible(self, conn: Connection, message: Message) -> Wish | None:
        """Look at a message; where that fails, nothing of it stays, and the operator is told."""
        try:
            with conn.begin_nested():
                return self._look_at(conn, message)
        except UNAVAILABLE:
            raise
        except Exception as exc:  # noqa: BLE001 - one message must not hold up the STOP of others, nor the handlers
            log.error("cannot look for STOP and START in a message", id=message.id, exception=way_to(exc))
            return None

    def _look_at(self, conn: Connection, message: Message) -> Wish | None:
        """Do what a message wishes; give the wish where that changed anything."""
        wish = wish_in(message, self.routes, self.words)
        if wish is None:
            return None
        changed = (
            self._stop(conn, message, wish) if wish.kind is WishKind.STOP else self._start(conn, message, wish)
        )
        if changed is None:
            return None
        if self.confirmation != NONE:
            self._confirm(conn, message, wish, changed)
        return wish

    def _confirm(self, conn: Connection, message: Message, wish: Wish, opt_out_id: int) -> None:
        """Queue the confirmation; where that fails, the wish counts all the same."""
        origin = Origin(shortcode=message.shortcode, message=message, opt_out_id=opt_out_id)
        try:
            with conn.begin_nested():
                outbox.add(conn, [Reply(self._text(wish, message))], origin, self.reply_rules, now=self.clock())
        except UNAVAILABLE:
            raise
        except Exception as exc:  # noqa: BLE001 - whatever is wrong with the text, who says STOP is heard
            log.error("cannot confirm a STOP or a START", id=message.id, exception=way_to(exc))

    def _stop(self, conn: Connection, message: Message, wish: Wish) -> int | None:
        return opt_outs.add(
            conn,
            person_key=self._person(message),
            msisdn=message.msisdn,
            shortcode=message.shortcode,
            keywords=self._keywords(message, wish),
            word=wish.word,
            now=self.clock(),
            message_id=message.id,
        )

    def _start(self, conn: Connection, message: Message, wish: Wish) -> int | None:
        return opt_outs.end(
            conn,
            person_key=self._person(message),
            shortcode=message.shortcode,
            keywords=self._keywords(message, wish),
            now=self.clock(),
            message_id=message.id,
        )

    def _person(self, message: Message) -> bytes:
        return keys.person_key(self.reply_rules.person_secret, message.msisdn)

    def _keywords(self, message: Message, wish: Wish) -> frozenset[str]:
        """Give the keywords that a wish is about, with their aliases; none = all of them."""
        if wish.keyword is None:
            return frozenset()
        return self.routes.words_with(message.shortcode, wish.keyword) | {fold(wish.keyword)}

    def _text(self, wish: Wish, message: Message) -> str:
        if self.confirmation == AUTO or wish.kind is WishKind.START:
            return confirmation(wish, message)
        keyword = shown(wish.keyword or "")
        return self.confirmation.replace("{shortcode}", message.shortcode).replace("{keyword}", keyword)

    def _tell(self, message: Message, wish: Wish | None) -> None:
        if wish is None:
            return
        if wish.kind is WishKind.STOP:
            self.metrics.opt_outs.inc()
        log.info(
            "opt-out recorded" if wish.kind is WishKind.STOP else "opt-out ended",
            id=message.id,
            shortcode=message.shortcode,
            msisdn=masked(message.msisdn),
            is_misspelt=wish.is_misspelt,
            of_one_keyword=wish.keyword is not None,
        )
