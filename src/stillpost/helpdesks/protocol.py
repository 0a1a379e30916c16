"""What a helpdesk is to reception: somebody who takes a ticket, at least once, and says what he cannot do.

An adapter delivers once a call and never retries: the outbox does, with back-off. The one thing an adapter does before
it makes a ticket is to look for the one it may have made before, since a time-out says nothing about what was done.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, final

from stillpost.model import Ticket


class HelpdeskError(Exception):
    """The helpdesk did not take the ticket.

    ``permanent``: trying again unchanged is useless (a wrong key, a refused field); the ticket then waits for the
    operator, it is never thrown away. ``retry_after``: how long the product asked to wait. A time-out is an ordinary
    error: whether the ticket was made is *unknown*, so the adapter searches for our id before it tries again.
    The message is one line for the operator; it holds no secret, no address and none of the requester's words.
    """

    def __init__(self, message: str, *, permanent: bool = False, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after


class OptionError(ValueError):
    """A product's options cannot work; the message names the key and says what to do instead."""


@final
@dataclass(frozen=True, slots=True)
class OtherDoor:
    """A door of the product that lets requests past Stillpost until the operator closes it.

    ``doctor`` asks for each one, dates the answer, and is red until then. ``how`` says where to click or what to set.
    """

    id: str
    what: str
    how: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an adapter gets from the service beside its options: the time (aware UTC), and where state is kept."""

    clock: Callable[[], datetime]
    state: Path


class Helpdesk(Protocol):
    """A product that takes tickets. Built with its own options; lives as long as the service."""

    @property
    def product(self) -> str:
        """The product's name as in the configuration."""
        ...

    @property
    def can_be_quiet(self) -> bool:
        """Whether it takes a quiet ticket so that the requester is not mailed, be it by withholding his address.

        Delivering a quiet ticket to one that cannot raises a permanent HelpdeskError.
        """
        ...

    @property
    def exactly_once(self) -> bool:
        """Whether a ticket is never made twice, even if we die between making it and knowing it."""
        ...

    async def deliver(self, ticket: Ticket, files: Sequence[bytes]) -> str:
        """Make the ticket (or find the one with our id) and give the product's reference for it.

        ``files`` are the attachments' bytes in the order of ``ticket.attachments``. Raises HelpdeskError.
        """
        ...

    async def check(self) -> str:
        """Try, without making anything, whether a ticket could be delivered now; one marked sentence for ``doctor``.

        Raises HelpdeskError. What cannot be tried without a ticket is said in the sentence.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
