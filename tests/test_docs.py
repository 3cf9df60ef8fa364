"""The docs are true: what they list is what the program has, and what they show is what it does."""

import ast
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase
from sqlalchemy import JSON, URL, Boolean, Connection, LargeBinary, Table, Text
from sqlalchemy.types import TypeEngine

from mo_gateway import provider_settings
from mo_gateway.cli import main
from mo_gateway.form import CHARSET_NAMES
from mo_gateway.gateway import open_gateway
from mo_gateway.gateway.clock import utc_now
from mo_gateway.gateway.handling import consent_with, dispatcher_with
from mo_gateway.handlers.building import Surroundings
from mo_gateway.handlers.file import handlers_in_file
from mo_gateway.handlers.finding import handlers_in
from mo_gateway.message import Message, Outcome, WebhookRequest
from mo_gateway.metrics import Metrics
from mo_gateway.numbering import load_numbering
from mo_gateway.plugin import keyword
from mo_gateway.reply import Reply, SendOutcome, SendResult
from mo_gateway.routing import Routes
from mo_gateway.scrape import Scrape
from mo_gateway.setting_types import hosts_of
from mo_gateway.settings import Settings, SettingsSchema
from mo_gateway.store.engine import open_engine
from mo_gateway.store.replies import STATES
from mo_gateway.store.report_tables import metadata
from mo_gateway.store.types import UtcDateTime
from mo_gateway.store.views import VIEWS
from mo_gateway.store.views.view import View
from mo_gateway.terms import Sms
from mo_gateway.values import Join, Vote

from .examples import webhook
from .faults import machines
from .handling import handle_all
from .pages import DOCS, PAGES, READ_IN_ORDER, ROOT, Block, blocks
from .postgres import free_port, wait_until
from .sending import Script, queue, send_all, sender_of

PACKAGE = ROOT / "mo_gateway"


def rows(page: str) -> list[list[str]]:
    """Give the cells of all tables of a text."""
    lines = re.findall(r"^\|(.*)\|$", page, re.MULTILINE)
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines]


def section(page: str, heading: str) -> str:
    """Give what stands under a heading, up to the next one of any level."""
    match = re.search(rf"^#+ {re.escape(heading)}$\n(.*?)(?=^#+ |\Z)", page, re.DOTALL | re.MULTILINE)
    assert match, f"there is no heading {heading}"
    return match[1]


