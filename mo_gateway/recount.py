"""A poll counted once more, from the stored messages and the ballots of today: what was counted can be checked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from . import keys
from .handlers.vote import ballot_of
from .message import Message
from .routing import Routes
from .store import reading, values
from .values import Vote

CHUNK = 1000  # messages in one transaction


@dataclass(slots=True)
class Recount:
    """How the votes that are stored compare with those that the messages say."""

    read: int = 0  #: messages that were looked at
    right: int = 0
    missing: int = 0  #: votes that are not stored
    different: int = 0  #: stored as something else
    surplus: int = 0  #: stored, and no vote by the ballot of today

    @property
    def is_right(self) -> bool:
        return not self.wrong

    @property
    def wrong(self) -> dict[str, int]:
        """What is not as the messages say, and how often."""
        figures = {"missing": self.missing, "different": self.different, "surplus": self.surplus}
        return {name: n for name, n in figures.items() if n}

    def add(self, other: "Recount") -> None:
        """Count in what was found among other messages."""
        self.read += other.read
        self.right += other.right
        self.missing += other.missing
        self.different += other.different
        self.surplus += other.surplus


#: Notes what is mended, in the transaction that mends it.
Note = Callable[[Connection, Recount], None]


def recount(
    engine: Engine,
    routes: Routes,
    poll: str,
    *,
    person_secret: bytes,
    mend: bool = False,
    note: Note | None = None,
) -> Recount:
    """Read every stored message as a vote in `poll` and compare; with `mend` store what the messages say.

    No handler runs and nobody is answered.
    """
    found = Recount()
    last = 0
    while True:
        with engine.begin() as conn:
            messages = reading.messages_after(conn, last, limit=CHUNK)
            if not messages:
                return found
            end = messages[-1].id or last
            erased = {message.id for message in messages if not message.msisdn}  # what they voted stays
            found_votes = values.between(conn, poll, after=last, up_to=end)
            stored = {message_id: vote for message_id, vote in found_votes.items() if message_id not in erased}
            said = {message.id or 0: (message, vote) for message, vote in _votes(routes, poll, messages)}
            here = Recount(read=len(messages))
            _count(here, stored, {message_id: vote for message_id, (_, vote) in said.items()})
            if mend and not here.is_right:
                _mend(conn, poll, stored, said, person_secret)
                if note:
                    note(conn, here)
        found.add(here)
        last = end


def polls_of(routes: Routes) -> list[str]:
    """Name the polls that the routes of today have a ballot for."""
    handlers = [route.handler for route in routes] + list(routes.questions.values())
    ballots = [ballot for handler in handlers if (ballot := ballot_of(handler.function))]
    return sorted({ballot.poll for ballot in ballots})


def _votes(routes: Routes, poll: str, messages: list[Message]) -> Iterator[tuple[Message, Vote]]:
    for message in messages:
        if not message.msisdn:
            continue
        handler = routes.handler_of(message)
        ballot = ballot_of(handler.function) if handler else None
        if ballot and ballot.poll == poll:
            yield message, ballot.read(message)


def _count(found: Recount, stored: dict[int, Vote], said: dict[int, Vote]) -> None:
    for message_id, vote in said.items():
        if message_id not in stored:
            found.missing += 1
        elif stored[message_id] != vote:
            found.different += 1
        else:
            found.right += 1
    found.surplus += len(stored.keys() - said.keys())


def _mend(
    conn: Connection,
    poll: str,
    stored: dict[int, Vote],
    said: dict[int, tuple[Message, Vote]],
    person_secret: bytes,
) -> None:
    for message_id, (message, vote) in said.items():
        if stored.get(message_id) != vote:
            values.vote(conn, vote, message, person_key=keys.person_key(person_secret, message.msisdn))
    values.take_out(conn, poll, sorted(stored.keys() - said.keys()))
