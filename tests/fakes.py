"""What tests are built of: a clock you push, addresses, events. No mocks of our own code."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from stillpost.mail.addresses import parse
from stillpost.model import Guards, Source, Submission
from stillpost.store.memory import memory_store
from stillpost.store.protocol import Store, StoreError

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is pushed."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def push(self, **by: float) -> datetime:
        """Move it: ``push(minutes=5)``; negative values jump back."""
        self.at += timedelta(**by)
        return self.at


def source(number: int = 1) -> Source:
    """A client in the documentation range, one /24 for each number."""
    return Source(f"198.51.{number % 250}.7", (f"198.51.{number % 250}.0/24",))


def submission(
    email: str = "ann@example.com", *, number: int = 1, at: datetime = START, **changes: object
) -> Submission:
    """A request as the form makes it, calm in every respect."""
    values: dict[str, object] = {
        "event_id": f"event-{number}",
        "portal": "support",
        "at": at,
        "requester": parse(email),
        "source": source(number),
        "guards": Guards(fill_time=timedelta(seconds=40)),
    }
    return Submission(**(values | changes))  # type: ignore[arg-type]  # a test's own values


class Broken:
    """A part of a store (its ledger, lists, holds or meters) that fails at everything: its disk is gone, or it has a bug."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        async def fail(*args: object, **kwargs: object) -> object:
            raise self._error

        return fail


def broken_store(*parts: str, error: Exception | None = None) -> Store:
    """A store in memory of which these parts are broken; without an error: the disk is full."""
    broken = Broken(error or StoreError("the disk is full"))
    return replace(memory_store(), **dict.fromkeys(parts, broken))  # type: ignore[arg-type]  # that is the point
