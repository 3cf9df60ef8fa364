"""A fake Intelecom: `sendMessages` in JSON, the list of batches, its delivery reports and inbound messages."""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.message import Message as Headers
from json import dumps, loads
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4
from zoneinfo import ZoneInfo

from mo_gateway.gsm import is_gsm, measure

from .server import Call, FakeAnswer, Taken

ZONE = ZoneInfo("Europe/Oslo")
MOST_PARTS = 6
REMEMBERS_FOR = timedelta(hours=1)

#: What stands beside each status code.
MESSAGES = {
    1: "Message enqueued for sending",
    2: "Access error",
    3: "Illegal action",
    4: "Illegal service",
    5: "Syntax error",
    6: "Internal error",
    24: "Quota exceeded",
    25: "Not unique",
}
#: What stands beside each code of a delivery report; others have no words here.
DESCRIPTIONS = {"0": "OK. Message processed successfully.", "361": "Validity period expired."}
ORIGINATORS = {
    "INTERNATIONAL": re.compile(r"\+[1-9][0-9]{5,14}"),
    "ALPHANUMERIC": re.compile(r"[a-zA-Z0-9 %&+.,-]{1,11}"),
    "NETWORK": re.compile(r"[0-9]{3,14}"),
}

_RECIPIENT = re.compile(r"\+[1-9][0-9]{5,14}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")


class Refused(Exception):
    """A status code that takes no message, and what is wrong."""

    def __init__(self, code: int, fault: str) -> None:
        super().__init__(fault)
        self.code = code


def utc_now() -> datetime:
    """Read the host's clock."""
    return datetime.now(UTC)


