"""Every error raised on purpose. The base class says who must act.

* `ConfigError`: the operator of this gateway: a setting, a plugin, a file. Raised at start.
* `InvalidRequest`: the provider, or whoever set up the callback there.
* `StorageError`: the operator of the database; the provider repeats meanwhile, nothing is lost.
* `HandlerError`: the author of a keyword handler.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


class MoGatewayError(Exception):
    """Base of all errors raised on purpose; its text is one clear sentence."""


class ConfigError(MoGatewayError):
    """The operator must change a setting, a plugin or a file before the gateway can start."""


class UnsafeDatabase(ConfigError):
    """The database server would lose committed messages in a crash."""


class SchemaError(MoGatewayError):
    """The database's tables are not those of this version; `mo-gateway db upgrade` makes them so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One field of a request that breaks a rule."""

    field: str  #: the wire name, as in `MSISDN`
    value: str  #: what came, cut to a readable length
    rule: str  #: what would be right, as a sentence


class InvalidRequest(MoGatewayError):
    """A request of the provider that breaks rules of its own document; kept, and replayable."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.rule}" for error in errors))
        self.errors = tuple(errors)


class StorageError(MoGatewayError):
    """The data is not known to be durable, so it must not be acknowledged."""


class Overloaded(StorageError):
    """Too many requests wait for the database already; this one was not even queued."""


class TooSlow(MoGatewayError):
    """A page asked the database for more than it gives within its time; whoever asked must narrow it down."""


class HandlerError(MoGatewayError):
    """A keyword handler broke its contract, for example by returning a number."""


class TryLater(MoGatewayError):
    """What a handler needs is not to be had now, such as a target that is down; the try does not count.

    Raise it with the time after which the message is due again.
    """

    def __init__(self, reason: str, after: timedelta) -> None:
        super().__init__(reason)
        self.after = after


class LostClaim(MoGatewayError):
    """The lease ran out and the work is somebody else's now; everything done under it is undone."""
