"""What a route asks of a message beside its word and shortcode: does a message fit, and which terms come first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .message import Message
from .plugin import Form, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """What routing looks at in a message; what is not known fits every route."""

    shortcode: str
    keyword: str
    parm: str = ""
    msisdn: str = ""
    operator: str = ""
    country: str = ""
    sent_at: datetime | None = None


def misfit(terms: Terms, sms: Sms | Message) -> str | None:
    """Say why a message does not fit, or None where it does."""
    if terms.senders and sms.msisdn and sms.msisdn not in terms.senders:
        return "the sender is not on its list"
    if terms.operators and sms.operator and sms.operator not in terms.operators:
        return f"another operator: {sms.operator}"
    if terms.countries and sms.country and sms.country not in terms.countries:
        return f"another country: {sms.country}"
    if terms.form is Form.ALONE and sms.parm.strip():
        return "it takes the word alone, and there is text behind it"
    if terms.form is Form.WITH_TEXT and not sms.parm.strip():
        return "it takes the word with text behind it, and there is none"
    if terms.since and sms.sent_at and sms.sent_at < terms.since:
        return f"it begins at {terms.since:%Y-%m-%d %H:%M:%S %z}"
    if terms.until and sms.sent_at and sms.sent_at >= terms.until:
        return f"it ended at {terms.until:%Y-%m-%d %H:%M:%S %z}"
    return None


def specificity(terms: Terms) -> tuple[bool, ...]:
    """Give what is compared between terms; the greatest wins."""
    has_time = terms.since is not None or terms.until is not None
    asks = (terms.senders, terms.operators, terms.countries)
    return (*map(bool, asks), terms.form is not Form.ANY, has_time)


def may_meet(one: Terms, other: Terms) -> bool:
    """Tell whether a message may fit both; they ask for the same kinds of things."""
    sets = ((one.senders, other.senders), (one.operators, other.operators), (one.countries, other.countries))
    if any(ours and theirs and not ours & theirs for ours, theirs in sets) or one.form is not other.form:
        return False
    begin = max((moment for moment in (one.since, other.since) if moment), default=None)
    end = min((moment for moment in (one.until, other.until) if moment), default=None)
    return begin is None or end is None or begin < end


def is_covered(terms: Terms, others: Sequence[Terms]) -> bool:
    """Tell whether every message that fits `terms` fits one of the others, which come before it."""
    covering = [other for other in others if _covers(other, terms)]
    if any(other.form in (Form.ANY, terms.form) for other in covering):
        return True
    return {Form.ALONE, Form.WITH_TEXT} <= {other.form for other in covering}


def _covers(other: Terms, terms: Terms) -> bool:
    """Tell whether `other` asks for nothing that `terms` does not ask for too, its form aside."""
    sets = ((other.senders, terms.senders), (other.operators, terms.operators), (other.countries, terms.countries))
    if any(theirs and (not ours or not ours <= theirs) for theirs, ours in sets):
        return False
    if other.since and (terms.since is None or terms.since < other.since):
        return False
    return not (other.until and (terms.until is None or terms.until > other.until))


def in_words(terms: Terms) -> str:
    """Say what a route asks for beside its word and shortcode."""
    asked = [
        terms.senders and "a list of senders",
        ", ".join(sorted(terms.operators)),
        ", ".join(sorted(terms.countries)),
        terms.form is not Form.ANY and terms.form.value,
        terms.since and f"from {terms.since:%Y-%m-%d %H:%M}",
        terms.until and f"until {terms.until:%Y-%m-%d %H:%M}",
    ]
    return "; ".join(str(word) for word in asked if word)
