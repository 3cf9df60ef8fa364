"""PSWinCom, faked: its XML sessions, and its lists of delivery reports and inbound messages, XML or form."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.message import Message as Headers
from urllib.parse import urlencode
from uuid import uuid4
from xml.etree.ElementTree import Element, SubElement, tostring
from zoneinfo import ZoneInfo

from mo_gateway.gsm import is_gsm
from mo_gateway.xmltext import child_text, read_xml

from .server import Call, FakeAnswer, Taken

CHARSET = "iso-8859-1"
ZONE = ZoneInfo("Europe/Oslo")
LONGEST_TEXT = 2144  # 16 parts of 134; what is longer is cut off

_RECEIVER = re.compile(r"[1-9][0-9]{8,14}")
_SENDER = re.compile(r"""[0-9]{1,15}|[a-zA-Z0-9 !"#%&'()*+\-./?><;]{1,11}""")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")


def utc_now() -> datetime:
    """Read the host's clock."""
    return datetime.now(UTC)


class FakePsWinCom:
    """Behaves as PSWinCom's pages say.

    Documented: SESSION with LOGON, REASON and a STATUS for each message; receivers of at least 9 digits; senders
    of at most 15 digits or 11 characters; OP 1, 8 and 9; a longer text cut off; the lists that it sends by
    itself. Our choice: the words of REASON and INFO, that credit runs out as a message's FAIL, what is said to
    a document that is no XML, that other OPs are refused, and that times are those of Oslo.
    """

    def __init__(
        self,
        *,
        username: str = "user",
        password: str = "geheim-wachtwoord",  # noqa: S107 - made up
        credit: int | None = None,
        gives_references: bool = True,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.username, self.password = username, password
        self.credit = credit  #: messages until it is used up; None = no end
        self.gives_references = gives_references  #: REF comes only with accounts that have it enabled
        self.clock = clock
        self._taken: list[Taken] = []

    @property
    def taken(self) -> Sequence[Taken]:
        """What it took, the first one first."""
        return self._taken

    def answer(self, call: Call) -> FakeAnswer:
        """Take the messages of a session, or say why not."""
        if call.method != "POST":
            return FakeAnswer(status=405, body=b"Method Not Allowed")
        charset = call.headers.get_content_charset() or CHARSET
        answer = Element("SESSION")
        try:
            session = read_xml(call.body.rstrip(b"\0").decode(charset, "replace"))
        except ValueError:
            return self._refuse(answer, "The document could not be read")
        if (child_text(session, "CLIENT"), child_text(session, "PW")) != (self.username, self.password):
            return self._refuse(answer, "Invalid user name or password")
        _add(answer, LOGON="OK", REASON="")
        statuses = SubElement(answer, "MSGLST")
        for number, msg in enumerate(session.iterfind("MSGLST/MSG"), start=1):
            self._take(msg, SubElement(statuses, "MSG"), number)
        return _xml_answer(answer)

    def report(self, taken: Taken, state: str) -> Call:
        """Write a delivery report as XML."""
        msg = Element("MSG")
        _add(msg, ID="1", **self._said(taken, state))
        return _list("dlr", [msg], "pswincom_report_request.dtd")

    def report_form(self, taken: Taken, state: str) -> Call:
        """Write a delivery report as a form."""
        return _form("dlr", self._said(taken, state))

    def inbound(
        self,
        *texts: str,
        sender: str = "31612345678",
        receiver: str = "4414",
        network: str = "204:08",
        at: datetime | None = None,
    ) -> Call:
        """Write inbound messages of one sender as XML, in version 2 of the protocol."""
        messages = []
        for number, text in enumerate(texts, start=1):
            msg = Element("MSG")
            _add(msg, ID=str(number), TEXT=text, SND=sender, RCV=receiver, NET=network)
            metadata = SubElement(msg, "METADATA")
            for key, value in {
                "TIMESTAMP": (at or self.clock()).astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S"),
                "REFERENCE": str(uuid4()),
            }.items():
                SubElement(metadata, "DATA", {"KEY": key, "VALUE": value})
            messages.append(msg)
        call = _list("mo", messages, "pswincom_receive_request.dtd")
        call.headers["PSW-Message-type"] = "MO"
        call.headers["PSW-Message-version"] = "2"
        return call

    def inbound_form(self, text: str, *, sender: str = "31612345678", receiver: str = "4414") -> Call:
        """Write an inbound message as a form, which has neither a time nor an id."""
        return _form("mo", {"ID": "1", "SND": sender, "RCV": receiver, "TXT": text})

    def _refuse(self, answer: Element, reason: str) -> FakeAnswer:
        _add(answer, LOGON="FAIL", REASON=reason)
        return _xml_answer(answer)

    def _take(self, msg: Element, status: Element, number: int) -> None:
        """Take a message, and write its status."""
        _add(status, ID=child_text(msg, "ID") or str(number))
        if fault := self._fault(msg):
            _add(status, STATUS="FAIL", INFO=fault)
            return
        if self.credit is not None:
            self.credit -= 1
        taken = _taken(msg)
        self._taken.append(taken)
        _add(status, **({"REF": taken.id} if self.gives_references else {}), STATUS="OK", INFO="")

    def _fault(self, msg: Element) -> str:
        """Say what is wrong with a message; empty where nothing is."""
        text, op = msg.findtext("TEXT", ""), child_text(msg, "OP") or "1"
        if not _RECEIVER.fullmatch(child_text(msg, "RCV")):
            return "Invalid receiver number"
        if not _SENDER.fullmatch(msg.findtext("SND", "0")):
            return "Invalid sender number"
        if op not in ("1", "8", "9"):
            return "Unknown operation"
        if op == "1" and not is_gsm(text):
            return "The text has characters that are not in GSM-7"
        if op != "1" and not _HEX.fullmatch(text):
            return "The text is not hexadecimal"
        if self.credit == 0:
            return "No credit left"
        return ""

    def _said(self, taken: Taken, state: str) -> dict[str, str]:
        """Give the fields of a report; the time is said only of what was delivered."""
        said = {"REF": taken.id, "RCV": taken.to, "STATE": state or "DELIVRD"}
        if said["STATE"] == "DELIVRD":
            said["DELIVERYTIME"] = self.clock().astimezone(ZONE).strftime("%Y.%m.%d %H:%M:%S")
        return said


def _taken(msg: Element) -> Taken:
    text, op = msg.findtext("TEXT", ""), child_text(msg, "OP") or "1"
    header = 2 + 2 * int(text[:2], 16) if op == "8" else 0
    return Taken(
        id=str(uuid4()),
        to=child_text(msg, "RCV"),
        sender=msg.findtext("SND", ""),
        text={"1": text[:LONGEST_TEXT], "9": _from_ucs2(text) if op == "9" else ""}.get(op, ""),
        udh=text[:header],
        data=text[header:] if op == "8" else "",
        wants_report=child_text(msg, "RCPREQ") == "Y",
        other=(("OP", op),),
    )


def _from_ucs2(digits: str) -> str:
    return bytes.fromhex(digits).decode("utf-16-be", "replace")


def _list(kind: str, messages: list[Element], dtd: str) -> Call:
    """Write a list that PSWinCom sends by itself."""
    root = Element("MSGLST")
    root.extend(messages)
    body = _document(root, f'<!DOCTYPE MSGLST SYSTEM "{dtd}">\n')
    return _call(kind, body, "application/xml")


def _form(kind: str, fields: Mapping[str, str]) -> Call:
    body = urlencode(fields, encoding=CHARSET, errors="replace").encode()
    call = _call(kind, body, "application/x-www-form-urlencoded")
    call.headers["User-Agent"] = "PSWinCom-SMSGateway/1.0"
    return call


def _call(kind: str, body: bytes, content_type: str) -> Call:
    headers = Headers()
    headers["Content-Type"] = content_type
    return Call(method="POST", path=f"/pswincom/{kind}", query="", body=body, headers=headers)


def _xml_answer(root: Element) -> FakeAnswer:
    return FakeAnswer(body=_document(root), content_type="text/xml")


def _document(root: Element, doctype: str = "") -> bytes:
    head = f'<?xml version="1.0" encoding="{CHARSET}"?>\n{doctype}'
    document: bytes = tostring(root, encoding=CHARSET, xml_declaration=False)
    return head.encode() + document


def _add(parent: Element, **children: str) -> None:
    for name, text in children.items():
        SubElement(parent, name).text = text
