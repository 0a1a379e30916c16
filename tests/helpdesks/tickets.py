"""Made-up tickets and surroundings for tests of helpdesks."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from stillpost.helpdesks.protocol import Surroundings
from stillpost.model import Address, Attachment, Ticket, Way

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def now() -> datetime:
    """For tests beside a real product, whose clock is the system's."""
    return datetime.now(UTC)  # noqa: TID251


def surroundings(state: Path) -> Surroundings:
    """A clock that stands still."""
    return Surroundings(clock=lambda: AT, state=state)


def address(mailbox: str = "alice@example.com") -> Address:
    domain = mailbox.rpartition("@")[2]
    return Address(mailbox=mailbox, proof_key=mailbox, limit_key=mailbox, domain=domain, organization=domain)


def ticket(ticket_id: str = "T-0001", **changes: object) -> Ticket:
    """A proven ticket; ``changes`` replace its fields."""
    plain = Ticket(
        id=ticket_id,
        portal="support",
        at=AT,
        requester=address(),
        name="Alice Example",
        subject="The printer is on fire",
        text="It burns.\nPlease come.",
        locale="en",
        proven=Way.LINK,
        proven_at=AT,
        quiet=False,
        copies=("carol@example.org",),
        fields={"Order": "4711"},
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def attachment(name: str, content: bytes, media_type: str = "application/pdf") -> Attachment:
    return Attachment(
        name=name, media_type=media_type, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest()
    )
