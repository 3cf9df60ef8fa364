"""`new-plugin`: a package to begin with, whose tests pass and whose types are right."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mo_gateway.cli import main
from mo_gateway.cli.new_plugin import FILES, new_plugin


def test_every_file_is_made_and_named_on_stdout(tmp_path: Path) -> None:
    result = CliRunner().invoke(new_plugin, ["postcode-lottery", "--into", str(tmp_path)])

    made = sorted(str(path) for path in (tmp_path / "postcode-lottery").rglob("*") if path.is_file())
    assert result.exit_code == 0
    assert sorted(result.stdout.splitlines()) == made
    assert len(made) == len(FILES)
    assert "$" not in "".join(Path(path).read_text() for path in made)


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "lottery").mkdir()

    result = CliRunner().invoke(main, ["new-plugin", "lottery", "--into", str(tmp_path)])

    assert (result.exit_code, result.stderr.count("is there already")) == (1, 1)
    assert list((tmp_path / "lottery").iterdir()) == []


@pytest.mark.parametrize("name", ["", "Lottery", "1st", "../up", "a b", "class", "-x", "é"])
def test_a_name_that_python_cannot_import_is_refused(name: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(new_plugin, ["--into", str(tmp_path), "--", name])

    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_its_own_tests_pass_and_they_check_its_types(tmp_path: Path) -> None:
    CliRunner().invoke(new_plugin, ["postcode-lottery", "--into", str(tmp_path)])
    environ = {**os.environ, "PYTHONPATH": ".", "PYTHONWARNINGS": "error"}

    tried = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=tmp_path / "postcode-lottery",
        env=environ,
        capture_output=True,
        text=True,
    )

    assert tried.returncode == 0, tried.stdout
    assert "3 passed" in tried.stdout
