"""What the detectors of a recipient's side share: which mail counts, how long a mailbox is known, how limits rise.

A newcomer is an organization (or tenant, or list) that the recipient never wrote to and never had accepted mail from.
Limits rise with what is usual for the mailbox, one above it and at most to their double, so that neither a shared
``info@`` alarms every day nor a patient attacker teaches a mailbox that floods are usual. A mailbox known for less than
``HISTORY`` is cold: nearly everybody is a newcomer to it, so its limits are doubled.
"""

from datetime import timedelta
from typing import Final

from stillpost.engine.keys import by_mailbox
from stillpost.mail.automatic import Kind
from stillpost.mail.roles import is_automatic
from stillpost.model import Direction, Event, Mail, Meter, Reading

HISTORY: Final = timedelta(days=14)

_DAY: Final = (timedelta(days=1),)


def is_for_a_person(event: Event) -> bool:
    """True for mail to a recipient, known or not."""
    return isinstance(event, Mail) and event.direction is Direction.RECIPIENT


def is_newcomer(event: Mail) -> bool:
    """True where somebody who can be told apart writes to this mailbox for the first time."""
    return bool(event.identity) and not event.known


def is_by_a_program(event: Mail) -> bool:
    """True where the mail says that it is automatic, or comes from an address only programs write from.

    A post to a discussion list says so, too, and a person wrote it.
    """
    if event.automatic and event.automatic != Kind.POST:
        return True
    return event.header_from is not None and is_automatic(event.header_from)


def history(event: Mail, *, peek: bool = True) -> Meter:
    """Since when the mailbox is known: the reading's ``first_seen``. One detector counts, the others peek."""
    return Meter("mailbox", by_mailbox(event, "mailbox"), _DAY, cap=1, peek=peek)


def is_cold(event: Mail, reading: Reading) -> bool:
    """Whether the mailbox is known for less than ``HISTORY``, by the reading of ``history``."""
    return reading.first_seen is None or event.at - reading.first_seen < HISTORY


def raised(limit: int, usual: int, *, cold: bool) -> int:
    """The limit for a mailbox where ``usual`` newcomers are ordinary."""
    return 2 * limit if cold else min(max(limit, usual + 1), 2 * limit)
