"""A text that is tried before anybody sends it: who would get it, why, and what a phone would show then."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import request
from flask.typing import ResponseReturnValue

from mo_gateway import gsm
from mo_gateway.errors import HandlerError
from mo_gateway.explanation import Explanation, explain, made_up
from mo_gateway.gsm import Sizing
from mo_gateway.handlers.building import is_pure
from mo_gateway.message import Message
from mo_gateway.reply import Reply
from mo_gateway.routing import Route
from mo_gateway.web.dashboard.asked import is_word
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.shown import pieces

LONGEST_TEXT = 1600  # characters that are tried


@dataclass(frozen=True, slots=True)
class Preview:
    """What a phone would show."""

    sizing: Sizing | None  #: None where there is no answer
    fault: str = ""  #: why it is not known

    @property
    def parts(self) -> Iterator[list[tuple[str, bool]]]:
        """The parts as pieces of text, each with whether it is what makes the whole UCS-2."""
        if self.sizing:
            yield from (pieces(part, self.sizing.forced_by) for part in self.sizing.parts)


def show(visit: Visit) -> ResponseReturnValue:
    """Show who would get a text, why the others would not, and what a phone would show then."""
    text, shortcode = request.args.get("text", ""), request.args.get("shortcode", "")
    is_text = bool(text.strip()) and len(text) <= LONGEST_TEXT and "\0" not in text
    is_asked = is_text and is_word(shortcode)
    found, fault, preview = None, "", None
    if is_asked:
        routes, fault = visit.routes()
        if routes:
            now = visit.now
            message = made_up(text, shortcode=shortcode, sent_at=now, received_at=now)
            found = explain(message, routes, visit.desk.settings.stop_words)
            preview = _preview(visit, found)
    return visit.page(
        "try.html",
        text=text,
        shortcode=shortcode,
        is_asked=is_asked,
        found=found,
        verdicts=[one for one in found.near if visit.sees(one.route)] if found else [],
        is_own=bool(found and found.winner and visit.sees(found.winner)),
        fault=fault,
        preview=preview,
        longest=LONGEST_TEXT,
        likeness=gsm.likeness,
        code_point=gsm.code_point,
    )


def _preview(visit: Visit, found: Explanation) -> Preview | None:
    """Tell what the winner answers, where that is known without running what could do something."""
    if found.wish or not found.winner or not is_pure(found.winner.handler.function):
        return None
    if not visit.sees(found.winner):
        return None
    try:
        text = _answer(found.winner, found.message)
    except HandlerError as exc:
        return Preview(None, str(exc))
    if not text:
        return Preview(None)
    return Preview(gsm.measure(gsm.transliterated(text) if visit.desk.settings.transliterate else text))


def _answer(route: Route, message: Message) -> str:
    answered = route.handler.function(message)
    values = answered if isinstance(answered, tuple) else (answered,)
    return next((one.text for one in values if isinstance(one, Reply)), "")
