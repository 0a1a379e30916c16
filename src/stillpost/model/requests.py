"""What a visitor wants and what becomes of it: requests, tickets, the modes of a portal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import final

from stillpost.model.events import Direction
from stillpost.model.parties import Address


class Way(StrEnum):
    """How a person proved an address: the three ways of proof, and the agent's word."""

    KNOWN = "known"
    VOUCHED = "vouched"
    MAIL_FIRST = "mail-first"
    LINK = "link"
    RELEASED = "released"


class RequestState(StrEnum):
    """Where a request stands. ``challenged`` and ``mail-first`` wait for proof; the rest is decided."""

    CHALLENGED = "challenged"
    MAIL_FIRST = "mail-first"
    HELD = "held"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    REFUSED = "refused"
    DROPPED = "dropped"
    EXPIRED = "expired"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came with a request: the name as typed (escaped wherever shown), its media type, size, and digest."""

    name: str
    media_type: str
    size_bytes: int
    sha256: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HeldMail:
    """The envelope of a mail held at a milter, one recipient each; its bytes are the request's only attachment.

    ``listener`` is the milter that held it, ``sender`` empty the null sender; both addresses as the mail server spelled
    them, without brackets (bytes that are no UTF-8 as lone surrogates).
    """

    listener: str
    direction: Direction
    sender: str
    recipient: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a visitor wrote, on disk before he is answered, gone when delivered or expired; or a mail that is held.

    ``id`` is public (the reference number); the status page's secret and the mail-first token are stored as keyed
    hashes only, never here. ``copies`` are addresses the visitor wanted in copy: text for the agent, never mailed.
    Of a held ``mail`` the requester is whose proof or word releases it: its author on the way into a portal, its
    recipient on every other way.
    """

    id: str
    portal: str
    at: datetime
    expires: datetime
    state: RequestState
    requester: Address
    name: str = ""
    subject: str = ""
    text: str = ""
    locale: str = "en"
    copies: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    attachments_refused: bool = False
    proven: Way | None = None
    proven_at: datetime | None = None
    tags: tuple[str, ...] = ()
    quiet: bool = False
    mail: HeldMail | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A proven (or quietly released) request on its way into the helpdesk; ``id`` stays the same over every retry.

    ``quiet``: the requester is not proven, so the helpdesk must not mail him; a product that cannot keep quiet is
    given no address it could mail.
    """

    id: str
    portal: str
    at: datetime
    requester: Address
    name: str
    subject: str
    text: str
    locale: str
    proven: Way
    proven_at: datetime
    quiet: bool
    copies: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    tags: tuple[str, ...] = ()


class ProofMode(StrEnum):
    """Which proofs a portal asks for: ``adaptive`` (link in quiet times, else mail-first), ``mail-first``, ``link``."""

    ADAPTIVE = "adaptive"
    MAIL_FIRST = "mail-first"
    LINK = "link"


class ProofOfWork(StrEnum):
    """When a form must bring a solved puzzle before a link is mailed."""

    OFF = "off"
    ON = "on"
    ADAPTIVE = "adaptive"


@final
@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``limit`` in ``window``."""

    limit: int
    window: timedelta

    def __str__(self) -> str:
        seconds = int(self.window.total_seconds())
        for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
            if seconds % size == 0:
                return f"{self.limit}/{seconds // size}{unit}"
        return f"{self.limit}/{seconds}s"
