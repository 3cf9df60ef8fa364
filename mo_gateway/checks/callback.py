"""Does the running gateway answer where the provider calls?"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError

from mo_gateway.simulator.target import Target

from . import Finding, Verdict

PATIENCE = 10.0  # seconds; more than a commit may take
MEANINGS = {
    403: "the gateway there has another secret, or does not let this address in",
    404: "no gateway is there, or a proxy keeps this path to itself",
    503: "the gateway cannot store messages now",
}

_RECEIPT = re.compile("(?:stored|duplicate) ([0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; a status of 0 with the reason as its text where nothing did."""

    status: int
    text: str
    receipt: str
    milliseconds: int


def check_callback(target: Target) -> list[Finding]:
    """Ask the callback whether it is there, without sending a message, and the gateway whether it is ready."""
    answer = _ask("HEAD", target, target.path)
    if answer.status != 200:
        return [Finding("callback", Verdict.WRONG, _in_words(target, answer))]
    shown = f"{target.origin}{target.shown_path}/… answers in {answer.milliseconds} ms"
    return [Finding("callback", Verdict.RIGHT, shown), _readiness(target)]


def send_probe(target: Target, fields: Mapping[str, str]) -> tuple[int | None, Finding]:
    """Send a message as a provider would, marked as a test; give its number too, where it was stored."""
    answer = _ask("POST", target, target.path, urlencode(fields).encode())
    stored = _RECEIPT.fullmatch(answer.receipt)
    if answer.status != 200 or answer.text != "TRUE" or not stored:
        return None, Finding("probe", Verdict.WRONG, _in_words(target, answer))
    shown = f"answered TRUE in {answer.milliseconds} ms, stored as message {stored[1]}, a test"
    return int(stored[1]), Finding("probe", Verdict.RIGHT, shown)


def _readiness(target: Target) -> Finding:
    answer = _ask("GET", target, "/readyz")
    if answer.status == 200:
        return Finding("ready", Verdict.RIGHT, "messages can be stored now")
    if answer.status == 503:
        return Finding("ready", Verdict.WRONG, f"messages cannot be stored now: {_reason(answer)}")
    reason = answer.text if not answer.status else f"{target.origin}/readyz answers {answer.status}"
    return Finding("ready", Verdict.OPEN, f"not to be seen from here: {reason}")


def _reason(answer: Answer) -> str:
    try:
        return str(json.loads(answer.text)["reason"])
    except (ValueError, LookupError, TypeError):
        return MEANINGS[503]


def _ask(method: str, target: Target, path: str, form: bytes | None = None) -> Answer:
    headers = {"MO-Gateway-Test": "1", "Content-Type": "application/x-www-form-urlencoded"} if form else {}
    began = perf_counter()
    with urllib3.PoolManager(timeout=PATIENCE, retries=False) as http:
        try:
            response = http.request(method, target.origin + path, body=form, headers=headers, redirect=False)
        except HTTPError as exc:
            return Answer(status=0, text=_failure(exc, target), receipt="", milliseconds=0)
    return Answer(
        status=response.status,
        text=response.data.decode(errors="replace"),
        receipt=response.headers.get("MO-Gateway-Receipt", ""),
        milliseconds=round(1000 * (perf_counter() - began)),
    )


def _failure(exc: HTTPError, target: Target) -> str:
    if isinstance(exc.__cause__, ConnectionRefusedError):
        return f"nothing answers at {target.origin}: is `mo-gateway run` running?"
    return f"{target.origin} does not answer: {exc.__cause__ or exc}"


def _in_words(target: Target, answer: Answer) -> str:
    if not answer.status:
        return answer.text
    meaning = MEANINGS.get(answer.status, "a gateway answers otherwise")
    return f"{target.origin}{target.shown_path}/… answers {answer.status}: {meaning}"
