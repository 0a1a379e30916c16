"""What is this path: an mbox, a Maildir, a mail, a folder of any of these; everything under it is one mailbox."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Final, TypeAlias, final

from stillpost.language import N_
from stillpost.mailboxes.archive import ArchivePart
from stillpost.mailboxes.files import FilesPart, is_maildir
from stillpost.mailboxes.kinds import kind_of_path
from stillpost.mailboxes.looking import LOOK_BYTES, Sort, sort_of
from stillpost.mailboxes.mbox import MboxPart
from stillpost.mailboxes.protocol import MailboxError, Part, Unreadable, Where
from stillpost.mailboxes.stream import unpacked
from stillpost.mailboxes.tar import is_tar

FOLDERS_MAX: Final = 100_000

_ZIP_SUFFIXES = frozenset([".zip", ""])  # in a folder; others (.docx, .jar) are zips, and no mail
_PACKED_SUFFIXES = frozenset([".gz", ".tgz", ".bz2", ".tbz", ".tbz2", ".xz", ".txz", ""])
_OTHER_PROGRAMS: Final = {
    ".pst": N_("Outlook's own format; export the mails as .eml files, or scan the account with imaps://"),
    ".ost": N_("Outlook's own format; export the mails as .eml files, or scan the account with imaps://"),
    ".olm": N_("Outlook's own format; export the mails as .eml files, or scan the account with imaps://"),
    ".msg": N_("Outlook's own format; save the mails as .eml files, or scan the account with imaps://"),
}

_Known: TypeAlias = MboxPart | FilesPart | ArchivePart


@final
@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox: its name for people, its parts, and what of it could not be opened."""

    name: str
    parts: tuple[Part, ...]
    unreadable: tuple[Unreadable, ...] = ()

    def read(self, where: Where, limit: int) -> bytes | None:
        """A mail again; None where it is gone."""
        return self.parts[where.part].read(where, limit)

    def read_many(self, wheres: Iterable[Where], limit: int) -> Iterator[tuple[Where, bytes | None]]:
        """Several mails, part by part, each in the order that costs it least."""
        for part, share in groupby(sorted(wheres), key=lambda where: where.part):
            yield from self.parts[part].read_many(share, limit)

    def source(self, where: Where) -> str:
        """Where a mail is, for people."""
        return self.parts[where.part].source(where)


def open_path(path: Path) -> Mailbox:
    """The mailbox at a path. Raises MailboxError where there is none, in one sentence that says what to do."""
    try:
        parts, unreadable = _of_folder(path) if path.is_dir() else ([_of_file(path)], [])
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise MailboxError(message) from error
    if not parts:
        message = (
            f"{path} has no mail in it: give an mbox file, a Maildir, a folder of .eml files, or an archive of them"
        )
        raise MailboxError(message)
    return Mailbox(
        str(path), tuple(replace(part, number=number) for number, part in enumerate(parts)), tuple(unreadable)
    )


def _of_file(path: Path) -> _Known:
    if why := _OTHER_PROGRAMS.get(path.suffix.lower()):
        message = f"{path} cannot be read: {why}"
        raise MailboxError(message)
    found = _part(path, sort_of(path.name, _look(path)), path.name, [])
    if found is not None:
        return found
    if sort_of(path.name, _look(path)) is Sort.MAIL:
        return FilesPart(folder=path.parent, name=".", files=(path.name,))
    message = f"{path} is no mail: it is neither an mbox, an .eml file nor an archive of them"
    raise MailboxError(message)


def _part(path: Path, sort: Sort, name: str, folders: Iterable[str]) -> MboxPart | ArchivePart | None:
    """The part that a file is by itself; None for a single mail and for what is none."""
    if sort is Sort.MBOX:
        return MboxPart(path=path, name=name, kind=kind_of_path([*folders, *Path(name).parts]))
    if sort is Sort.PACKED:
        stream = unpacked(path)
        beginning = stream.read(LOOK_BYTES)
        stream.close()
        sort = Sort.TAR if is_tar(beginning) else Sort.PACKED
    if sort in {Sort.TAR, Sort.ZIP, Sort.PACKED}:
        return ArchivePart(path=path, name=name, sort=sort, folders=(*folders, *Path(name).parts[:-1]))
    return None


def _of_folder(root: Path) -> tuple[list[_Known], list[Unreadable]]:
    parts: list[_Known] = []
    unreadable: list[Unreadable] = []
    for folder, inner, names in _walk(root, unreadable):
        name = str(folder.relative_to(root))
        folders = [root.name, *Path(name).parts]
        if is_maildir(folder):
            inner[:] = [each for each in inner if each not in {"cur", "new", "tmp"}]
            parts.append(FilesPart(folder=folder, name=name, kind=kind_of_path(folders)))
        mails = []
        for each in sorted(names):
            path = folder / each
            if not path.is_file():
                continue
            inside = str(path.relative_to(root))
            if why := _OTHER_PROGRAMS.get(path.suffix.lower()):
                unreadable.append(Unreadable(inside, why))
                continue
            try:
                sort = _sort_in_folder(path)
                part = _part(path, sort, inside, [root.name])
            except OSError as error:
                unreadable.append(Unreadable(inside, f"the file cannot be read: {error.strerror}"))
                continue
            if part is not None:
                parts.append(part)
            elif sort is Sort.MAIL:
                mails.append(each)
        if mails:
            parts.append(FilesPart(folder=folder, name=name, kind=kind_of_path(folders), files=tuple(mails)))
    return parts, unreadable


def _sort_in_folder(path: Path) -> Sort:
    suffix = path.suffix.lower()
    sort = sort_of(path.name, _look(path))
    is_document = (sort is Sort.ZIP and suffix not in _ZIP_SUFFIXES) or (
        sort is Sort.PACKED and suffix not in _PACKED_SUFFIXES
    )
    return Sort.OTHER if is_document else sort


def _walk(root: Path, unreadable: list[Unreadable]) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Folder by folder; a folder that cannot be listed is said, links to folders are not followed (they may circle)."""

    def failed(error: OSError) -> None:
        unreadable.append(Unreadable(str(error.filename), f"the folder cannot be listed: {error.strerror}"))

    for number, (folder, inner, names) in enumerate(os.walk(root, onerror=failed)):
        if number == FOLDERS_MAX:
            unreadable.append(Unreadable(str(root), f"it has more than {FOLDERS_MAX} folders; the rest was not read"))
            return
        inner.sort()
        yield Path(folder), inner, names


def _look(path: Path) -> bytes:
    with path.open("rb", buffering=0) as file:
        return file.read(LOOK_BYTES)
