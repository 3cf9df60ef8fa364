"""Each known bug is noticed by a test that is named for it; without any bug all those tests pass."""

from pathlib import Path

import pytest

from .bugs import BUGS, Bug
from .copies import Change, copy_with, run_tests

pytestmark = [pytest.mark.mutants, pytest.mark.timeout(450)]


def test_without_a_bug_all_tests_pass(tmp_path: Path) -> None:
    copy_with(None, tmp_path)
    outcome = run_tests(tmp_path, sorted({test for bug in BUGS for test in bug.tests}))

    assert outcome.exit_code == 0, outcome.output


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_is_noticed(bug: Bug, tmp_path: Path) -> None:
    copy_with(bug.change, tmp_path)
    outcome = run_tests(tmp_path, bug.tests)

    assert outcome.is_noticed(shows_as=bug.shows_as), f"{bug.would}\n{outcome.output}"


@pytest.mark.parametrize("text", ["no such line", "import"])
def test_a_change_that_does_not_fit_exactly_once_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"and not once: {text}"):
        copy_with(Change(file="keys.py", text=text, instead=""), tmp_path)


@pytest.mark.parametrize(
    ("instead", "exit_code"),
    [("import hmac  # the same\n", 0), ("import no_such_module\n", 4), ("import hmac; raise KeyError\n", 4)],
)
def test_neither_a_harmless_change_nor_one_that_ends_all_tests_is_taken_for_a_bug_that_was_noticed(
    instead: str, exit_code: int, tmp_path: Path
) -> None:
    copy_with(Change(file="keys.py", text="import hmac\n", instead=instead), tmp_path)
    outcome = run_tests(tmp_path, ["test_keys.py::test_a_key_has_16_bytes"])

    assert (outcome.exit_code, outcome.is_noticed(shows_as=None)) == (exit_code, False), outcome.output
