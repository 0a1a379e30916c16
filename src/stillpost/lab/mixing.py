"""A synthetic wave mixed into a mailbox: what it held and the wave's mails as mbox files, with the truth beside them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import IO, Any, Final, final

from stillpost.lab.background import made_up_mails
from stillpost.lab.injection import Attack, Injected, inject
from stillpost.mail.message import MessageError
from stillpost.mailboxes.opening import Mailbox
from stillpost.mailboxes.protocol import EVIDENCE_MAX_BYTES, Found, Kind, MailboxError, Part, Unreadable, Where
from stillpost.scan.note import note_of

TRUTH: Final = "truth.json"
HISTORY: Final = timedelta(days=15)  # before the attack, so that the mailbox is not cold

_NAMES: Final = {Kind.MAIL: "Inbox.mbox", Kind.SENT: "Sent.mbox", Kind.DRAFTS: "Drafts.mbox"}
_FROM = re.compile(rb"^(>*From )", re.MULTILINE)


@final
@dataclass(frozen=True, slots=True)
class Mixed:
    """How many mails of the mailbox were written, how many could not be read, and the mails of the attack."""

    kept: int
    unreadable: int
    injected: tuple[Injected, ...]


def moment_in(mailbox: Mailbox, seed: int, latest: datetime) -> datetime:
    """A moment at which mail came, ``HISTORY`` after the first. Raises MailboxError where no mail says when it came."""
    times = sorted(
        at for each in _items(mailbox) if not isinstance(each[1], Unreadable) and (at := _at(each[1], latest))
    )
    if not times:
        message = f"{mailbox.name} has no mail that says when it came: name the moment with --start"
        raise MailboxError(message)
    late = [at for at in times if at >= times[0] + HISTORY.total_seconds()] or times[-1:]
    return datetime.fromtimestamp(Random(f"moment {seed}").choice(late), UTC)


def mix(mailbox: Mailbox | None, attack: Attack, folder: Path, latest: datetime) -> Mixed:
    """Write mbox files and ``truth.json`` into ``folder``; a made-up person's mail where there is no mailbox.

    Raises MailboxError where ``folder`` cannot be written or has something in it: nothing real is overwritten.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            message = f"{folder} is not empty: name a new folder"
            raise MailboxError(message)
        return _mixed(mailbox, attack, folder, latest)
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror}"
        raise MailboxError(message) from error


def _mixed(mailbox: Mailbox | None, attack: Attack, folder: Path, latest: datetime) -> Mixed:
    injected = inject(attack)
    kept = unreadable = 0
    files: dict[Kind, IO[bytes]] = {}
    try:
        for kind, at, raw in _of_mailbox(mailbox, latest) if mailbox else _of_nobody(attack):
            if raw is None:
                unreadable += 1
                continue
            kept += 1
            if kind not in files:
                files[kind] = (folder / _NAMES[kind]).open("wb")
            files[kind].write(entry(raw, at))
        with (folder / _NAMES[Kind.MAIL]).open("ab") as inbox:
            if Kind.MAIL in files:
                files[Kind.MAIL].flush()
            inbox.writelines(entry(each.raw, each.at.timestamp()) for each in injected)
    finally:
        for file in files.values():
            file.close()
    (folder / TRUTH).write_text(json.dumps(truth(attack, injected), indent=1) + "\n", encoding="utf-8")
    return Mixed(kept, unreadable, tuple(injected))


def truth(attack: Attack, injected: list[Injected]) -> dict[str, Any]:
    """Who sent what: for ``truth.json``."""
    return {
        "version": 1,
        "attack": {
            "start": _stamp(attack.start),
            "submissions": attack.submissions,
            "rate": attack.rate,
            "seed": attack.seed,
            "half": attack.half,
            "platform": attack.platform,
        },
        "mails": [
            {"message_id": each.message_id, "at": _stamp(each.at), "role": each.role, "submission": each.submission}
            for each in injected
        ],
    }


def entry(raw: bytes, at: float) -> bytes:
    """A mail as an mbox keeps it (mboxrd): separator, quoted text, an empty line."""
    stamp = datetime.fromtimestamp(at, UTC).strftime("%a %b %d %H:%M:%S %Y").encode()
    return b"From MAILER-DAEMON " + stamp + b"\n" + _FROM.sub(rb">\1", raw).removesuffix(b"\n") + b"\n\n"


def _of_mailbox(mailbox: Mailbox, latest: datetime) -> Iterator[tuple[Kind, float, bytes | None]]:
    for part, item in _items(mailbox):
        if isinstance(item, Unreadable):
            yield Kind.MAIL, 0.0, None
            continue
        raw = part.read(item.where, EVIDENCE_MAX_BYTES) if part.again else item.head
        yield item.kind, _at(item, latest) or 0.0, raw


def _of_nobody(attack: Attack) -> Iterator[tuple[Kind, float, bytes | None]]:
    end = attack.start + timedelta(days=1)
    for raw in made_up_mails(attack.seed, end):
        found = Found(Where(0), raw)
        yield Kind.MAIL, _at(found, end) or 0.0, raw


def _items(mailbox: Mailbox) -> Iterator[tuple[Part, Found | Unreadable]]:
    for part in mailbox.parts:
        for piece in part.pieces():
            for item in piece.mails():
                yield part, item


def _at(item: Found | Unreadable, latest: datetime) -> float | None:
    if isinstance(item, Unreadable):
        return None
    try:
        return note_of(item, latest).at
    except MessageError:
        return None


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
