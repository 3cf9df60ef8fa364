"""What becomes of a message where no word of its provider decides: by HTTP status, or as nothing can be read."""

from .reply import SendOutcome, SendResult
from .wire import Answer, retry_after

#: HTTP statuses that are about the account or the address: the next message would fare no better.
NOT_THE_MESSAGE = (401, 402, 403, 404, 405, 407)


def refusal(answer: Answer) -> SendResult | None:
    """Read the status of an HTTP answer: None where it is 2xx, and the body has the word.

    502 and 504 come from a proxy that had passed the request on, so it may have gone through.
    """
    status = answer.status
    if 200 <= status < 300:
        return None
    if not 300 <= status < 600:
        return unreadable("HTTP status")
    code = f"HTTP {status}"
    if status == 429:
        pause = retry_after(answer)
        return SendResult(
            outcome=SendOutcome.LATER, code=code, text="too many requests", again_after=pause, holds=True
        )
    if status in (502, 504):
        return SendResult(outcome=SendOutcome.UNKNOWN, code=code, text="a proxy had no answer for us", holds=True)
    if status >= 500 or status in (408, 425):
        pause = retry_after(answer)
        return SendResult(
            outcome=SendOutcome.LATER, code=code, text="the provider is in trouble", again_after=pause, holds=True
        )
    if status < 400:
        text = "redirects are not followed: is the URL right?"
        return SendResult(outcome=SendOutcome.LATER, code=code, text=text, holds=True)
    text = "the provider refused the request"
    if status in NOT_THE_MESSAGE:
        return SendResult(outcome=SendOutcome.LATER, code=code, text=text, holds=True)
    return SendResult(outcome=SendOutcome.FAILED, code=code, text=text)


def not_asked(obstacle: str) -> SendResult:
    """Give the result of a message that no provider was called for, as it cannot send such a one."""
    return SendResult(outcome=SendOutcome.FAILED, text=obstacle, was_asked=False)


def believed(result: SendResult, answer: Answer) -> SendResult:
    """Give what a body says, which is UNKNOWN where it is a success with the HTTP status of an error."""
    if result.outcome is not SendOutcome.SENT or not refusal(answer):
        return result
    text = f"{result.text}, but the status is HTTP {answer.status}"
    return SendResult(
        outcome=SendOutcome.UNKNOWN, code=result.code or f"HTTP {answer.status}", text=text, holds=True
    )


def unreadable(what: str) -> SendResult:
    """Give the result of a 2xx answer that is not what the provider documents: it may have gone through.

    The next answer will be no better, so the whole queue waits, and does not become unknown with it.
    """
    return SendResult(outcome=SendOutcome.UNKNOWN, code="unreadable", text=f"its answer is no {what}", holds=True)
