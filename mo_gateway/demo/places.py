"""What stands where the world would be: a provider and a target that call nobody."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from mo_gateway.errors import HandlerError
from mo_gateway.message import Message
from mo_gateway.reply import MtMessage, SendOutcome, SendResult, Standing

FAILED = SendResult(
    outcome=SendOutcome.FAILED, code="demo-barred", text="the subscriber takes no SMS of this kind"
)
UNKNOWN = SendResult(
    outcome=SendOutcome.UNKNOWN, code="no-answer", text="the connection ended before an answer came"
)


@dataclass(frozen=True, slots=True)
class DemoProvider:
    """Takes replies as Spryng would, and lets them vanish."""

    seed: int

    name = "spryng"
    rate = 60_000_000  # a minute: a pause of a microsecond
    most_parts = 8
    repeats_safely_for = timedelta()
    is_local = True

    def send(self, message: MtMessage) -> SendResult:
        """Say what became of a reply; most are taken, and in every hundred some are not."""
        if message.id % 50 == 7:
            return FAILED
        if message.id % 100 == 23:
            return UNKNOWN
        return SendResult(outcome=SendOutcome.SENT, provider_id=f"demo-{message.id}")

    def standing(self) -> Standing:
        """Have nothing to say."""
        return Standing(is_right=True, text="the demo calls nobody", was_asked=False)

    def reports_on(self, reply_id: int) -> Iterator[tuple[timedelta, str]]:
        """Give the words of the delivery reports on a reply, and how long after it each comes."""
        dice = Random(f"report {self.seed} {reply_id}")  # noqa: S311 - chance, not a secret
        drawn = dice.random()
        if drawn < 0.05:  # none ever comes
            return
        if drawn < 0.15:
            yield timedelta(seconds=dice.uniform(2, 5)), "Buffered"
        if drawn < 0.97:
            word = "Not Delivered" if drawn > 0.93 else "Delivered"
            yield timedelta(seconds=dice.uniform(6, 60)), word


@dataclass(frozen=True, slots=True)
class DemoTarget:
    """Stands in for the URL of a `forward`: it takes every message, but when it is down."""

    outages: tuple[tuple[datetime, datetime], ...]

    def take(self, message: Message) -> None:
        """Take a message; or raise HandlerError, as the last call of an outage does."""
        if any(down <= message.received_at < up for down, up in self.outages):
            raise HandlerError("the target cannot be reached (ConnectTimeout: crm.example.invalid)")
