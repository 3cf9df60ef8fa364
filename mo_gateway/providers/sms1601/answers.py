"""What `gateway.php` answers: OK or ERROR with a number, inside whatever HTML."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape

from mo_gateway import results
from mo_gateway.reply import Code, SendOutcome, SendResult
from mo_gateway.wire import Answer

#: The document's table of errors. What is wrong with the account is so for every message: the others wait.
CODES: Mapping[str, Code] = {
    "100": Code("the user name is empty", SendOutcome.LATER, holds=True),
    "101": Code("the password is empty", SendOutcome.LATER, holds=True),
    "102": Code("the text is empty", SendOutcome.FAILED),
    "103": Code("there is no number", SendOutcome.FAILED),
    "104": Code("user name and password do not belong together", SendOutcome.LATER, holds=True),
    "105": Code("the text is longer than 160 characters", SendOutcome.FAILED),
    "106": Code("the number is not valid: it must begin with its country code", SendOutcome.FAILED),
    "107": Code("the number's country code is not valid, or not open to this account", SendOutcome.FAILED),
    "108": Code("there is not enough credit left", SendOutcome.LATER, holds=True),
    "109": Code("the sender is empty", SendOutcome.FAILED),
    "110": Code("a sender that is a number must begin with +", SendOutcome.FAILED),
    "111": Code("the sender is not valid: at most 12 characters", SendOutcome.FAILED),
    "112": Code("the country code is not valid", SendOutcome.FAILED),
    "113": Code("the sender holds characters that not all networks allow", SendOutcome.FAILED),
    "114": Code("the country is not permitted", SendOutcome.FAILED),
    "115": Code("the account is blocked: it was not paid", SendOutcome.LATER, holds=True),
    "116": Code("the account is blocked", SendOutcome.LATER, holds=True),
    "117": Code("this sender is not allowed", SendOutcome.FAILED),
    "118": Code("a long text has at most 3 parts of 153 characters, 459 together", SendOutcome.FAILED),
    "119": Code("long texts are not possible in this country", SendOutcome.FAILED),
    "120": Code("the gateway has a problem", SendOutcome.LATER, holds=True),
    "121": Code("the time to send it is past, or is no time", SendOutcome.FAILED),
    "122": Code("the outbox holds no such message", SendOutcome.FAILED),
    "123": Code("a list of reports needs a number of them", SendOutcome.FAILED),
    "124": Code("the number of reports is not valid", SendOutcome.FAILED),
    "125": Code("the address book has no such group", SendOutcome.FAILED),
    "126": Code("the group is empty", SendOutcome.FAILED),
    "150": Code("the system is down for maintenance", SendOutcome.LATER, holds=True),
}

#: Any other error. It may be of the account, so the others wait too.
UNDOCUMENTED = Code("an error that is not documented", SendOutcome.LATER, holds=True)

NOTHING_FOUND = "122"

_OK = re.compile(r"OK(?:\s+([0-9]{1,20}))?", re.IGNORECASE)
_ERROR = re.compile(r"ERROR(?:\s+([0-9]{1,20}))?", re.IGNORECASE)
_MARKUP = re.compile(r"<br\s*/?>|\ufeff", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the gateway answered to anything but an SMS."""

    is_done: bool
    text: str  #: the number or the list that was asked for, or what the code means
    code: str = ""  #: its error code; empty where there was none


def read_result(answer: Answer) -> SendResult:
    """Read the answer to an SMS, whatever came."""
    said = _OK.fullmatch(cleaned(answer))
    if said:
        result = SendResult(outcome=SendOutcome.SENT, text="taken", provider_id=said[1])
        return results.believed(result, answer)
    return refused(answer) or results.unreadable("OK, and no ERROR with a number")


def refused(answer: Answer) -> SendResult | None:
    """Read an ERROR, or else the HTTP status; None where neither refuses anything."""
    said = _ERROR.fullmatch(cleaned(answer))
    if not said:
        return results.refusal(answer)
    row = CODES.get(said[1] or "", UNDOCUMENTED)
    return SendResult(outcome=row.outcome, code=said[1] or "ERROR", text=row.meaning, holds=row.holds)


def emptied(answer: Answer) -> Told:
    """Read the answer to a removal: where there was nothing to remove, it is done too."""
    result = read_result(answer)
    if result.outcome is SendOutcome.SENT:
        return Told(is_done=True, text="removed")
    return Told(is_done=result.code == NOTHING_FOUND, code=result.code, text=result.text)


def not_done(result: SendResult) -> Told:
    """Give what stood in the way of anything but an SMS."""
    return Told(is_done=False, code=result.code, text=result.text)


def cleaned(answer: Answer) -> str:
    """Give the words of an answer, without what HTML and editors put round them."""
    return _MARKUP.sub("\n", unescape(answer.text())).strip()
