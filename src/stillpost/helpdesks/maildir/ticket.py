"""A ticket becomes one mail in a Maildir, exactly once, whatever dies in between.

Three durable steps in one file system: the mail is written beside the Maildir's own folders (``stillpost/ID.eml``),
then marked as complete (``stillpost/ID.delivered``), then renamed into ``new/``. A second delivery reads from what is
there which steps were done: no mark, write it again; mark and mail, rename; mark alone, it was delivered, even if an
agent has read, moved or deleted it since. The folder ``stillpost`` is not one of Maildir's, so no mail program cleans
it or shows it. Marks are kept for 100 days, far longer than the outbox keeps a ticket.
"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, final

from stillpost.helpdesks.message import Look, compose
from stillpost.helpdesks.protocol import Helpdesk, HelpdeskError, OtherDoor, Surroundings
from stillpost.helpdesks.rendering import reference
from stillpost.language import N_
from stillpost.model import Ticket

MARKS_KEPT = timedelta(days=100)
_SWEEP_EVERY = 500  # deliveries

OTHER_DOORS: Final[tuple[OtherDoor, ...]] = (
    OtherDoor(
        "maildir-mail",
        N_(
            "An MTA or a fetching program that delivers strangers' mail into the same Maildir, and whatever answers it."
        ),
        N_(
            "Give Stillpost a Maildir of its own. If an MTA must share it, let nothing answer mail in it automatically "
            "(no vacation, no Sieve reply, no helpdesk that confirms new mail)."
        ),
    ),
    OtherDoor(
        "maildir-reader",
        N_("A helpdesk that fetches this Maildir (by IMAP) and confirms each new mail to its From."),
        N_("Switch its confirmation off, or use that helpdesk's own product here instead of maildir."),
    ),
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MaildirOptions:
    """``product = "maildir"``."""

    path: str = field(
        default="tickets", metadata={"help": "the Maildir; a relative path is below the state folder; made if missing"}
    )


def build(options: MaildirOptions, around: Surroundings) -> Helpdesk:
    """The adapter; touches nothing until the first ticket."""
    return MaildirDesk(around.state / options.path)


@final
class MaildirDesk:
    """Delivers into one Maildir."""

    product: Final = "maildir"
    can_be_quiet: Final = True
    exactly_once: Final = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own = path / "stillpost"
        self._delivered = 0

    async def deliver(self, ticket: Ticket, files: Sequence[bytes]) -> str:
        """Put the ticket into ``new/``; the reference is the file's name. Raises HelpdeskError."""
        name = reference(ticket)
        mail = compose(ticket, files, Look(marked=ticket.quiet))
        try:
            await asyncio.to_thread(self._put, name, mail)
        except OSError as error:
            raise HelpdeskError(f"the Maildir {self._path} cannot be written: {error.strerror or error}") from error
        return name

    async def check(self) -> str:
        """Write and remove a file beside the tickets."""
        try:
            await asyncio.to_thread(self._try)
        except OSError as error:
            raise HelpdeskError(f"the Maildir {self._path} cannot be written: {error.strerror or error}") from error
        return N_("The Maildir can be written.")

    def _try(self) -> None:
        self._prepare()
        probe = self._own / "check"
        _write(probe, b"")
        probe.unlink()

    def _put(self, name: str, mail: bytes) -> None:
        staged, mark = self._own / f"{name}.eml", self._own / f"{name}.delivered"
        if not mark.exists():
            self._prepare()
            _write(staged, mail)
            _sync(self._own)  # a mark that outlived a power cut without its mail would lose the ticket
            _write(mark, b"")
            _sync(self._own)
        if staged.exists():
            staged.rename(self._path / "new" / name)
            _sync(self._path / "new")
            _sync(self._own)
        self._delivered += 1
        if self._delivered % _SWEEP_EVERY == 1:
            self._sweep(mark)

    def _prepare(self) -> None:
        for folder in (self._path / "tmp", self._path / "cur", self._path / "new", self._own):
            if not folder.is_dir():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                _sync(folder.parent)

    def _sweep(self, newest: Path) -> None:
        # The file system's own clock, read off the mark just written: adapters have no other need for the time.
        oldest = newest.stat().st_mtime - MARKS_KEPT.total_seconds()
        with os.scandir(self._own) as found:
            old = [entry.path for entry in found if entry.name.endswith(".delivered") and _older(entry, oldest)]
        for path in old:
            if not Path(path.removesuffix(".delivered") + ".eml").exists():
                with suppress(FileNotFoundError):
                    os.unlink(path)

    async def aclose(self) -> None:
        """Nothing is kept open."""


def _older(entry: os.DirEntry[str], than: float) -> bool:
    try:
        return entry.stat(follow_symlinks=False).st_mtime < than
    except OSError:
        return False


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
