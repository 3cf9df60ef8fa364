"""Copies of the project in which one thing may be changed, and tests that are run on them."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

PROJECT = Path(__file__).parents[2]
PACKAGE = "mo_gateway"
LEFT_OUT = {PACKAGE, "__pycache__"}
PATIENCE = 400  # seconds for the tests of one copy, on a busy host

#: How the message of a failed test begins where an assertion of its own failed.
OF_ASSERTIONS = ("assert ", "AssertionError", "Failed: DID NOT RAISE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A text in one file of the package, and what is to stand in its place."""

    file: str
    text: str
    instead: str

    def made_in(self, source: str) -> str:
        """Give the source with the change; or raise ValueError where it does not fit exactly once."""
        if source.count(self.text) != 1:
            raise ValueError(f"{self.file} has this {source.count(self.text)} times, and not once: {self.text}")
        return source.replace(self.text, self.instead)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What tests said of a copy."""

    exit_code: int  #: pytest's: 0 = all passed, 1 = some failed, anything else = they were not run as they should
    failures: Sequence[str]  #: the message of each test that failed
    output: str

    def is_noticed(self, *, shows_as: str | tuple[str, ...] | None) -> bool:
        """Tell whether a test has run and failed by its own assertion, or by an error named in `shows_as`."""
        signs = OF_ASSERTIONS if shows_as is None else shows_as
        return self.exit_code == 1 and any(message.startswith(signs) for message in self.failures)


def copy_with(change: Change | None, folder: Path) -> None:
    """Make a copy of the project in `folder`: links, but for the file that is changed and the way to it."""
    for path in PROJECT.iterdir():
        if path.name not in LEFT_OUT and not path.name.startswith("."):
            (folder / path.name).symlink_to(path)
    (folder / "own_copy.py").symlink_to(Path(__file__).with_name("own_copy.py"))
    _link(PROJECT / PACKAGE, folder / PACKAGE, change.file.split("/") if change else [])
    if change:
        original = (PROJECT / PACKAGE / change.file).read_text(encoding="utf-8")
        (folder / PACKAGE / change.file).write_text(change.made_in(original), encoding="utf-8")


def run_tests(folder: Path, tests: Sequence[str]) -> Outcome:
    """Run tests, named from the folder `tests` on, on the copy in `folder` until one fails."""
    report = folder / "report.xml"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", f"--junitxml={report}"]
    command += ["-m", ""]  # whatever gate they are of
    plugins = ["-p", "own_copy", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(
        [*command, *plugins, *(f"tests/{test}" for test in tests)],
        cwd=folder,
        env=environ | {"PYTHONPATH": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    failures = (
        [node.get("message", "") for node in ElementTree.parse(report).iter("failure")] if report.exists() else []
    )
    return Outcome(exit_code=done.returncode, failures=failures, output=done.stdout + done.stderr)


def _link(original: Path, copy: Path, way: Sequence[str]) -> None:
    """Fill a folder with links to what is in the original, but for the first step of the way."""
    copy.mkdir()
    for path in original.iterdir():
        if path.name in way[:1]:
            if path.is_dir():
                _link(path, copy / path.name, way[1:])
        elif path.name != "__pycache__":
            (copy / path.name).symlink_to(path)
