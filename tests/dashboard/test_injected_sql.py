"""SQL in every parameter of every page: it stays a value, on both databases."""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from werkzeug.test import TestResponse

from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.web import create_app
from tests.conftest import settings_for

from .everything import SETTINGS, fill
from .happenings import write_routes
from .visiting import Visitor, visitor
from .walking import parameters_of, walk

pytestmark = [pytest.mark.attacks, pytest.mark.timeout(300)]

SQL = (
    "'",
    '"',
    "\\'",
    "%",
    "%%' --",
    "' OR '1'='1",
    '" OR ""="',
    "1) OR (1=1",
    "') OR ('1'='1",
    "' UNION SELECT name, password_hash FROM mo_user--",
    "'; DROP TABLE mo_message;--",
    "' || (SELECT password_hash FROM mo_user LIMIT 1) || '",
    "id; SELECT pg_sleep(9)",
    "1 AND randomblob(900000000)",
    "id DESC, (SELECT 1/0)",
    "(CASE WHEN 1=1 THEN id ELSE 1/0 END)",
    "received_at desc nulls last--",
    "2026-11-22' AND '1'='1",
    ":value",
    "%(value)s",
    "1e400",
    "9223372036854775808",
    "99999999999999999999999999",
    "\x00' OR 1=1--",
    "\ud800".encode("utf-16", "surrogatepass").decode("latin-1"),
    "'/**/OR/**/1=1",
    "x" * 5_000,
)

#: What databases and their drivers say when they are given nonsense.
ERRORS = re.compile(
    r"syntax error|sqlite3?\.|psycopg\.|OperationalError|ProgrammingError|DataError|sqlalche|argon2id", re.I
)


@pytest.fixture
def somebody(database_url: str, tmp_path: Path) -> Iterator[tuple[Gateway, Visitor]]:
    """Somebody who may see everything, before a gateway with a bit of everything."""
    settings = settings_for(database_url, ROUTES=str(write_routes(tmp_path)), **SETTINGS)
    with closing(open_gateway(settings)) as gateway:
        fill(gateway)
        yield gateway, visitor(gateway)


def asked(visitor: Visitor, address: str) -> TestResponse:
    """Ask for an address, and read a file to its end: few of them are sent at a time."""
    response = visitor.client.get(address)
    response.get_data()
    response.close()
    return response


def parameters(gateway: Gateway, visitor: Visitor) -> dict[str, dict[str, str]]:
    """Give a path of each route, with every parameter that a link or a form knows, and a value."""

    def ask(address: str) -> tuple[int, str, str]:
        response = asked(visitor, address)
        return response.status_code, response.mimetype or "", response.text

    paths: dict[str, str] = {}
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for place in walk(create_app(gateway), ask):
        parts = urlsplit(place.address)
        known = found[paths.setdefault(place.route, parts.path)]
        known.update({name: value for name, value in parse_qsl(parts.query) if value})
        known.update(dict.fromkeys(parameters_of(place.address) - known.keys(), ""))
    return found


def test_no_parameter_of_any_page_is_sql(somebody: tuple[Gateway, Visitor]) -> None:
    gateway, visitor = somebody
    tried = 0
    for path, known in parameters(gateway, visitor).items():
        for name in {*known, "before", "sort", "order"}:
            for sql in SQL:
                address = f"{path}?{urlencode({**known, name: sql})}"
                response = asked(visitor, address)

                assert response.status_code < 500, address
                assert not ERRORS.search(response.text.replace(sql, "")), address
                tried += 1

    assert tried > 500


def test_a_condition_that_is_always_true_finds_no_more_than_one_that_never_is(
    somebody: tuple[Gateway, Visitor],
) -> None:
    gateway, visitor = somebody
    for path, known in parameters(gateway, visitor).items():
        for name in known:
            for true, false in (("x' OR '1'='1", "x' OR '1'='2"), ("0 OR 1=1", "0 OR 1=2"), ("x%", "x_")):
                pages = [asked(visitor, f"{path}?{urlencode({name: sql})}") for sql in (true, false)]

                assert len({page.text.count("<tr") for page in pages}) == 1, (path, name, true)


def test_no_path_is_sql(somebody: tuple[Gateway, Visitor]) -> None:
    gateway, visitor = somebody
    for path in parameters(gateway, visitor):
        for sql in SQL:
            response = asked(visitor, f"{path.rstrip('/')}/{urlencode({'': sql})[1:]}")

            assert response.status_code in (200, 404), (path, sql)
            assert not ERRORS.search(response.text), (path, sql)
