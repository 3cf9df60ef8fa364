"""PSWinCom's sending side: one message a session, with the table of what a session says.

From "Gateway XML API", "Message types" and "Send message response XML". No page lists the words of REASON and
INFO.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from xml.etree.ElementTree import Element, SubElement

from mo_gateway import results, wire
from mo_gateway.gsm import Alphabet, Sizing, measure, ucs2_hex
from mo_gateway.masking import one_line, plain_word
from mo_gateway.reply import Code, MtMessage, SendOutcome, SendResult, Standing
from mo_gateway.wire import Answer, Wire
from mo_gateway.xmltext import child_text, read_xml

from .document import CHARSET, NAME, add_child, decoded, written

XML = "text/xml; charset=iso-8859-1"

#: Types of message ("Message types"); without OP it is text.
OP_BINARY = "8"  #: with its header, in hex
OP_UNICODE = "9"  #: UCS-2, high octet first, in hex

#: A longer text is cut off, the document says: 16 parts of 134. Hex has half as many characters of 16 bits.
LONGEST = {Alphabet.GSM: 16 * 134, Alphabet.UCS2: 16 * 67}

#: What LOGON says of the session.
LOGON: Mapping[str, Code] = {
    "OK": Code("user name and password are right", SendOutcome.SENT),
    "FAIL": Code("PSWinCom does not let us in", SendOutcome.LATER, holds=True),
}

#: What STATUS says of a message.
STATUS: Mapping[str, Code] = {
    "OK": Code("taken", SendOutcome.SENT),
    "FAIL": Code("PSWinCom refuses the message", SendOutcome.FAILED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PsWinComSender:
    """Sends one message a session."""

    wire: Wire
    url: str
    username: str
    password: str = field(repr=False)
    reports: bool  #: ask for delivery reports
    rate: int
    hold_words: tuple[str, ...] = ()  #: in INFO: the next message would be refused too

    name = NAME
    most_parts = 16
    repeats_safely_for = timedelta(0)

    @property
    def is_local(self) -> bool:
        """Whether the URL leads to a fake on this host."""
        return wire.is_local(self.url)

    def send(self, message: MtMessage) -> SendResult:
        """Send one message; or raise NotSent or MaybeSent."""
        sizing = measure(message.text)
        if obstacle := _obstacle(message, sizing):
            return results.not_asked(obstacle)
        answer = self._post(self._msg(message, sizing))
        result = self._result(_session(answer))
        return results.believed(result, answer) if result else _no_session(answer)

    def standing(self) -> Standing:
        """Log on with no message to send; credit is told nowhere."""
        answer = self._post()
        session = _session(answer)
        logon = LOGON.get(child_text(session, "LOGON"))
        if logon is None or (logon.outcome is SendOutcome.SENT and results.refusal(answer)):
            trouble = _no_session(answer)
            return Standing(is_right=False, text=f"{trouble.code}: {trouble.text}")
        text = _in_words(logon, child_text(session, "REASON"))
        return Standing(is_right=logon.outcome is SendOutcome.SENT, text=text)

    def _post(self, *messages: Element) -> Answer:
        session = Element("SESSION")
        add_child(session, "CLIENT", self.username)
        add_child(session, "PW", self.password)
        SubElement(session, "MSGLST").extend(messages)
        return self.wire.call("POST", self.url, written(session), {"Content-Type": XML})

    def _msg(self, message: MtMessage, sizing: Sizing) -> Element:
        msg = Element("MSG")
        text, op = _content(message, sizing)
        add_child(msg, "ID", "1")
        add_child(msg, "TEXT", text)
        if op:
            add_child(msg, "OP", op)
        if self.reports:
            add_child(msg, "RCPREQ", "Y")
        add_child(msg, "SND", message.sender)
        add_child(msg, "RCV", message.msisdn)
        return msg

    def _result(self, session: Element) -> SendResult | None:
        """Read the answer; None where it is not what the page says."""
        logon = LOGON.get(child_text(session, "LOGON"))
        if logon and logon.outcome is not SendOutcome.SENT:
            text = _in_words(logon, child_text(session, "REASON"))
            return SendResult(outcome=logon.outcome, code="LOGON FAIL", text=text, holds=logon.holds)
        msg = session.find("MSGLST/MSG")
        if logon is None or msg is None:
            return None
        status = child_text(msg, "STATUS")
        code = STATUS.get(status)
        if code is None:
            return None
        info = child_text(msg, "INFO")
        if code.outcome is SendOutcome.FAILED and self._is_about_all(info):
            return SendResult(outcome=SendOutcome.LATER, code=status, text=_in_words(code, info), holds=True)
        return SendResult(
            outcome=code.outcome,
            code=status,
            text=_in_words(code, info),
            provider_id=plain_word(child_text(msg, "REF")) or None,
        )

    def _is_about_all(self, info: str) -> bool:
        """Tell whether a refusal is of every message, such as that of an empty account; no document lists them."""
        return any(word.casefold() in info.casefold() for word in self.hold_words)


def _obstacle(message: MtMessage, sizing: Sizing) -> str:
    """Say what PSWinCom cannot send; empty where it can."""
    if message.group is not None:
        return "PSWinCom has no groups: name an MSISDN"
    if message.vcard:
        return "PSWinCom's visiting cards are read by hardly any phone: send a text"
    if message.data and not message.udh:
        return "PSWinCom takes binary messages only with a user data header (udh)"
    if sizing.units > LONGEST[sizing.alphabet]:
        return f"PSWinCom cuts off a text after {LONGEST[sizing.alphabet]} characters: it has {sizing.units}"
    return ""


def _content(message: MtMessage, sizing: Sizing) -> tuple[str, str]:
    """Give TEXT, and OP where it is no plain text."""
    if message.data:
        return message.udh + message.data, OP_BINARY
    # a form feed is a character of GSM that XML cannot hold in any way
    if sizing.alphabet is Alphabet.UCS2 or "\f" in sizing.text:
        return ucs2_hex(sizing.text), OP_UNICODE
    return sizing.text, ""


def _in_words(code: Code, said: str) -> str:
    """Give what a code means, with what PSWinCom says to it."""
    return f"{code.meaning}: {one_line(said)}" if said else code.meaning


def _session(answer: Answer) -> Element:
    """Read the document of an answer; an empty one stands for what is none of PSWinCom's."""
    try:
        root = read_xml(decoded(answer.body, answer.headers.get("Content-Type", ""), CHARSET).text)
    except ValueError:
        return Element("SESSION")
    return root if root.tag == "SESSION" else Element("SESSION")


def _no_session(answer: Answer) -> SendResult:
    return results.refusal(answer) or results.unreadable("session of PSWinCom")
