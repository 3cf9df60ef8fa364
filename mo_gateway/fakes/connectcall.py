"""A fake Connect Call: `sendsms.ashx` under any path, and its XML in whatever encoding it is asked to misuse."""

import re
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import NoReturn

from mo_gateway.form import read_form

from .server import Call, FakeAnswer, Taken

PART = 160  # characters

_NUMBER = re.compile(r"[+ ]?([1-9][0-9]{5,14})")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_CARD = ("vname", "vmobile", "vphone", "vemail", "vfax")


class FakeConnectCall:
    """Takes texts, visiting cards and binary messages.

    Documented: the parameters; the form of the answer; what 200, 40x, 50x, 60x and 70x are for; that a number may
    have a `+`; that a longer text becomes SMS of 160. Our choice, where the page is silent: the last digit of each
    code (401 login, 402 funds, 500 for parameters that make no message, 600 for a number that is none, 700 the
    reseller's funds), the HTTP status 200 for all of them, one credit an SMS, no limit of length.
    """

    def __init__(
        self,
        *,
        login: str = "user",
        password: str = "geheim-wachtwoord",  # noqa: S107 - made up, for trying
        credit: int = 100,
        reseller_credit: int = 100,
        error: str = "",  # answer this code to whoever may log in
        charset: str = "utf-8",  # what the bytes of the answer are in
        declared: str = "utf-16",  # what its XML declaration says; empty = there is none
    ) -> None:
        self.login = login
        self.password = password
        self.credit = credit
        self.reseller_credit = reseller_credit
        self.error = error
        self.charset = charset
        self.declared = declared
        self._taken: list[Taken] = []
        self._lock = Lock()

    @property
    def taken(self) -> Sequence[Taken]:
        """What it took, the first one first."""
        return self._taken

    def answer(self, call: Call) -> FakeAnswer:
        """Take an SMS, or answer one of the codes."""
        if not call.path.lower().endswith("/sendsms.ashx"):  # IIS does not look at the case
            return FakeAnswer(status=404, body=b"<html>Not found</html>", content_type="text/html")
        given = dict(read_form(call.query.encode(), content_type="", charset="utf-8").parameters)
        with self._lock:
            code, text = self._taken_or_refused(given)
        return self._xml(code, text, _destination(given))

    def report(self, taken: Taken, state: str) -> NoReturn:
        """Connect Call tells nobody what became of an SMS."""
        raise NotImplementedError("Connect Call sends no delivery reports")

    def _taken_or_refused(self, given: Mapping[str, str]) -> tuple[str, str]:
        if (given.get("login"), given.get("pass")) != (self.login, self.password):
            return "401", "Wrong login or password."
        if self.error:
            return self.error, "An error that was asked for."
        fault = _fault(given)
        if fault:
            return "500", fault
        if not _NUMBER.fullmatch(given["to"]):
            return "600", "No carrier for this destination."
        text = given.get("text", "")
        parts = [text[begin : begin + PART] for begin in range(0, len(text) or 1, PART)]
        if len(parts) > self.credit:
            return "402", "Not enough funds."
        if len(parts) > self.reseller_credit:
            return "700", "Not enough funds of the reseller."
        self.credit -= len(parts)
        self.reseller_credit -= len(parts)
        for part in parts:
            self._take(given, part)
        return "200", "SMS message sent."

    def _take(self, given: Mapping[str, str], text: str) -> None:
        self._taken.append(
            Taken(
                id=str(len(self._taken) + 1),
                to=_destination(given),
                sender=given["from"],
                text=text,
                udh=given.get("udh", ""),
                data=given.get("data", ""),
                wants_report=False,
                other=tuple((name, given[name]) for name in ("binary", "special", *_CARD) if name in given),
            )
        )

    def _xml(self, code: str, text: str, destination: str) -> FakeAnswer:
        declaration = f'<?xml version="1.0" encoding="{self.declared}"?>' if self.declared else ""
        document = (
            f"{declaration}<response><sms_response_code>{code}</sms_response_code>"
            f"<sms_response_text>{text}</sms_response_text>"
            f"<sms_response_destination>{destination}</sms_response_destination></response>"
        )
        content_type = f"text/xml; charset={self.charset}"
        return FakeAnswer(body=document.encode(self.charset), content_type=content_type)


def _destination(given: Mapping[str, str]) -> str:
    """Give the number as the answer has it, without `+`; empty where it is none."""
    number = _NUMBER.fullmatch(given.get("to", ""))
    return number[1] if number else ""


def _fault(given: Mapping[str, str]) -> str:
    """Say what keeps the parameters from being a message; empty where nothing does."""
    if not given.get("from") or not given.get("to"):
        return "Parameters from and to are mandatory."
    if "special" in given:
        is_card = given["special"] == "vcard" and given.get("binary") == "1" and given.get("vname")
        return "" if is_card else "A visiting card needs special=vcard, binary=1 and vname."
    if given.get("binary") == "1":
        digits = (given.get("data", ""), given.get("udh", "") or "00")
        return "" if all(map(_HEX.fullmatch, digits)) else "Parameters data and udh are hexadecimal digits."
    return "" if given.get("text") else "Parameter text is mandatory."
