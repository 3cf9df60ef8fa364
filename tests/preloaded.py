"""`mo-gateway` in a process of its own that need not import it first, which takes a second each time.

One process has imported the program and done nothing else. For each command it makes a copy of itself, which gets
the caller's folder, variables and files, runs the command and ends with its exit code.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from .waiting import until

ROOT = Path(__file__).parent.parent

#: What stands on the PATH as `mo-gateway`; commands that make processes of their own, or last, are the real one.
CALLER = """#!{python} -IS
import json, os, socket, sys
words = sys.argv[1:]
if {{"run", "work", "fake", "simulate", "--follow"}} & set(words):
    os.execv({python!r}, [{python!r}, "-m", "mo_gateway", *words])
with socket.socket(socket.AF_UNIX) as called:
    called.connect({address!r})
    asked = json.dumps([words, os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(called, [len(asked).to_bytes(4, "big")], [0, 1, 2])
    called.sendall(asked)
    sys.exit(int(called.makefile().read()))
"""


@contextlib.contextmanager
def preloaded(folder: Path) -> Iterator[str]:
    """Run that process meanwhile, and give the text of the program that calls it."""
    address = folder / "preloaded"
    command = [sys.executable, "-m", "tests.preloaded", f"{address}"]
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdin=subprocess.DEVNULL) as process:
        try:
            until(address.exists, "the program to be loaded", within=60)
            yield CALLER.format(python=sys.executable, address=str(address))
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def serve(address: str) -> None:
    """Make a copy of this process for each command that somebody types."""
    import mo_gateway.cli  # noqa: F401 - what all this is for

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the copies
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{address}.new")
        listener.listen()
        Path(f"{address}.new").rename(address)
        while True:
            called, _ = listener.accept()
            if not os.fork():
                os._exit(answer(called))
            called.close()


def answer(called: socket.socket) -> int:
    """Take the caller's place, run the command, and tell its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, files, _, _ = socket.recv_fds(called, 4, 3)
    words, folder, environ = json.loads(called.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL))
    for number, file in enumerate(files):
        os.dup2(file, number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115 - as Python begins
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    code = run(words)
    called.sendall(str(code).encode())
    return code


def run(words: list[str]) -> int:
    """Run a command to its end, and give its exit code."""
    from mo_gateway.cli import main

    try:
        main(words, prog_name="mo-gateway")
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    except BaseException:  # noqa: BLE001 - shown, as Python shows it
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
