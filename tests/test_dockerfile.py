"""The image without an engine: the Dockerfile's own steps, run in a folder by an ordinary user."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from .locks import LOCK, locked_in

ROOT = Path(__file__).parent.parent
IMAGE_USER = "10001"


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of a Dockerfile."""

    stage: int
    word: str
    rest: str


@dataclass
class Image:
    """A folder that takes the place of the image's `/opt`, `/src` and `/var/lib`."""

    folder: Path
    port: int
    steps: list[Step] = field(default_factory=lambda: dockerfile())

    def one(self, word: str) -> str:
        """Give what stands behind an instruction of the last stage."""
        return next(step.rest for step in reversed(self.steps) if step.word == word)

    def build(self) -> None:
        """Do what the first stage does, up to the packages being installed."""
        work = self.folder
        for step in self.steps:
            if step.stage == 0 and step.word == "WORKDIR":
                work = Path(self.here(step.rest))
                self.make_folder(work)
            elif step.stage == 0 and step.word == "COPY":
                *sources, target = step.rest.split()
                for source in sources:
                    self.copy(ROOT / source, work / target / ("" if target.endswith("/") else "."))
            elif step.stage == 0 and step.word == "RUN":
                self.run(["sh", "-ec", self.here(step.rest)], work, stage=0)

    def copy(self, source: Path, target: Path) -> None:
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)

    def make_folder(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(path, int(IMAGE_USER), int(IMAGE_USER))

    def here(self, text: str) -> str:
        """Turn what the image has at its root, and its port, into what we have."""
        return re.sub(r"(?<![\w.])/(opt|src|var/lib)\b", rf"{self.folder}/\1", text).replace(
            "8000", str(self.port)
        )

    def environ(self, stage: int) -> dict[str, str]:
        """Give what a stage sets, and of ours only what says how packages are fetched."""
        ours = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
        environ = ours | {"PATH": f"{sys.base_prefix}/bin:/usr/bin:/bin", "TMPDIR": f"{self.folder}/tmp"}
        for step in self.steps:
            if (step.stage, step.word) == (stage, "ENV"):
                for name, value in re.findall(r"(\w+)=(\S+)", self.here(step.rest)):
                    environ[name] = value.replace(f"${name}", environ.get(name, ""))
        return environ | {"HOME": "/nonexistent"}

    def packages(self) -> set[str]:
        """Name what is installed in it."""
        found = (self.folder / "opt").rglob("*.dist-info")
        return {canonicalize_name(path.name.partition("-")[0]) for path in found}

    def command(self, command: list[str]) -> list[str]:
        if os.geteuid() != 0:
            return command
        # Who runs tests as root may have Python in root's home; so this user may read all, as root does, and
        # write nothing that is not its own.
        reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        return ["setpriv", f"--reuid={IMAGE_USER}", f"--regid={IMAGE_USER}", "--clear-groups", *reading, *command]

    def run(self, command: list[str], work: Path, *, stage: int) -> None:
        done = subprocess.run(
            self.command(command), cwd=work, env=self.environ(stage), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def dockerfile() -> list[Step]:
    """Read the Dockerfile's instructions, each with the number of its stage."""
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "Dockerfile").read_text()).replace("\\\n", "")
    steps: list[Step] = []
    stage = -1
    for line in filter(None, text.splitlines()):
        word, rest = line.split(maxsplit=1)
        stage += word == "FROM"
        steps.append(Step(stage, word, rest))
    return steps


@pytest.fixture
def image() -> Iterator[Image]:
    # Not pytest's own folder: nobody but its owner gets into that.
    folder = Path(tempfile.mkdtemp(prefix="mo-gateway-image-"))
    folder.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    image = Image(folder, port)
    for name in ("tmp", "opt", "var/lib/mo-gateway"):
        image.make_folder(folder / name)
    yield image
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    shutil.rmtree(folder)


def test_the_image_runs_as_a_user_without_rights() -> None:
    last = [step for step in dockerfile() if step.stage == 1]

    assert [step.rest for step in last if step.word == "USER"] == [IMAGE_USER]
    assert any(f"useradd --uid {IMAGE_USER}" in step.rest for step in last if step.word == "RUN")


def test_both_stages_have_the_same_python() -> None:
    bases = {step.rest.split()[0] for step in dockerfile() if step.word == "FROM"}

    assert bases == {"python:3.11-slim"}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_the_dockerfile_builds_starts_where_only_its_volume_can_be_written_to(image: Image) -> None:
    image.build()
    assert image.packages() == {"mo-gateway", *locked_in(LOCK)}
    subprocess.run(["chmod", "-R", "a-w", image.folder / "opt"], check=True)
    before = sorted((image.folder / "opt").rglob("*"))
    start = json.loads(image.one("ENTRYPOINT")) + json.loads(image.here(image.one("CMD")))
    work = Path(image.here(image.one("WORKDIR")))
    with (image.folder / "log").open("w") as log:
        gateway = subprocess.Popen(
            image.command(start), cwd=work, env=image.environ(1), stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert gateway.stdout is not None
        assert "/spryng/mo/" in gateway.stdout.readline(), (image.folder / "log").read_text()
        assert status_of("/healthz", image.port) == 200
        health_check = json.loads(image.here(image.one("HEALTHCHECK").partition("CMD ")[2]))
        image.run(health_check, work, stage=1)
    finally:
        gateway.terminate()
        gateway.communicate(timeout=60)
    assert gateway.returncode == 0
    assert sorted((image.folder / "opt").rglob("*")) == before
    assert not any((image.folder / "tmp").iterdir())


def status_of(path: str, port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status
