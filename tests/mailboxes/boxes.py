"""Mailboxes for tests: mails with a number in their subject, and what was found of them."""

from pathlib import Path

from stillpost.mailboxes.opening import Mailbox, open_path
from stillpost.mailboxes.protocol import Found, Item, Kind, Unreadable

SEPARATOR = b"From a@example.org Mon Nov 23 10:00:00 2026\n"


def mail(number: int, text: str = "hello") -> bytes:
    """A mail that can be told by its subject."""
    return (
        f"Received: from a.example ([203.0.113.1]) by mx.example.org; Mon, 23 Nov 2026 10:00:00 +0000\n"
        f"From: a{number}@a.example\nSubject: {number}\n\n{text} {number}\n"
    ).encode()


def mbox(*numbers: int) -> bytes:
    """An mbox of mails."""
    return b"".join(SEPARATOR + mail(number) + b"\n" for number in numbers)


def items(mailbox: Mailbox) -> list[Item]:
    """Everything in it, in order."""
    return [item for part in mailbox.parts for piece in part.pieces() for item in piece.mails()]


def subjects(mailbox: Mailbox, kind: Kind | None = None) -> list[str]:
    """The subjects of the mails found, in order; fails where a mail read again is another one."""
    found = [item for item in items(mailbox) if isinstance(item, Found)]
    again = dict(mailbox.read_many([item.where for item in found], 1 << 20))
    for item in found:
        assert again[item.where] == mailbox.read(item.where, 1 << 20)
        assert _subject(again[item.where] or b"") == _subject(item.head)
    return [_subject(item.head) for item in found if kind in {None, item.kind}]


def unreadable(mailbox: Mailbox) -> list[Unreadable]:
    """What could not be read."""
    return [*mailbox.unreadable, *(item for item in items(mailbox) if isinstance(item, Unreadable))]


def opened(path: Path) -> Mailbox:
    """The mailbox at a path."""
    return open_path(path)


def _subject(raw: bytes) -> str:
    return raw.partition(b"Subject: ")[2].partition(b"\n")[0].strip().decode("latin-1")
