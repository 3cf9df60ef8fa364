"""The proof card: who joined, with which text, when, what was answered; when STOP came, how fast it counted.

It is for people outside, so it is written in the language that its address names, and in whole words.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, RowMapping

from mo_gateway import keys
from mo_gateway.masking import without_number
from mo_gateway.reply import is_msisdn
from mo_gateway.store import audit, consents
from mo_gateway.store.audit import Deed
from mo_gateway.web.dashboard.asked import number_asked, person_asked
from mo_gateway.web.dashboard.desk import Visit
from mo_gateway.web.dashboard.gate import sentence
from mo_gateway.web.dashboard.languages import ENGLISH, LANGUAGES
from mo_gateway.web.dashboard.texts import gettext as _
from mo_gateway.web.dashboard.texts import written_in

#: What became of an answer, in words: by its state, by why it was suppressed, by what its delivery reports say.
STATES = {
    "queued": "waiting to be sent",
    "sent": "sent",
    "failed": "could not be sent",
    "unknown": "may have gone out",
    "being sent": "being sent",
}
REASONS = {
    "opt-out": "not sent because of STOP",
    "limit": "not sent because of a limit",
    "loop": "not sent because of a limit",
    "budget": "not sent because of a limit",
    "expired": "not sent in time",
    "test": "not sent because it was a test",
    "withdrawn": "withdrawn before it was sent",
}
NOT_SENT = "not sent"  # for a reason that has no words here
DELIVERIES = {
    "delivered": "delivered",
    "failed": "not delivered",
    "pending": "on its way",
    "unknown": "delivery not known",
}


def show(visit: Visit) -> ResponseReturnValue:
    """Show the card of one number; who looked is in the audit trail."""
    person, msisdn = person_asked(request.form), number_asked(request.form)
    if person is None and not is_msisdn(msisdn):
        return sentence(400, _("A number has 6 to 15 digits, its country code first."))
    person = person or keys.person_key(visit.desk.settings.person_secret, msisdn)
    with visit.looking() as conn:
        card = _card(conn, person, msisdn)
    is_known = bool(card["subscriptions"] or card["opt_outs"])
    deed = Deed(action="proof", subject="consent", person_key=person, details={"is_known": is_known})
    with visit.desk.engine.begin() as conn:
        audit.add(conn, visit.actor, deed, visit.now)
    with written_in(LANGUAGES.get(request.args.get("language", ""), ENGLISH)):
        return visit.page("proof.html", person=person, is_known=is_known, languages=LANGUAGES.values(), **card)


def _card(conn: Connection, person: bytes, msisdn: str) -> dict[str, Any]:
    """Gather all that proves what one person wanted, the number taken out of every text."""
    subscriptions, opt_outs = consents.subscriptions_of(conn, person), consents.opt_outs_of(conn, person)
    entries = [*subscriptions, *opt_outs]
    known = next((entry["msisdn"] for entry in reversed(entries) if entry["msisdn"]), msisdn)
    in_spite = {entry["id"]: consents.tried_in_spite_of(conn, entry) for entry in opt_outs}
    return {
        "msisdn": known,
        "subscriptions": [_shown(entry, known) for entry in subscriptions],
        "opt_outs": [_shown(entry, known) for entry in opt_outs],
        "answers": _answers(conn, entries, known),
        "in_spite": in_spite,
    }


def _answers(conn: Connection, entries: Sequence[RowMapping], msisdn: str) -> Mapping[int, list[dict[str, Any]]]:
    """Give the replies to the messages that began or ended something, by message."""
    ids = {entry[name] for entry in entries for name in ("message_id", "until_message_id")} - {None}
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for reply in consents.answers(conn, ids):
        found[reply["message_id"]].append(_answer(reply, msisdn))
    return found


def _answer(reply: RowMapping, msisdn: str) -> dict[str, Any]:
    """Take the number out of an answer, and say in words what became of it."""
    state = "being sent" if reply["state"] == "unknown" and reply["due_at"] else reply["state"]
    said = STATES.get(state) or REASONS.get(reply["suppressed_reason"], NOT_SENT)
    return {
        **reply,
        "body": without_number(reply["body"] or "", msisdn),
        "state": state,
        "state_said": said,
        "delivery_said": DELIVERIES.get(reply["delivery"], ""),
    }


def _shown(entry: RowMapping, msisdn: str) -> dict[str, Any]:
    """Put the words of each message together as they were sent."""
    texts = {
        part: " ".join(filter(None, (entry[f"{part}_keyword"], entry[f"{part}_parm"])))
        for part in ("began", "ended")
    }
    return {**entry, **{f"{part}_text": without_number(text, msisdn) for part, text in texts.items()}}
