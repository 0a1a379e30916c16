"""The members of waves moved out of the way, and back: planned, written down, and only then done.

The record is a file of JSON lines: what was scanned, then one line a mail. It is whole and on disk before the first mail
moves; after a crash it says what may have happened, and undoing it is right whatever did.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, final

from stillpost.mail.message import MessageError, read
from stillpost.mailboxes.files import FilesPart
from stillpost.mailboxes.imap import ImapPart
from stillpost.mailboxes.imap_moves import imap_mover
from stillpost.mailboxes.maildir_moves import maildir_mover
from stillpost.mailboxes.moves import Entry, Moved, Mover
from stillpost.mailboxes.opening import Mailbox
from stillpost.mailboxes.protocol import MailboxError, Where
from stillpost.scan.note import digest_of
from stillpost.scan.result import Result

VERSION: Final = 1
RECORD_MAX_BYTES: Final = 200_000_000
LINE_MAX_BYTES: Final = 10_000


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was, or is to be, moved: out of which mailbox, into which folder."""

    mailbox: str
    folder: str
    entries: tuple[Entry, ...]


def mover_of(mailbox: Mailbox, folder: str) -> Mover:
    """Who can move mail in this mailbox. Raises MailboxError where it is neither a Maildir nor an account."""
    parts = mailbox.parts
    if parts and isinstance(parts[0], ImapPart):
        return imap_mover(parts[0].account, mailbox, folder, _digest_of)
    if any(isinstance(part, FilesPart) and part.files is None for part in parts):
        return maildir_mover(mailbox, Path(mailbox.name), folder)
    message = f"mail can be moved in a Maildir and in an IMAP account; {mailbox.name} is neither"
    raise MailboxError(message)


def name_of(mailbox: Mailbox) -> str:
    """The mailbox by a name that stays, however it was typed: its account without a folder, or where it lies."""
    parts = mailbox.parts
    if parts and isinstance(parts[0], ImapPart):
        return replace(parts[0].account.place, folder="").name
    return str(Path(mailbox.name).resolve())


def planned(result: Result, mailbox: Mailbox, folder: str) -> Record:
    """What would be moved: the members of every wave, not what is hidden in them. Raises MailboxError."""
    members = {
        Where(*member.note.where): member.note.digest for finding in result.findings for member in finding.wave.members
    }
    entries = mover_of(mailbox, folder).plan(sorted(members.items()))
    return Record(mailbox=name_of(mailbox), folder=folder, entries=tuple(entries))


def move(record: Record, mailbox: Mailbox, path: Path, at: datetime) -> Moved:
    """Write the record to a new file, make sure that it is on the disk, and move. Raises MailboxError."""
    write_record(record, path, at)
    return mover_of(mailbox, record.folder).move(record.entries)


def undo(record: Record, mailbox: Mailbox) -> Moved:
    """Move everything of a record back. Raises MailboxError; may be done again."""
    if record.mailbox != name_of(mailbox):
        message = f"the record is about another mailbox: {record.mailbox}"
        raise MailboxError(message)
    return mover_of(mailbox, record.folder).back(record.entries)


def write_record(record: Record, path: Path, at: datetime) -> None:
    """A new file that only its owner may read, safe on the disk. Raises MailboxError."""
    head = {"version": VERSION, "mailbox": record.mailbox, "folder": record.folder, "at": at.isoformat()}
    try:
        _write(path, [head, *(entry._asdict() for entry in record.entries)], os.O_EXCL | os.O_CREAT)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        message = f"the record {path} cannot be written, so nothing was moved: {error.strerror}"
        raise MailboxError(message) from error


def add_to_record(entries: Iterable[Entry], path: Path) -> None:
    """More mails, safe on the disk, at the end of a record that ``write_record`` made. Raises MailboxError."""
    try:
        _write(path, [entry._asdict() for entry in entries], os.O_APPEND)
    except OSError as error:
        message = f"the record {path} cannot be written, so nothing was moved: {error.strerror}"
        raise MailboxError(message) from error


def _write(path: Path, lines: Iterable[dict[str, Any]], how: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | how, 0o600), "w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())


def read_record(path: Path) -> Record:
    """The record in a file. Raises MailboxError."""
    try:
        if path.stat().st_size > RECORD_MAX_BYTES:
            message = f"{path} is too large for a record"
            raise MailboxError(message)
        with path.open(encoding="utf-8") as file:
            lines = list(_lines(iter(lambda: file.readline(LINE_MAX_BYTES), ""), path))
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise MailboxError(message) from error
    except UnicodeDecodeError as error:
        raise _no_record(path) from error
    try:
        head, *rest = lines
        if head["version"] != VERSION:
            raise _no_record(path)
        entries = tuple(Entry(each["folder"], each["name"], each["digest"]) for each in rest)
        named = (head["mailbox"], head["folder"], *(value for entry in entries for value in entry))
    except (ValueError, LookupError, TypeError) as error:
        raise _no_record(path) from error
    if not all(isinstance(value, str) for value in named):
        raise _no_record(path)
    return Record(mailbox=head["mailbox"], folder=head["folder"], entries=entries)


def _lines(lines: Iterable[str], path: Path) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _no_record(path) from error
        if not isinstance(found, dict):
            raise _no_record(path)
        yield found


def _no_record(path: Path) -> MailboxError:
    return MailboxError(f"{path} is no record of a move, or is damaged")


def _digest_of(head: bytes) -> bytes:
    try:
        return digest_of(read(head).headers)
    except MessageError:
        return b""
