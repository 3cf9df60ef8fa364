"""A stored message to try again elsewhere: the `trigger` line and a pytest case, its number replaced."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .masking import masked, shell_word
from .message import Message

TEST_NUMBER = "32400000000"


def trigger_line(row: Mapping[str, Any]) -> str:
    """Write the command that sends the same message again, from a test number."""
    words = {
        "--shortcode": row["shortcode"],
        "--from": TEST_NUMBER,
        "--keyword": _without_number(row["keyword"], row["msisdn"]),
        "--parm": _without_number(row["parm"], row["msisdn"]),
        "--operator": "" if row["operator_defaulted"] else row["operator"],
        "--country": row["country"],
        "--timestamp": row["timestamp_raw"],
        "--reference": _without_number(row["reference"] or "", row["msisdn"]),
        "--charset": row["charset"],
        "--method": row["method"],
    }
    return f"mo-gateway trigger {' '.join(f'{name} {shell_word(word)}' for name, word in words.items())}"


def pytest_case(
    message: Message,
    *,
    is_done: bool,
    replies: Sequence[str | None],
    modules: Collection[str],
    has_file: bool,
) -> str:
    """Write a test of the handlers, for the fixture `send_sms`: they do what they did, or no longer fail."""
    plugins = [f"handlers=[{', '.join(sorted(modules))}]"]
    imports = [["from pathlib import Path"] if has_file else [], [f"import {name}" for name in sorted(modules)]]
    plugins += ['routes=Path("routes.toml")'] if has_file else []
    fields = {"msisdn": TEST_NUMBER, "shortcode": message.shortcode, "country": message.country}
    fields |= {} if message.operator_defaulted else {"operator": message.operator}
    given = [f"{name}={value!r}" for name, value in fields.items() if value]
    text = _without_number(message.text, message.msisdn)
    answered = [_without_number(body, message.msisdn) for body in replies if body]
    expected = f"handled.replies == {answered!r}" if is_done else 'handled.state == "done"'
    head = "\n\n".join("\n".join(lines) for lines in imports if lines)
    return "\n".join(
        [
            *([head, "", ""] if head else []),
            f"def test_message_{message.id}(send_sms):",
            "    handled = send_sms(",
            *(f"        {argument}," for argument in (repr(text), *plugins, *given)),
            "    )",
            "",
            f"    assert {expected}",
        ]
    )


def _without_number(text: str, msisdn: str) -> str:
    """Put the test number in the place of the sender's, where a text names it, masked or not."""
    return text.replace(msisdn, TEST_NUMBER).replace(masked(msisdn), TEST_NUMBER) if msisdn else text
