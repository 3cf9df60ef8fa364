"""Every command of every page is typed, with the exit code that the page lets one expect."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TypeVar

import click
import pytest

from benchmarks.__main__ import main as benchmarks
from mo_gateway.cli import main as gateway_command
from mo_gateway.cli.fake import ROLES
from mo_gateway.fakes.server import running
from mo_gateway.gateway import open_gateway
from mo_gateway.gateway.handling import dispatcher_with
from mo_gateway.routing import Routes

from .conftest import make_schema
from .desk import PASSWORD, SECRET, Desk
from .examples import webhook
from .handling import handle_all
from .pages import DOCS, PAGES, READ_IN_ORDER, ROOT, Block, blocks, lines
from .postgres import PostgresServer, running_server
from .preloaded import preloaded
from .test_demo import filled_in
from .waiting import until

T = TypeVar("T")

TUTORIALS = {DOCS / name for names in READ_IN_ORDER for name in names}

#: Programs that a machine for tests has not got, or that would change it, and what stands on the PATH for each.
STAND_INS = {
    "docker": '[ "$1 $2" = "compose exec" ] || exit 0; shift 3; exec "$@"',  # no containers within containers
    "systemd-run": 'while [ "${1#-}" != "$1" ]; do shift; done; exec "$@"',  # nor services
    "systemctl": "exit 0",
    "datasette": "[ -s metadata.json ] && [ -s mo-gateway.db ]",  # it would go on
    "apt": "exit 0",  # the machine is left as it is
    "pip": "exit 0",  # the tests need no package registry
}

#: Commands that are not typed here, each with its reason; bash reads them.
LEFT_OUT = {
    "python3 -m venv .venv && ": "installs from a registry, as `.ci/run` does, by README's own words",
    "python -m benchmarks": "measures for minutes; that there are such options is looked at",
    "mo-gateway init --demo sms-demo": "takes as long as ten others; README has it too",
    "pg_ctl promote -D DATA": "the failover drill: the fault tests do it, with servers of their own",
    "pg_basebackup ": "the failover drill, as above",
}

#: Codes other than 0 that are right here, each with its reason.
CODES = {
    "mo-gateway trigger --keyword WIN --without TIMESTAMP": 1,  # it is not stored, as the page wants to show
    'mo-gateway explain "Stpo"': 3,  # no handler gets it
    "mo-gateway replay --rejected --yes": 7,  # what is bad in the demo's requests nobody has mended
    "mo-gateway replay --rejected --since 2d": 7,
    "mo-gateway messages --follow": 130,  # by Ctrl-C
}

#: What is done before a command, as the page says in words, or takes for granted.
BEFORE = {
    "mo-gateway export report_daily --since 2026-11-01 --until": ["mkdir reports"],
    "mo-gateway scheduled list": [
        'mo-gateway send --to 32487654321 --sender Contest --provider sms1601 --at 2h "Later"'
    ],
    "psql -v ON_ERROR_STOP=1 -f deploy/roles.sql": [
        "MO_GATEWAY_DATABASE_URL=postgresql://mo_gateway:…@HOST/mo_gateway mo-gateway db upgrade"
    ],
}

#: Rows that a command is about; the pages call them 812 and 813.
ROWS = {
    "mo-gateway show 812": "SELECT id FROM mo_message",
    "mo-gateway replies retry 812": "SELECT id FROM mt_message WHERE state = 'failed'",
    "mo-gateway replies withdraw 812 813": "SELECT id FROM mt_message WHERE state = 'queued'",
    "mo-gateway scheduled remove 812": "SELECT id FROM mt_message WHERE provider_id LIKE 'outbox:%'",
}

#: What is answered where a command asks.
ANSWERS = {
    "mo-gateway user add an": {"Password": PASSWORD, "Repeat": PASSWORD},
    "mo-gateway replies retry 812": {"[y/N]": "y"},
}

#: Commands that ask the running gateway, or have it do something.
ASKS_THE_GATEWAY = re.compile(r"trigger|simulate|--wait|reload|doctor|curl|scheduled|ask-reports")

#: Pages whose SQL is asked by another test, on both databases.
ASKED_ELSEWHERE = {DOCS / "tables.md", DOCS / "reports.md"}


def typed(page: Path) -> list[Block]:
    """Give the blocks of a page that somebody types; a tutorial's `sh` are typed by another test."""
    languages = {"bash"} if page in TUTORIALS else {"bash", "sh", "sql"}
    if page in ASKED_ELSEWHERE:
        languages.remove("sql")
    return [block for block in blocks(page) if block.language in languages]


