"""Moves in a Maildir: a mail is a file, and its name says which mail it is wherever it lies. A move is one rename."""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, final

from stillpost.mailboxes.files import FilesPart, is_maildir, stem_of
from stillpost.mailboxes.moves import FOLDER_MAX_LENGTH, Entry, Moved
from stillpost.mailboxes.opening import Mailbox
from stillpost.mailboxes.protocol import MailboxError, Where

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]*")
_PLACES: Final = ("cur", "new")


@final
@dataclass(frozen=True, slots=True)
class MaildirMover:
    """``root`` is the mailbox; the folder is ``.NAME`` in it where the root is a Maildir itself (Maildir++), else ``NAME``."""

    mailbox: Mailbox
    root: Path
    folder: str

    def plan(self, wheres: Iterable[tuple[Where, bytes]]) -> list[Entry]:
        """Entries by their file's name below the root."""
        entries = []
        for where, digest in wheres:
            part = self.mailbox.parts[where.part]
            if not isinstance(part, FilesPart) or part.files is not None:
                message = f"{self.mailbox.source(where)} lies in no Maildir and cannot be moved"
                raise MailboxError(message)
            if part.folder != self._there:
                entries.append(Entry(str(part.folder.relative_to(self.root)), where.name, digest.hex()))
        return entries

    def move(self, entries: Sequence[Entry]) -> Moved:
        """Rename each file into the folder."""
        self._make()
        return self._each(entries, lambda entry: (self.root / entry.folder, self._there))

    def back(self, entries: Sequence[Entry]) -> Moved:
        """Rename each file back."""
        for entry in entries:
            if _climbs(entry.folder):
                message = f"the record names {entry.folder!r}, which is no folder of this mailbox"
                raise MailboxError(message)
        return self._each(entries, lambda entry: (self._there, self.root / entry.folder))

    @property
    def _there(self) -> Path:
        return self.root / (f".{self.folder}" if is_maildir(self.root) else self.folder)

    def _make(self) -> None:
        try:
            for place in ("tmp", "new", "cur"):
                (self._there / place).mkdir(mode=0o700, parents=True, exist_ok=True)
            if is_maildir(self.root):
                (self._there / "maildirfolder").touch(mode=0o600)
        except OSError as error:
            message = f"the folder {self._there.name} cannot be made: {error.strerror}"
            raise MailboxError(message) from error

    def _each(self, entries: Sequence[Entry], ways: Callable[[Entry], tuple[Path, Path]]) -> Moved:
        done = missing = 0
        known: dict[Path, dict[str, Path]] = {}
        for entry in entries:
            source, target = ways(entry)
            files = known.get(source)
            if files is None:
                files = known[source] = _files(source)
            path = files.get(stem_of(PurePosixPath(entry.name).name))
            if path is None:
                missing += 1
            else:
                done += self._rename(path, target)
        return Moved(done, missing)

    def _rename(self, path: Path, target: Path) -> int:
        """One rename: at every moment the mail is in one of the two places and not in both."""
        goal = target / path.parent.name / path.name
        number = 0
        while os.path.lexists(goal):
            number += 1
            stem = stem_of(path.name)
            goal = target / path.parent.name / f"{stem}-{number}{path.name[len(stem) :]}"
        try:
            path.rename(goal)
        except FileNotFoundError:
            return self._renamed_meanwhile(path, target)
        except OSError as error:
            message = f"{path.name} cannot be moved: {error.strerror}"
            raise MailboxError(message) from error
        return 1

    def _renamed_meanwhile(self, path: Path, target: Path) -> int:
        """A mail program read it between listing and moving: the flags in its name are others now."""
        again = _files(path.parents[1]).get(stem_of(path.name))
        return 0 if again is None or again == path else self._rename(again, target)


def maildir_mover(mailbox: Mailbox, root: Path, folder: str) -> MaildirMover:
    """The mover for a Maildir. Raises MailboxError for a folder's name that would lead elsewhere."""
    if not _PLAIN.fullmatch(folder) or len(folder) > FOLDER_MAX_LENGTH:
        message = "the folder's name may have letters, digits, blanks, - and _ only"
        raise MailboxError(message)
    return MaildirMover(mailbox, root, folder)


def _files(folder: Path) -> dict[str, Path]:
    """A Maildir's mails by the part of their names that stays."""
    found: dict[str, Path] = {}
    for place in _PLACES:
        try:
            with os.scandir(folder / place) as entries:
                found |= {stem_of(entry.name): folder / place / entry.name for entry in entries}
        except FileNotFoundError:
            continue
        except OSError as error:
            message = f"{folder / place} cannot be listed: {error.strerror}"
            raise MailboxError(message) from error
    return found


def _climbs(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts
