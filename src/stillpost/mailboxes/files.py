"""Mails that are files of their own: Maildirs, folders of ``.eml`` and of Apple's ``.emlx``, single files.

A Maildir changes while it is read: mails move from ``new`` to ``cur`` and change their flags, which is in the file's name.
So ``new`` is listed first, and a file that is gone is looked for again under the part of its name that stays.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Final, final

from stillpost.language import N_
from stillpost.mailboxes.protocol import (
    HEAD_MAX_BYTES,
    WHOLE_MAX_BYTES,
    Found,
    Item,
    Kind,
    MailboxError,
    Piece,
    Unreadable,
    Where,
)

PIECE_FILES: Final = 500
GONE: Final = N_("it was moved or deleted while the mailbox was read")

_LENGTH_LINE = re.compile(rb"[ \t]*(\d{1,12})[ \t]*\r?\n")
_LENGTH_LINE_MAX: Final = 32
_DELIVERED = re.compile(r"(\d{9,10})\.")  # of a Maildir's file name: when our own server delivered it
_FLAGS = re.compile(r":2,[A-Za-z,]*$")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FilesPart:
    """A folder in which some files are mails: ``files`` are their names, or a Maildir's own (None)."""

    folder: Path
    name: str
    number: int = 0
    kind: Kind = Kind.MAIL
    files: tuple[str, ...] | None = None
    again: bool = True

    def pieces(self) -> Iterator[Piece]:
        """Some hundred files each."""
        names = iter(self.files) if self.files is not None else _maildir(self.folder)
        while True:
            try:
                share = tuple(islice(names, PIECE_FILES))
            except OSError as error:
                message = f"{self.name} cannot be listed: {error.strerror}"
                raise MailboxError(message) from error
            if not share:
                return
            yield FilesPiece(part=self, files=share)

    def read(self, where: Where, limit: int = WHOLE_MAX_BYTES) -> bytes | None:
        """The file's mail; None where it is gone."""
        try:
            return _beginning(self._find(where.name), limit)
        except OSError:
            return None

    def read_many(self, wheres: Iterable[Where], limit: int) -> Iterator[tuple[Where, bytes | None]]:
        """Several mails, one by one."""
        return ((where, self.read(where, limit)) for where in wheres)

    def source(self, where: Where) -> str:
        """The file's path below the mailbox's."""
        return where.name if self.name == "." else f"{self.name}/{where.name}"

    def found(self, name: str) -> Item | None:
        """The mail in a file; None where it is none (an empty file that a client is about to fill)."""
        try:
            path = self._find(name)
            head = _beginning(path, HEAD_MAX_BYTES)
        except FileNotFoundError:
            return Unreadable(self.source(Where(0, name=name)), GONE)
        except OSError as error:
            return Unreadable(self.source(Where(0, name=name)), f"the file cannot be read: {error.strerror}")
        return Found(Where(self.number, name=name), head, self.kind, self._delivered(name))

    def _delivered(self, name: str) -> datetime | None:
        return None if self.files is not None else delivered_at(name[4:])

    def _find(self, name: str) -> Path:
        """Where the file is now."""
        path = self.folder / name
        if self.files is not None or path.exists():
            return path
        stem = stem_of(name.partition("/")[2])
        for place in ("cur", "new"):
            for other in _names(self.folder / place):
                if stem_of(other) == stem:
                    return self.folder / place / other
        raise FileNotFoundError(name)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FilesPiece:
    """Some files of a part."""

    part: FilesPart
    files: tuple[str, ...]

    def mails(self) -> Iterator[Item]:
        """Read each file's beginning."""
        for name in self.files:
            item = self.part.found(name)
            if item is not None:
                yield item


def stem_of(name: str) -> str:
    """The part of a file's name in a Maildir that stays when its flags change."""
    return _FLAGS.sub("", name)


def is_maildir(folder: Path) -> bool:
    """True for a folder with ``cur`` and ``new`` in it."""
    return (folder / "cur").is_dir() and (folder / "new").is_dir()


def delivered_at(name: str) -> datetime | None:
    """When our own server delivered a mail, by its file's name in a Maildir; None where the name does not say."""
    found = _DELIVERED.match(name)
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None


def without_length(name: str, raw: bytes) -> bytes:
    """A mail as it is in a file of that name: Apple's ``.emlx`` has its length above and a list of flags below."""
    if not name.endswith(".emlx"):
        return raw
    line = _LENGTH_LINE.match(raw)
    return raw[line.end() : line.end() + int(line[1])] if line else raw


def _maildir(folder: Path) -> Iterator[str]:
    new = sorted(_names(folder / "new"))
    stems = {stem_of(name) for name in new}
    current = (name for name in _names(folder / "cur") if stem_of(name) not in stems)
    yield from chain((f"new/{name}" for name in new), (f"cur/{name}" for name in current))


def _names(folder: Path) -> Iterable[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_file()]


def _beginning(path: Path, limit: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        if path.suffix != ".emlx":
            return _read(file.fileno(), limit)
        return without_length(path.name, _read(file.fileno(), limit + _LENGTH_LINE_MAX))[:limit]


def _read(descriptor: int, limit: int) -> bytes:
    """Up to ``limit`` bytes; one call reads less where the file is on a slow disk."""
    first = os.read(descriptor, min(limit, 65_536))
    if len(first) < min(limit, 65_536):
        return first
    pieces = [first]
    while (left := limit - sum(map(len, pieces))) > 0 and (more := os.read(descriptor, min(left, 1_048_576))):
        pieces.append(more)
    return b"".join(pieces)
