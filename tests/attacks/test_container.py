"""The program where it may write to its volume and to /tmp alone: another root, read-only, and no rights.

It is what compose.yaml asks of an engine, by an engine's own means; tests/test_dockerfile.py builds the image.
"""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from mo_gateway.fakes.server import running
from mo_gateway.fakes.spryng import FakeSpryng
from tests.running import HANDLERS, Program, post
from tests.test_dockerfile import IMAGE_USER, status_of
from tests.waiting import until

pytestmark = pytest.mark.attacks

ROOT = Path(__file__).parent.parent.parent
VOLUME = "/var/lib/mo-gateway"
TOOLS = ("unshare", "mount", "chroot", "setpriv")

#: What the program is read from: the system, Python, and ourselves.
READ = ["/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64", sys.base_prefix, sys.prefix, str(ROOT)]

#: Makes a new root of these folders ($READ), all of them read-only, and runs a command there.
CONTAINER = f"""
new=$VOLUME/root
mkdir $new
mount -t tmpfs tmpfs $new
mkdir -p $new/proc $new/dev $new/tmp $new{VOLUME}
mount -t tmpfs -o mode=1777 tmpfs $new/tmp
for folder in $READ; do
    mkdir -p "$new${{folder%/*}}"
    if [ -L "$folder" ]; then cp -P "$folder" "$new$folder"; continue; fi
    [ -d "$folder" ] || continue
    mkdir -p "$new$folder"
    mount --bind "$folder" "$new$folder"
    mount -o remount,bind,ro "$new$folder"
done
mount --bind /proc $new/proc
mount --bind /dev $new/dev
mount --bind $VOLUME $new{VOLUME}
mount -o remount,ro $new
exec chroot $new setpriv --reuid={IMAGE_USER} --regid={IMAGE_USER} --clear-groups --no-new-privs \\
    --inh-caps=-all --ambient-caps=-all --bounding-set=-all \\
    sh -c 'cd {VOLUME} && exec "$@"' sh "$@"
"""


@contextmanager
def container(folder: Path, **settings: str) -> Iterator[Program]:
    """Give a program that will run in such a place, with `folder` as its volume; skip where none can be made."""
    if os.geteuid() != 0 or any(not shutil.which(tool) for tool in TOOLS):
        pytest.skip(f"only root can make a container here, with {', '.join(TOOLS)}")
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this host lets nobody have mounts of their own")
    folder.chmod(0o750)
    shutil.chown(folder, int(IMAGE_USER), int(IMAGE_USER))
    variables = [f"VOLUME={folder}", f"READ={' '.join(READ)}", f"PYTHONPATH={ROOT}"]
    within = ("env", *variables, "unshare", "--mount", "--propagation=private", "sh", "-ec", CONTAINER, "sh")
    made = Program(folder, settings, within)
    try:
        yield made
    finally:
        made.close()


def status_lines(pid: int) -> dict[str, str]:
    """Give what the kernel says of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def written_by(pid: int) -> set[str]:
    """Give the files that a process has open for writing."""
    found = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        flags = int(Path(f"/proc/{pid}/fdinfo/{descriptor.name}").read_text().split("flags:")[1].split()[0], 8)
        target = str(descriptor.readlink())
        if flags & os.O_ACCMODE != os.O_RDONLY and target.startswith("/"):
            found.add(target)
    return found


def listening_by_name(pids: set[int]) -> list[str]:
    """Give the Unix sockets on which one of these processes listens."""
    theirs = {str(descriptor.readlink()) for pid in pids for descriptor in Path(f"/proc/{pid}/fd").iterdir()}
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    accepts = "00010000"
    return [" ".join(line[7:]) for line in lines if line[3] == accepts and f"socket:[{line[6]}]" in theirs]


def refusal_to_write(pid: int, path: str) -> int | None:
    """Try to write where a process sees `path`, as root; give the error, or None where it can be written."""
    try:
        (Path(f"/proc/{pid}/root") / path.lstrip("/") / "probe").write_text("x")
    except OSError as exc:
        return exc.errno
    return None


@pytest.mark.parametrize("front", ["asgi", "flask"])
def test_it_serves_and_works_where_all_but_its_volume_is_read_only(tmp_path: Path, front: str) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "contest.py").write_text(HANDLERS)
    with running(FakeSpryng()) as fake:
        provider = {"URL": f"{fake.url}/api/simple/message", "USERNAME": "user", "PASSWORD": "geheim-wachtwoord"}
        settings = {f"SPRYNG_{name}": value for name, value in provider.items()} | {"HANDLERS": "contest"}
        with container(volume, **settings) as gateway:
            url = gateway.run("--front", front)
            port = urlsplit(url).port or 0

            assert [status_of(path, port) for path in ("/healthz", "/readyz", "/metrics")] == [200] * 3
            assert post(url).body == "TRUE"
            until(lambda: "sent" in gateway.log and fake.fake.taken, "the reply")
            family = gateway.family()
            assert len(family) >= 4
            for pid in family:
                status = status_lines(pid)
                assert set(status["Uid"].split() + status["Gid"].split()) == {IMAGE_USER}
                assert status["NoNewPrivs"] == "1"
                assert {status[f"Cap{kind}"].strip("0") for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {""}
            pid = gateway.process.pid
            seen = {path: refusal_to_write(pid, path) for path in ("/", "/usr", "/etc", sys.prefix, str(ROOT))}
            assert set(seen.values()) == {errno.EROFS}
            assert refusal_to_write(pid, "/tmp") is None
            written = {path for pid in family for path in written_by(pid)}
            assert [path for path in written if not path.startswith((VOLUME, "/tmp/", "/dev/", str(volume)))] == []
            assert any(path.endswith("/mo-gateway.db") for path in written)
            assert listening_by_name(family) == []  # gunicorn's control socket, say
            assert gateway.stop() == 0

    names = {path.name.partition(".db")[0] for path in volume.iterdir()}
    assert names == {"contest.py", "log", "stdout", "root", "mo-gateway", "mo-gateway.person-secret"}


def test_compose_asks_for_the_same() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]

    for name in ("migrate", "gateway", "worker", "proxy"):
        service = services[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert any(place.startswith("/tmp") for place in service["tmpfs"])
