"""What speaks against a run under faults, by set arithmetic; and what makes a run worth nothing, which is as red.

lost = acknowledged - stored; phantom = stored - sent; twice = a message on two rows, or with two replies, or a
reply that the provider took twice.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mo_gateway.simulator.book import Book
from mo_gateway.simulator.verdict import MEANINGS, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """The replies by our book, and by the provider's own."""

    states: Mapping[str, str]  #: reference → what `mt_message` says of it
    taken: Counter[str]  #: reference → how many SMS the provider took

    def problems(self) -> list[str]:
        """Give what speaks against them: sent twice, said to be sent and not, or sent and not owned up to."""
        owned_up = {reference for reference, state in self.states.items() if state in ("sent", "unknown")}
        sent = {reference for reference, state in self.states.items() if state == "sent"}
        found = {
            "sent twice": {reference for reference, times in self.taken.items() if times > 1},
            "said to be sent, and the provider never had it": sent - self.taken.keys(),
            "with the provider, and neither sent nor unknown by our book": self.taken.keys() - owned_up,
            "not settled": {reference for reference, state in self.states.items() if state == "queued"},
        }
        return [f"{what}: {sorted(references)}" for what, references in found.items() if references]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as all its books tell it at the end."""

    faults: Sequence[str]
    book: Book  #: the provider's, from its history
    compared: Verdict | None  #: with `mo_message`; None = the final read did not happen
    states: Counter[str]  #: what became of the messages
    replies: Counter[int]  #: so many replies → messages that have so many
    dead: int = 0  #: messages that were to die
    effects: Effects | None = None  #: where a provider's fake took the replies

    def problems(self) -> list[str]:
        """Give every reason why this run is red."""
        good = self.book.tries.keys() - self.book.bad
        as_they_should = Counter(done=len(good) - self.dead) + Counter(dead=self.dead)
        found = []
        if not self.faults:
            found.append("no fault fired, so this run proves nothing")
        if not self.book.acknowledged & good:
            found.append("nothing was acknowledged, so this run proves nothing")
        if self.compared is None:
            found.append("the final read is missing, so this run proves nothing")
            return found
        for name, meaning in MEANINGS.items():
            if references := getattr(self.compared, name):
                found.append(f"{meaning}: {references}")
        if never := good - self.book.acknowledged:
            found.append(f"never acknowledged: {sorted(never)}")
        if self.states != as_they_should:
            found.append(f"handled: {dict(self.states)} instead of {dict(as_they_should)}")
        if self.replies != Counter({1: self.states["done"]}):
            found.append(f"messages by their number of replies, of which each has one: {dict(self.replies)}")
        return found + (self.effects.problems() if self.effects else [])
