"""What a mailbox is: parts that hand out mails one after the other and find each of them again.

A part is one mbox file, one Maildir folder, a folder of ``.eml``, an archive, an IMAP folder. Mails are streamed: of each
only the beginning is handed out (``HEAD_MAX_BYTES``), and nothing is kept. What cannot be read is an ``Unreadable`` with
the reason, never an exception and never left out. A mailbox that cannot be opened at all is a ``MailboxError``.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple, Protocol, TypeAlias, final

HEAD_MAX_BYTES: Final = 270_336  # the longest header that is read (mail.message) and the separator line above it
WHOLE_MAX_BYTES: Final = 1_310_720  # of a mail that is read again: its header and the text that counts (mail.body)
EVIDENCE_MAX_BYTES: Final = 67_108_864


@final
class MailboxError(Exception):
    """The mailbox cannot be opened or read on; ``str`` of it is one sentence for people that says what to do.

    ``refused``: trying again is useless.
    """

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


class Kind(StrEnum):
    """What a folder is for. ``SENT``: what its owner wrote; ``DRAFTS``: what never left or arrived."""

    MAIL = "mail"
    SENT = "sent"
    DRAFTS = "drafts"


class Where(NamedTuple):
    """Where a mail is: which part of the mailbox, and its place there.

    In an mbox ``at`` is the offset and ``size`` the length, both in bytes; in IMAP ``at`` is the UID and ``name`` the UIDVALIDITY;
    elsewhere ``name`` is the file.
    """

    part: int
    at: int = 0
    size: int = 0
    name: str = ""


class Found(NamedTuple):
    """A mail: its beginning (with an mbox separator line where it has one), its folder's kind, when a server took it."""

    where: Where
    head: bytes
    kind: Kind = Kind.MAIL
    internal_date: datetime | None = None


class Unreadable(NamedTuple):
    """What is no mail we can read: where it is, and why, without quoting it."""

    source: str
    why: str


Item: TypeAlias = Found | Unreadable


class Piece(Protocol):
    """A share of a part that another process may read; it can be pickled and holds no open file."""

    def mails(self) -> Iterator[Item]:
        """Its mails in the order they lie there. Raises nothing but MailboxError."""
        ...


class Part(Protocol):
    """One file, folder, archive or account folder."""

    @property
    def name(self) -> str:
        """What people call it: its path below the mailbox's, or the account's folder."""
        ...

    @property
    def again(self) -> bool:
        """Whether a single mail can be read again at little cost (not so in a compressed archive)."""
        ...

    def pieces(self) -> Iterator[Piece]:
        """Shares of about equal work, together the whole part."""
        ...

    def read(self, where: Where, limit: int = WHOLE_MAX_BYTES) -> bytes | None:
        """At most ``limit`` bytes of a mail, without separator line or quoting; None where it is gone."""
        ...

    def read_many(self, wheres: Iterable[Where], limit: int) -> Iterator[tuple[Where, bytes | None]]:
        """Several mails of this part, in the order that costs the part least."""
        ...

    def source(self, where: Where) -> str:
        """Where a mail is, for people and programs: ``Inbox@12345``, ``cur/1.eml``, ``INBOX;UID=7``."""
        ...
