"""The files that people deploy with: image, compose, systemd units, secrets, settings."""

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mo_gateway.settings import load_settings, unknown_variables

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNITS = ["mo-gateway.service", "mo-gateway-worker.service"]


@pytest.fixture
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return document


def run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def required(name: str) -> str:
    """Find a program of the `check` extra; without it skip at a desk and fail in CI."""
    beside_python = Path(sys.executable).parent
    found = shutil.which(name, path=f"{beside_python}{os.pathsep}{os.environ['PATH']}")
    if not found and "CI" not in os.environ:
        pytest.skip(f"{name} is not installed")
    assert found, f"{name} is not installed"
    return found


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    lint = run(required("hadolint"), "Dockerfile")

    assert lint.stdout == ""
    assert lint.returncode == 0


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    program = shutil.which("true")
    copies = [tmp_path / unit for unit in UNITS]
    for copy in copies:
        text = (DEPLOY / copy.name).read_text()
        copy.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={program}", text))  # a path that exists here

    verdict = run("systemd-analyze", "verify", "--man=no", *copies)

    assert verdict.stderr == ""
    assert verdict.returncode == 0


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_may_write_to_its_own_folder_only_and_never_gives_up(unit: str) -> None:
    lines = (DEPLOY / unit).read_text().splitlines()

    assert {"ProtectSystem=strict", "StateDirectory=mo-gateway", "NoNewPrivileges=yes"} <= set(lines)
    assert {"Restart=always", "StartLimitIntervalSec=0", "TimeoutStopSec=20"} <= set(lines)


def test_the_units_are_protected_alike() -> None:
    hardening = [(DEPLOY / unit).read_text().partition("\nUMask=")[2] for unit in UNITS]

    assert hardening[0] == hardening[1] != ""


def test_compose_sets_only_real_settings(compose: dict[str, Any]) -> None:
    given = [service.get("environment", {}) for service in compose["services"].values()]
    names = {name: "" for environment in given for name in environment}

    assert "MO_GATEWAY_DATABASE_URL_FILE" in names
    assert unknown_variables(names) == []


def test_compose_hands_over_each_secret_that_its_settings_name(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        files = {value for name, value in service.get("environment", {}).items() if name.endswith("_FILE")}

        assert files == {f"/run/secrets/{secret}" for secret in service.get("secrets", [])}


def test_compose_serves_and_works_only_after_the_schema_is_current(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert services["migrate"]["command"] == ["db", "upgrade"]
    for name in ("gateway", "worker"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_the_example_environment_names_only_real_settings() -> None:
    text = (DEPLOY / "environment.example").read_text()
    names = re.findall(r"(?m)^#?(MO_GATEWAY_\w+)=", text)

    assert len(names) >= 4
    assert unknown_variables(dict.fromkeys(names, "")) == []


def test_the_example_environment_is_taken_as_it_is(tmp_path: Path) -> None:
    text = (DEPLOY / "environment.example").read_text()
    environ = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))

    settings = load_settings(environ, tmp_path)

    assert settings.trusted_proxies == 1


def test_the_secrets_that_compose_asks_for_are_made(tmp_path: Path, compose: dict[str, Any]) -> None:
    made = run("sh", DEPLOY / "make-secrets.sh", cwd=tmp_path)

    assert made.returncode == 0, made.stderr
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    for secret in compose["secrets"].values():
        assert len((tmp_path / secret["file"]).read_text()) > 40
    settings = load_settings(
        {"MO_GATEWAY_DATABASE_URL_FILE": str(tmp_path / "secrets" / "database_url")}, tmp_path
    )
    password = (tmp_path / "secrets" / "postgres_password").read_text().strip()
    assert (settings.database_url.host, settings.database_url.password) == ("postgres", password)


def test_secrets_that_exist_are_kept(tmp_path: Path) -> None:
    run("sh", DEPLOY / "make-secrets.sh", cwd=tmp_path)
    before = {path: path.read_text() for path in (tmp_path / "secrets").iterdir()}

    run("sh", DEPLOY / "make-secrets.sh", cwd=tmp_path)

    assert {path: path.read_text() for path in (tmp_path / "secrets").iterdir()} == before
