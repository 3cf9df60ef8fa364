"""Connect Call (Business-ISP): texts, visiting cards and binary messages, by one GET each.

From Business-ISP's page "Instructie SMS API" (its FAQ 1497): the parameters, the answer, the codes by their first
two digits. The product behind it is VoipSwitch; its page says that a longer text is cut into parts of 160.
There are no delivery reports, no id of a message, and no call that asks for the credit.
"""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from mo_gateway import results, wire
from mo_gateway.gsm import Sizing, measure
from mo_gateway.reply import Code, MtMessage, SendOutcome, SendResult, Standing, VCard
from mo_gateway.wire import Answer, Wire
from mo_gateway.xmltext import child_text, read_xml

#: The document's table; an `x` stands for any digit. What is wrong with the account is so for every message: the
#: others wait.
CODES: Mapping[str, Code] = {
    "200": Code("OK", SendOutcome.SENT),
    "40x": Code("login, password or funds are not right", SendOutcome.LATER, holds=True),
    "50x": Code("server error", SendOutcome.LATER, holds=True),
    "60x": Code("carrier error", SendOutcome.LATER),
    "70x": Code("the reseller is out of funds", SendOutcome.LATER, holds=True),
}

_CODE = re.compile(r"[0-9]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectCallSender:
    """Sends by `sendsms.ashx`, in the folder that `url` names."""

    wire: Wire
    url: str
    login: str
    password: str = field(repr=False)
    rate: int
    charset: str = "utf-8"

    name = "connectcall"
    most_parts = 1  #: our choice: parts of 160 leave no room for the header by which a phone joins them
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
        content = {"from": message.sender, "to": message.msisdn, **_content(message, sizing.text)}
        if character := wire.foreign_to(self.charset, "".join(content.values())):
            return results.not_asked(f"{self.charset} (MO_GATEWAY_CONNECTCALL_CHARSET) has no {character}")
        fields = {"login": self.login, "pass": self.password, **content}
        return read_result(self.wire.get(f"{self.url.rstrip('/')}/sendsms.ashx", fields.items(), self.charset))

    def standing(self) -> Standing:
        """Say that Connect Call cannot be asked."""
        return Standing(
            is_right=True,
            was_asked=False,
            text="Connect Call has no call that checks the login without sending an SMS",
        )


def read_result(answer: Answer) -> SendResult:
    """Read the answer to an SMS, whatever came."""
    code = _code(answer)
    if not code:
        return results.refusal(answer) or results.unreadable("XML with an sms_response_code")
    row = CODES.get(code) or CODES.get(f"{code[:2]}x")
    if not row:
        text = "a code that is not documented"
        return SendResult(outcome=SendOutcome.UNKNOWN, code=code, text=text, holds=True)
    result = SendResult(outcome=row.outcome, code=code, text=row.meaning, holds=row.holds)
    return results.believed(result, answer)


def _obstacle(message: MtMessage, sizing: Sizing) -> str:
    """Say what Connect Call cannot send; empty where it can."""
    if message.group is not None:
        return "Connect Call has no groups: name an MSISDN"
    if len(sizing.parts) > ConnectCallSender.most_parts:
        return "Connect Call would cut the text into SMS of their own, so it may have one part only"
    return ""


def _content(message: MtMessage, text: str) -> dict[str, str]:
    """Give what the SMS holds, in the parameters of its kind."""
    if message.vcard:
        return _card(message.vcard)
    if message.data:
        header = {"udh": message.udh} if message.udh else {}
        return {"binary": "1", **header, "data": message.data}
    return {"text": text}


def _card(card: VCard) -> dict[str, str]:
    lines = {
        "vname": card.name,
        "vmobile": card.mobile,
        "vphone": card.phone,
        "vemail": card.email,
        "vfax": card.fax,
    }
    # the document's table asks for binary=1, which its example leaves out
    return {"binary": "1", "special": "vcard", **{name: line for name, line in lines.items() if line}}


def _code(answer: Answer) -> str:
    """Find the code; empty where there is none."""
    try:
        root = read_xml(_decoded(answer).strip())
    except ValueError:
        return ""
    code = child_text(root, "sms_response_code") if root.tag.lower() == "response" else ""
    return code if _CODE.fullmatch(code) else ""


def _decoded(answer: Answer) -> str:
    """Decode by what the bytes are, since UTF-8 comes declared as UTF-16.

    Of what is text already, the XML parser does not believe the declaration.
    """
    body = answer.body
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace")
    if b"\0" in body[:2]:
        return body.decode("utf-16-be" if body.startswith(b"\0") else "utf-16-le", "replace")
    named = answer.headers.get_content_charset() or ""
    text = body.decode("utf-8", "replace") if named.startswith("utf-16") else answer.text()
    return text.removeprefix("\ufeff")
