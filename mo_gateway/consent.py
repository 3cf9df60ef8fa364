"""Step 1½: STOP and START, read from stored messages before any handler sees them.

It is no plugin: it works when every plugin fails, and a message that waits behind a failing one of its sender is
looked at all the same. The ledger, the confirmation and the note that the message has been looked at commit
together, so each STOP is recorded and confirmed once.

A message that cannot be recorded waits, and no handler gets its sender's next ones before; nobody else waits. It
is tried again after growing pauses, for a day.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine

from . import keys, retry, stop
from .confirmation import confirmation, shown
from .masking import masked
from .message import Message
from .metrics import Metrics
from .reply import Reply
from .routing import Routes
from .stop import Wish, WishKind
from .store import opt_outs, outbox
from .store.engine import glancing
from .store.failures import UNAVAILABLE, way_to
from .store.outbox import Origin, Rules
from .words import fold

AUTO = "auto"
NONE = "none"
AT_A_TIME = 20  # messages in one transaction; the intake waits for it on SQLite
FIRST_PAUSE = timedelta(minutes=1)
TRIED_FOR = timedelta(days=1)  # a message that cannot be recorded
MOST_PUT_OFF = 1000  # of more it is not the messages that are wrong

log = structlog.get_logger()


def wish_in(message: Message, routes: Routes, words: Collection[str]) -> Wish | None:
    """Read a message by the keywords that are live; None where it is neither a STOP nor a START."""

    def is_live(word: str) -> bool:
        return bool(routes.words_with(message.shortcode, word))

    return stop.read_wish(message, is_live=is_live, extra=words)


@dataclass(frozen=True, slots=True)
class PutOff:
    """A message that could not be recorded."""

    tries: int
    until: datetime


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
    put_off: dict[int, PutOff] = field(default_factory=dict)  #: by message, as this process found it

    def record(self) -> bool:
        """Look at what has not been looked at yet; True where there may be more."""
        later = self._later()
        if len(later) >= MOST_PUT_OFF:
            return False
        with glancing(self.engine).connect() as conn:
            if not opt_outs.is_anything_new(conn, but=later):
                return False
        with self.engine.begin() as conn:
            messages = opt_outs.next_messages(conn, AT_A_TIME, but=later)
            changes = [(message, self._look_if_possible(conn, message)) for message in messages]
            done = [message.id for message in messages if message.id and message.id not in self.put_off]
            opt_outs.looked_at(conn, done)
        for message, wish in changes:
            self._tell(message, wish)
        return bool(messages)

    def _later(self) -> list[int]:
        """Give the messages whose pause is not over; forget those that somebody else must have dealt with."""
        now = self.clock()
        for message_id in [one for one, put_off in self.put_off.items() if put_off.until < now - retry.LONGEST]:
            del self.put_off[message_id]
        return [message_id for message_id, put_off in self.put_off.items() if put_off.until > now]

    def _look_if_possible(self, conn: Connection, message: Message) -> Wish | None:
        """Look at a message; where that fails, nothing of it stays, it is put off, and the operator is told."""
        before = self.put_off.pop(message.id or 0, None)
        try:
            with conn.begin_nested():
                return self._look_at(conn, message)
        except UNAVAILABLE:
            raise
        except Exception as exc:  # noqa: BLE001 - one message must not hold up the STOP of others
            self._put_off(message, 1 + (before.tries if before else 0), exc)
            return None

    def _put_off(self, message: Message, tries: int, exc: Exception) -> None:
        """Let a message be tried again, unless it has been for long enough."""
        now = self.clock()
        is_given_up = tries > 1 and now - message.received_at > TRIED_FOR
        if not is_given_up:
            pause = retry.delay(tries, first=FIRST_PAUSE, jitter=0.5)
            self.put_off[message.id or 0] = PutOff(tries, now + pause)
        log.error(
            "cannot look for STOP and START in a message",
            id=message.id,
            exception=way_to(exc),
            is_given_up=is_given_up,
        )

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
            self.metrics.opt_outs.labels(self.metrics.shortcodes.label(message.shortcode)).inc()
        log.info(
            "opt-out recorded" if wish.kind is WishKind.STOP else "opt-out ended",
            id=message.id,
            shortcode=message.shortcode,
            msisdn=masked(message.msisdn),
            is_misspelt=wish.is_misspelt,
            of_one_keyword=wish.keyword is not None,
        )
