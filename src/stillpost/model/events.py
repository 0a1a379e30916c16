"""What happens: submissions, mails, feedback. Every time is aware UTC and arrives with its event."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias, final

from stillpost.model.parties import Address, Source, Tenant


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What the caller has shown besides the words: the form's trap, its fill time, a solved puzzle, the portal's key.

    ``fill_time`` is None where it cannot be known (an API call, or a page kept open for more than a day).
    """

    honeypot: bool = False
    fill_time: timedelta | None = None
    solved: bool = False
    keyed: bool = False

    @property
    def guarded(self) -> bool:
        """Whether the request came through our own page or with the portal's key; without, every guard failed."""
        return self.keyed or self.fill_time is not None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Somebody filled in a portal's form or called its API. The words themselves live in the ``Request``."""

    event_id: str
    portal: str
    at: datetime
    requester: Address
    source: Source
    fingerprint: tuple[str, ...] = ()
    copies: int = 0
    guards: Guards = Guards()
    proven: bool = False


class Direction(StrEnum):
    """Which way a mail goes: into a portal, out of a helpdesk, or to a person."""

    PORTAL_IN = "portal-in"
    PORTAL_OUT = "portal-out"
    RECIPIENT = "recipient"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The SMTP envelope (RFC 5321): ``sender`` None is the null sender ``<>``; ``client_ip`` as the server saw it."""

    sender: str | None = None
    recipients: tuple[str, ...] = ()
    client_ip: str | None = None
    helo: str | None = None


class AuthMethod(StrEnum):
    """An authentication method of RFC 8601 that Stillpost reads."""

    DKIM = "dkim"
    SPF = "spf"
    DMARC = "dmarc"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AuthResult:
    """One check, passed or failed: method, result word, the domain it vouches for, the DKIM selector if given."""

    method: AuthMethod
    result: str
    domain: str
    selector: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail seen at a door or found in a mailbox, one event a recipient.

    ``at`` is the border's clock, never ``Date:``. ``identity`` is who is counted: tenant, else List-Id, else
    organizational domain. ``automatic`` is the kind of automatic mail (``mail.automatic``) or empty. Whoever makes the
    event looks up two things: ``known``, the recipient wrote to it, it belongs to his thread or his organization, or
    earlier mail of it was accepted; ``in_wave``, its tenant or thread took part in a wave on this mailbox lately. At a
    portal ``authenticated`` says that the From is proven to have written it just now, and on the way out ``known`` that the
    recipient may be mailed; ``reason`` is our own word for why, or why not.
    """

    event_id: str
    portal: str
    at: datetime
    direction: Direction
    recipient: Address
    envelope: Envelope
    header_from: Address | None
    identity: str
    tenant: Tenant | None = None
    automatic: str = ""
    auth: tuple[AuthResult, ...] = ()
    authenticated: bool = False
    message_id: str = ""
    thread: tuple[str, ...] = ()
    list_id: str = ""
    fingerprint: tuple[str, ...] = ()
    subject: str = ""
    known: bool = False
    in_wave: bool = False
    reason: str = ""


class FeedbackKind(StrEnum):
    """What came back later; it informs and is never decided upon."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    CHALLENGED = "challenged"
    CONFIRMED = "confirmed"
    NOT_ME = "not-me"
    RELEASED = "released"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """Something learned about an earlier event: a bounce, a complaint, a proof, a release."""

    event_id: str
    portal: str
    at: datetime
    kind: FeedbackKind
    requester: Address
    about: str = ""


Event: TypeAlias = Submission | Mail | Feedback