def commands(page: Path) -> list[str]:
    """Give the commands of a page that are typed here, comments left out."""
    return [line for block in typed(page) if block.language != "sql" for line in lines(block) if line[0] != "#"]


def found(table: Mapping[str, T], line: str, otherwise: T) -> T:
    """Give what a table has for the beginning of a line."""
    return next((value for beginning, value in table.items() if line.startswith(beginning)), otherwise)


WITH_COMMANDS = [page for page in PAGES if typed(page)]
ALL = [
    line for page in PAGES for block in blocks(page) for line in lines(block) if block.language in {"bash", "sh"}
]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A folder whose gateway has seen thirty days, to be copied."""
    folder = tmp_path_factory.mktemp("seen")
    shutil.copy(sqlite_template, folder / "mo-gateway.db")
    with filled_in(folder, f"sqlite:///{folder / 'mo-gateway.db'}") as filled:
        gateway = open_gateway(filled.settings)
        gateway.receiver.receive(gateway.spryng, webhook(KEYWORD="HELLO"))
        handle_all(dispatcher_with(Routes([]), filled.settings, gateway.engine))
        gateway.close()
    shutil.copy(folder / "routes.toml", folder / "new-routes.toml")
    (folder / "reply.txt").write_text("You are in.")
    (folder / "optouts.csv").write_text("msisdn\n32499000001\n")
    (folder / "counters").mkdir()
    (folder / "secrets").mkdir()
    (folder / "secrets" / "callback_secret").write_text(SECRET)
    (folder / "secrets" / "bob").write_text(PASSWORD)
    for name in ("deploy", "compose.yaml", "wsgi.py", "gunicorn.conf.py"):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with `mo-gateway`, and with what stands for programs that are not to be had."""
    folder = tmp_path_factory.mktemp("bin")
    with preloaded(folder) as caller:
        texts = {"mo-gateway": caller} | {name: f"#!/bin/sh\n{text}\n" for name, text in STAND_INS.items()}
        for name, text in texts.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        yield folder


@pytest.fixture(scope="module")
def providers() -> Iterator[dict[str, str]]:
    """Variables by which a gateway sends, by fakes."""
    given = {
        "MO_GATEWAY_SMS1601_SCHEDULE": "1",
        "MO_GATEWAY_REPLY_PROVIDER": "spryng",
        "MO_GATEWAY_REPLY_SENDER": "4414",
        "MO_GATEWAY_SPRYNG_RATE": "100000",
    }
    with ExitStack() as stack:
        for name in ("spryng", "connectcall", "sms1601"):
            role = ROLES[name]
            server = stack.enter_context(running(role.make(credit=10_000)))
            variables = {"URL": server.url + role.path, **role.variables}
            given |= {f"MO_GATEWAY_{name.upper()}_{variable}": value for variable, value in variables.items()}
        yield given


@pytest.fixture
def server(page: Path) -> Iterator[PostgresServer | None]:
    """A PostgreSQL of the page's own, which makes roles and databases there; None where it needs none."""
    text = "".join(block.text + block.language for block in typed(page))
    if not re.search(r"sql\b|pg_|postgresql:", text):
        yield None
        return
    with running_server(durable=True) as server:  # `doctor` looks
        if "CREATE DATABASE" not in text:
            server.execute("CREATE ROLE mo_gateway")
            server.create_database("mo_gateway")
            make_schema(server.url("mo_gateway"))
        yield server


