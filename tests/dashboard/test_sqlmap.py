"""sqlmap, which knows more ways to inject SQL than anybody, finds none in any parameter of any page or answer."""

import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

import pytest
import urllib3
from flask import Flask, request
from sqlalchemy import create_engine, select, update
from werkzeug.serving import make_server

from mo_gateway.gateway import Gateway
from mo_gateway.store.audit import Actor
from mo_gateway.store.tables import mo_message, mt_message
from mo_gateway.tokens import Tokens
from mo_gateway.web.api.schemas import Query
from mo_gateway.web.dashboard import asked, asked_replies, session
from tests.browser.sites import Site, ask, running_site
from tests.reporting import AMSTERDAM, NOON

from .everything import fill
from .walking import parameters_of

pytestmark = [pytest.mark.release, pytest.mark.timeout(3600)]

#: It looks for what shows in the page, in an error and in a UNION, and asks no questions.
OPTIONS = ["--batch", "--level=1", "--risk=2", "--technique=BEU", "--threads=4", "--disable-coloring"]


#: Every condition of messages and of replies, in questions that find something: where nothing is found, what is
#: always true cannot be told from what never is.
OF_MESSAGES = {
    "since": "2020-01-01",
    "until": "2999-01-01",
    "state": "dead",
    "handler": "tests.dashboard.happenings.fail",
    "shortcode": "4414",
    "keyword": "fail",
    "error": "RuntimeError",
    "only": "redelivered",
}
_TIMES = {"since": "2020-01-01", "until": "2999-01-01"}
OF_REPLIES = (
    {**_TIMES, "state": "failed", "provider": "spryng", "code": "104"},
    {**_TIMES, "state": "suppressed", "reason": "opt-out"},
    {**_TIMES, "delivery": "delivered"},
)
OF_API = {
    "since": "2020-01-01",
    "until": "2999-01-01",
    "state": "dead",
    "handler": "tests.dashboard.happenings.fail",
    "shortcode": "4414",
    "keyword": "fail",
    "limit": "5",
    "before": "100",
}

CALLED_FAIL = (mo_message.c.keyword == "FAIL") & (mo_message.c.parm == "this")
SAFE = "all tested parameters do not appear to be injectable"


def test_sqlmap_finds_nothing_at_the_longest_address_of_each_page(tmp_path: Path, database_url: str) -> None:
    with running_site(tmp_path, database_url, fill) as site:
        places = sorted(site.places, key=lambda place: len(parameters_of(place.address)))
        most_asked = {place.route: place.address for place in places if parameters_of(place.address)}
        for address in most_asked.values():
            said = attacked(tmp_path, site.origin + address, cookie_of(site))

            assert SAFE in said, f"{address}: {said}"


def test_sqlmap_finds_nothing_in_any_condition_of_a_filter(tmp_path: Path, postgres_url: str) -> None:
    with running_site(tmp_path, postgres_url, fill_for_filters) as site:
        with site.engine.begin() as conn:
            row = conn.execute(select(mo_message).where(mo_message.c.deliveries > 1, CALLED_FAIL)).one()
            reply_id = conn.scalars(select(mt_message.c.id).where(mt_message.c.error_code == "104")).one()
        of_messages = {**OF_MESSAGES, "person": row.person_key.hex(), "id": str(row.id)}
        failed, *others = OF_REPLIES
        of_replies = [{**failed, "id": str(reply_id)}, *others]
        assert set(of_messages) == set(asked.NAMES)
        assert {name for values in of_replies for name in values} == set(asked_replies.NAMES)
        questions = [("messages", of_messages), *(("replies", values) for values in of_replies)]
        for page, values in questions:
            assert rows_of(site, f"/dashboard/{page}/file?{urlencode(values)}") > 0, values

            said = attacked(tmp_path, f"{site.origin}/dashboard/{page}?{urlencode(values)}", cookie_of(site))

            assert SAFE in said, f"{page} {values}: {said}"


def test_sqlmap_finds_nothing_in_what_the_api_is_asked(tmp_path: Path, postgres_url: str) -> None:
    assert set(OF_API) == set(Query(AMSTERDAM, NOON).fields)
    with running_site(tmp_path, postgres_url, fill) as site:
        token = Tokens(site.engine).add("sqlmap", Actor(name="test"), site.now())
        # 400 and 404 to what is no number are answers, and no reason to end
        options = [f"--headers=Authorization: Bearer {token}", "--ignore-code=400,404"]
        for path in (f"messages?{urlencode(OF_API)}", "messages/11*"):
            url = f"{site.origin}/api/{path}"
            answer = urllib3.request("GET", url.rstrip("*"), headers={"Authorization": f"Bearer {token}"})
            assert answer.status == 200, answer.data
            assert answer.json().get("messages") != [], path

            said = attacked(tmp_path, url, *options)

            assert SAFE in said, f"{path}: {said}"


def test_sqlmap_would_find_a_hole(tmp_path: Path, postgres_url: str) -> None:
    """Else nothing of the above would show anything."""
    engine = create_engine(postgres_url)
    app = Flask(__name__)

    @app.get("/")
    def hole() -> str:
        with engine.begin() as conn:
            asked_for = f"SELECT count(*) FROM mo_schema_version WHERE 'an' = '{request.args['name']}'"
            found = conn.exec_driver_sql(asked_for).scalar()
        return f"There are {found} of them."

    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = Thread(target=server.serve_forever)
    serving.start()
    try:
        said = attacked(tmp_path, f"http://127.0.0.1:{server.port}/?name=an")
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
        engine.dispose()

    assert SAFE not in said
    assert "PostgreSQL" in said


def fill_for_filters(gateway: Gateway) -> None:
    """Let a bit of everything happen, and a message that fails come once more."""
    fill(gateway)
    with gateway.engine.begin() as conn:
        failed = update(mo_message).where(CALLED_FAIL)
        conn.execute(failed.values(deliveries=2))


def rows_of(site: Site, address: str) -> int:
    """Count the rows of a file."""
    status, _media_type, content = ask(site.origin, site.token, address)
    assert status == 200, content
    return content.count("\n") - 1


def cookie_of(site: Site) -> str:
    """Give the option that lets it in as the admin."""
    return f"--cookie={session.COOKIE}={site.token}"


def attacked(folder: Path, url: str, *options: str) -> str:
    """Let it try everything at an address, for ten minutes at most, and give what it says."""
    program = shutil.which("sqlmap", path=Path(sys.executable).parent)
    assert program, "sqlmap is not installed: `nox -s release` installs it"
    command = [program, f"--url={url}", f"--output-dir={folder / 'sqlmap'}", *OPTIONS, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False).stdout