class FakeIntelecom:
    """Behaves as Intelecom's manual says.

    Documented: the names and types of the fields, which are case-sensitive; the form of recipients and
    originators; priorities; six parts; characters beyond GSM are an error unless the encoding is detected; the
    status codes, one status a message; a reference seen within the hour is refused where that is turned on; the
    list of batches with HTTP Basic; the JSON of reports and inbound messages, and the query that stands for it.

    Our choice: an unknown service is 4, a premium price 3; what is no JSON is answered 400; the quota is counted
    for ever; a message over it is taken, and never sent on; times are those of Oslo.
    """

    def __init__(
        self,
        *,
        service_id: int = 1000,
        username: str = "user",
        password: str = "geheim-wachtwoord",  # noqa: S107 - made up
        quota: int | None = None,
        remembers_references: bool = False,
        is_broken: bool = False,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.service_id, self.username, self.password = service_id, username, password
        self.quota = quota  #: messages to one number before they are held; None = no end
        self.remembers_references = remembers_references
        self.is_broken = is_broken  #: an internal error, each time
        self.clock = clock
        self._taken: list[Taken] = []
        self._seen: dict[str, datetime] = {}  #: reference → when it came

    @property
    def taken(self) -> Sequence[Taken]:
        """What it took, the first one first."""
        return self._taken

    def answer(self, call: Call) -> FakeAnswer:
        """Do what Intelecom does with a call, and give its answer."""
        if call.method == "POST" and call.path.endswith("/sendMessages"):
            return self._send(call)
        if call.method == "GET" and call.path == f"/mgmt/rs/service/{self.service_id}/batch/":
            return self._batches(call)
        return FakeAnswer(status=404, body=b"")

    def report(self, taken: Taken, state: str) -> Call:
        """Write a delivery report as JSON."""
        said = self._said(taken, state)
        return _post("dlr", {"dr": [{**said, "statuscode": int(said["statuscode"])}]})

    def report_query(self, taken: Taken, state: str) -> Call:
        """Write a delivery report as the query of a GET."""
        return _get("dlr", self._said(taken, state))

    def inbound(
        self,
        *texts: str,
        sender: str = "31612345678",
        receiver: str = "4414",
        network: tuple[int, int] = (204, 8),
        at: datetime | None = None,
    ) -> Call:
        """Write inbound messages of one sender as JSON."""
        return _post("mo", {"mo": [self._heard(text, sender, receiver, network, at) for text in texts]})

    def inbound_query(
        self,
        text: str,
        *,
        sender: str = "31612345678",
        receiver: str = "4414",
        network: tuple[int, int] = (204, 8),
        at: datetime | None = None,
    ) -> Call:
        """Write an inbound message as the query of a GET."""
        return _get("mo", self._heard(text, sender, receiver, network, at))

    def _send(self, call: Call) -> FakeAnswer:
        try:
            request = loads(call.body)
            messages = [dict(message) for message in request["message"]]
        except (ValueError, KeyError, TypeError):
            return FakeAnswer(status=400, body=b"Bad Request")
        statuses = [self._status(request, message) for message in messages]
        numbered = [{**status, "sequenceIndex": number} for number, status in enumerate(statuses, start=1)]
        return _json(200, {"batchReference": str(uuid4()), "messageStatus": numbered})

    def _status(self, request: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
        """Take a message, or not, and give its status."""
        status: dict[str, Any] = {
            "clientReference": message.get("clientReference"),
            "recipient": message.get("recipient"),
            "messageId": uuid4().hex[:12],
            "sessionId": None,
        }
        try:
            self._check(request, message)
            code, fault = self._take(message, status["messageId"]), ""
        except Refused as refused:
            code, fault = refused.code, f": {refused}"
        return {**status, "statusCode": code, "statusMessage": MESSAGES[code] + fault}

    def _check(self, request: dict[str, Any], message: dict[str, Any]) -> None:
        """Raise Refused for what the manual does not allow."""
        if self.is_broken:
            raise Refused(6, "try again")
        if request.get("serviceId") != self.service_id:
            raise Refused(4, "serviceId")
        if (request.get("username"), request.get("password")) != (self.username, self.password):
            raise Refused(2, "authentication failed")
        if not _RECIPIENT.fullmatch(str(message.get("recipient", ""))):
            raise Refused(5, "recipient")
        if message.get("price", 0) != 0:
            raise Refused(3, "price")
        settings = message.get("settings", {})
        if settings.get("priority", 2) not in (1, 2, 3):
            raise Refused(5, "priority")
        originator = settings.get("originatorSettings", {"originatorType": "NETWORK", "originator": "1960"})
        form = ORIGINATORS.get(originator.get("originatorType"))
        if not form or not form.fullmatch(originator.get("originator", "")):
            raise Refused(5, "originator")
        _check_content(str(message.get("content", "")), _parameters(message))

    def _take(self, message: dict[str, Any], id: str) -> int:  # noqa: A002 - the field's name
        """Take a message, and give its status code."""
        now, reference = self.clock(), str(message.get("clientReference") or "")
        seen = self._seen.get(reference)
        if self.remembers_references and reference and seen and now - seen < REMEMBERS_FOR:
            raise Refused(25, "clientReference")
        self._seen[reference] = now
        before = sum(taken.to == message["recipient"].removeprefix("+") for taken in self._taken)
        self._taken.append(_taken(message, id))
        return 24 if self.quota is not None and before >= self.quota else 1

    def _batches(self, call: Call) -> FakeAnswer:
        right = b64encode(f"{self.username}:{self.password}".encode()).decode()
        if call.headers.get("Authorization") != f"Basic {right}":
            return FakeAnswer(status=401, body=b"", headers=(("WWW-Authenticate", "Basic"),))
        return _json(200, {"messageBatch": []})

    def _said(self, taken: Taken, state: str) -> dict[str, str]:
        """Give the fields of a report."""
        code = state or "0"
        return {
            "messageid": taken.id,
            "customerbatchreference": "",
            "customermessagereference": taken.reference,
            "serviceid": str(self.service_id),
            "servicename": "Test",
            "mcc": "204",
            "mnc": "8",
            "type": "6",
            "statuscode": code,
            "statusdescription": DESCRIPTIONS.get(code, ""),
            "extstatuscode": code,
            "extstatusdescription": DESCRIPTIONS.get(code, ""),
        }

    def _heard(
        self, text: str, sender: str, receiver: str, network: tuple[int, int], at: datetime | None
    ) -> dict[str, Any]:
        """Give the fields of an inbound message."""
        command, _, rest = text.partition(" ")
        time = (at or self.clock()).astimezone(ZONE).strftime("%Y%m%d %H:%M:%S")
        return {
            "messageid": uuid4().hex[:12],
            "serviceid": self.service_id,
            "servicename": "Test",
            "sno": receiver,
            "originator": f"+{sender}",
            "mcc": network[0],
            "mnc": network[1],
            "content": text,
            "command": command,
            "strippedcontent": rest,
            "type": 1,
            "timestamp": time,
            "sctimestamp": time,
            "sessionid": "",
        }


def _check_content(content: str, parameters: Mapping[str, str]) -> None:
    """Raise Refused for a content that cannot be sent."""
    if not content:
        raise Refused(5, "content")
    if "dcs" in parameters or "udh" in parameters:
        if not _HEX.fullmatch(content) or not _HEX.fullmatch(parameters.get("udh", "00")):
            raise Refused(5, "content is not hexadecimal")
        return
    if not is_gsm(content) and parameters.get("parsing-type") != "AUTO_DETECT":
        raise Refused(5, "content has characters that are not in GSM")
    if len(measure(content).parts) > MOST_PARTS:
        raise Refused(5, "content is too long")


def _parameters(message: dict[str, Any]) -> dict[str, str]:
    listed = message.get("settings", {}).get("parameter", [])
    return {parameter["key"]: parameter["value"] for parameter in listed}


def _taken(message: dict[str, Any], id: str) -> Taken:  # noqa: A002 - the field's name
    settings, parameters = message.get("settings", {}), _parameters(message)
    is_binary = "dcs" in parameters
    return Taken(
        id=id,
        to=message["recipient"].removeprefix("+"),
        sender=settings.get("originatorSettings", {}).get("originator", ""),
        text="" if is_binary else message["content"],
        udh=parameters.get("udh", ""),
        data=message["content"] if is_binary else "",
        reference=message.get("clientReference") or "",
        wants_report=parameters.get("skip_customer_report_delivery") != "true",
        other=(
            ("originatorType", settings.get("originatorSettings", {}).get("originatorType", "")),
            ("priority", str(settings.get("priority", ""))),
            *parameters.items(),
        ),
    )


def _post(kind: str, document: dict[str, Any]) -> Call:
    headers = Headers()
    headers["Content-Type"] = "application/json"
    body = dumps(document, ensure_ascii=False).encode()
    return Call(method="POST", path=f"/intelecom/{kind}", query="", body=body, headers=headers)


def _get(kind: str, fields: Mapping[str, Any]) -> Call:
    return Call(method="GET", path=f"/intelecom/{kind}", query=urlencode(fields), body=b"")


def _json(status: int, document: dict[str, Any]) -> FakeAnswer:
    return FakeAnswer(status=status, body=dumps(document).encode(), content_type="application/json")
