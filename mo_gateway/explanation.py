"""What would become of a text, and why: for `explain`, and for the page on which a text is tried."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from .consent import wish_in
from .message import Message
from .nearness import NEAR, distance
from .routing import Route, Routes, Verdict
from .stop import WishKind
from .words import fold

MANY = 30  # routes, of which those of quite other words are not shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What became of a text that was routed."""

    message: Message
    verdicts: Sequence[Verdict]  #: the winner first, then those it beat
    wish: str | None  #: what its sender wishes, in words, where it is a STOP or a START

    @property
    def compared_as(self) -> str:
        """The first word as routing compares it."""
        return fold(self.message.keyword)

    @property
    def winner(self) -> Route | None:
        """The route that takes it."""
        return next((verdict.route for verdict in self.verdicts if verdict.wins), None)

    @property
    def near(self) -> Sequence[Verdict]:
        """The verdicts on routes of this word or one like it; all where they are few."""
        if len(self.verdicts) <= MANY:
            return self.verdicts
        return [one for one in self.verdicts if one.is_of_word or self._is_near(one.route)]

    def _is_near(self, route: Route) -> bool:
        return not route.keyword.is_pattern and distance(route.keyword.word, self.compared_as) <= NEAR


def made_up(
    text: str,
    *,
    shortcode: str,
    sent_at: datetime,
    received_at: datetime,
    sender: str = "",
    operator: str = "",
    country: str = "",
) -> Message:
    """Give the message that a text would be; what of it is not known fits every route."""
    keyword, parm = [*text.split(maxsplit=1), "", ""][:2]
    return Message(
        provider="spryng",
        msisdn=sender,
        keyword=keyword,
        parm=parm,
        operator=operator,
        shortcode=shortcode,
        country=country,
        reference=None,
        timestamp_raw="",
        sent_at=sent_at,
        received_at=received_at,
        charset="utf-8",
    )


def explain(message: Message, table: Routes, stop_words: Collection[str]) -> Explanation:
    """Say which handler would get a message, and why the other routes would not."""
    wish = _wish_in_words(message, table, stop_words)
    return Explanation(message=message, verdicts=table.explain(message), wish=wish)


def _wish_in_words(message: Message, table: Routes, stop_words: Collection[str]) -> str | None:
    wish = wish_in(message, table, stop_words)
    if wish is None:
        return None
    what = "STOP" if wish.kind is WishKind.STOP else "START"
    scope = f"for {wish.keyword} only" if wish.keyword else f"for everything on {message.shortcode}"
    misspelt = f", misspelt, and {wish.word} is no keyword" if wish.is_misspelt else ""
    return f"It is a {what}{misspelt}: recorded before any handler, {scope}."
