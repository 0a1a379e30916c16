"""mbox files: split at their separator lines, streamed, whatever wrote them (RFC 4155 and all its cousins).

A separator is a line that begins with ``From `` and has two of three signs: an empty line above it, a date in it, a
header field below it. Bodies have such lines quoted with ``>`` by whatever wrote the file; files put together without an
empty line between, and separators without a date, exist. So no mail is lost by being taken for the body of another.
Thunderbird's deleted mails are still in the file; they are passed over.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, final

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

BLOCK_BYTES: Final = 1_048_576
PIECE_BYTES: Final = 16_777_216
NO_MAIL: Final = N_("its beginning is no mail of an mbox")
_AHEAD: Final = 2_048  # a separator line and the beginning of the line after it

_DAY = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},?[ \t]"
_SEPARATOR = re.compile(
    rb"From [^\r\n]{0,400}?"
    + _DAY
    + rb"[^\r\n]{0,40}?\d{1,2}:\d\d[^\r\n]{0,40}?(?:19|20)\d\d[^\r\n]{0,40}\r?\n"  # asctime
    rb"|From [^\r\n]{0,400}?"
    + _DAY
    + rb"[^\r\n]{0,40}?(?:19|20)\d\d[^\r\n]{0,20}?\d{1,2}:\d\d[^\r\n]{0,60}\r?\n"  # RFC 5322
)
_LINE = re.compile(rb"From [^\r\n]{1,500}\r?\n")
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:|>From ")
_QUOTED = re.compile(rb"^>(?=>*From )", re.MULTILINE)
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_MOZILLA = re.compile(rb"^X-Mozilla-Status(2?): ([0-9A-Fa-f]{4,8})\r?$", re.MULTILINE)
_EXPUNGED = 0x0008  # Thunderbird: deleted, waiting for the folder to be compacted
_IMAP_DELETED = 0x0020_0000  # of X-Mozilla-Status2: deleted in an IMAP folder's copy
_MARK = b"\xef\xbb\xbf"
_NOTHING_ABOVE = frozenset([b"", b"\n", b"\r\n", _MARK])  # of the first line of a file


def is_mbox(beginning: bytes) -> bool:
    """True where a file that begins so is an mbox."""
    return _is_separator(
        beginning, len(beginning) - len(beginning.removeprefix(_MARK).lstrip(b"\r\n")), empty_above=True
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MboxPart:
    """One mbox file; ``number`` is its place in the mailbox."""

    path: Path
    name: str
    number: int = 0
    kind: Kind = Kind.MAIL
    piece_bytes: int = PIECE_BYTES
    block_bytes: int = BLOCK_BYTES
    again: bool = True

    def pieces(self) -> Iterator[Piece]:
        """Ranges of the file as it is now."""
        try:
            size = self.path.stat().st_size
        except OSError as error:
            message = f"{self.name} cannot be read: {error.strerror}"
            raise MailboxError(message) from error
        for start in range(0, max(size, 1), self.piece_bytes):
            yield MboxPiece(part=self, start=start, end=min(start + self.piece_bytes, size))

    def read(self, where: Where, limit: int = WHOLE_MAX_BYTES) -> bytes | None:
        """The mail at an offset, without its separator; None where the file has changed there."""
        try:
            with self.path.open("rb") as file:
                file.seek(where.at)
                raw = file.read(min(where.size, limit + _AHEAD))
        except OSError:
            return None
        return unquoted(raw)[:limit] if len(raw) == min(where.size, limit + _AHEAD) else None

    def read_many(self, wheres: Iterable[Where], limit: int) -> Iterator[tuple[Where, bytes | None]]:
        """Several mails, one by one."""
        return ((where, self.read(where, limit)) for where in wheres)

    def source(self, where: Where) -> str:
        """The file and the offset."""
        return f"{self.name}@{where.at}"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MboxPiece:
    """The mails whose separators begin in a range of an mbox."""

    part: MboxPart
    start: int
    end: int

    def mails(self) -> Iterator[Item]:
        """Stream the range; the last mail is read to its end beyond it."""
        part = self.part
        try:
            with part.path.open("rb", buffering=0) as file:
                file.seek(max(0, self.start - 4))
                size = os.fstat(file.fileno()).st_size
                yield from split(file, part, at=max(0, self.start - 4), start=self.start, end=self.end, size=size)
        except OSError as error:
            yield Unreadable(part.name, f"the file cannot be read on: {error.strerror}")


def split(file: IO[bytes], part: "MboxPart", *, start: int, end: int, at: int, size: int) -> Iterator[Item]:
    """The mails of a stream whose separators begin from ``start`` up to ``end``; the stream stands at ``at``.

    ``size``: where the file ended when it was opened; what is appended meanwhile is left for the next time.
    """
    window = _Window(file, at, size, part.block_bytes)
    begin = window.separator(start)
    above = b"" if start else window.head(window.end if begin is None else begin)
    if above.removeprefix(_MARK).strip(b"\r\n"):
        yield Unreadable(part.name, NO_MAIL)
    while begin is not None and begin < end:
        window.keep_from(begin)
        following = window.separator(begin + 5)
        stop = window.end if following is None else following
        head = window.head(stop)
        if not _is_deleted(head):
            yield Found(Where(part.number, begin, stop - begin), head, part.kind)
        begin = following


@final
class _Window:
    """A stretch of the stream in memory: at most a block and the beginning of the mail it is in.

    ``end``: where the stream ended.
    """

    def __init__(self, file: IO[bytes], at: int, size: int, block_bytes: int) -> None:
        self._file = file
        self._block_bytes = block_bytes
        self._data = b""
        self._base = at  # where in the stream the data begin
        self._begin = at  # where the mail begins that is kept
        self._head = b""  # its beginning, where the data begin later
        self._size = size
        self.end = size
        self._is_over = False

    def separator(self, start: int) -> int | None:
        """Where the next separator line begins, from ``start`` on; None at the end of the stream."""
        while True:
            found = self._find(start)
            if found is None:
                if self._is_over:
                    return None
                start = max(start, self._base + len(self._data) - 5)
                self._read_on()
                continue
            if len(self._data) < found + _AHEAD and not self._is_over:
                self._read_on()
                continue
            if self._is_separator(found):
                return self._base + found
            start = self._base + found + 1

    def keep_from(self, begin: int) -> None:
        """A mail begins here; what is before is not needed any more."""
        self._begin, self._head = begin, b""

    def head(self, stop: int) -> bytes:
        """The beginning of the mail that is kept, which ends at ``stop``."""
        if self._head:
            return self._head
        place = self._begin - self._base
        return self._data[place : min(stop - self._base, place + HEAD_MAX_BYTES)]

    def _find(self, start: int) -> int | None:
        place = start - self._base
        if start == 0 and self._data.startswith((b"From ", _MARK + b"From ")):
            return self._data.index(b"From ")
        found = self._data.find(b"\nFrom ", max(0, place - 1))
        return found + 1 if found >= 0 else None

    def _read_on(self) -> None:
        """Read another block; forget what lies before the mail that is kept, and the middle of a long one."""
        place = max(0, self._begin - self._base)
        if not self._head and len(self._data) - place > HEAD_MAX_BYTES:
            self._head = self._data[place : place + HEAD_MAX_BYTES]
        keep = len(self._data) - _AHEAD if self._head else place - 4
        if keep > 0:
            self._data = self._data[keep:]
            self._base += keep
        wanted = min(self._block_bytes, self._size - self._base - len(self._data))
        block = self._file.read(wanted) if wanted > 0 else b""
        self._data += block
        if not block:
            self._is_over = True
            self.end = self._base + len(self._data)

    def _is_separator(self, place: int) -> bool:
        above = self._data[max(0, place - 3) : place]
        empty_above = above in _NOTHING_ABOVE or above.endswith((b"\n\n", b"\n\r\n"))
        return _is_separator(self._data, place, empty_above=empty_above)


def _is_separator(data: bytes, place: int, *, empty_above: bool) -> bool:
    dated = _SEPARATOR.match(data, place)
    line = dated or _LINE.match(data, place)
    if line is None:
        return False
    return (dated is not None and empty_above) or (
        (dated is not None or empty_above) and _FIELD.match(data, line.end()) is not None
    )


def unquoted(raw: bytes) -> bytes:
    """A mail of an mbox as it was before it was put there: no separator line, one ``>`` less before ``From ``."""
    if raw.startswith(b"From "):
        raw = raw[raw.find(b"\n") + 1 :]
    return _QUOTED.sub(b"", raw) if b"\n>" in raw else raw


def _is_deleted(head: bytes) -> bool:
    """By the fields Thunderbird puts on top."""
    top = head[:2000]
    if b"X-Mozilla-Status" not in top:
        return False
    top = top[: _EMPTY_LINE.search(top + b"\n\n").start()]  # type: ignore[union-attr]  # there is one
    flags = ((second, int(value, 16)) for second, value in _MOZILLA.findall(top))
    return any(value & (_IMAP_DELETED if second else _EXPUNGED) for second, value in flags)
