"""Archives: tar and zip of anything that holds mail, and single files packed with gzip, bzip2 or xz.

Nothing is unpacked to disk and nothing is kept: members are streamed. A member whose name climbs out of the archive, one
that is encrypted, an archive in the archive and a bomb are told as unreadable, and the rest is read.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Final, NamedTuple, cast, final
from zipfile import BadZipFile, ZipFile

from stillpost.language import N_
from stillpost.mailboxes.files import delivered_at, without_length
from stillpost.mailboxes.kinds import kind_of_path
from stillpost.mailboxes.looking import LOOK_BYTES, Sort, sort_of
from stillpost.mailboxes.mbox import MboxPart, split, unquoted
from stillpost.mailboxes.protocol import (
    HEAD_MAX_BYTES,
    WHOLE_MAX_BYTES,
    Found,
    Item,
    MailboxError,
    Piece,
    Unreadable,
    Where,
)
from stillpost.mailboxes.stream import BROKEN, Budget, Quiet, unpacked
from stillpost.mailboxes.tar import members as tar_members

UNKNOWN_SIZE: Final = 1 << 62  # of what a packed file holds
MEMBERS_MAX: Final = 2_000_000  # of a zip, whose list is in memory; a tar's is not
CLIMBS: Final = N_("its name climbs out of the archive; it was not read")
LOCKED: Final = N_("it is encrypted")
NESTED: Final = N_("it is an archive inside an archive; unpack the outer one and scan the folder")
FULL: Final = N_("it has more than 2000000 files; unpack it and scan the folder")

_QUOTING = 2_048  # a separator line and some quoting marks more than the mail itself
_END_OF_ZIP_MAX = 66_000
_ENTRY_MIN_BYTES = 46
_OPENING = (OSError, BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError)


class _Member(NamedTuple):
    """``key`` is its name in a ``Where``; ``base`` what is added to a place in it."""

    name: str
    key: str
    base: int
    size: int
    stream: Quiet


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePart:
    """One archive. ``sort``: TAR, ZIP, or PACKED for a single packed file (a packed tar is a TAR)."""

    path: Path
    name: str
    sort: Sort
    number: int = 0
    folders: tuple[str, ...] = ()
    again: bool = False

    def pieces(self) -> Iterator[Piece]:
        """The whole archive: it can only be read from its beginning."""
        yield ArchivePiece(part=self)

    def read(self, where: Where, limit: int = WHOLE_MAX_BYTES) -> bytes | None:
        """A mail again, at the cost of unpacking all before it."""
        return next(self.read_many([where], limit))[1]

    def read_many(self, wheres: Iterable[Where], limit: int) -> Iterator[tuple[Where, bytes | None]]:
        """Mails again, in one pass through the archive, in its order."""
        wanted = sorted(wheres, key=lambda where: (_index(where.name) if self.sort is Sort.ZIP else 0, where.at))
        try:
            with ExitStack() as stack:
                reader = _Again(self, stack)
                while wanted:
                    yield wanted[0], reader.read(wanted[0], limit)
                    wanted.pop(0)
        except _OPENING:
            yield from ((where, None) for where in wanted)

    def source(self, where: Where) -> str:
        """The archive, the file in it, and the offset in an mbox."""
        inside = where.name.partition(":")[2] if self.sort is Sort.ZIP else where.name
        return f"{self.name}/{inside or self.path.stem}@{where.at}"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePiece:
    """All of an archive."""

    part: ArchivePart

    def mails(self) -> Iterator[Item]:
        """Stream the members."""
        part = self.part
        try:
            if part.sort is Sort.ZIP:
                yield from _of_zip(part)
                return
            with closing(unpacked(part.path)) as stream:
                if part.sort is Sort.PACKED:
                    yield from _of_member(part, _Member(part.path.stem, "", 0, UNKNOWN_SIZE, stream))
                else:
                    for member in tar_members(stream):
                        yield from _of_member(part, _Member(member.name, member.name, member.at, member.size, stream))
                if stream.trouble:
                    yield Unreadable(part.name, stream.trouble)
        except OSError as error:
            message = f"{part.name} cannot be read: {error.strerror}"
            raise MailboxError(message) from error


def _of_zip(part: ArchivePart) -> Iterator[Item]:
    if _zip_members(part.path) > MEMBERS_MAX:
        yield Unreadable(part.name, FULL)
        return
    budget = Budget(part.path.stat().st_size)
    try:
        archive = ZipFile(part.path)
    except (BadZipFile, ValueError, EOFError, NotImplementedError):
        yield Unreadable(part.name, BROKEN)
        return
    with archive:
        for index, info in enumerate(archive.infolist()):
            source = f"{part.name}/{info.filename}"
            if info.is_dir() or not info.file_size:
                continue
            if info.flag_bits & 1:
                yield Unreadable(source, LOCKED)
                continue
            try:
                opened = archive.open(info)
            except _OPENING:
                yield Unreadable(source, BROKEN)
                continue
            with closing(Quiet(opened, budget)) as stream:
                key = f"{index}:{info.filename}"
                yield from _of_member(part, _Member(info.filename, key, 0, info.file_size, stream))
                if stream.trouble:
                    yield Unreadable(source, stream.trouble)
            if budget.left < 0:
                return


def _of_member(part: ArchivePart, member: _Member) -> Iterator[Item]:
    """The mails of one file in an archive."""
    path = PurePosixPath(member.name)
    if ".." in path.parts:
        yield Unreadable(f"{part.name}/{member.name}", CLIMBS)
        return
    content = _Content(member.stream, member.size)
    sort = _sort_of(path, content.peek())
    if sort is Sort.MBOX:
        kind = kind_of_path([*part.folders, *path.parts])
        box = MboxPart(path=part.path, name=f"{part.name}/{member.name}", number=part.number, kind=kind)
        for item in split(cast(IO[bytes], content), box, start=0, end=member.size, at=0, size=member.size):
            if isinstance(item, Found):
                where = Where(part.number, member.base + item.where.at, item.where.size, member.key)
                item = item._replace(where=where)  # noqa: PLW2901  # the same mail, found where the archive has it
            yield item
    elif sort is Sort.MAIL:
        head = content.read(HEAD_MAX_BYTES)
        where = Where(part.number, member.base, member.size, member.key)
        kind = kind_of_path([*part.folders, *path.parts[:-1]])
        yield Found(where, without_length(path.name, head), kind, _delivered(path))
    elif sort is not Sort.OTHER:
        yield Unreadable(f"{part.name}/{member.name}", NESTED)


@final
class _Content:
    """One member's bytes; what was looked at first is read again."""

    def __init__(self, stream: Quiet, size: int) -> None:
        self._stream = stream
        self._left = size
        self._seen = b""

    def peek(self) -> bytes:
        """Its first bytes."""
        self._seen = self.read(LOOK_BYTES)
        return self._seen

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; empty at the end."""
        if self._seen:
            found, self._seen = self._seen[:size], self._seen[size:]
            return found + (self.read(size - len(found)) if len(found) < size else b"")
        found = self._stream.read(min(size, self._left))
        self._left -= len(found)
        return found


@final
class _Again:
    """Reads single mails of an archive, going forward where it can."""

    def __init__(self, part: ArchivePart, stack: ExitStack) -> None:
        self._part = part
        self._stack = stack
        self._zip = stack.enter_context(ZipFile(part.path)) if part.sort is Sort.ZIP else None
        self._index = -1
        self._stream: Quiet | None = None

    def read(self, where: Where, limit: int) -> bytes | None:
        """One mail, None where it is not there any more."""
        stream = self._opened(where)
        wanted = min(where.size, limit + _QUOTING)
        if stream is None or not stream.skip_to(where.at):
            return None
        raw = stream.read(wanted)
        if len(raw) < wanted and where.size != UNKNOWN_SIZE:
            return None
        mail = unquoted(raw) if raw.startswith(b"From ") else without_length(where.name, raw)
        return mail[:limit]

    def _opened(self, where: Where) -> Quiet | None:
        if self._zip is None:
            if self._stream is None or self._stream.at > where.at:
                self._stream = self._stack.enter_context(closing(unpacked(self._part.path)))
            return self._stream
        index, stream = _index(where.name), self._stream
        infos = self._zip.infolist()
        if not 0 <= index < len(infos):
            return None
        if stream is None or index != self._index or stream.at > where.at:
            if stream is not None:
                stream.close()
            self._index, budget = index, Budget(self._part.path.stat().st_size)
            stream = self._stream = self._stack.enter_context(closing(Quiet(self._zip.open(infos[index]), budget)))
        return stream


def _index(key: str) -> int:
    number = key.partition(":")[0]
    return int(number) if number.isdigit() else -1


def _sort_of(path: PurePosixPath, beginning: bytes) -> Sort:
    """A file in a Maildir is a mail, whatever it begins with."""
    in_maildir = path.parent.name in {"cur", "new"} and not path.name.startswith(("dovecot", "."))
    return Sort.MAIL if in_maildir and beginning else sort_of(path.name, beginning)


def _delivered(path: PurePosixPath) -> datetime | None:
    return delivered_at(path.name) if path.parent.name in {"cur", "new"} else None


def _zip_members(path: Path) -> int:
    """How many members its list can have at most, by the list's length."""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - _END_OF_ZIP_MAX))
        tail = file.read()
    end, large = tail.rfind(b"PK\x05\x06"), tail.rfind(b"PK\x06\x06")
    sizes = [int.from_bytes(tail[end + 12 : end + 16], "little") if end >= 0 else 0]
    if large >= 0:
        sizes = [size for size in sizes if size != 0xFFFF_FFFF] + [
            int.from_bytes(tail[large + 40 : large + 48], "little")
        ]
    return max(sizes) // _ENTRY_MIN_BYTES
