"""`token`: which programs may ask the read API; each token is shown once, and kept as a hash."""

from hashlib import sha256

import pytest

from mo_gateway.gateway import Gateway
from mo_gateway.tokens import Tokens

from .commands import invoke, table
from .stored import rows


def test_a_token_is_printed_once_and_kept_as_a_hash(gateway: Gateway) -> None:
    result = invoke(gateway, "token", "add", "tests")

    token = result.stdout.strip()
    (row,) = rows(gateway.engine, "mo_token")
    assert (len(token), row.token_hash) == (43, sha256(token.encode()).digest())
    assert Tokens(gateway.engine).know(token)
    assert token not in str(rows(gateway.engine, "mo_audit")) + result.stderr


def test_tokens_are_listed_by_what_they_are_for(gateway: Gateway) -> None:
    nobody = invoke(gateway, "token", "list")
    made = [invoke(gateway, "token", "add", name).stdout.strip() for name in ("tests", "crm")]
    listed, as_json = invoke(gateway, "token", "list"), invoke(gateway, "token", "list", "--json")

    assert nobody.stderr == "There is no token. Next: mo-gateway token add NAME\n"
    assert [row[0] for row in table(listed)] == ["NAME", "crm", "tests"]
    assert not any(token in listed.output + as_json.output for token in made)


def test_a_token_that_is_taken_away_is_known_no_more(gateway: Gateway) -> None:
    tokens = [invoke(gateway, "token", "add", name).stdout.strip() for name in ("tests", "crm")]
    result = invoke(gateway, "token", "remove", "crm")

    assert result.stdout == "The token crm opens nothing any more.\n"
    assert [Tokens(gateway.engine).know(token) for token in tokens] == [True, False]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["remove", "nobody"], "there is no token nobody: `mo-gateway token list` names them"),
        (["add", "taken"], "there is a token taken already: choose another name"),
        (["add", " x"], "' x' is no name for a token: 1 to 100 characters, no white space around them"),
        (["add", ""], "'' is no name for a token: 1 to 100 characters, no white space around them"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(gateway: Gateway, arguments: list[str], fault: str) -> None:
    invoke(gateway, "token", "add", "taken")
    result = invoke(gateway, "token", *arguments)

    assert (result.exit_code, result.stderr) == (1, f"{fault}\n")


def test_each_change_stands_in_the_trail_with_who_made_it(gateway: Gateway) -> None:
    invoke(gateway, "token", "add", "tests")
    invoke(gateway, "token", "remove", "tests")

    trail = rows(gateway.engine, "mo_audit")
    assert [(entry.action, entry.subject) for entry in trail] == [
        ("token-add", "token tests"),
        ("token-remove", "token tests"),
    ]
    assert all(entry.actor.startswith("cli:") for entry in trail)
