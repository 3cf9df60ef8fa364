"""Logs: one line a decision on stderr, for people at a terminal, as JSON elsewhere; never a secret.

What other libraries log is cleaned on its way out: gunicorn quotes the request lines that it refuses.
"""

import contextlib
import io
import logging
import re
import sys
from collections.abc import Collection

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from .masking import one_line, without_secrets

_SECRET_PATH = re.compile(r"(/(?:mo|dlr)/)[^\s?'\"]+")
#: From the first `?` of a word, with the `=` that makes it a query: a row of them is read once, not once for each.
_QUERY = re.compile(r"\?[^\s=]*+(=.*)?")
_FORM = re.compile(r"(?<=['\"&])(msisdn|keyword|parm|reference)=.*", re.IGNORECASE)
#: What gunicorn says of a request that is none, before it quotes it; it may be the middle of somebody's text.
_NO_REQUEST = re.compile(r"((?:Invalid|Obsolete|Unsupported) (?:HTTP|header|chunk|line|transfer) [^:]*: ).*")
_NUMBER = re.compile(r"[0-9]{9,15}")

#: What writing to a stderr raises that is full, closed, or was never there (and is None).
_NO_STDERR = (OSError, ValueError, AttributeError)


class _Stderr(io.StringIO):
    """Writes to stderr; a full disk or a closed pipe loses the line, not the message that it tells of."""

    def write(self, text: str) -> int:
        with contextlib.suppress(*_NO_STDERR):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(*_NO_STDERR):
            sys.stderr.flush()


def configure(log_format: str, secrets: Collection[str]) -> None:
    """Set up the logs of this process: `log_format` is auto, human or json."""
    human = _is_terminal() if log_format == "auto" else log_format == "human"
    stderr = _Stderr()
    common: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = structlog.processors.JSONRenderer()
    if human:
        renderer = structlog.dev.ConsoleRenderer(colors=_is_terminal())
    structlog.configure(
        # our own events are fixed words; what an error or a traceback quotes is not
        processors=[*common, _cleaner(("error", "reason", "exception"), secrets), renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, _cleaner(("event", "exception"), secrets)],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells what it found at every look


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except _NO_STDERR:
        return False


def _cleaner(names: Collection[str], secrets: Collection[str]) -> Processor:
    """Make the step that takes secrets, numbers and query strings out of what an event says under `names`."""

    def clean(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        for name in names:
            if isinstance(event.get(name), str):
                lines = event[name].split("\n") if name == "exception" else [event[name]]
                event[name] = "\n".join(_cleaned(line, secrets) for line in lines)
        return event

    return clean


def _cleaned(line: str, secrets: Collection[str]) -> str:
    line = without_secrets(line, secrets)
    line = _NO_REQUEST.sub(r"\1***", _SECRET_PATH.sub(r"\1***", line))
    line = _QUERY.sub(lambda found: "?***" if found[1] else found[0], line)
    line = _FORM.sub(r"\1=***", line)  # a body without its length is read as a request line, and refused
    return one_line(_NUMBER.sub("***", line))