def slugs(page: str) -> set[str]:
    """Give the anchors of a page's headings, as GitHub makes them."""
    prose = re.sub(r"^```.*?^```$", "", page, flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# Links and words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text())

    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in slugs(target.read_text()), link


def test_the_index_names_every_page() -> None:
    index = (DOCS / "README.md").read_text()

    pages = [str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")]
    missing = [page for page in pages if f"({page})" not in index]

    assert missing == ["README.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_no_path_of_the_machine_it_was_written_on(page: Path) -> None:
    assert re.findall(r"\.\./shared|/work/|/tmp/|\bagents?\b", page.read_text()) == []


# Reference: what is listed is what there is

NONE = "–"
TABLE_ORDER = [
    *("mo_message", "mo_handling", "mo_attempt", "mo_rejection", "mo_intake"),
    *(
        "mt_message",
        "mt_report",
        "opt_out",
        "mt_provider",
        "mo_vote",
        "mo_subscription",
        "mo_question",
        "mo_worker",
    ),
    *("mo_user", "mo_session", "mo_login_failure", "mo_token", "mo_erased_key", "mo_audit"),
]
SETTINGS = {**SettingsSchema().fields, **provider_settings.variables()}


def setting_rows() -> dict[str, tuple[str, str]]:
    """Give default and example of each setting that the page lists."""
    page = (DOCS / "settings.md").read_text()
    return {
        row[0].strip("`"): (row[1].strip("`"), row[3].strip("`"))
        for row in rows(page)
        if re.fullmatch(r"`[A-Z0-9_]+`", row[0])
    }


def as_written(default: Any) -> str:
    """Write the default of a setting as somebody would set it."""
    match default:
        case None | "" | () | {}:
            return NONE
        case bool():
            return str(int(default))
        case timedelta():
            return f"{default.total_seconds():g}"
        case URL():
            return default.render_as_string()
        case tuple():
            return ",".join(map(str, default))
        case _:
            return str(default)


def test_the_settings_are_those_of_the_program_with_their_defaults() -> None:
    documented = {name: default for name, (default, _example) in setting_rows().items()}

    defaults = {name: as_written(field.load_default) for name, field in SETTINGS.items()}

    assert documented == defaults


@pytest.mark.parametrize("name", SETTINGS)
def test_the_example_of_a_setting_can_be_used(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "operators.csv").touch()
    (tmp_path / "routes.toml").touch()
    _default, example = setting_rows()[name]

    value = SETTINGS[name].deserialize(example)

    assert value != SETTINGS[name].load_default


@pytest.mark.parametrize("provider", provider_settings.SCHEMAS)
def test_a_providers_page_names_its_settings_with_their_defaults(provider: str) -> None:
    table = rows(section((DOCS / "providers" / f"{provider}.md").read_text(), "Settings"))
    documented = {row[0].strip("`"): row[1].strip("`") for row in table if re.fullmatch(r"`[A-Z_]+`", row[0])}
    fields = provider_settings.SCHEMAS[provider]().fields

    assert documented.keys() == fields.keys()
    for name, field in fields.items():
        if field.load_default:  # what stands for none may be said in words
            assert documented[name] == as_written(field.load_default)


def column_rows(table: Table) -> list[list[str]]:
    """Give what the page has to say of the columns of a table."""
    return [
        [f"`{column.name}`", kind(column.type) + (" or NULL" if column.nullable else ""), str(column.comment)]
        for column in table.columns
    ]


def kind(column_type: TypeEngine[Any]) -> str:
    """Name the type of a column as the page does."""
    words = {UtcDateTime: "time", LargeBinary: "bytes", JSON: "JSON", Boolean: "yes/no", Text: "text"}
    return next((word for known, word in words.items() if isinstance(column_type, known)), "number")


def test_the_tables_are_those_of_the_program() -> None:
    headings = re.findall(r"^## ([a-z_]+)$", (DOCS / "tables.md").read_text(), re.MULTILINE)

    assert headings == TABLE_ORDER
    assert set(headings) == {name for name in metadata.tables if not name.startswith("report_")}


@pytest.mark.parametrize("name", TABLE_ORDER)
def test_the_columns_are_those_of_the_program_with_their_comments(name: str) -> None:
    documented = rows(section((DOCS / "tables.md").read_text(), name))[2:]

    assert documented == column_rows(metadata.tables[name])


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_the_columns_of_the_reports_are_those_of_the_program(view: View) -> None:
    part = section((DOCS / "reports.md").read_text(), view.name)

    personal = {True: " Personal.", False: ""}
    expected = [
        [f"`{column.name}`", column.kind, column.unit, column.meaning + personal[column.is_personal]]
        for column in view.columns
    ]
    assert rows(part)[2:] == expected
    assert f"One row is {view.grain}." in part


def test_the_failover_drill_is_what_the_fault_tests_do() -> None:
    page = (DOCS / "more-than-one-machine.md").read_text()
    alone, together = machines.REQUIRE.format(""), machines.REQUIRE.format(machines.BOTH)

    steps = ["pg_ctl promote -D", "pg_basebackup", *machines.COPYING, alone, together, machines.RELOAD]

    assert [step for step in steps if step not in page] == []
    assert f"synchronous_standby_names = '{machines.BOTH}'" in section(page, "Settings")


def test_the_urls_with_several_hosts_are_database_urls() -> None:
    page = (DOCS / "more-than-one-machine.md").read_text()

    urls = re.findall(r"^MO_GATEWAY_DATABASE_URL=(\S+,\S+)$", page, re.MULTILINE)

    assert [hosts_of(SETTINGS["DATABASE_URL"].deserialize(url)) for url in urls] == [
        ["one.example.com", "two.example.com"]
    ]


def leaves(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Give all commands that people type, by what they type."""
    if command.hidden:
        return
    if not isinstance(command, click.Group):
        yield name, command
        return
    for word, below in command.commands.items():
        yield from leaves(below, f"{name} {word}")


COMMANDS = dict(leaves(main, "mo-gateway"))


def option_rows(name: str) -> dict[str, str]:
    """Give the options that the page has for a command, each with its default."""
    page = (DOCS / "commands.md").read_text()
    text = section(page, name)
    if "(#choosing-messages)" in text:
        text += section(page, "Choosing messages")
    return {option: row[1] for row in rows(text) for option in re.findall(r"`(--?[a-z-]+)", row[0])}


def test_the_commands_are_those_of_the_program() -> None:
    headings = re.findall(r"^## (mo-gateway .*)$", (DOCS / "commands.md").read_text(), re.MULTILINE)

    assert sorted(headings) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_of_a_command_are_those_of_the_program_with_their_defaults(name: str) -> None:
    documented = option_rows(name)
    options = [
        option for option in COMMANDS[name].params if isinstance(option, click.Option) and not option.hidden
    ]

    assert documented.keys() == {word for one in options for word in (*one.opts, *one.secondary_opts)}
    for option in options:
        if isinstance(option.default, str | int) and not option.is_flag:
            assert str(option.default) in documented[option.opts[0]], option.opts


def marks_of(page: str) -> set[str]:
    """Give the marks that a page has in tables of them."""
    tables = re.findall(r"^\| mark \| meaning \|\n(?:\|.*\|\n)+", page, re.MULTILINE)
    return {row[0].strip("`") for table in tables for row in rows(table)[2:]}


def test_the_marks_are_those_that_the_program_sets() -> None:
    pages = [DOCS / "callback.md", *(DOCS / "providers").glob("*.md")]
    documented = set().union(*(marks_of(page.read_text()) for page in pages))
    names = ("form.py", "mo_fields.py", "providers/spryng/inbound.py", "repair.py")
    modules = [PACKAGE / name for name in names]

    words = {word for module in modules for word in re.findall(r'"([a-z]+(?:-[a-z]+)+)"', module.read_text())}

    assert documented == words - {"known-country"} - CHARSET_NAMES.keys()


def test_the_states_of_a_reply_and_the_reasons_of_a_suppression_are_those_of_the_program() -> None:
    table = rows(section((DOCS / "operations.md").read_text(), "States of a reply"))
    reasons = str(metadata.tables["mt_message"].c.suppressed_reason.comment).partition(": ")[2]

    documented = {word for row in table for word in re.findall(r"^`([a-z-]+)`", row[0])}

    assert documented == {*STATES, *re.findall(r"[a-z-]{3,}", reasons)}


def test_the_metrics_are_those_that_the_program_shows(settings: Settings) -> None:
    page = (DOCS / "metrics.md").read_text()
    documented = {
        heading: {
            row[0].strip("`"): (row[1], tuple(re.findall(r"`(\w+)`", row[2])))
            for row in rows(section(page, heading))[2:]
        }
        for heading in ("What the processes count", "What the database says")
    }
    engine = open_engine(settings)
    counting = [metric for metric in vars(Metrics()).values() if isinstance(metric, MetricWrapperBase)]
    asked = list(Scrape(settings, engine, Metrics(), utc_now).collect())

    assert documented == {
        "What the processes count": {
            f"{metric._name}{'_total' if metric._type == 'counter' else ''}": (metric._type, metric._labelnames)
            for metric in counting
        },
        "What the database says": {metric.name: (metric.type, metric._labelnames) for metric in asked},
    }
    engine.dispose()


def test_the_alerts_are_those_of_the_rules() -> None:
    (table,) = re.findall(r"^\| alert \|.*\n(?:\|.*\|\n)+", (DOCS / "metrics.md").read_text(), re.MULTILINE)
    groups = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yml").read_text())["groups"]

    documented = [(row[0].partition("]")[0][1:], row[2], row[3]) for row in rows(table)[2:]]

    rules = [rule for group in groups for rule in group["rules"]]
    assert documented == [
        (rule["alert"], rule.get("for", "at once"), rule["labels"]["severity"]) for rule in rules
    ]


def test_the_log_lines_are_those_that_the_program_writes() -> None:
    table = rows(section((DOCS / "operations.md").read_text(), "The log"))
    documented = {line for row in table for line in re.findall(r"`([^`]+)`", row[0])}
    calls = [node for module in PACKAGE.rglob("*.py") for node in ast.walk(ast.parse(module.read_text()))]

    written = {line for node in calls for line in logged(node)}

    assert documented == written | {*Outcome, "failed", "dead", "unrouted"}


def logged(node: ast.AST) -> Iterator[str]:
    """Give the line that a node of the program logs, where it is written there as it is."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="log")), args=[line, *_]):
            yield from words(line)


def words(node: ast.expr) -> Iterator[str]:
    """Give the text that stands in an argument, or both where one of two is chosen."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from (*words(one), *words(other))


# Examples: what is shown works


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_code_of_a_page_is_code(page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        match block.language:
            case "python":
                compile(block.text, page.name, "exec")
            case "toml":
                tomllib.loads(block.text)
            case "csv":
                operators = tmp_path / "operators.csv"
                operators.write_text(block.text)
                load_numbering(operators)


ROUTES = [
    pytest.param(block.text, id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(blocks(page))
    if block.language == "toml" and "[[" in block.text
]


def surroundings(folder: Path) -> Surroundings:
    """Give what the routes of the pages need, secrets and mail server included."""
    (folder / "win.secrets").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    return Surroundings(
        folder=folder,
        timezone=ZoneInfo("Europe/Amsterdam"),
        broker_url="amqp://mq.example.com/sms",
        smtp_url="smtp://mail.example.com",
        email_from="sms@example.com",
    )


@pytest.mark.parametrize("text", ROUTES)
def test_the_routes_of_a_page_are_routes(text: str, tmp_path: Path) -> None:
    (tmp_path / "routes.toml").write_text(text)

    assert handlers_in_file(tmp_path / "routes.toml", surroundings(tmp_path))


def test_the_table_of_which_route_wins_is_true(tmp_path: Path) -> None:
    page = (DOCS / "routes.md").read_text()
    block = next(block for block in blocks(DOCS / "routes.md") if block.file_name == "order.toml")
    (tmp_path / "order.toml").write_text(block.text)
    routes = Routes(handlers_in_file(tmp_path / "order.toml", surroundings(tmp_path)))
    cases = [row for row in rows(page) if len(row) == 7][2:]

    found = {}
    for case in cases:
        text, shortcode, msisdn, operator, country, sent_at, _ = case
        keyword_, _, parm = text.strip("`").partition(" ")
        sms = Sms(
            shortcode=shortcode,
            keyword=keyword_,
            parm=parm,
            msisdn=msisdn,
            operator=operator,
            country=country,
            sent_at=datetime.fromisoformat(sent_at).replace(tzinfo=ZoneInfo("Europe/Amsterdam")),
        )
        route = routes.find(sms)
        found[tuple(case)] = route.handler.name if route else "–"

    assert len(cases) == 15
    assert found == {tuple(case): case[6] for case in cases}


def fail(_message: Message) -> None:
    raise ValueError("not today")


@pytest.fixture
def filled(settings: Settings) -> Iterator[Connection]:
    """A database with some of everything: done, dead, unrouted, repeated, rejected, answered, delivered, STOP."""
    gateway = open_gateway(replace(settings, max_attempts=1))
    handlers = [
        keyword("WIN")(lambda message: "You are in."),
        keyword("LUCKY")(fail),
        keyword("VOTE")(lambda message: Vote(poll="song", option="Blue")),
        keyword("NEWS")(lambda message: Join("news")),
    ]
    routes = Routes(handler for function in handlers for handler in handlers_in(function))
    dispatcher = dispatcher_with(routes, settings, gateway.engine)

    def receive(request: WebhookRequest) -> None:
        gateway.receiver.receive(gateway.spryng, request)

    receive(webhook())
    receive(webhook())
    receive(webhook(COUNTRY="NLD"))
    receive(webhook(COUNTRY="XXX"))
    receive(webhook(KEYWORD="HELLO"))
    receive(webhook(KEYWORD="LUCKY"))
    receive(webhook(KEYWORD="VOTE"))
    receive(webhook(KEYWORD="NEWS"))
    handle_all(dispatcher)
    receive(webhook(KEYWORD="STOP", PARM="", MSISDN="32487654321"))
    consent_with(routes, settings, gateway.engine, metrics=gateway.metrics).record()
    provider = Script([SendResult(outcome=SendOutcome.SENT), SendResult(outcome=SendOutcome.FAILED, code="203")])
    send_all(sender_of(gateway, provider), provider)
    report = f"REFERENCE={provider.sent[0].reference}&STATUS=Delivered".encode()
    gateway.reports.receive(gateway.reporting["spryng"], replace(webhook(), raw=report))
    queue(gateway, Reply("not sent yet"))
    receive(webhook(PARM="OFF"))
    gateway.close()
    engine = open_engine(settings)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_every_query_finds_something_on_both_databases(filled: Connection) -> None:
    queries = [block.text for block in blocks(DOCS / "tables.md") if block.language == "sql"]

    for query in queries:
        named = re.match(r"-- (\w+)\n", query)
        if named is None or named[1].lower() == filled.dialect.name:
            assert filled.exec_driver_sql(query).all(), query


def test_every_question_to_the_reports_can_be_asked_on_both_databases(filled: Connection) -> None:
    queries = [block.text for block in blocks(DOCS / "reports.md") if block.language == "sql"]

    assert queries
    for query in queries:
        filled.exec_driver_sql(query).all()


# The tutorials, done by a reader who types what they say


class Reader:
    """Somebody in a fresh folder, with a gateway in one terminal, perhaps a fake in another, and a shell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        port = free_port()
        self._bind = f"--bind 127.0.0.1:{port}"
        self._exports: list[str] = []
        self._gateway: subprocess.Popen[bytes] | None = None
        self._fake: subprocess.Popen[bytes] | None = None
        self._fake_port = free_port()
        self._environ = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",  # modules are changed within a second
            "MO_GATEWAY_LOG_FORMAT": "json",  # so that the log can be told from what is printed
            "MO_GATEWAY_PUBLIC_URL": f"http://127.0.0.1:{port}",
        }

    def do(self, block: Block) -> str:
        """Write the file or type the commands; give what is printed, without the log."""
        if block.file_name:
            (self.folder / block.file_name).write_text(block.text)
            return ""
        if block.language != "sh":
            return ""
        if "mo-gateway run" in block.text:
            return self._run(block.text)
        if "mo-gateway fake" in block.text:
            return self._play(block.text)
        wait_until(self._has_handled_all, "the messages to be handled")
        if self._fake:
            wait_until(self._knows_all_replies, "the reports of all replies")
        done = subprocess.run(
            self._shell(block.text),
            cwd=self.folder,
            env=self._environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return _without_log(done.stdout)

    def leave(self) -> None:
        """Press Ctrl-C in the terminals of the gateway and of the fake."""
        for process in (self._gateway, self._fake):
            if process:
                os.killpg(process.pid, signal.SIGINT)
                process.wait(60)
        self._gateway = self._fake = None

    def _run(self, script: str) -> str:
        if self._gateway:
            self.leave()
        started = script.replace("mo-gateway run", f"mo-gateway run {self._bind}")
        self._gateway, printed = self._started(started, "terminal", until_printed="/spryng/mo")
        self._environ["URL"] = printed.split()[-1]
        return printed

    def _play(self, script: str) -> str:
        started = script.replace("mo-gateway fake spryng", "mo-gateway fake spryng --bind 127.0.0.1:9000")
        self._fake, printed = self._started(started, "terminal-of-the-fake", until_printed="Set these")
        return printed

    def _started(self, script: str, name: str, *, until_printed: str) -> tuple[subprocess.Popen[bytes], str]:
        """Type a script in a terminal of its own, and give what it prints at first."""
        terminal = self.folder / name
        with terminal.open("wb") as screen:
            process = subprocess.Popen(
                self._shell(script),
                cwd=self.folder,
                env=self._environ,
                stdout=screen,
                stderr=screen,
                start_new_session=True,
            )
        wait_until(lambda: until_printed in terminal.read_text(), until_printed)
        return process, _without_log(terminal.read_text())

    def _shell(self, script: str) -> list[str]:
        typed = "\n".join([*self._exports, script])
        self._exports += re.findall(r"^export .*$", script, re.MULTILINE)
        return ["bash", "-c", typed.replace("127.0.0.1:9000", f"127.0.0.1:{self._fake_port}")]

    def _has_handled_all(self) -> bool:
        return self._finds_none("SELECT 1 FROM mo_handling WHERE due_at IS NOT NULL OR may_be_stop")

    def _knows_all_replies(self) -> bool:
        reported = "SELECT mt_message_id FROM mt_report WHERE mt_message_id IS NOT NULL"
        open_ones = f"due_at IS NOT NULL OR state = 'sent' AND id NOT IN ({reported})"
        return self._finds_none(f"SELECT 1 FROM mt_message WHERE {open_ones}")

    def _finds_none(self, query: str) -> bool:
        database = self.folder / "mo-gateway.db"
        if not database.exists():
            return True
        with closing(sqlite3.connect(database)) as connection:
            return connection.execute(query).fetchone() is None


def _without_log(printed: str) -> str:
    return "".join(line for line in printed.splitlines(keepends=True) if not re.match(r'{.*"event": ', line))


def _comparable(printed: str) -> str:
    """Make what one run prints like what another run prints: numbers, keys, secrets and widths differ."""
    printed = re.sub(r"(/spryng/mo/)\S+", r"\1SECRET", printed)
    printed = re.sub(r"\b[0-9a-f]{32}\b", "KEY", printed)
    return re.sub(r"\s+", " ", re.sub(r"[0-9]+", "0", printed)).strip()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """A reader of a tutorial, at the first line."""
    reader = Reader(tmp_path)
    yield reader
    reader.leave()


@pytest.mark.slow
@pytest.mark.parametrize("pages", READ_IN_ORDER, ids=" ".join)
def test_a_reader_sees_what_the_pages_print(reader: Reader, pages: list[str]) -> None:
    for block in [block for page in pages for block in blocks(DOCS / page)]:
        printed = reader.do(block)

        if block.printed is not None:
            assert _comparable(printed) == _comparable(block.printed), block.text
