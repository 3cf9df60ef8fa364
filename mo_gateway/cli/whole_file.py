"""Files that are there whole or not at all, and that only their owner may read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO

from mo_gateway.errors import MoGatewayError


def check_free(path: Path, *, force: bool) -> None:
    """Raise MoGatewayError where a file cannot be, or is."""
    if not path.parent.is_dir():
        raise MoGatewayError(f"there is no folder {path.parent}")
    if path.exists() and not path.is_file():
        raise MoGatewayError(f"{path} is no file that could be written over; -o - is stdout")
    if path.exists() and not force:
        raise MoGatewayError(f"{path} is there already: --force writes over it")


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that is there whole when all went well, else not at all; only its owner may read it."""
    descriptor, name = mkstemp(dir=path.parent, prefix=".mo-gateway-export-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Let a power loss not take back the name of a file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
