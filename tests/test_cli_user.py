"""`user`: who may log in is said at the command line, and kept in the trail."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from mo_gateway.gateway import Gateway
from mo_gateway.users import Users, WrongPassword

from .commands import invoke, table
from .stored import rows

PASSWORD = "correct horse battery"

Run = Callable[..., Result]


@pytest.fixture
def run(gateway: Gateway) -> Run:
    """A function that runs `mo-gateway user …` with the password on stdin."""

    def run(*arguments: str, password: str = PASSWORD) -> Result:
        return invoke(gateway, "user", *arguments, stdin=f"{password}\n")

    return run


def add(run: Run, name: str = "an", role: str = "admin", *more: str, password: str = PASSWORD) -> Result:
    """Make a user."""
    return run("add", name, "--role", role, "--password-file", "-", *more, password=password)


def test_a_user_can_log_in_with_the_password_and_with_no_other(run: Run, gateway: Gateway) -> None:
    assert add(run).stdout == "an may log in at /dashboard/ as admin.\n"
    users = Users(gateway.engine)

    assert users.log_in("an", PASSWORD, "::1", gateway.clock()).user.role == "admin"
    for name, password in (("an", "wrong"), ("nobody", PASSWORD)):
        with pytest.raises(WrongPassword):
            users.log_in(name, password, "::1", gateway.clock())


def test_a_password_is_kept_as_argon2id_and_said_nowhere(run: Run, gateway: Gateway) -> None:
    result = add(run)

    (user,) = rows(gateway.engine, "mo_user")
    assert user.password_hash.startswith("$argon2id$")
    assert PASSWORD not in result.output + str(rows(gateway.engine, "mo_audit"))


def test_a_password_can_come_from_a_file(run: Run, gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")

    run("add", "an", "--role", "viewer", "--password-file", str(tmp_path / "password"))

    assert Users(gateway.engine).log_in("an", PASSWORD, "::1", gateway.clock()).user.name == "an"


def test_users_are_listed_without_their_passwords(run: Run) -> None:
    add(run, "bob", "manager", "--keyword", "Win", "--keyword", "QUIZ")
    add(run)
    listed = run("list")

    assert table(listed)[1:] == [["an", "admin", "–", "–"], ["bob", "manager", "quiz, win", "–"]]
    assert "argon2" not in listed.output + run("list", "--json").output


@pytest.mark.parametrize(
    ("name", "role", "more", "password", "fault"),
    [
        ("an", "admin", [], "short", "the password has 5 characters: it needs 12 at least"),
        ("", "admin", [], PASSWORD, "'' is no name for a user"),
        (" an", "admin", [], PASSWORD, "' an' is no name for a user"),
        ("a\x1bn", "admin", [], PASSWORD, r"'a\x1bn' is no name for a user"),
        ("a" * 101, "admin", [], PASSWORD, "is no name for a user"),
        ("an", "manager", [], PASSWORD, "a manager needs the keywords to see"),
        ("an", "viewer", ["--keyword", "WIN"], PASSWORD, "a viewer sees all keywords, and is given none"),
    ],
)
def test_what_makes_no_user_is_said_in_one_sentence(
    run: Run, gateway: Gateway, name: str, role: str, more: list[str], password: str, fault: str
) -> None:
    result = add(run, name, role, *more, password=password)

    assert (result.exit_code, rows(gateway.engine, "mo_user")) == (1, [])
    assert fault in result.stderr


def test_a_name_is_taken_once(run: Run) -> None:
    add(run)
    result = add(run)

    assert (result.exit_code, result.stderr) == (1, "there is a user an already: choose another name\n")


def test_a_new_password_ends_what_was_begun_with_the_old_one(run: Run, gateway: Gateway) -> None:
    add(run)
    users = Users(gateway.engine)
    token = users.log_in("an", PASSWORD, "::1", gateway.clock()).token
    run("password", "an", "--password-file", "-", password="another long password")

    assert users.of_session(token, gateway.clock()) is None
    assert users.log_in("an", "another long password", "::1", gateway.clock()).user.name == "an"


def test_another_role_holds_at_once_and_a_user_taken_away_is_out(run: Run, gateway: Gateway) -> None:
    add(run)
    users = Users(gateway.engine)
    token = users.log_in("an", PASSWORD, "::1", gateway.clock()).token
    run("role", "an", "--role", "manager", "--keyword", "WIN")
    as_manager = users.of_session(token, gateway.clock())
    run("remove", "an")

    assert as_manager
    assert (as_manager.role, as_manager.keywords) == ("manager", ("win",))
    assert users.of_session(token, gateway.clock()) is None


@pytest.mark.parametrize("command", [["role", "nobody", "--role", "viewer"], ["remove", "nobody"]])
def test_a_user_who_is_not_there_is_named(run: Run, command: list[str]) -> None:
    result = run(*command)

    assert (result.exit_code, result.stderr) == (1, "there is no user nobody: `mo-gateway user list` names them\n")


def test_where_nobody_can_be_asked_for_the_password_it_says_how_to_give_it(run: Run) -> None:
    result = run("add", "an", "--role", "admin")

    assert (result.exit_code, "--password-file" in result.stderr) == (2, True)


def test_each_change_stands_in_the_trail_with_who_made_it(run: Run, gateway: Gateway) -> None:
    add(run)
    run("role", "an", "--role", "viewer")
    run("password", "an", "--password-file", "-")
    run("remove", "an")

    trail = rows(gateway.engine, "mo_audit")
    assert [entry.action for entry in trail] == ["user-add", "user-role", "user-password", "user-remove"]
    assert {entry.subject for entry in trail} == {"user an"}
    assert all(entry.actor.startswith("cli:") for entry in trail)
