"""What the image is made of: every package is named with its version and its hashes, and nothing else gets in."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.locks import BUILD_LOCK, LOCK, Locked, locked_in

ROOT = Path(__file__).parent.parent.parent

#: Where the image runs, whatever the tests run on.
IMAGE = {
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.0",
    "python_version": "3.11",
    "sys_platform": "linux",
}

pytestmark = pytest.mark.attacks


def pyproject() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def wanted_by(lines: list[str], extras: set[str]) -> list[Requirement]:
    """Give those requirements that hold in the image."""
    all_of_them = map(Requirement, lines)
    return [
        one
        for one in all_of_them
        if not one.marker or any(one.marker.evaluate({**IMAGE, "extra": extra}) for extra in extras | {""})
    ]


def missing_from(lock: dict[str, Locked], lines: list[str]) -> tuple[list[str], set[str]]:
    """Say what a lock does not have of what these lines lead to, and which of its packages they lead to.

    What a package needs is read from the one that is installed here, where that is of the locked version.
    """
    missing: list[str] = []
    reached: set[str] = set()
    waiting = [(one, "pyproject.toml") for one in wanted_by(lines, set())]
    seen = set()
    while waiting:
        requirement, wanted_for = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (name, str(requirement)) in seen:
            continue
        seen.add((name, str(requirement)))
        reached.add(name)
        if name not in lock or not requirement.specifier.contains(lock[name].version):
            missing.append(f"{requirement}, for {wanted_for}")
            continue
        needs = needs_of(lock[name])
        waiting += [(one, name) for one in wanted_by(needs, requirement.extras)]
    return missing, reached


def needs_of(package: Locked) -> list[str]:
    try:
        installed = distribution(package.name)
    except PackageNotFoundError:
        return []
    return (installed.requires or []) if installed.version == package.version else []


def test_the_lock_is_fresh_and_whole() -> None:
    project = pyproject()["project"]
    assert isinstance(project, dict)

    missing, reached = missing_from(locked_in(LOCK), project["dependencies"])

    assert missing == [], "run `nox -s lock`"
    assert len(reached) > len(project["dependencies"]), "nothing was read of what packages need themselves"


def test_what_builds_the_wheel_is_locked_too() -> None:
    build = pyproject()["build-system"]
    assert isinstance(build, dict)

    missing, _ = missing_from(locked_in(BUILD_LOCK), build["requires"])

    assert missing == [], "run `nox -s lock`"


def test_a_lock_that_is_behind_is_found_out() -> None:
    lock = locked_in(LOCK)
    without = {name: package for name, package in lock.items() if name != "werkzeug"}

    assert missing_from(lock, ["flask>=99"])[0] == ["flask>=99, for pyproject.toml"]
    assert missing_from(lock, ["new-package"])[0] == ["new-package, for pyproject.toml"]
    if needs_of(lock["flask"]):
        assert any(line.startswith("werkzeug") for line in missing_from(without, ["flask"])[0])


@pytest.mark.parametrize("lock", [LOCK, BUILD_LOCK], ids=lambda lock: lock.name)
def test_a_lock_names_no_place_to_fetch_from(lock: Path) -> None:
    text = lock.read_text()

    assert locked_in(lock)
    assert "://" not in text
    assert not re.search(r"(?m)^\s*-(?!-hash=)", text)


def test_nothing_gets_into_the_image_but_by_a_lock() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
    commands = re.findall(r"pip (?:--python \S+ )?((?:install|wheel) [^&\n]*)", dockerfile)
    fetching = [command for command in commands if "--no-deps" not in command]
    ours = [command for command in commands if "--no-deps" in command]

    assert len(fetching) == 2
    for command in fetching:
        assert {"--require-hashes", "--only-binary", ":all:", "--requirement"} <= set(command.split())
    assert [command.split()[-1] for command in fetching] == ["build.lock", "requirements.lock"]
    assert [command.split()[-1] for command in ours] == [".", "dist/*.whl"]
    assert "--no-build-isolation" in ours[0]  # else pip would fetch what builds it, newest and unseen
