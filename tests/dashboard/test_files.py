"""The tables of the pages as files: all rows of the filter, for whoever may see them, and a line in the trail."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from mo_gateway.gateway import Gateway
from mo_gateway.reply import SendOutcome, SendResult
from mo_gateway.store import audit
from mo_gateway.store.audit import Actor, Deed
from mo_gateway.web.dashboard import tables
from tests.commands import invoke
from tests.examples import FORM
from tests.reporting import NOON
from tests.sending import Script, queue, send_all, sender_of
from tests.stored import store_senders

from .plugin import came, gateway, noon, somebody, trail
from .visiting import Visitor, visitor

__all__ = ["gateway", "noon", "somebody"]

HOUR = timedelta(hours=1)
NUMBER = FORM["MSISDN"]
MASKED = "324••••••78"

#: Where each file is, and what its head must stay.
HEADS = {
    "/messages/file": "message_id,received_at_amsterdam,msisdn,shortcode,keyword,parm,state,handler,attempts,"
    "error,deliveries,is_test",
    "/replies/file": "reply_id,queued_at_amsterdam,msisdn,provider,status,delivery,attempts,body,"
    "suppressed_reason,provider_code,provider_code_text,message_id,is_test",
    "/subscribers/file": "opt_out_id,msisdn,shortcode,keyword,word,since_at_amsterdam,message_id,"
    "confirmed_at_amsterdam,ended_at_amsterdam,ended_by_message_id",
    "/subscribers/file?list=news": "list,msisdn,shortcode,joined_at_amsterdam,joined_by_message_id,"
    "left_at_amsterdam,left_by_message_id",
    "/problems/file": "kind,cause,handler,shortcode,messages,dead,came_back,first_at_amsterdam,"
    "last_at_amsterdam,last_message_id",
    "/problems/unreadable/file": "rejection_id,received_at_amsterdam,last_received_at_amsterdam,deliveries,"
    "provider,status,faults,is_test",
    "/problems/replies/file": "provider,status,provider_code,replies",
    "/audit/file": "audit_id,at_amsterdam,actor,role,action,subject,reason,details",
}


def read(response: TestResponse) -> list[dict[str, str]]:
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.text, newline=""), strict=True))


def name_of(response: TestResponse) -> str:
    found = re.fullmatch('attachment; filename="([^"]+)"', response.headers["Content-Disposition"])
    assert found
    return found[1]


@pytest.mark.parametrize("path", HEADS)
def test_the_columns_of_a_file_keep_their_names_and_stand_there_without_a_row_too(
    path: str, somebody: Visitor
) -> None:
    assert somebody.get(path).text.splitlines()[0] == HEADS[path]


@pytest.mark.parametrize("path", HEADS)
def test_for_excel_the_same_has_semicolons_and_says_that_it_is_utf_8(path: str, somebody: Visitor) -> None:
    response = somebody.get(f"{path}{'&' if '?' in path else '?'}form=excel-nl")

    assert response.data.startswith("\ufeff".encode())
    assert response.data.decode("utf-8-sig").splitlines()[0] == HEADS[path].replace(",", ";")


def test_a_file_of_messages_has_those_of_the_filter_masked_and_is_named_after_it(
    gateway: Gateway, somebody: Visitor
) -> None:
    came(gateway, NOON - HOUR)
    failed = came(gateway, NOON, KEYWORD="BOOM", PARM=f"call {NUMBER}")

    response = somebody.get("/messages/file?state=dead&keyword=boom&since=2h")

    (row,) = read(response)
    assert (row["message_id"], row["msisdn"], row["parm"]) == (str(failed), MASKED, f"call {MASKED}")
    assert row["error"] == f"ConnectionError: the CRM knows no {MASKED}"
    assert NUMBER not in response.text
    assert name_of(response) == "messages-dead-boom-2026-11-22-to-2026-11-22.csv"
    details = {
        "form": "csv",
        "since": "2026-11-22",
        "until": None,
        "only": {"state": ["dead"], "keyword": ["boom"]},
    }
    assert trail(gateway) == [("the admin", "export", "messages", details)]


def test_a_file_of_messages_looks_at_a_day_where_the_page_does(gateway: Gateway, somebody: Visitor) -> None:
    came(gateway, NOON - 25 * HOUR)
    newest = came(gateway, NOON)

    assert [row["message_id"] for row in read(somebody.get("/messages/file"))] == [str(newest)]
    assert len(read(somebody.get("/messages/file?since=2d"))) == 2


def test_a_file_has_more_rows_than_a_page_and_each_once_and_in_order(
    gateway: Gateway, somebody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "PART", 3)
    numbers = store_senders(gateway, 10)

    rows = read(somebody.get("/messages/file?since=2000-01-01"))

    assert [int(row["message_id"]) for row in rows] == numbers[::-1]


def test_a_filter_that_makes_no_sense_gives_no_file_of_something_else(somebody: Visitor, gateway: Gateway) -> None:
    for path in ("/messages/file?state=lost", "/replies/file?state=lost"):
        response = somebody.get(path)

        assert response.status_code == 400
        assert "&#39;lost&#39; is none of" in response.text
    assert trail(gateway) == []


def test_a_person_is_in_no_name_of_a_file_and_the_trail_knows_whom_it_was_about(
    gateway: Gateway, somebody: Visitor
) -> None:
    came(gateway, NOON)
    address = somebody.post("/messages/person", number=NUMBER).location
    key = address.rpartition("person=")[2]

    response = somebody.get(f"/messages/file?person={key}")

    assert len(read(response)) == 1
    assert name_of(response) == "messages-one-number-2026-11-21-to-2026-11-22.csv"
    with gateway.engine.begin() as conn:
        (entry,) = audit.latest(conn, action="export", limit=2)
    assert entry["person_key"].hex() == key
    assert key not in json.dumps(entry["details"])


def test_a_managers_file_has_the_own_keywords_only(gateway: Gateway) -> None:
    came(gateway, NOON, KEYWORD="BOOM")
    came(gateway, NOON - HOUR, MSISDN="32400000001")
    manager = visitor(gateway, "manager", "win")

    assert {row["keyword"] for row in read(manager.get("/messages/file"))} == {"WIN"}
    assert read(manager.get("/problems/file")) == []
    assert manager.get("/replies/file").status_code == 403


# whole numbers


def test_whole_numbers_are_given_for_a_reason_which_the_trail_keeps(gateway: Gateway) -> None:
    came(gateway, NOON, KEYWORD="BOOM", PARM=f"call {NUMBER}")
    compliance = visitor(gateway, "compliance")

    why = "a question of the regulator"
    response = compliance.post("/messages/file?keyword=boom", reason=why, file="csv")

    (row,) = read(response)
    assert (row["msisdn"], row["parm"]) == (NUMBER, f"call {NUMBER}")
    with gateway.engine.begin() as conn:
        (entry,) = audit.latest(conn, action="export", limit=2)
    assert (entry["actor"], entry["reason"]) == ("the compliance", why)
    assert entry["details"]["numbers"] == "whole"


def test_whole_numbers_are_a_sheet_for_excel_too(gateway: Gateway, somebody: Visitor) -> None:
    came(gateway, NOON)

    response = somebody.post("/messages/file", reason="an audit", file="excel-nl")

    assert f";'{NUMBER};" in response.text


@pytest.mark.parametrize("reason", ["", " ", "about 0032 412 34 56 78", "x" * 201])
@pytest.mark.parametrize("path", ["/messages/file", "/replies/file", "/subscribers/file"])
def test_without_a_reason_that_can_be_kept_nobody_gets_them(path: str, reason: str, gateway: Gateway) -> None:
    came(gateway, NOON)
    compliance = visitor(gateway, "compliance")

    response = compliance.post(path, reason=reason, file="csv")

    assert response.status_code == 400
    assert NUMBER not in response.text
    assert trail(gateway) == []


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_not_see_people_gets_them_masked_and_is_offered_nothing_else(role: str, gateway: Gateway) -> None:
    came(gateway, NOON)
    somebody = visitor(gateway, role)

    assert somebody.post("/messages/file", reason="I want to").status_code == 403
    assert [row["msisdn"] for row in read(somebody.get("/messages/file?numbers=whole&reason=x"))] == [MASKED]
    assert "whole numbers" not in somebody.text("/messages")
    assert "whole numbers" in visitor(gateway, "compliance").text("/messages")


# the other tables


def test_a_file_of_replies_has_what_became_of_those_of_the_filter(gateway: Gateway, somebody: Visitor) -> None:
    queue(gateway)
    answer = SendResult(outcome=SendOutcome.FAILED, code="104", text=f"{NUMBER} is not in use")
    provider = Script([answer])
    send_all(sender_of(gateway, provider, clock=gateway.clock), provider)

    response = somebody.get("/replies/file?state=failed&provider=spryng")

    (row,) = read(response)
    assert (row["status"], row["provider_code"], row["body"]) == ("failed", "104", "hello")
    assert (row["msisdn"], row["provider_code_text"]) == (MASKED, f"104: {MASKED} is not in use")
    assert name_of(response) == "replies-failed-spryng-2026-11-22.csv"
    assert read(somebody.get("/replies/file?state=sent")) == []


def test_a_file_of_opt_outs_has_those_in_force_or_those_that_have_ended(
    gateway: Gateway, somebody: Visitor
) -> None:
    assert invoke(gateway, "optouts", "add", NUMBER, "--word", f"letter of {NUMBER}").exit_code == 0

    response = somebody.get("/subscribers/file")

    (row,) = read(response)
    assert (row["msisdn"], row["word"], row["ended_at_amsterdam"]) == (MASKED, f"letter of {MASKED}", "")
    assert name_of(response) == "opt-outs-in-force-2026-11-22.csv"
    assert read(somebody.get("/subscribers/file?optouts=ended")) == []
    (whole,) = read(somebody.post("/subscribers/file", reason="an audit", file="csv"))
    assert whole["msisdn"] == NUMBER


def test_the_groups_of_problems_are_a_file_as_the_page_has_them(gateway: Gateway, somebody: Visitor) -> None:
    for minutes in (1, 2):
        came(gateway, NOON - timedelta(minutes=minutes), KEYWORD="BOOM")
    came(gateway, NOON, KEYWORD="NOBODY")

    failed, unrouted = somebody.get("/problems/file"), somebody.get("/problems/file?kind=unrouted")

    ((of_failed,), (of_unrouted,)) = read(failed), read(unrouted)
    assert (of_failed["kind"], of_failed["cause"], of_failed["messages"]) == ("failed", "ConnectionError", "2")
    assert (of_unrouted["cause"], of_unrouted["shortcode"]) == ("NOBODY", "4414")
    assert name_of(unrouted) == "problems-unrouted-2026-11-22.csv"


def test_the_trail_is_a_file_of_what_is_asked_for_and_that_is_in_the_trail_then(
    gateway: Gateway, somebody: Visitor
) -> None:
    with gateway.engine.begin() as conn:
        for action in ("replay", "reveal"):
            audit.add(conn, Actor(name="an"), Deed(action=action, details={"at_most": 3}), NOON)

    response = somebody.get("/audit/file?action=replay")

    (row,) = read(response)
    assert (row["actor"], row["action"], json.loads(row["details"])) == ("an", "replay", {"at_most": 3})
    assert name_of(response) == "audit-replay-2026-11-22.csv"
    assert trail(gateway)[-1][1:3] == ("export", "audit")


def test_a_hostile_filter_is_plain_in_the_name_of_a_file(somebody: Visitor) -> None:
    keyword = "%22%0D%0ASet-Cookie:%20x=1%2F..%2F" + "y" * 150

    name = name_of(somebody.get(f"/messages/file?keyword={keyword}&since=2h"))

    assert re.fullmatch(r"messages-set-cookie-x-1-y+-2026-11-22-to-2026-11-22\.csv", name)
    assert len(name) < 150
