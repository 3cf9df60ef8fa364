"""The designs that are compared: to add one, write a class of this shape and name it in the list."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from sqlalchemy import URL

from .own import Bare, Naive, Ours
from .peers.kannel import Kannel
from .peers.php import Php
from .peers.rapidsms import RapidSms
from .process import Server


class Design(Protocol):
    """A server that takes the provider's messages."""

    @property
    def name(self) -> str: ...

    @property
    def databases(self) -> Sequence[str]:
        """In whose tables it stands: those that it can store messages in."""

    @property
    def durable(self) -> bool:
        """Whether a message that was acknowledged survives a loss of power; `worth.py` looks whether it is so."""

    @property
    def worth(self) -> str:
        """What it means that a message was acknowledged."""

    def missing(self) -> str:
        """Say in a sentence what has to be installed first, or nothing."""

    def version(self) -> str:
        """Name the programs that the gateway's own environment does not have."""

    def serving(self, database: URL, folder: Path) -> AbstractContextManager[Server]:
        """Start it on an empty database, with its files in `folder`, and wait until it has taken a message."""

    def kept(self, server: Server, database: URL) -> int | None:
        """Count the messages that it has kept; None where that is not its job."""


BARE, NAIVE = Bare(), Naive()
ASGI = Ours(front="asgi")

DESIGNS: Sequence[Design] = (
    BARE,
    NAIVE,
    Ours(front="flask"),
    ASGI,
    Ours(front="asgi", work=False),
    Php(persistent=False),
    Php(persistent=True),
    RapidSms(),
    Kannel(),
)


@contextmanager
def new_folder() -> Iterator[Path]:
    """Make a folder for a server; one that runs under another account, as php-fpm may, can reach into it."""
    with TemporaryDirectory(prefix="mo-gateway-benchmark-") as path:
        Path(path).chmod(0o711)
        yield Path(path)
