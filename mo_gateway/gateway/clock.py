"""The host's clock: read here, and handed as an argument to everything that goes by it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Read the host's clock."""
    return datetime.now(UTC)
