"""What a mailbox holds before it is attacked: a real one's mails, or a made-up person's."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Final, final

from stillpost.lab.injection import OWNER
from stillpost.lab.letters import OWN_SERVER
from stillpost.mail.message import MessageError, read
from stillpost.mailboxes.opening import Mailbox
from stillpost.mailboxes.protocol import WHOLE_MAX_BYTES, Found, Unreadable, Where
from stillpost.scan.detail import Detail, detail_of
from stillpost.scan.note import Note, note_of

DAYS: Final = 60
NEWCOMERS_AN_HOUR: Final = 0.2
LISTS: Final = 6
_SYLLABLES: Final = ("ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu").split()
KNOWN: Final = 25
MADE_UP: Final = 99  # the part of a mailbox that made-up mails say they are in


@final
@dataclass(frozen=True, slots=True)
class Kept:
    """One mail of the background: its note, its detail, and whether it says that it is an answer (peers ask)."""

    note: Note
    detail: Detail
    is_answer: bool


def of_mailbox(mailbox: Mailbox, latest: datetime) -> list[Kept]:
    """Every readable mail of a real mailbox, in order; it is all kept in memory."""
    kept = []
    for part in mailbox.parts:
        for piece in part.pieces():
            for item in piece.mails():
                if isinstance(item, Unreadable):
                    continue
                raw = part.read(item.where, WHOLE_MAX_BYTES) or item.head
                if (each := kept_of(item, raw, latest)) is not None:
                    kept.append(each)
    return sorted(kept, key=lambda each: each.note)


def made_up(seed: int, end: datetime, latest: datetime) -> list[Kept]:
    """Two months of a made-up person's mail until ``end``: lists, people and shops he knows, newcomers now and then."""
    found = []
    for number, raw in enumerate(made_up_mails(seed, end)):
        kept = kept_of(Found(Where(MADE_UP, number), raw), raw, latest)
        if kept is not None:
            found.append(kept)
    return sorted(found, key=lambda each: each.note)


def made_up_mails(seed: int, end: datetime) -> list[bytes]:
    """The same person's mails as bytes, in order of arrival."""
    return [raw for _, raw in sorted(_made_up(random.Random(f"background {seed}"), end))]


def _made_up(chance: random.Random, end: datetime) -> Iterator[tuple[datetime, bytes]]:
    start = end - timedelta(days=DAYS)
    for number in range(LISTS):
        fields = (f"List-Id: <talk{number}.lists{number}.example>", "Precedence: list")
        for at in _moments(chance, start, end, 20 / 24 / LISTS):
            writer = chance.randrange(200)
            yield (
                at,
                made_up_mail(chance, at, f"reader{writer}@people{writer}.example", "Re: what we talk about", fields),
            )
    for number in range(KNOWN):
        for at in _moments(chance, start, end, 8 / 24 / KNOWN):
            yield at, made_up_mail(chance, at, f"service@known{number}.example", f"Note {chance.randrange(1_000)}")
    for count, at in enumerate(_moments(chance, start, end, NEWCOMERS_AN_HOUR)):
        offer: tuple[str, ...] = ("List-Unsubscribe: <https://shop.example/u>",) if count % 3 else ()
        yield (
            at,
            made_up_mail(chance, at, f"hello@stranger{chance.randrange(10**9)}.example", "Nice to meet you", offer),
        )


def _moments(chance: random.Random, start: datetime, end: datetime, an_hour: float) -> Iterator[datetime]:
    at = start
    while (at := at + timedelta(hours=chance.expovariate(an_hour))) < end:
        yield at


def made_up_mail(chance: random.Random, at: datetime, sender: str, subject: str, fields: tuple[str, ...] = ()) -> bytes:
    """One mail to the made-up person."""
    domain = sender.partition("@")[2]
    date = format_datetime(at)
    head = [
        f"Received: from mail.{domain} (mail.{domain} [198.51.100.7])\n\tby {OWN_SERVER} (Postfix) with ESMTPS id 1A; {date}",
        f"Date: {date}",
        f"From: {sender}",
        f"To: {OWNER}",
        f"Message-ID: <{chance.getrandbits(64):x}@{domain}>",
        f"Subject: {subject}",
        *fields,
    ]
    return ("\n".join(head) + f"\n\n{_sentence(chance)}\n").encode()


def _sentence(chance: random.Random) -> str:
    """Words that nobody else writes."""
    words = ("".join(chance.choices(_SYLLABLES, k=chance.randrange(1, 5))) for _ in range(18))
    return " ".join(words).capitalize() + "."


def kept_of(found: Found, raw: bytes, latest: datetime) -> Kept | None:
    """The mail as a replay needs it, None for what is no mail."""
    try:
        subject = read(raw).headers.text("subject").lower()
        return Kept(note_of(found, latest), detail_of(raw), subject.startswith(("re:", "fw:", "fwd:")))
    except MessageError:
        return None