@pytest.fixture
def desk(
    tmp_path: Path, seen: Path, programs: Path, providers: dict[str, str], server: PostgresServer | None
) -> Iterator[Desk]:
    """A desk with a copy of that folder, and PostgreSQL's programs where the page needs them."""
    folder = shutil.copytree(seen, tmp_path / "sms", symlinks=True)
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(programs)
    (folder / "bin").symlink_to(programs)
    given = {
        **providers,
        "MO_GATEWAY_PERSON_SECRET": "test-person-secret",
        "MO_GATEWAY_ROUTES": "routes.toml",
    }
    if server:
        given |= {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres"}
        (folder / "postgres").symlink_to(server.home.programs)
    desk = Desk(folder, given, f"postgresql://postgres@127.0.0.1:{server.port}" if server else "")
    yield desk
    desk.stop_gateway()


@pytest.mark.slow
@pytest.mark.timeout(300)  # the longest page has a hundred commands
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_do_what_it_says(page: Path, desk: Desk, server: PostgresServer | None) -> None:
    for block in typed(page):
        desk.open_shell()
        if block.language == "sql":
            assert server
            ask(server, block.text)
            continue
        printed = "".join(do(desk, line) for line in lines(block))

        assert block.printed is None or printed == block.printed


def ask(server: PostgresServer, statements: str) -> None:
    """Run statements as psql does, each by itself."""
    names = server.execute("SELECT 1 FROM pg_database WHERE datname = 'mo_gateway'")
    with closing(server.connect("mo_gateway" if names else "postgres")) as connection:
        connection.execute("SET synchronous_commit = local")  # the standbys of the page are not there
        for statement in re.split(r";\s*\n", statements.strip()):
            connection.execute(statement.encode())


def do(desk: Desk, line: str) -> str:
    """Do what a line of a page says, and give what it prints."""
    if line.startswith("# stop the gateway"):
        desk.stop_gateway()
    if line.startswith("# start the gateway"):
        desk.stop_gateway()
        desk.start_gateway()
    if line.startswith("export "):
        desk.export(line)
    if line.startswith(("#", "export ")) or found(LEFT_OUT, line, "") or not is_to_be_had(line):
        return ""
    if ASKS_THE_GATEWAY.search(line):
        desk.start_gateway()
    for one in found(BEFORE, line, []):
        do(desk, one)
    done = desk.type(with_rows(desk, line), found(ANSWERS, line, {}))

    assert done.code == found(CODES, line, 0), f"{line}: {done}"
    assert "Traceback" not in done.complaints, f"{line}: {done}"
    assert "about:blank" not in done.printed, (
        f"{line}: {done}"
    )  # a page of faults, which curl fetches without a word
    if "token add" in line:
        desk.know("TOKEN", done.printed.strip())
    return done.printed


def with_rows(desk: Desk, line: str) -> str:
    """Put numbers of rows that are there into a command, for those that the pages have."""
    if query := found(ROWS, line, ""):
        rows = until(lambda: desk.ids(query), f"rows for {line}")
        for name, row in zip(("812", "813"), rows, strict=False):
            line = re.sub(rf"\b{name}\b", str(row), line)
    return line


def is_to_be_had(line: str) -> bool:
    """Tell whether a desk has the program; CI has all of them."""
    program = line.split()[0]
    return program not in {"curl", "openssl"} or bool(shutil.which(program))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_block_says_what_it_is_and_commands_stand_in_blocks_of_commands(page: Path) -> None:
    programs = {line.split()[0] for line in ALL} - {"#", "export"}
    fences = re.findall(r"^ *```(.*)$", page.read_text(), re.MULTILINE)[::2]

    assert all(fences)
    for block in blocks(page):
        if block.language not in {"sh", "bash", "python"}:
            assert [line for line in lines(block) if line.split()[0] in programs] == []


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: str(page.relative_to(ROOT)))
def test_bash_can_read_the_commands_of_a_page(page: Path) -> None:
    script = "\n".join(commands(page))

    read = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)

    assert (read.returncode, read.stderr) == (0, "")


@pytest.mark.parametrize("line", [line for line in ALL if line.startswith("python -m benchmarks")])
def test_there_is_such_a_measurement(line: str) -> None:
    understand(benchmarks, shlex.split(line, comments=True)[3:])


MENTIONED = sorted(
    {
        command
        for page in PAGES
        for command in re.findall(r"`(mo-gateway [^`]+)`", page.read_text())
        if page.name != "CHANGELOG.md"
    }
)


@pytest.mark.parametrize("line", MENTIONED)
def test_a_command_in_a_sentence_is_one(line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = gateway_command
    while isinstance(command, click.Group) and words and words[0].islower() and words[0][0] != "-":
        assert words[0] in command.commands
        command = command.commands[words.pop(0)]

    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
    assert {word for word in words if word.startswith("--")} <= known


def understand(group: click.Group, words: list[str]) -> None:
    """Read a command line and run nothing, or raise UsageError."""
    with group.make_context(group.name, words, resilient_parsing=False) as context:
        if context._protected_args:
            name, command, rest = group.resolve_command(context, [*context._protected_args, *context.args])
            assert command
            command.make_context(name, rest, parent=context)


@pytest.mark.parametrize(
    "beginning", [*LEFT_OUT, *CODES, *BEFORE, *ROWS, *ANSWERS], ids=lambda beginning: beginning
)
def test_what_is_said_of_a_command_is_said_of_one_that_a_page_has(beginning: str) -> None:
    assert any(line.startswith(beginning) for line in ALL)


@pytest.mark.parametrize("program", STAND_INS)
def test_a_program_that_is_stood_in_for_is_one_that_a_page_has(program: str) -> None:
    assert any(re.search(rf"(^|&& ){program}\b", line) for line in ALL)
