"""A fake 1601SMS: `gateway.php` with its outbox, groups and credits, `gatewayrapport.php`, the pushed report."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha1
from itertools import count
from threading import Lock
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from mo_gateway.form import read_form
from mo_gateway.gsm import PART, SINGLE, Alphabet, measure

from .server import Call, FakeAnswer, Taken

LONGEST = 3 * PART[Alphabet.GSM]
LONGEST_SENDER = 12

#: The countries it sends to: calling codes of some neighbours.
COUNTRIES = ("31", "32", "33", "34", "39", "41", "44", "45", "46", "47", "49", "351", "352", "353", "90")

#: The address book.
GROUPS = {"klanten": ("32470123456", "31612345678"), "leeg": ()}

_NUMBER = re.compile(r"[1-9][0-9]{7,14}")
_PLAIN_SENDER = re.compile(r"[A-Za-z0-9 ._-]*")
_COUNT = re.compile(r"[1-9][0-9]{0,5}")
_MINUTE = re.compile(r"[0-9]{12}")


class Refused(Exception):
    """The gateway answers an error; its text is the number of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """What lies in the outbox under one id."""

    at: datetime
    messages: tuple[Taken, ...]


class FakeSms1601:
    """Sends texts, now or later, and tells what became of them.

    Documented: parameters, errors, states, the plain answers, what test=ja leaves out. Our choice, where the page
    is silent: one credit a part, taken when the SMS is accepted; characters counted in GSM, so that `€` is two;
    which characters a sender may have; several recipients answered with the id of the first; SMS from the outbox
    leave with the first call after their time; a list of reports of lines `smsid;naar;status;datum`; NONE for an
    id that is not known; POST read as GET.
    """

    def __init__(
        self,
        *,
        username: str = "user",
        password: str = "geheim-wachtwoord",  # noqa: S107 - made up, for trying
        credit: int = 100,
        error: str = "",  # answer this error to whoever may log in, such as 115, 120 or 150
        groups: Mapping[str, Sequence[str]] | None = None,  # instead of GROUPS
        countries: Collection[str] = COUNTRIES,  # others are answered 107, and 112 in a sender
        barred_countries: Collection[str] = (),  # answered 114
        short_countries: Collection[str] = (),  # long texts to them are answered 119
        barred_senders: Collection[str] = (),  # answered 117
        timezone: ZoneInfo = ZoneInfo("Europe/Amsterdam"),  # noqa: B008 - a zone never changes
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.username = username
        self.passwords = (password, sha1(password.encode(), usedforsecurity=False).hexdigest())
        self.credit = credit
        self.error = error
        self.groups = GROUPS if groups is None else groups
        self.countries = tuple(countries)
        self.barred_countries = tuple(barred_countries)
        self.short_countries = tuple(short_countries)
        self.barred_senders = tuple(barred_senders)
        self.timezone = timezone
        self.now = now
        self.outbox: dict[str, Scheduled] = {}
        self.states: dict[str, tuple[str, datetime]] = {}  #: smsID → the last state and its time
        self._taken: list[Taken] = []
        self._ids = count(1234567)
        self._lock = Lock()

    @property
    def taken(self) -> Sequence[Taken]:
        """What it sent, the first one first."""
        return self._taken

    def answer(self, call: Call) -> FakeAnswer:
        """Do what a page does, and give its plain text."""
        raw = call.query.encode() or call.body
        given = dict(read_form(raw, content_type="", charset="utf-8").parameters)
        page = call.path.rpartition("/")[2]
        with self._lock:
            self._send_due()
            try:
                return FakeAnswer(body=self._page(page, given).encode())
            except Refused as exc:
                return FakeAnswer(body=f"ERROR {exc}".encode())
            except LookupError:
                return FakeAnswer(status=404, body=b"<html>Not found</html>", content_type="text/html")

    def report(self, taken: Taken, state: str) -> Call:
        """Write the GET that is pushed, and remember the state for those who ask."""
        now = self.now()
        self.states[taken.id] = (state or "DELIVERED", now)
        fields = {
            "smsid": taken.id,
            "datum": now.astimezone(self.timezone).strftime("%Y%m%d%H%M%S"),
            "status": state or "DELIVERED",
            "referentie": taken.reference,
        }
        return Call(method="GET", path="/sms1601/dlr", query=urlencode(fields), body=b"")

    def _page(self, page: str, given: Mapping[str, str]) -> str:
        """Give what a page answers; or raise LookupError where there is no such page or action."""
        if page == "gatewayrapport.php":
            return self._state(given.get("smsid", ""), with_date=given.get("datum") == "ja")
        if page != "gateway.php":
            raise LookupError(page)
        self._let_in(given)
        actions: dict[str, Callable[[], str]] = {
            "": lambda: self._accept(given),
            "credits": lambda: str(self.credit),
            "rapport": lambda: self._list(given.get("aantal", "")),
            "verwijderbericht": lambda: self._remove(given),
            "verwijderoutbox": self._empty,
        }
        return actions[given.get("action", "")]()

    def _let_in(self, given: Mapping[str, str]) -> None:
        _refuse("100", if_=not given.get("klantuser"))
        _refuse("101", if_=not given.get("klantpwd"))
        may_enter = given["klantuser"] == self.username and given["klantpwd"] in self.passwords
        _refuse("104", if_=not may_enter)
        _refuse(self.error, if_=bool(self.error))

    def _accept(self, given: Mapping[str, str]) -> str:
        """Send a text, or keep it for later; give OK, with the id that was asked for."""
        parts = _parts(given)
        numbers = self._numbers(given)
        for number in numbers:
            self._check_number(number, is_long=parts > 1)
        self._check_sender(given.get("afzender", ""))
        at = self._moment(given["datum"]) if "datum" in given else None
        _refuse("108", if_=parts * len(numbers) > self.credit)
        sms_ids = [str(next(self._ids)) for _ in numbers]
        messages = tuple(_taken(given, number, id_) for number, id_ in zip(numbers, sms_ids, strict=True))
        outbox_id = str(next(self._ids))
        if given.get("test") != "ja":
            self.credit -= parts * len(numbers)
            if at:
                self.outbox[outbox_id] = Scheduled(at=at, messages=messages)
            else:
                self._send(messages)
        if at:
            return f"OK {outbox_id}" if given.get("outboxid") == "ja" else "OK"
        return f"OK {sms_ids[0]}" if given.get("delivery") == "ja" else "OK"

    def _numbers(self, given: Mapping[str, str]) -> Sequence[str]:
        """Give the recipients: those of a group, or those with commas between them."""
        if given.get("naar") != "groep":
            _refuse("103", if_=not given.get("naar"))
            return given["naar"].split(",")
        group = self.groups.get(given.get("groep", ""))
        if group is None:
            raise Refused("125")
        _refuse("126", if_=not group)
        return group

    def _check_number(self, number: str, *, is_long: bool) -> None:
        _refuse("106", if_=not _NUMBER.fullmatch(number))
        _refuse("107", if_=not number.startswith(self.countries))
        _refuse("114", if_=number.startswith(self.barred_countries))
        _refuse("119", if_=is_long and number.startswith(self.short_countries))

    def _check_sender(self, sender: str) -> None:
        _refuse("109", if_=not sender)
        _refuse("110", if_=sender.isdigit())
        if sender.startswith("+"):
            _refuse("111", if_=not sender[1:].isdigit())
            _refuse("112", if_=not sender[1:].startswith(self.countries))
            return
        _refuse("111", if_=len(sender) > LONGEST_SENDER)
        _refuse("113", if_=not _PLAIN_SENDER.fullmatch(sender))
        _refuse("117", if_=sender in self.barred_senders)

    def _moment(self, datum: str) -> datetime:
        _refuse("121", if_=not _MINUTE.fullmatch(datum))
        try:
            at = datetime.strptime(datum, "%Y%m%d%H%M").replace(tzinfo=self.timezone)
        except ValueError as exc:
            raise Refused("121") from exc
        _refuse("121", if_=at <= self.now())
        return at

    def _send(self, messages: Sequence[Taken]) -> None:
        self._taken.extend(messages)
        self.states.update({message.id: ("SUBMITTED", self.now()) for message in messages})

    def _send_due(self) -> None:
        now = self.now()
        for outbox_id in [id_ for id_, scheduled in self.outbox.items() if scheduled.at <= now]:
            self._send(self.outbox.pop(outbox_id).messages)

    def _list(self, wanted: str) -> str:
        _refuse("123", if_=not wanted)
        _refuse("124", if_=not _COUNT.fullmatch(wanted))
        last = reversed(self._taken[-int(wanted) :])
        return "\n".join(f"{taken.id};{taken.to};{self._state(taken.id, separator=';')}" for taken in last)

    def _state(self, sms_id: str, *, with_date: bool = True, separator: str = " ") -> str:
        if sms_id not in self.states:
            return "NONE"
        state, changed = self.states[sms_id]
        date = changed.astimezone(self.timezone).strftime("%d/%m/%Y %H:%M:%S")
        return f"{state}{separator}{date}" if with_date else state

    def _remove(self, given: Mapping[str, str]) -> str:
        """Take one id out of the outbox, or what goes to one number."""
        found = [given["id"]] if given.get("id") in self.outbox else []
        if "naar" in given:
            found = [id_ for id_, scheduled in self.outbox.items() if self._goes_to(scheduled, given["naar"])]
        _refuse("122", if_=not found)
        for id_ in found:
            rest = tuple(taken for taken in self.outbox[id_].messages if taken.to != given.get("naar", taken.to))
            if rest:
                self.outbox[id_] = replace(self.outbox[id_], messages=rest)
            else:
                del self.outbox[id_]
        return "OK"

    def _empty(self) -> str:
        _refuse("122", if_=not self.outbox)
        self.outbox.clear()
        return "OK"

    @staticmethod
    def _goes_to(scheduled: Scheduled, number: str) -> bool:
        return any(taken.to == number for taken in scheduled.messages)


def _refuse(error: str, *, if_: bool) -> None:
    if if_:
        raise Refused(error)


def _parts(given: Mapping[str, str]) -> int:
    """Count the parts of the text; or refuse it for its length."""
    text = given.get("bericht", "")
    _refuse("102", if_=not text)
    sizing = measure(text)
    length = sizing.units if sizing.alphabet is Alphabet.GSM else len(text)
    if given.get("type") == "long":
        _refuse("118", if_=length > LONGEST)
        return 1 if length <= SINGLE[Alphabet.GSM] else -(-length // PART[Alphabet.GSM])
    _refuse("105", if_=length > SINGLE[Alphabet.GSM])
    return 1


def _taken(given: Mapping[str, str], number: str, sms_id: str) -> Taken:
    return Taken(
        id=sms_id,
        to=number,
        sender=given["afzender"],
        text=given["bericht"],
        reference=given.get("referentie", "")[:75],
        wants_report=given.get("delivery") == "ja",
        other=tuple((name, value) for name, value in given.items() if name not in ("klantuser", "klantpwd")),
    )
