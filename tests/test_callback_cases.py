"""The callback's test vectors: tests/cases/*.yaml through the real application, on both databases.

What holds for every case is not written in the cases, it is checked here: `check_answer` and the like.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, select

from mo_gateway.gateway import open_gateway
from mo_gateway.store import tables

from .callback_cases import SECRET, Call, Case, load_cases, read_call, text
from .conftest import MakeSettings
from .examples import FORM_TYPE
from .fronts import FRONTS, Answer, Caller, calling

START = datetime(2026, 3, 1, 12, tzinfo=UTC)  # the clock of a case: its requests come a minute apart

#: The row of the documented example: a case says only what is different.
EXAMPLE_ROW = {
    "provider": "spryng",
    "msisdn": "32412345678",
    "keyword": "WIN",
    "parm": "ON",
    "operator": "20601",
    "operator_defaulted": "false",
    "timestamp_raw": "20040208152544",
    "sent_at": "2004-02-08 14:25:44",
    "shortcode": "4414",
    "country": "BEL",
    "reference": "MARKETING_1",
    "charset": "iso-8859-1",
    "marks": [],
    "deliveries": "1",
    "is_test": "false",
}

EXAMPLE_REJECTION = {
    "provider": "spryng",
    "status": "400",
    "deliveries": "1",
    "is_test": "false",
    "replayed_at": "null",
    "message_id": "null",
}


CASES = list(load_cases())


def test_there_are_many_cases_and_each_has_a_name_of_its_own() -> None:
    names = [case.name for case in CASES]

    assert len(names) >= 150
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}: {case.name}")
def test_the_callback_does_what_the_case_says(
    case: Case, front: str, database_url: str, make_settings: MakeSettings, tmp_path: Path
) -> None:
    times = (START + timedelta(minutes=n) for n in range(len(case.calls)))
    given = {"CALLBACK_SECRET": "" if "ALLOW_ANONYMOUS" in case.settings else SECRET, **case.settings}
    if case.operators:
        given["OPERATORS_FILE"] = str(tmp_path / "operators.csv")
        Path(given["OPERATORS_FILE"]).write_text(case.operators, encoding="utf-8")
    settings = make_settings(database_url, **given)

    with closing(open_gateway(settings, clock=lambda: next(times))) as gateway, calling(front, gateway) as send:
        answers = [answer_to(call, send) for call in case.calls]
        forbidden = answer_to(read_call({"path": "/spryng/elsewhere", "from": "203.0.113.9"}, "403"), send)
        with gateway.engine.connect() as conn:
            messages, rejections = stored(conn, tables.mo_message), stored(conn, tables.mo_rejection)
            handlings = stored(conn, tables.mo_handling)

    for call, answer in zip(case.calls, answers, strict=True):
        check_answer(call, answer, forbidden)
        check_receipt(answer, messages, rejections)
    check_messages(case, messages, handlings)
    check_rejections(case, answers, rejections, settings.max_body_bytes)


def answer_to(call: Call, send: Caller) -> Answer:
    return send(
        call.method,
        call.path,
        query=call.query,
        body=call.body,
        headers=call.headers,
        remote_addr=call.remote_addr,
    )


def stored(conn: Connection, table: Table) -> list[dict[str, Any]]:
    return [dict(row) for row in conn.execute(select(table).order_by(table.c.id)).mappings()]


def check_answer(call: Call, answer: Answer, forbidden: Answer) -> None:
    """Check what the case says of an answer, and what holds for every answer."""
    expected = call.answer
    assert answer.status == int(expected["status"]), answer
    assert answer.body == expected.get("body", answer.body.decode()).encode()
    for name, value in expected.get("headers", {}).items():
        assert answer.headers[name] == value
    assert (answer.receipt or ("none", 0))[0] == expected.get("receipt", "none")

    assert answer.status < 500
    assert "Location" not in answer.headers
    assert SECRET.encode() not in answer.body + str(answer.headers).encode()
    if call.method == "HEAD":
        assert answer.body == b""
    elif answer.status == 200:
        assert answer.body == b"TRUE"
    if answer.body == b"TRUE":
        assert answer.status == 200
        assert media_type(answer) == "text/plain"
    if answer.status == 403:
        assert answer.headers.to_wsgi_list() == forbidden.headers.to_wsgi_list()
        assert answer.body == (b"" if call.method == "HEAD" else forbidden.body)
    if answer.status in (405, 413, 415):
        assert media_type(answer) == "text/plain"
        assert 0 < len(answer.body) < 200
    if answer.status == 415:
        assert FORM_TYPE.encode() in answer.body


def check_receipt(
    answer: Answer, messages: Sequence[dict[str, Any]], rejections: Sequence[dict[str, Any]]
) -> None:
    """Check that a receipt names a row that is there, and that TRUE never comes without one."""
    if answer.receipt is None:
        assert answer.body != b"TRUE"
        return
    word, number = answer.receipt
    rows = rejections if word == "rejected" else messages
    assert number in [row["id"] for row in rows]


def check_messages(case: Case, messages: Sequence[dict[str, Any]], handlings: Sequence[dict[str, Any]]) -> None:
    """Check the stored messages column by column, and that each has one work item that waits."""
    storing = [call for call in case.calls if call.answer.get("receipt") == "stored"]
    assert len(messages) == len(case.rows) == len(storing)
    for row, expected, call in zip(messages, case.rows, storing, strict=True):
        assert_row(row, {**EXAMPLE_ROW, **of_request(call), "raw": call.form, **expected})

    assert [(row["message_id"], row["state"], row["handler"]) for row in handlings] == [
        (row["id"], "pending", None) for row in messages
    ]


def check_rejections(
    case: Case, answers: Sequence[Answer], rejections: Sequence[dict[str, Any]], limit: int
) -> None:
    """Check the kept bad requests column by column, and that the answers name the same faults."""
    rejecting = {
        (call.method, call.headers.get("Content-Type"), call.form): call
        for call in reversed(case.calls)
        if call.answer.get("receipt") == "rejected"
    }
    calls = list(reversed(rejecting.values()))
    assert len(rejections) == len(case.rejections) == len(calls)
    for row, expected, call in zip(rejections, case.rejections, calls, strict=True):
        content_type = call.headers.get("Content-Type", "")
        kept = {"content_type": content_type, "raw": call.form[:limit]}
        assert_row(row, {**EXAMPLE_REJECTION, **of_request(call), **kept, **expected})
        assert all(error.keys() == {"field", "value", "rule"} and error["rule"] for error in row["errors"])
        if case.rejected:
            faults = {error["field"]: error["value"] for error in row["errors"]}
            assert sorted(faults) == sorted(case.rejected)
            assert_row(faults, case.rejected)

    errors_by_id = {row["id"]: row["errors"] for row in rejections}
    for answer in answers:
        if answer.status == 400 and answer.receipt:
            problem = json.loads(answer.body)
            assert media_type(answer) == "application/problem+json"
            assert problem["errors"] == errors_by_id[answer.receipt[1]]


def of_request(call: Call) -> dict[str, Any]:
    return {"method": call.method, "remote_addr": call.remote_addr}


def media_type(answer: Answer) -> str:
    return answer.headers["Content-Type"].partition(";")[0]


def assert_row(row: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    wanted = {name: as_written(value) for name, value in expected.items() if value != "ANYTHING"}
    assert {name: in_a_case(row[name]) for name in wanted} == wanted


def as_written(value: Any) -> Any:
    """Give what a case says of a column: text, or a list of marks."""
    if isinstance(value, list) and not (len(value) == 2 and value[1].isdecimal()):
        return value
    return value.decode("latin-1") if isinstance(value, bytes) else text(value)


def in_a_case(value: Any) -> Any:
    """Write a column's value the way a case does."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return value if isinstance(value, list) else str(value)
