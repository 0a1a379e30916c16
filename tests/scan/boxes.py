"""Mailboxes for tests: a made-up person's past, with or without a wave of the lab in it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from stillpost.lab.injection import Attack, Injected, inject
from stillpost.mail.addresses import parse
from stillpost.mailboxes.opening import open_path
from stillpost.scan.result import Result
from stillpost.scan.scanning import Wish, scan

START = datetime(2026, 10, 20, 18, 0, tzinfo=UTC)
LATEST = datetime(2026, 12, 1, tzinfo=UTC)
ME = parse("anna@example.org")
SEPARATOR = b"From x@example.org Mon Nov 23 10:00:00 2026\n"


def mail(
    at: datetime,
    sender: str,
    subject: str = "hello",
    text: str = "How are you?",
    *,
    to: str = "anna@example.org",
    message_id: str = "",
    fields: Iterable[str] = (),
    received: bool = True,
) -> bytes:
    """A mail as the recipient's server keeps it."""
    domain = sender.rpartition("@")[2].strip(">")
    date = format_datetime(at)
    head = [
        f"Received: from mail.{domain} (mail.{domain} [203.0.113.25])\n\tby mx.example.org (Postfix) with ESMTPS id 4ABC; {date}",
        f"Date: {date}",
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        f"Message-ID: <{message_id or f'{at.timestamp()}.{len(subject)}@{domain}'}>",
        *fields,
    ]
    return ("\n".join(head[not received :]) + f"\n\n{text}\n").encode()


def past(until: datetime = START, days: int = 40) -> list[tuple[datetime, bytes]]:
    """A quiet past: friends, two lists, a shop, and a newcomer now and then."""
    found = []
    for day in range(days, 0, -1):
        at = until - timedelta(days=day)
        found.append((at, mail(at, "Bert <bert@friends.example>")))
        lists = ("List-Id: <talk.lists.example>", "Precedence: list")
        for hour in range(1, 9):
            when = at + timedelta(hours=hour, minutes=day)
            found.append((when, mail(when, f"someone{hour}@reader{hour}.example", f"Re: talk {day}", fields=lists)))
        if day % 5 == 0:
            when = at + timedelta(hours=10)
            found.append((when, mail(when, f"hello@newcomer{day}.example", "An offer")))
    return found


def mbox(path: Path, mails: Iterable[bytes]) -> Path:
    """An mbox of these mails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(SEPARATOR + raw + b"\n" for raw in mails))
    return path


def bombed(path: Path, attack: Attack | None = None) -> list[Injected]:
    """A mailbox with a wave in it, as an mbox at ``path``; the truth."""
    truth = inject(attack or Attack(start=START))
    mails = sorted([*past(), *((each.at, each.raw) for each in truth)], key=lambda pair: pair[0])
    mbox(path, (raw for _, raw in mails))
    return truth


def scanned(path: Path, *, mine: bool = True) -> Result:
    """The scan of a path."""
    return scan(open_path(path), Wish(latest=LATEST, me=(ME,) if mine else ()))
