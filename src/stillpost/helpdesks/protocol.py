"""What a helpdesk is to reception: somebody who takes a ticket, at least once, and says what he cannot do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, final

from stillpost.model import Ticket


class HelpdeskError(Exception):
    """The helpdesk did not take the ticket.

    ``permanent``: trying again unchanged is useless (a wrong key, a refused field); the ticket then waits for the
    operator, it is never thrown away. ``retry_after``: how long the product asked to wait. A time-out is an ordinary
    error: whether the ticket was made is *unknown*, so the adapter searches for our id before it tries again.
    """

    def __init__(self, message: str, *, permanent: bool = False, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after


@final
@dataclass(frozen=True, slots=True)
class OtherDoor:
    """A door of the product that lets requests past Stillpost until the operator closes it.

    ``doctor`` asks for each one, dates the answer, and is red until then. ``how`` says where to click or what to set.
    """

    id: str
    what: str
    how: str


class Helpdesk(Protocol):
    """A product that takes tickets. Built with its own options; lives as long as the service."""

    @property
    def product(self) -> str:
        """The product's name as in the configuration."""
        ...

    @property
    def can_be_quiet(self) -> bool:
        """Whether it takes a ticket without mailing the requester; if not, a quiet ticket names no address."""
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

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
