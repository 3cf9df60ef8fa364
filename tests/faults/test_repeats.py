"""The provider repeats itself for a day, fifty times at once, late and out of order.

Each message is one all the same, and no two messages are taken for one.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from itertools import chain
from pathlib import Path
from threading import local
from urllib.parse import quote, urlencode, urlsplit

import pytest

from tests.conftest import engine_for
from tests.examples import FORM, FORM_TYPE
from tests.running import program
from tests.stored import rows
from tests.waiting import until

pytestmark = pytest.mark.faults

SEED = 20261127
DAY = 1440  # tries, one a minute
COPIES = 50
RACES = 30
THREADS = 8
UNHURRIED = {"COMMIT_DEADLINE": "30"}  # a busy host would refuse some, who would come again
CHANGES: tuple[dict[str, str], ...] = (
    {},
    {"MSISDN": "32412345679"},
    {"KEYWORD": "WIM"},
    {"KEYWORD": "win"},
    {"PARM": "ON "},
    {"PARM": "on"},
    {"PARM": "O N"},
    {"PARM": "Ö"},
    {"PARM": ""},
    {"OPERATOR": "20610"},
    {"SHORTCODE": "4415"},
    {"COUNTRY": "NLD"},
    {"REFERENCE": "MARKETING_2"},
    {"REFERENCE": ""},
    # what moves from one field to the next, and would be the same if they were just put together
    {"KEYWORD": "WINO", "PARM": "N"},
    {"KEYWORD": "WI", "PARM": "NON"},
    {"SHORTCODE": "44142", "OPERATOR": "20601"},
)


Request = tuple[str, str, dict[str, str]]  # method, form, headers


class Caller:
    """Calls a gateway from several threads, each on a connection of its own that it keeps."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._own = local()
        self._connections: list[HTTPConnection] = []

    def __call__(self, request: Request) -> str:
        """Send a request and give the answer in a word."""
        method, form, headers = request
        if not hasattr(self._own, "connection"):
            self._own.connection = HTTPConnection(self._parts.netloc, timeout=60)
            self._connections.append(self._own.connection)
        target = self._parts.path if method == "POST" else f"{self._parts.path}?{form}"
        self._own.connection.request(method, target, form if method == "POST" else None, headers)
        with self._own.connection.getresponse() as response:
            return f"{response.status} {response.read().decode()}"

    def close(self) -> None:
        """Hang up."""
        for connection in self._connections:
            connection.close()


def answers_to(url: str, requests: Sequence[Request]) -> Counter[str]:
    """Send requests on several threads, and count the answers."""
    with ThreadPoolExecutor(THREADS) as pool, closing(Caller(url)) as call:
        return Counter(pool.map(call, requests))


def posted(**changes: str) -> Request:
    """Write the example with some fields changed, as a POST."""
    return "POST", urlencode(FORM | changes, encoding="iso-8859-1"), {"Content-Type": FORM_TYPE}


def written_otherwise(fields: dict[str, str], dice: random.Random) -> Request:
    """Write the same message in another way: another method, order, percent-encoding, charset."""
    charset = dice.choice(("iso-8859-1", "utf-8"))
    names = dice.sample(list(fields), len(fields))
    pairs = []
    for name in names:
        value = quote(fields[name], encoding=charset).replace("%20", dice.choice(("+", "%20")))
        is_lower = dice.random() < 0.5
        pairs.append(f"{name}={re.sub('%..', lambda code: code[0].lower(), value) if is_lower else value}")
    form = "&".join(pairs)
    if charset == "utf-8" or dice.random() < 0.5:
        return "POST", form, {"Content-Type": f"{FORM_TYPE}; charset={charset}"}
    return "GET", form, {}


def test_a_day_of_tries_and_fifty_copies_at_once_are_one_message(
    tmp_path: Path, empty_url: str, tell: Callable[[str], None]
) -> None:
    a_day = [posted(MSISDN="32400000000")] * DAY
    races = [[posted(MSISDN=f"32400000{n:03}")] * COPIES for n in range(1, RACES + 1)]
    with program(tmp_path, empty_url, **UNHURRIED) as gateway, engine_for(empty_url) as engine:
        answers = answers_to(gateway.run(), [*a_day, *chain(*races)])
        until(lambda: len(rows(engine, "mt_message")) == 1 + RACES, "all replies", within=60)
        deliveries = [row.deliveries for row in rows(engine, "mo_message")]
        replies = Counter(row.message_id for row in rows(engine, "mt_message"))

    assert answers == {"200 TRUE": DAY + RACES * COPIES}
    assert sorted(deliveries) == [COPIES] * RACES + [DAY]
    assert set(replies.values()) == {1}
    tell(f"{answers.total()} copies of {1 + RACES} messages on {THREADS} threads: one row and one reply of each")


def test_messages_of_one_second_are_neither_merged_nor_split(
    tmp_path: Path, empty_url: str, tell: Callable[[str], None]
) -> None:
    dice = random.Random(SEED)
    seconds = ("20260208152544", "20260208152545", "20260207152544")  # the last comes a day late
    messages = [FORM | {"TIMESTAMP": second} | change for second in seconds for change in CHANGES]
    copies = [written_otherwise(fields, dice) for fields in messages for _ in range(6)]
    dice.shuffle(copies)
    with (
        program(tmp_path, empty_url, OPERATOR_POLICY="any", **UNHURRIED) as gateway,
        engine_for(empty_url) as engine,
    ):
        answers = answers_to(gateway.run("--no-work"), copies)
        stored = rows(engine, "mo_message")

    assert answers == {"200 TRUE": len(copies)}
    assert Counter(map(_fields, stored)) == Counter(map(_canonical, messages))
    assert {row.deliveries for row in stored} == {6}
    tell(f"{len(messages)} messages of three seconds in {len(copies)} writings: 0 false merges, 0 false splits")


def _fields(row: object) -> tuple[str, ...]:
    return tuple(
        str(getattr(row, name.lower() if name != "TIMESTAMP" else "timestamp_raw") or "") for name in FORM
    )


def _canonical(fields: dict[str, str]) -> tuple[str, ...]:
    return tuple(fields[name] for name in FORM)
