"""What a target answers, as replies to the sender: a plain text, or JSON with a `reply`."""

import unicodedata
from collections.abc import Iterator
from typing import Any

import structlog

from mo_gateway.message import Message
from mo_gateway.reply import Reply
from mo_gateway.wire import Answer

LONGEST = 1000  # characters of a reply
MOST = 10  # replies
NOTHING = ("", "TRUE")  # what a target says that has nothing to say; TRUE is Spryng's word

log = structlog.get_logger()


def replies_in(answer: Answer, message: Message) -> list[Reply]:
    """Read the replies out of an answer; one that holds none as we know them is logged, without its text."""
    try:
        texts = [_cleaned(text) for text in _texts(answer)]
    except ValueError as exc:
        log.warning("answer is no reply", id=message.id, reason=str(exc))
        return []
    return [Reply(text) for text in texts if text]


def _texts(answer: Answer) -> Iterator[str]:
    """Give the texts of an answer; or raise ValueError."""
    text = answer.text().strip()
    if text in NOTHING:
        return
    match answer.headers.get_content_type():
        case "text/plain":
            yield text
        case "application/json":
            yield from _listed(answer.json())
        case _:
            raise ValueError("it is neither text/plain nor application/json")


def _listed(document: Any) -> list[str]:
    given = document.get("reply") if isinstance(document, dict) else document
    if given is None and isinstance(document, dict):
        return []
    texts = [given] if isinstance(given, str) else given
    if not isinstance(document, dict) or not isinstance(texts, list) or len(texts) > MOST:
        raise ValueError(f'it is not {{"reply": "…"}}, nor {{"reply": […]}} with at most {MOST} texts')
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a reply in it is no text")
    return texts


def _cleaned(text: str) -> str:
    """Take out what no SMS holds: control characters other than line ends, and halves of an emoji."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (sign for sign in lines if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cs"))
    cleaned = "".join(kept).strip()
    if len(cleaned) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    return cleaned
