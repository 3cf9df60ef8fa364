"""The handlers of the measured gateway: one does nothing, the other notes when it was called."""

import time
from pathlib import Path

from mo_gateway import Message, keyword

CALLS = Path("handler-calls")


@keyword("WIN")
def do_nothing(message: Message) -> None:
    """Be done at once."""


@keyword("CLOCK")
def note_the_time(message: Message) -> None:
    """Add a line with the message's reference and the nanosecond."""
    called_at = time.time_ns()
    with CALLS.open("a") as file:
        file.write(f"{message.reference} {called_at}\n")
