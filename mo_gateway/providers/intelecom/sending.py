"""Intelecom's sending side: `sendMessages` in JSON, with the manual's table of codes.

From "common" (fields and codes), "about" (originators, texts, unique references), "interfaces/rest" and
"interfaces/management-api".
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from mo_gateway import results, wire
from mo_gateway.gsm import Alphabet, Sizing, measure
from mo_gateway.masking import one_line, plain_word
from mo_gateway.reply import Code, MtMessage, SendOutcome, SendResult, Standing
from mo_gateway.wire import Answer, Wire

from .document import JSON, NAME, REPLY, read_json

#: The data coding scheme of binary messages: eight bits, class 1; the manual's own example.
BINARY = "F5"
LONGEST_SHORTCODE = 8  # digits; a longer sender is an international number
NO_ACCESS, NOT_UNIQUE = 2, 25

#: "Message Status", in the manual's order. With a reference of its own, what is refused by 25 had gone through.
CODES: Mapping[int, Code] = {
    1: Code("OK", SendOutcome.SENT),
    2: Code("no access: user name, password or service id are not right", SendOutcome.LATER, holds=True),
    3: Code("illegal action", SendOutcome.FAILED),
    4: Code("illegal service", SendOutcome.LATER, holds=True),
    5: Code("the request has errors", SendOutcome.FAILED),
    6: Code("internal error of the gateway", SendOutcome.LATER, holds=True),
    24: Code("too many to one number: taken, and held until Intelecom approves it", SendOutcome.SENT),
    25: Code("its reference was there already, so it had gone through", SendOutcome.SENT),
}

#: 25, where the reference may be that of another reply too.
OF_ANY_REPLY = Code(
    "its reference was there already, of this reply or of another: set MO_GATEWAY_INTELECOM_UNIQUE_REFERENCES=1",
    SendOutcome.UNKNOWN,
)


REMEMBERED = timedelta(hours=1)  # in which a reference is refused that came before, where that is turned on
MARGIN = timedelta(minutes=5)  # a claim at the last moment is written a little later, and clocks differ


@dataclass(frozen=True, slots=True, kw_only=True)
class IntelecomSender:
    """Sends by `sendMessages`, in the folder that `url` names."""

    wire: Wire
    url: str
    service_id: int
    username: str
    password: str = field(repr=False)
    priority: int  #: 1 low, 2 medium, 3 high
    reports: bool  #: as the service is set up; False = none
    unique_references: bool  #: Intelecom has turned on for the service that it refuses one it has seen
    rate: int

    name = NAME
    most_parts = 6

    @property
    def repeats_safely_for(self) -> timedelta:
        """How long a reference is remembered, where that is turned on."""
        return REMEMBERED - MARGIN if self.unique_references else timedelta(0)

    @property
    def is_local(self) -> bool:
        """Whether the URL leads to a fake on this host."""
        return wire.is_local(self.url)

    def send(self, message: MtMessage) -> SendResult:
        """Send one message; or raise NotSent or MaybeSent."""
        sizing = measure(message.text)
        if obstacle := self._obstacle(message, sizing):
            return results.not_asked(obstacle)
        body = json.dumps(self._request(message, sizing)).encode()
        headers = {"Content-Type": JSON, "Accept": JSON}
        answer = self.wire.call("POST", f"{self.url.rstrip('/')}/sendMessages", body, headers)
        result = self._result(answer)
        if result:
            return results.believed(result, answer)
        return results.refusal(answer) or results.unreadable("JSON with a messageStatus")

    def standing(self) -> Standing:
        """Ask the management interface for the batches that wait; credit is told nowhere."""
        base = self.url.rstrip("/").removesuffix("/gw/rs")
        credentials = b64encode(f"{self.username}:{self.password}".encode()).decode()
        answer = self.wire.call(
            "GET",
            f"{base}/mgmt/rs/service/{self.service_id}/batch/",
            headers={"Accept": JSON, "Authorization": f"Basic {credentials}"},
        )
        if answer.status == 401:
            return Standing(is_right=False, text=CODES[NO_ACCESS].meaning)
        if answer.status == 200 and "messageBatch" in _members(answer):
            return Standing(is_right=True, text=f"service {self.service_id} is open to us; credit is told nowhere")
        text = f"Intelecom's management interface did not tell (HTTP {answer.status})"
        return Standing(is_right=True, was_asked=False, text=text)

    def _obstacle(self, message: MtMessage, sizing: Sizing) -> str:
        """Say what Intelecom cannot send; empty where it can."""
        if message.group is not None:
            return "Intelecom has no groups: name an MSISDN"
        if message.vcard:
            return "Intelecom sends no visiting cards"
        if len(sizing.parts) > self.most_parts:
            return f"Intelecom takes {self.most_parts} parts at most: it has {len(sizing.parts)}"
        return ""

    def _request(self, message: MtMessage, sizing: Sizing) -> dict[str, Any]:
        sms = {
            "recipient": f"+{message.msisdn}",
            "content": message.data or sizing.text,
            "price": 0,  # whoever gets it never pays; only then a sender may be named
            "clientReference": self._reference(message),
            "settings": {
                "priority": self.priority,
                "originatorSettings": _originator(message.sender),
                "parameter": [{"key": key, "value": value} for key, value in self._parameters(message, sizing)],
            },
        }
        return {
            "serviceId": self.service_id,
            "username": self.username,
            "password": self.password,
            "message": [sms],
        }

    def _reference(self, message: MtMessage) -> str:
        """Give the reference; where it must be unique, one that no other reply has, whatever a handler names."""
        return f"{message.reference}{REPLY}{message.id}" if self.unique_references else message.reference

    def _parameters(self, message: MtMessage, sizing: Sizing) -> list[tuple[str, str]]:
        parameters = []
        if message.data:
            parameters.append(("dcs", BINARY))
        if message.udh:
            parameters.append(("udh", message.udh))
        if sizing.alphabet is Alphabet.UCS2:
            # else it is an error, or letters are taken out, as the service is set up
            parameters.append(("parsing-type", "AUTO_DETECT"))
        if not self.reports:
            parameters.append(("skip_customer_report_delivery", "true"))
        return parameters

    def _result(self, answer: Answer) -> SendResult | None:
        """Read the answer; None where it is not what the manual says."""
        status = _status(answer)
        number = status.get("statusCode")
        code = CODES.get(number) if type(number) is int else None  # True is no 1
        if code is None:
            return None
        if number == NOT_UNIQUE and not self.unique_references:
            code = OF_ANY_REPLY
        said = one_line(str(status.get("statusMessage") or ""))
        return SendResult(
            outcome=code.outcome,
            code=str(number),
            text=f"{code.meaning}: {said}" if said else code.meaning,
            # the id beside 25 would be that of this try, of which no report will tell
            provider_id=None if number == NOT_UNIQUE else plain_word(str(status.get("messageId") or "")) or None,
            holds=code.holds,
        )


def _originator(sender: str) -> dict[str, str]:
    """Say what kind of sender it is: a short number, a number of the world, or a name."""
    digits = sender.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return {"originatorType": "ALPHANUMERIC", "originator": sender}
    if digits == sender and len(digits) <= LONGEST_SHORTCODE:
        return {"originatorType": "NETWORK", "originator": sender}
    return {"originatorType": "INTERNATIONAL", "originator": f"+{digits}"}


def _status(answer: Answer) -> dict[str, Any]:
    """Find the status of the one message of a request; empty where there is none."""
    statuses = _members(answer).get("messageStatus")
    status = statuses[0] if isinstance(statuses, list) and len(statuses) == 1 else None
    return status if isinstance(status, dict) else {}


def _members(answer: Answer) -> dict[str, Any]:
    """Read the object that an answer is; an empty one stands for whatever else came."""
    try:
        document = read_json(answer.text())
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
