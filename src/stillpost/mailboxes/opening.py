"""What is this path: an mbox, a Maildir, a mail, a folder of any of these; everything under it is one mailbox."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias, final

from stillpost.mailboxes.files import FilesPart, is_maildir
from stillpost.mailboxes.kinds import kind_of_path
from stillpost.mailboxes.mbox import MboxPart, is_mbox
from stillpost.mailboxes.protocol import MailboxError, Part, Unreadable, Where

LOOK_BYTES: Final = 2_048
FOLDERS_MAX: Final = 100_000

_MAIL_SUFFIXES = frozenset([".eml", ".emlx"])
_MBOX_SUFFIXES = frozenset([".mbox", ".mbx"])
_NO_MAIL = frozenset([".msf", ".dat", ".json", ".sqlite", ".db", ".plist", ".html", ".md", ".log", ".css", ".js"])
_MAIL_FIELD = re.compile(
    rb"^(?:received|return-path|from|date|message-id|delivered-to)[ \t]*:", re.IGNORECASE | re.MULTILINE
)
_FIELDS = re.compile(rb"(?:>?From [^\r\n]*\r?\n)?[!-9;-~]+[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*[!-9;-~]+[ \t]*:")

_Known: TypeAlias = MboxPart | FilesPart


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
        message = f"{path} has no mail in it: give an mbox file, a Maildir, or a folder of .eml files"
        raise MailboxError(message)
    return Mailbox(
        str(path), tuple(replace(part, number=number) for number, part in enumerate(parts)), tuple(unreadable)
    )


def _of_file(path: Path) -> _Known:
    beginning = _look(path)
    if is_mbox(beginning) or path.suffix.lower() in _MBOX_SUFFIXES:
        return MboxPart(path=path, name=path.name, kind=kind_of_path([path.name]))
    if path.suffix.lower() in _MAIL_SUFFIXES or _is_mail(beginning):
        return FilesPart(folder=path.parent, name=".", files=(path.name,))
    message = f"{path} is no mail: it is neither an mbox nor an .eml file"
    raise MailboxError(message)


def _of_folder(root: Path) -> tuple[list[_Known], list[Unreadable]]:
    parts: list[_Known] = []
    unreadable: list[Unreadable] = []
    for folder, inner, names in _walk(root, unreadable):
        name = str(folder.relative_to(root))
        kind = kind_of_path([root.name, *Path(name).parts])
        if is_maildir(folder):
            inner[:] = [each for each in inner if each not in {"cur", "new", "tmp"}]
            parts.append(FilesPart(folder=folder, name=name, kind=kind))
        mails = []
        for each in sorted(names):
            path = folder / each
            suffix = path.suffix.lower()
            if suffix in _NO_MAIL or not path.is_file():
                continue
            try:
                beginning = _look(path)
            except OSError as error:
                unreadable.append(Unreadable(str(path.relative_to(root)), f"the file cannot be read: {error.strerror}"))
                continue
            if is_mbox(beginning) or (suffix in _MBOX_SUFFIXES and beginning):
                inside = str(path.relative_to(root))
                parts.append(MboxPart(path=path, name=inside, kind=kind_of_path([root.name, *Path(inside).parts])))
            elif suffix in _MAIL_SUFFIXES or _is_mail(beginning):
                mails.append(each)
        if mails:
            parts.append(FilesPart(folder=folder, name=name, kind=kind, files=tuple(mails)))
    return parts, unreadable


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


def _is_mail(beginning: bytes) -> bool:
    """Two header fields on top, one of them such as every mail has."""
    return _FIELDS.match(beginning) is not None and _MAIL_FIELD.search(beginning) is not None
