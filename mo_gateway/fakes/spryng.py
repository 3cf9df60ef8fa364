"""A fake Spryng: its three sending APIs, the credit, and its delivery reports."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from json import dumps, loads
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from mo_gateway.form import read_form
from mo_gateway.gsm import is_gsm, measure

from .server import Call, FakeAnswer, Taken

#: Parameter → its shortest, its longest, the code for less, the code for more.
LENGTHS = {"USERNAME": (2, 32, "102", "101"), "PASSWORD": (6, 32, "103", "104")}
REQUIRED = ("USERNAME", "DESTINATION", "SENDER", "BODY")
CREDENTIALS = ("PASSWORD", "SECRET")
#: The other orientation, which Spryng's .NET client has.
SWAPPED = {"101": "102", "102": "101", "109": "110", "110": "109"}
ROUTES = ("business", "economy", *"0123456789")
ENCODINGS = ("auto", "plain", "unicode")
MOST_DESTINATIONS = 1000
LONGEST_REFERENCE = 256

_NUMBER = re.compile(r"[1-9][0-9]{3,14}")


class Refused(Exception):
    """A return code other than 1."""


class FakeSpryng:
    """Behaves like Spryng as far as Spryng's pages, and its own clients, say how it does.

    Documented: names of parameters in any case, in the query or the body; switches that are `1` or empty; PASSWORD
    or SECRET, but PASSWORD alone for check.php; the lengths and the form of numbers; the return codes; in REST the
    bearer token, the errors of 401, 405 and 422, and the object of a message.

    Our choice: a parameter that is there but empty is too short; a number of a wrong form counts as too short or
    too long; OPERATION may be missing, ROUTE too; each part to each number costs one credit; without UNICODE a
    character beyond GSM becomes `?`; a repeated REFERENCE is taken again; `simple` answers an error with the
    status `status_of_errors`; reports come by GET whatever API took the SMS, where there was a reference.
    """

    def __init__(
        self,
        *,
        username: str = "user",
        password: str = "geheim-wachtwoord",  # noqa: S107 - made up
        secret: str = "geheime-sleutel",  # noqa: S107 - made up
        token: str = "geheim-token",  # noqa: S107 - made up
        credit: Decimal = Decimal("100.5"),
        closed_routes: Sequence[str] = (),
        is_broken: bool = False,
        is_swapped: bool = False,
        status_of_errors: int = 200,
    ) -> None:
        self.username, self.password, self.secret, self.token = username, password, secret, token
        self.credit = credit
        self.closed_routes = closed_routes
        self.is_broken = is_broken  #: a technical error, each time
        self.is_swapped = is_swapped  #: 101 and 102, and 109 and 110, the other way round
        self.status_of_errors = status_of_errors
        self._taken: list[Taken] = []
        self._pages: dict[tuple[str, str], Callable[[Call], FakeAnswer]] = {
            ("POST", "/api/send.php"): self._send,
            ("GET", "/api/send.php"): self._send,
            ("POST", "/api/check.php"): self._check,
            ("GET", "/api/check.php"): self._check,
            ("POST", "/api/simple/message"): self._simple_message,
            ("POST", "/api/simple/balance"): self._simple_balance,
            ("GET", "/api/simple/balance"): self._simple_balance,
            ("POST", "/v1/messages"): self._rest_message,
            ("GET", "/v1/balance"): self._rest_balance,
        }

    @property
    def taken(self) -> Sequence[Taken]:
        """What it took, the first one first."""
        return self._taken

    def answer(self, call: Call) -> FakeAnswer:
        """Do what Spryng does with a call, and give its answer."""
        page = self._pages.get((call.method, call.path))
        if page:
            return page(call)
        is_known = any(call.path == path for _, path in self._pages)
        return FakeAnswer(status=405 if is_known else 404, body=b"")

    def report(self, taken: Taken, state: str) -> Call:
        """Write the delivery report of an SMS."""
        fields = {"REFERENCE": taken.reference, "STATUS": state or "Delivered"}
        return Call(method="GET", path="/spryng/dlr", query=urlencode(fields), body=b"")

    def _send(self, call: Call) -> FakeAnswer:
        return FakeAnswer(body=self._code_for(_fields(call)).encode())

    def _simple_message(self, call: Call) -> FakeAnswer:
        code = self._code_for(_fields(call))
        return FakeAnswer(body=code.encode(), status=200 if code == "1" else self.status_of_errors)

    def _check(self, call: Call) -> FakeAnswer:
        fields = _fields(call)
        is_right = (fields.get("USERNAME"), fields.get("PASSWORD")) == (self.username, self.password)
        return FakeAnswer(body=str(self.credit if is_right else -1).encode())

    def _simple_balance(self, call: Call) -> FakeAnswer:
        is_right = self._knows(_fields(call))
        return FakeAnswer(body=str(self.credit if is_right else -1).encode())

    def _code_for(self, fields: Mapping[str, str]) -> str:
        """Give the return code of a form; where it is 1, the SMS are taken."""
        try:
            self._take(fields)
        except Refused as refused:
            code = str(refused)
            return SWAPPED.get(code, code) if self.is_swapped else code
        return "1"

    def _take(self, fields: Mapping[str, str]) -> None:
        if self.is_broken:
            raise Refused("800")
        _check_presence(fields)
        _check_lengths(fields)
        numbers = _numbers(fields["DESTINATION"])
        _check_sender(fields["SENDER"])
        is_unicode = fields.get("UNICODE") == "1"
        text = _as_gsm(fields["BODY"], is_unicode=is_unicode)
        parts = _parts(text, most=4 if fields.get("ALLOWLONG") == "1" else 1)
        if not self._knows(fields):
            raise Refused("200")
        route = fields.get("ROUTE", "business").lower()
        if route not in ROUTES:
            raise Refused("201")
        if route in self.closed_routes:
            raise Refused("202")
        self._charge(parts * len(numbers))
        reference = fields.get("REFERENCE", "")
        known = (*REQUIRED, *CREDENTIALS, "REFERENCE")
        for number in numbers:
            self._taken.append(
                Taken(
                    id=str(len(self._taken) + 1),
                    to=number,
                    sender=fields["SENDER"],
                    text=text,
                    reference=reference,
                    wants_report=bool(reference),
                    other=tuple((name, value) for name, value in fields.items() if name not in known),
                )
            )

    def _knows(self, fields: Mapping[str, str]) -> bool:
        return fields.get("USERNAME") == self.username and (
            fields.get("PASSWORD") == self.password or fields.get("SECRET") == self.secret
        )

    def _charge(self, price: int) -> None:
        if price > self.credit:
            raise Refused("203")
        self.credit -= price

    def _rest_balance(self, call: Call) -> FakeAnswer:
        return self._unauthorised(call) or _json({"amount": float(self.credit)})

    def _rest_message(self, call: Call) -> FakeAnswer:
        if unauthorised := self._unauthorised(call):
            return unauthorised
        if self.is_broken:
            return _json({"message": "Server Error"}, status=500)
        document = _document(call.body)
        errors = _errors(document)
        if errors:
            return _invalid(errors)
        price = len(measure(document["body"]).parts) * len(document["recipients"])
        if price > self.credit:
            sentence = f"User has insufficient credits; Currently: {self.credit} Needed: {price}"
            return _invalid({"credits": [sentence]})
        self.credit -= price
        return self._rest_taken(document, price)

    def _rest_taken(self, document: Mapping[str, Any], price: int) -> FakeAnswer:
        """Take the SMS of a document that is right, and give its object."""
        id_ = str(uuid4())
        reference = document.get("reference") or ""
        encoding = document.get("encoding", "auto")
        text = _as_gsm(document["body"], is_unicode=encoding != "plain")
        other = (("encoding", encoding), ("route", document.get("route", "business")))
        for number in document["recipients"]:
            self._taken.append(
                Taken(
                    id=id_,
                    to=number,
                    sender=document["originator"],
                    text=text,
                    reference=reference,
                    wants_report=bool(reference),
                    other=other,
                )
            )
        return _json(
            {
                "id": id_,
                "encoding": encoding,
                "originator": document["originator"],
                "body": document["body"],
                "reference": reference or None,
                "credits": float(price),
                "scheduled_at": None,
                "canceled_at": None,
                "links": {"self": f"/v1/messages/{id_}"},
            }
        )

    def _unauthorised(self, call: Call) -> FakeAnswer | None:
        if call.headers.get("Authorization") == f"Bearer {self.token}":
            return None
        return _json({"message": "Unauthenticated."}, status=401)


def _fields(call: Call) -> dict[str, str]:
    """Read the parameters of query and body, their names in capitals; the last of a name counts."""
    raw = b"&".join(part for part in (call.query.encode(), call.body) if part)
    flags = _named(raw, "iso-8859-1")
    return _named(raw, "utf-8") if flags.get("RAWENCODING") == "1" else flags


def _named(raw: bytes, charset: str) -> dict[str, str]:
    return {name.upper(): value for name, value in read_form(raw, content_type="", charset=charset).parameters}


def _check_presence(fields: Mapping[str, str]) -> None:
    if not any(name in fields for name in CREDENTIALS) or any(name not in fields for name in REQUIRED):
        raise Refused("100")


def _check_lengths(fields: Mapping[str, str]) -> None:
    for name, (shortest, longest, too_short, too_long) in LENGTHS.items():
        value = fields.get(name)
        if value is not None and len(value) < shortest:
            raise Refused(too_short)
        if value is not None and len(value) > longest:
            raise Refused(too_long)


def _numbers(destination: str) -> list[str]:
    numbers = [number.strip() for number in destination.split(",")]
    for number in numbers:
        if not _NUMBER.fullmatch(number):
            raise Refused("106" if len(number) > 15 else "105")
    if len(numbers) > MOST_DESTINATIONS:
        raise Refused("106")
    return numbers


def _check_sender(sender: str) -> None:
    if not sender:
        raise Refused("108")
    if not _is_sender(sender):
        raise Refused("107")


def _is_sender(sender: str) -> bool:
    is_number = sender.isascii() and sender.isdigit()
    return 1 <= len(sender) <= (14 if is_number else 11)


def _parts(text: str, *, most: int) -> int:
    if not text:
        raise Refused("110")
    parts = len(measure(text).parts)
    if parts > most:
        raise Refused("109")
    return parts


def _as_gsm(text: str, *, is_unicode: bool) -> str:
    return text if is_unicode else "".join(character if is_gsm(character) else "?" for character in text)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _errors(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Find the fields that are not right."""
    recipients = document.get("recipients")
    reference = document.get("reference")
    rules = {
        "body": _is_text(document.get("body")) and len(measure(document["body"]).parts) <= 4,
        "originator": _is_text(document.get("originator")) and _is_sender(document["originator"]),
        "recipients": isinstance(recipients, list) and bool(recipients) and all(map(_is_number, recipients)),
        "encoding": document.get("encoding", "auto") in ENCODINGS,
        "route": str(document.get("route", "business")) in ROUTES,
        "reference": reference is None or (_is_text(reference) and len(reference) <= LONGEST_REFERENCE),
    }
    return {name: [f"The {name} field is missing or wrong."] for name, is_right in rules.items() if not is_right}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_number(value: object) -> bool:
    return isinstance(value, str) and bool(_NUMBER.fullmatch(value))


def _invalid(errors: Mapping[str, Sequence[str]]) -> FakeAnswer:
    return _json({"message": "The given data was invalid.", "errors": errors}, status=422)


def _json(document: object, *, status: int = 200) -> FakeAnswer:
    return FakeAnswer(body=dumps(document).encode(), status=status, content_type="application/json")
