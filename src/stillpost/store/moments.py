"""Times as stores keep them: whole microseconds since 1970, so that what is read back equals what was written."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Microseconds since 1970. Raises TypeError for a time without a zone."""
    return (at - _EPOCH) // _MICROSECOND


def moment(at: int) -> datetime:
    """The aware UTC time of ``micros``."""
    return _EPOCH + timedelta(microseconds=at)


@lru_cache(256)  # windows are a handful of settings
def span(window: timedelta) -> int:
    """A duration in microseconds."""
    return window // _MICROSECOND
