"""A stored message to try again elsewhere: the `trigger` line and a pytest case, its number replaced."""

from collections.abc import Mapping, Sequence
from typing import Any

from .masking import shell_word

TEST_NUMBER = "32400000000"


def trigger_line(row: Mapping[str, Any]) -> str:
    """Write the command that sends the same message again, from a test number."""
    words = {
        "--shortcode": row["shortcode"],
        "--from": TEST_NUMBER,
        "--keyword": _without_number(row["keyword"], row),
        "--parm": _without_number(row["parm"], row),
        "--operator": "" if row["operator_defaulted"] else row["operator"],
        "--country": row["country"],
        "--timestamp": row["timestamp_raw"],
        "--reference": row["reference"] or "",
        "--charset": row["charset"],
        "--method": row["method"],
    }
    return f"mo-gateway trigger {' '.join(f'{name} {shell_word(word)}' for name, word in words.items())}"


def pytest_case(
    row: Mapping[str, Any], *, is_done: bool, replies: Sequence[str | None], modules: Sequence[str], has_file: bool
) -> str:
    """Write a test of the handlers, for the fixture `send_sms`: they do what they did, or no longer fail."""
    imports = [f"import {module}" for module in sorted(modules)]
    plugins = f"handlers=[{', '.join(sorted(modules))}]"
    if has_file:
        imports = ["from pathlib import Path", *(["", *imports] if imports else [])]
        plugins += ', routes=Path("routes.toml")'
    fields = {name: row[name] for name in ("shortcode", "operator", "country")}
    given = "".join(f", {name}={value!r}" for name, value in fields.items() if value)
    text = _without_number(f"{row['keyword']} {row['parm']}" if row["parm"] else row["keyword"], row)
    answered = [_without_number(body, row) for body in replies if body]
    expected = f"handled.replies == {answered!r}" if is_done else 'handled.state == "done"'
    lines = [
        *imports,
        *(["", ""] if imports else []),
        f"def test_message_{row['id']}(send_sms):",
        f"    handled = send_sms({text!r}, {plugins}, msisdn={TEST_NUMBER!r}{given})",
        "",
        f"    assert {expected}",
    ]
    return "\n".join(lines)


def _without_number(text: str, row: Mapping[str, Any]) -> str:
    """Put the test number in the place of the sender's, where a text names it."""
    return text.replace(row["msisdn"], TEST_NUMBER) if row["msisdn"] else text
