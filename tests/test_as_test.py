"""A stored message as a pytest case: it runs as it is written, and names what the handlers are found in."""

from dataclasses import replace
from pathlib import Path

import pytest

from mo_gateway.as_test import pytest_case
from mo_gateway.message import Message
from mo_gateway.testing import Handled, Plugin

from .examples import NOW

ROUTE = '[[route]]\nkeyword = "WIN"\nshortcode = "4414"\nreply = { text = "You wrote: {{ parm }}" }\n'

MESSAGE = Message(
    provider="spryng",
    msisdn="32412345678",
    keyword="WIN",
    parm='it\'s "blue" 32412345678',
    operator="20601",
    shortcode="4414",
    country="BEL",
    reference=None,
    timestamp_raw="20261122150211",
    sent_at=NOW,
    received_at=NOW,
    charset="iso-8859-1",
    id=812,
)


def test_a_case_of_a_routes_file_passes_where_the_file_lies(
    send_sms: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "routes.toml").write_text(ROUTE)
    monkeypatch.chdir(tmp_path)

    replies = ['You wrote: it\'s "blue" 324••••••78']
    case = pytest_case(MESSAGE, is_done=True, replies=replies, modules=(), has_file=True)

    assert case.startswith("from pathlib import Path\n\n\ndef test_message_812(send_sms):\n")
    run(case, send_sms)
    with pytest.raises(AssertionError):
        run(case, send_sms, shortcode="4415")


def run(case: str, send_sms: object, **changes: str) -> None:
    """Run a case as pytest would."""

    def send(text: str, *, handlers: Plugin, **fields: object) -> Handled:
        handled: Handled = send_sms(text, handlers=handlers, **{**fields, **changes})  # type: ignore[operator] # the fixture
        return handled

    scope: dict[str, object] = {}
    exec(case, scope)
    scope["test_message_812"](send)  # type: ignore[operator] # it is a function


def test_a_case_imports_the_modules_of_the_handlers() -> None:
    case = pytest_case(MESSAGE, is_done=False, replies=[], modules=("contest", "a.b"), has_file=True)

    assert case.startswith("from pathlib import Path\n\nimport a.b\nimport contest\n\n\n")
    assert 'handlers=[a.b, contest],\n        routes=Path("routes.toml"),' in case
    assert case.endswith('assert handled.state == "done"')


def test_an_operator_that_did_not_come_is_not_in_the_case() -> None:
    message = replace(MESSAGE, operator_defaulted=True)

    case = pytest_case(message, is_done=True, replies=[], modules=("contest",), has_file=False)

    assert "operator" not in case
