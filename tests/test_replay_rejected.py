"""`replay --rejected`: rejected requests, read again."""

import json
from datetime import timedelta

import pytest

from mo_gateway.errors import FieldError
from mo_gateway.gateway import Gateway
from mo_gateway.gateway.readers import open_spryng
from mo_gateway.message import Outcome
from mo_gateway.numbering import load_numbering
from mo_gateway.store.tables import mo_handling, mo_message, mo_rejection, mt_message

from .conftest import settings_for
from .handling import NOON
from .replaying import encoded, enter, gateway, only, receive, request, rows, run, work

__all__ = ["gateway"]  # a fixture

UNLISTED = "99999"  # in no operator table


def test_a_request_that_is_valid_by_now_becomes_a_message_with_its_work(gateway: Gateway) -> None:
    receive(gateway, OPERATOR=UNLISTED)

    result = run(gateway, "--rejected", OPERATOR_POLICY="any")

    work(gateway, enter)
    message, rejection = only(gateway, mo_message), only(gateway, mo_rejection)
    assert result.exit_code == 0
    assert result.stdout == "1 rejected request read again: 1 stored, 0 there already, 0 still bad.\n"
    assert (rejection.message_id, rejection.replayed_at is not None) == (message.id, True)
    assert (message.operator, message.received_at, message.deliveries) == (UNLISTED, NOON, 1)
    assert only(gateway, mt_message).body == "You are in with blue."


def test_one_that_the_provider_has_sent_again_meanwhile_is_only_linked(gateway: Gateway) -> None:
    receive(gateway, OPERATOR=UNLISTED)
    tolerant = open_spryng(settings_for("sqlite:///unused.db", OPERATOR_POLICY="any"), load_numbering())
    stored = gateway.receiver.receive(
        tolerant, request(encoded(OPERATOR=UNLISTED), at=NOON + timedelta(minutes=1))
    )
    before = only(gateway, mo_message)

    result = run(gateway, "--rejected", OPERATOR_POLICY="any")

    assert result.stdout == "1 rejected request read again: 0 stored, 1 there already, 0 still bad.\n"
    assert only(gateway, mo_rejection).message_id == stored.id
    assert only(gateway, mo_message) == before
    assert len(rows(gateway, mo_handling)) == 1


def test_what_is_still_bad_is_listed_without_the_number(gateway: Gateway) -> None:
    receive(gateway, OPERATOR=UNLISTED)
    receive(gateway, MSISDN="0475123456", KEYWORD="X%1B%5BA")

    result = run(gateway, "--rejected", OPERATOR_POLICY="any")

    first, second = rows(gateway, mo_rejection)
    assert result.exit_code == 7
    assert result.stdout.splitlines() == [
        "2 rejected requests read again: 1 stored, 0 there already, 1 still bad.",
        f'Rejection {second.id}: KEYWORD "X\\x1b[A" may hold no control characters; MSISDN "047•••••56" must be'
        " 6 to 15 digits 0-9 that begin with the country code, not with 0.",
    ]
    assert (first.replayed_at is None, second.replayed_at) == (False, None)


def test_what_has_become_a_message_is_not_read_again(gateway: Gateway) -> None:
    receive(gateway, OPERATOR=UNLISTED)
    run(gateway, "--rejected", OPERATOR_POLICY="any")

    result = run(gateway, "--rejected", OPERATOR_POLICY="any")

    assert result.exit_code == 0
    assert result.stdout == "No rejected request is like that and can be read again.\n"


def test_a_wrong_media_type_is_read_as_a_form_and_a_cut_body_never(gateway: Gateway) -> None:
    fault = (FieldError(field="(body)", value="", rule="is not right"),)
    text = request(encoded(PARM="caf%E9"), content_type="text/plain; charset=utf-8")
    cut = request(encoded(PARM="red"))
    gateway.receiver.reject(gateway.spryng, text, 415, fault)
    gateway.receiver.reject(gateway.spryng, cut, 413, fault)

    result = run(gateway, "--rejected")

    assert result.stdout == "1 rejected request read again: 1 stored, 0 there already, 0 still bad.\n"
    assert only(gateway, mo_message).parm == "café"


def test_another_charset_may_be_what_makes_it_valid(gateway: Gateway) -> None:
    receive(gateway, KEYWORD="%C3%A9" * 15)  # 15 letters in UTF-8, 30 in ISO-8859-1

    result = run(gateway, "--rejected", "--charset", "utf-8")

    message = only(gateway, mo_message)
    assert result.exit_code == 0
    assert (message.keyword, message.charset) == ("é" * 15, "utf-8")


def test_a_test_message_stays_one(gateway: Gateway) -> None:
    gateway.receiver.receive(gateway.spryng, request(encoded(OPERATOR=UNLISTED), is_test=True))

    run(gateway, "--rejected", OPERATOR_POLICY="any")

    assert only(gateway, mo_message).is_test


def test_a_dry_run_foresees_and_changes_nothing(gateway: Gateway) -> None:
    stored = receive(gateway)
    receive(gateway, OPERATOR=UNLISTED)
    receive(gateway, KEYWORD="")
    before = rows(gateway, mo_rejection)

    result = run(gateway, "--rejected", "--dry-run", "--json", OPERATOR_POLICY="any")

    valid, bad = before
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "dry_run": True,
        "stored": [{"rejection": valid.id, "message": None}],
        "there_already": [],
        "still_bad": [
            {
                "rejection": bad.id,
                "errors": [{"field": "KEYWORD", "value": "", "rule": "must be 2 to 15 characters long, not 0"}],
            }
        ],
    }
    assert rows(gateway, mo_rejection) == before
    assert only(gateway, mo_message).id == stored.id


@pytest.mark.parametrize(
    ("option", "value"), [("--since", "2026-11-22"), ("--until", "2026-11-20"), ("--limit", "1")]
)
def test_times_and_a_limit_choose(gateway: Gateway, option: str, value: str) -> None:
    old = receive(gateway, OPERATOR=UNLISTED, at=NOON - timedelta(days=2))
    new = receive(gateway, OPERATOR=UNLISTED, PARM="red")
    assert (old.outcome, new.outcome) == (Outcome.REJECTED, Outcome.REJECTED)

    run(gateway, "--rejected", option, value, OPERATOR_POLICY="any")

    chosen = new if option == "--since" else old
    assert [row.id for row in rows(gateway, mo_rejection) if row.replayed_at] == [chosen.id]


def test_one_that_came_again_within_the_time_is_chosen(gateway: Gateway) -> None:
    receive(gateway, OPERATOR=UNLISTED, at=NOON - timedelta(days=2))
    receive(gateway, OPERATOR=UNLISTED)

    result = run(gateway, "--rejected", "--since", "2026-11-22", OPERATOR_POLICY="any")

    assert "1 stored" in result.stdout


def test_it_refuses_filters_that_rejections_do_not_have(gateway: Gateway) -> None:
    result = run(gateway, "--rejected", "--state", "dead")

    assert result.exit_code == 2
    assert "--rejected goes with --since, --until, --id, --limit and --charset only." in result.stderr
