"""Mail moved to another folder of its mailbox and back: what was planned is written down first, so nothing can be lost.

A ``Mover`` knows one kind of mailbox. What it does twice does no harm: after a crash or a cut the same record can be
finished or undone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, final

from stillpost.mailboxes.protocol import Where

FOLDER_MAX_LENGTH: Final = 100


class Entry(NamedTuple):
    """One mail of a record. ``folder`` it lies in; ``name``: its file, or its UIDVALIDITY and UID; ``digest`` as hexadecimal.

    The digest is the same for copies of one mail: a mail that was moved is found by it.
    """

    folder: str
    name: str
    digest: str = ""


@final
@dataclass(frozen=True, slots=True)
class Moved:
    """How many mails were moved; how many were not there (any more); how many lie marked as deleted where they came from."""

    done: int = 0
    missing: int = 0
    marked: int = 0


class Mover(Protocol):
    """Moves mail of one mailbox to ``folder`` and back."""

    @property
    def folder(self) -> str:
        """The folder's name."""
        ...

    def plan(self, wheres: Iterable[tuple[Where, bytes]]) -> list[Entry]:
        """Entries for mails with their digests; what lies in the folder already is left out. Raises MailboxError."""
        ...

    def move(self, entries: Sequence[Entry]) -> Moved:
        """Move them. Raises MailboxError; doing it again goes on where it was."""
        ...

    def back(self, entries: Sequence[Entry]) -> Moved:
        """Move them back. Raises MailboxError; doing it again goes on where it was."""
        ...
