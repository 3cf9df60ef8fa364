"""Plugins: marking handlers, finding them in modules and packages, and trying them with `send_sms`."""

import functools
import importlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from mo_gateway import Message, Reply, keyword
from mo_gateway.errors import ConfigError
from mo_gateway.handlers.finding import find_handlers, handlers_in
from mo_gateway.plugin import Handler, Keyword
from mo_gateway.routing import Routes
from mo_gateway.testing import Handled

WriteModule = Callable[[str], str]
SendSms = Callable[..., Handled]

CONTEST = """\
from mo_gateway import keyword

@keyword("WIN", "GAGNE", shortcode="4414")
def enter_contest(message): ...
"""

numbers = count(1)


@pytest.fixture
def write_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteModule:
    """A function that writes a module where it can be imported, and gives its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(source: str) -> str:
        name = f"plugin_{next(numbers)}"
        (tmp_path / f"{name}.py").write_text(source)
        importlib.invalidate_caches()
        return name

    return write


@pytest.fixture
def install(tmp_path: Path) -> Callable[..., None]:
    """A function that installs a package with entry points: `install("acme-sms", contest="plugin_1")`."""

    def install(package: str, **points: str) -> None:
        folder = tmp_path / f"{package.replace('-', '_')}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = [f"{name} = {target}" for name, target in points.items()]
        (folder / "entry_points.txt").write_text("\n".join(["[mo_gateway.handlers]", *lines]))

    return install


def handler_of(function: Any) -> Handler:
    (handler,) = handlers_in(function)
    return handler


def fault(*modules: str) -> str:
    with pytest.raises(ConfigError) as refused:
        find_handlers(modules)
    return str(refused.value)


def test_a_marked_function_stays_an_ordinary_function() -> None:
    @keyword("WIN")
    def enter(message: str) -> str:
        return message.upper()

    assert enter("in") == "IN"
    assert enter.__name__ == "enter"


def test_a_handler_is_named_after_its_function_and_knows_its_place() -> None:
    @keyword("WIN", "GAGNE", shortcode="4414")
    def enter(message: Message) -> None: ...

    handler = handler_of(enter)

    assert handler.name == f"{__name__}.{enter.__qualname__}"
    assert handler.place == f"{__file__}:{enter.__code__.co_firstlineno}"
    assert handler.keywords == (Keyword("WIN", "4414"), Keyword("GAGNE", "4414"))
    assert not handler.transaction


def test_several_marks_on_one_function_are_one_handler() -> None:
    @keyword("WIN", name="contest")
    @keyword("GEWINN", shortcode="4414", transaction=True)
    @keyword("GAGNE", shortcode="4415")
    def enter(message: Message, connection: Connection) -> None: ...

    handler = handler_of(enter)

    assert handler.name == "contest"
    assert set(handler.keywords) == {Keyword("WIN", None), Keyword("GEWINN", "4414"), Keyword("GAGNE", "4415")}
    assert handler.transaction


def test_a_name_given_below_other_marks_stays() -> None:
    @keyword("WIN")
    @keyword("GAGNE", name="contest")
    def enter(message: Message) -> None: ...

    assert handler_of(enter).name == "contest"


def test_a_decorator_above_the_mark_is_run_too() -> None:
    def twice(function: Callable[[str], str]) -> Callable[[str], str]:
        @functools.wraps(function)
        def wrapper(message: str) -> str:
            return function(message) * 2

        return wrapper

    @twice
    @keyword("WIN")
    def enter(message: str) -> str:
        return message

    assert handler_of(enter).function("in") == "inin"


def test_an_async_handler_is_refused() -> None:
    with pytest.raises(TypeError, match=r"the handler .*enter is async; handlers are plain functions"):

        @keyword("WIN")
        async def enter(message: Message) -> None: ...


def test_forgotten_words_are_refused() -> None:
    with pytest.raises(TypeError, match="at least one word"):
        keyword()


def test_forgotten_brackets_are_refused() -> None:
    with pytest.raises(TypeError, match="in brackets"):

        @keyword  # type: ignore[arg-type]
        def enter(message: Message) -> None: ...


def test_a_shortcode_that_is_a_number_is_refused() -> None:
    with pytest.raises(TypeError, match='such as shortcode="4414", not 4414'):
        keyword("WIN", shortcode=4414)  # type: ignore[arg-type]


def test_handlers_are_found_in_modules(write_module: WriteModule) -> None:
    one, other = write_module(CONTEST), write_module(CONTEST.replace("WIN", "LOSE"))

    handlers = find_handlers([one, other])

    assert [handler.name for handler in handlers] == [f"{one}.enter_contest", f"{other}.enter_contest"]


def test_a_handler_that_another_module_imports_is_found_once(write_module: WriteModule) -> None:
    name = write_module(CONTEST)
    other = write_module(f"from {name} import enter_contest")

    (handler,) = find_handlers([name, other, name])

    assert len(list(Routes([handler]))) == 2


def test_what_is_not_a_marked_function_is_left_alone(write_module: WriteModule) -> None:
    name = write_module(CONTEST + "\nfrom unittest.mock import Mock\nmock, number, ordinary = Mock(), 7, print\n")

    assert len(find_handlers([name])) == 1


def test_without_modules_there_are_no_handlers() -> None:
    assert find_handlers([]) == []


def test_handlers_are_found_in_installed_packages(write_module: WriteModule, install: Callable[..., None]) -> None:
    one, other = write_module(CONTEST), write_module(CONTEST.replace("WIN", "LOSE"))
    install("acme-sms", contest=one, lottery=f"{other}:enter_contest")

    handlers = find_handlers([])

    assert {handler.name for handler in handlers} == {f"{one}.enter_contest", f"{other}.enter_contest"}


def test_a_module_that_is_named_and_installed_is_found_once(
    write_module: WriteModule, install: Callable[..., None]
) -> None:
    name = write_module(CONTEST)
    install("acme-sms", contest=name)

    assert len(find_handlers([name])) == 1


@pytest.mark.parametrize(
    ("source", "complaint", "line"),
    [
        ("\nimport nothing_of_that_name", "ModuleNotFoundError: No module named 'nothing_of_that_name'", 2),
        ("x = 1\n\nraise ValueError('no licence')", "ValueError: no licence", 3),
        ("def enter(:", "SyntaxError: invalid syntax", 1),
        ("import sys\nsys.exit('run me')", "SystemExit: run me", 2),
        ("from mo_gateway import keyword\n@keyword()\ndef f(message): ...", "TypeError: keyword needs", 2),
    ],
)
def test_a_module_that_cannot_be_imported_is_named_with_cause_file_and_line(
    write_module: WriteModule, tmp_path: Path, source: str, complaint: str, line: int
) -> None:
    name = write_module(source)

    sentence = fault(name)

    assert sentence.startswith(f"The module {name} of MO_GATEWAY_HANDLERS cannot be imported: {complaint}")
    if "keyword" not in source:
        assert sentence.endswith(f" ({tmp_path / name}.py:{line}).")


def test_a_module_that_is_not_there_is_named_without_a_place() -> None:
    assert fault("nothing_of_that_name") == (
        "The module nothing_of_that_name of MO_GATEWAY_HANDLERS cannot be imported:"
        " ModuleNotFoundError: No module named 'nothing_of_that_name'."
    )


def test_a_module_without_a_handler_is_refused(write_module: WriteModule) -> None:
    name = write_module("def enter_contest(message): ...")

    assert fault(name) == (
        f"The module {name} of MO_GATEWAY_HANDLERS holds no handler: mark a function with @keyword(...)."
    )


def test_an_entry_point_that_cannot_be_loaded_is_named_with_its_package(
    write_module: WriteModule, install: Callable[..., None]
) -> None:
    install("acme-sms", contest=f"{write_module(CONTEST)}:leave_contest")

    assert fault().startswith("The entry point contest of acme-sms cannot be imported: AttributeError")


def test_everything_that_is_wrong_is_named_at_once(
    write_module: WriteModule, install: Callable[..., None]
) -> None:
    good, empty, broken = write_module(CONTEST), write_module(""), write_module("1 / 0")
    install("acme-sms", contest="nothing_of_that_name")

    sentences = fault(broken, good, empty).splitlines()

    assert [sentence.split(" of ")[0] for sentence in sentences] == [
        f"The module {broken}",
        f"The module {empty}",
        "The entry point contest",
    ]


@keyword("WIN", "ÉTÉ", shortcode="4414")
def contest(message: Message) -> str:
    return f"You are in with {message.parm}."


@keyword("CALL")
def two_replies(message: Message) -> Iterator[str | Reply]:
    yield "one"
    yield Reply("two", to="32499999999")


@keyword("NOTE")
def silent(message: Message) -> None: ...


@keyword("BREAK")
def broken(message: Message) -> None:
    raise RuntimeError("no bread")


@keyword("WRITE", transaction=True)
def writes(message: Message, connection: Connection) -> str:
    connection.execute(text("CREATE TABLE IF NOT EXISTS entry (parm TEXT)"))
    connection.execute(text("INSERT INTO entry VALUES (:parm)"), {"parm": message.parm})
    return " ".join(connection.scalars(text("SELECT parm FROM entry ORDER BY rowid")))


@keyword("WHO")
def mirror(message: Message) -> str:
    return " ".join([message.msisdn, message.shortcode, message.operator, message.country, str(message.reference)])


@keyword("WHEN")
def clock(message: Message) -> str:
    return message.sent_at.isoformat()


def test_send_sms_tells_what_became_of_it(send_sms: SendSms) -> None:
    handled = send_sms("win blue", handlers=contest)

    assert handled == Handled(
        state="done", handler=f"{__name__}.contest", replies=["You are in with blue."], error=None
    )


def test_send_sms_gives_replies_in_their_order(send_sms: SendSms) -> None:
    assert send_sms("CALL", handlers=two_replies).replies == ["one", "two"]
    assert send_sms("NOTE", handlers=silent).replies == []


def test_send_sms_keeps_accents_and_whatever_else_there_is(send_sms: SendSms) -> None:
    handled = send_sms("été déjà 5 € 👍 & more=+", handlers=contest)

    assert handled.replies == ["You are in with déjà 5 € 👍 & more=+."]


def test_send_sms_takes_the_fields_of_the_provider(send_sms: SendSms) -> None:
    handled = send_sms(
        "WHO",
        handlers=mirror,
        msisdn="31612345678",
        shortcode="4500",
        operator="20404",
        country="NLD",
        reference="r",
    )

    assert handled.replies == ["31612345678 4500 20404 NLD r"]


def test_send_sms_is_sent_now_or_when_it_is_told(send_sms: SendSms) -> None:
    now = send_sms("WHEN", handlers=clock)
    then = send_sms("WHEN", handlers=clock, timestamp="20040208152544")

    assert abs(datetime.fromisoformat(now.replies[0]) - datetime.now(UTC)) < timedelta(minutes=5)
    assert then.replies == ["2004-02-08T14:25:44+00:00"]


def test_send_sms_may_send_a_stop(send_sms: SendSms) -> None:
    @keyword("STOP")
    def goodbye(message: Message) -> str:
        return "sorry to see you go"

    handled = send_sms("STOP", handlers=goodbye)

    assert (handled.state, handled.replies) == ("done", ["sorry to see you go"])
    assert send_sms("STOP", handlers=contest, msisdn="32487654321").state == "done"


def test_send_sms_to_another_shortcode_is_unrouted(send_sms: SendSms) -> None:
    handled = send_sms("WIN blue", handlers=contest, shortcode="4415")

    assert handled == Handled(state="unrouted", handler=None, replies=[], error=None)


def test_send_sms_takes_a_list_and_a_module(send_sms: SendSms, write_module: WriteModule) -> None:
    module = importlib.import_module(write_module(CONTEST))

    assert send_sms("NOTE", handlers=[contest, silent]).handler == f"{__name__}.silent"
    assert send_sms("GAGNE", handlers=module).handler == f"{module.__name__}.enter_contest"
    assert send_sms("NOTE it", handlers=[module, silent]).handler == f"{__name__}.silent"


def test_send_sms_commits_what_a_handler_writes_with_its_connection(send_sms: SendSms) -> None:
    send_sms("WRITE one", handlers=writes)
    handled = send_sms("WRITE two", handlers=writes)

    assert handled.replies == ["one two"]


def test_send_sms_tells_why_a_handler_failed_and_goes_on(send_sms: SendSms) -> None:
    failed = send_sms("BREAK", handlers=[broken, contest])
    after = send_sms("WIN blue", handlers=[broken, contest])

    assert failed == Handled(
        state="failed", handler=f"{__name__}.broken", replies=[], error="RuntimeError: no bread"
    )
    assert after.state == "done"


def test_send_sms_refuses_what_the_provider_would_not_send(send_sms: SendSms) -> None:
    with pytest.raises(ValueError, match=r"this SMS was rejected: .*SHORTCODE"):
        send_sms("WIN blue", handlers=contest, shortcode="four")
    with pytest.raises(TypeError, match="an SMS has no short_code; it has country, msisdn"):
        send_sms("WIN blue", handlers=contest, short_code="4414")


def test_send_sms_refuses_the_same_sms_twice(send_sms: SendSms) -> None:
    send_sms("WIN blue", handlers=contest, timestamp="20040208152544")

    with pytest.raises(ValueError, match="this SMS was duplicate: change its text or timestamp"):
        send_sms("WIN blue", handlers=contest, timestamp="20040208152544")
