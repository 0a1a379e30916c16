"""The folders of an IMAP account as parts of a mailbox. Nothing is changed there: no mail is marked as read.

Headers are fetched by the hundred; whole mails only when they are asked for. A mail deleted but not expunged is passed
over. One that is gone between listing and fetching is told.
"""

import imaplib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, final

from stillpost.mail.received import parse_date
from stillpost.mailboxes.account import Account, Folder
from stillpost.mailboxes.files import GONE
from stillpost.mailboxes.kinds import kind_of_flags, kind_of_path
from stillpost.mailboxes.opening import Mailbox
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

BATCH_MAILS: Final = 200
FAILURES_MAX: Final = 2  # in one batch; then the rest of the folder is given up
UIDS_MAX: Final = 5_000_000

_UID = re.compile(rb"\bUID (\d{1,10})\b")
_DATE = re.compile(rb'\bINTERNALDATE ("[^"]{1,40}")')
_NO_MAILS = frozenset(["\\noselect", "\\nonexistent"])
_ALL, _VIEWS = "\\all", frozenset(["\\all", "\\flagged", "\\important"])  # RFC 6154, RFC 8457: mails that lie elsewhere


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ImapPart:
    """One folder of an account; it stays in the process that opened it."""

    account: Account
    folder: str
    number: int = 0
    kind: Kind = Kind.MAIL
    again: bool = True

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder

    def pieces(self) -> Iterator[Piece]:
        """Some hundred mails each, listed at the first. Raises MailboxError."""
        uids = self.uids()
        for start in range(0, len(uids), BATCH_MAILS):
            yield ImapPiece(part=self, uids=tuple(uids[start : start + BATCH_MAILS]))

    def uids(self, after: int = 0) -> list[int]:
        """The numbers of its mails, those above ``after``, in order. Raises MailboxError."""
        wanted = ("UNDELETED", "UID", f"{after + 1}:*") if after else ("UNDELETED",)
        said = self.account.ask(lambda box: _done(box.client.uid("SEARCH", *wanted)), self.folder)
        found = {int(word) for line in said if isinstance(line, bytes) for word in line.split() if word.isdigit()}
        return sorted(uid for uid in found if uid > after)[-UIDS_MAX:]  # "*" is the last mail, whatever its number

    def read(self, where: Where, limit: int = WHOLE_MAX_BYTES) -> bytes | None:
        """A mail, or its beginning; None where it is gone, or where the folder was numbered anew."""
        return next(self.read_many([where], limit))[1]

    def read_many(self, wheres: Iterable[Where], limit: int) -> Iterator[tuple[Where, bytes | None]]:
        """Mails one by one. Raises MailboxError."""
        for where in wheres:
            if where.name != str(self.account.numbering(self.folder)):
                yield where, None
                continue
            asked = f"(UID BODY.PEEK[]<0.{limit}>)"
            found = {uid: raw for uid, raw, _ in self._fetch([where.at], asked)}
            yield where, found.get(where.at)

    def heads(self, uids: tuple[int, ...]) -> Iterator[Item]:
        """The headers of mails. Raises MailboxError."""
        try:
            yield from self._heads(uids)
        except MailboxError as error:
            if error.refused:
                raise
            yield from self._heads_one_by_one(uids)

    def source(self, where: Where) -> str:
        """The folder and the mail's number there, as in an IMAP URL (RFC 5092)."""
        return f"{self.folder};UID={where.at}"

    def _heads(self, uids: tuple[int, ...]) -> list[Item]:
        asked = f"(UID INTERNALDATE BODY.PEEK[HEADER]<0.{HEAD_MAX_BYTES}>)"
        numbering = str(self.account.numbering(self.folder))
        found = {uid: (raw, date) for uid, raw, date in self._fetch(uids, asked)}
        items: list[Item] = []
        for uid in uids:
            where = Where(self.number, uid, name=numbering)
            raw, date = found.get(uid, (None, None))
            items.append(Unreadable(self.source(where), GONE) if raw is None else Found(where, raw, self.kind, date))
        return items

    def _heads_one_by_one(self, uids: tuple[int, ...]) -> Iterator[Item]:
        """After a failure: one mail that breaks the server must not take its neighbors with it."""
        failures = 0
        for uid in uids:
            try:
                yield from self._heads((uid,))
            except MailboxError as error:
                failures += 1
                if error.refused or failures > FAILURES_MAX:
                    raise
                yield Unreadable(self.source(Where(self.number, uid)), str(error))

    def _fetch(self, uids: Iterable[int], asked: str) -> list[tuple[int, bytes, datetime | None]]:
        numbers = ranges(uids)
        return list(fetched(self.account.ask(lambda box: _done(box.client.uid("FETCH", numbers, asked)), self.folder)))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ImapPiece:
    """Some mails of a folder."""

    part: ImapPart
    uids: tuple[int, ...]

    def mails(self) -> Iterator[Item]:
        """Fetch their headers."""
        return self.part.heads(self.uids)


def open_account(account: Account) -> Mailbox:
    """The mailbox of an account: the folder that was named and what its owner sent, or every folder.

    Raises MailboxError.
    """
    folders = [each for each in account.folders() if not _NO_MAILS & {flag.lower() for flag in each.flags}]
    chosen = _chosen(folders, account.place.folder)
    if not chosen:
        names = ", ".join(sorted(each.name for each in folders)[:20])
        message = f"{account.place.host} has no folder {account.place.folder!r}; it has {names or 'none at all'}"
        raise MailboxError(message)
    parts = [
        ImapPart(account=account, folder=each.name, number=number, kind=kind_of(each))
        for number, each in enumerate(chosen)
    ]
    return Mailbox(account.place.name, tuple(parts))


def kind_of(folder: Folder) -> Kind:
    """What a folder is for: by its flags, else by its name."""
    kind = kind_of_flags(folder.flags)
    names = folder.name.split(folder.delimiter) if folder.delimiter else [folder.name]
    return kind if kind is not Kind.MAIL else kind_of_path(names)


def _chosen(folders: list[Folder], name: str) -> list[Folder]:
    """Those to read; views of mails that lie elsewhere are left out, or, where one shows them all, read alone."""
    if name:
        wanted = [each for each in folders if each.name == name or name.upper() == each.name.upper() == "INBOX"]
        sent = [each for each in folders if kind_of(each) is Kind.SENT and each not in wanted]
        return wanted and wanted + sent
    flags = {each.name: {flag.lower() for flag in each.flags} for each in folders}
    everything = [each for each in folders if _ALL in flags[each.name]]
    if everything:  # Gmail: the other folders are labels of the same mails, but for these
        apart = {"\\sent", "\\drafts", "\\junk", "\\trash"}
        return everything + [each for each in folders if flags[each.name] & apart]
    return [each for each in folders if not flags[each.name] & _VIEWS]


def ranges(uids: Iterable[int]) -> str:
    """Numbers as an IMAP set, runs drawn together: ``1:3,7``."""
    runs: list[list[int]] = []
    for uid in sorted(set(uids)):
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in runs)


def fetched(said: Iterable[Any]) -> Iterator[tuple[int, bytes, datetime | None]]:
    """UID, content and INTERNALDATE out of what imaplib makes of FETCH answers: pairs, and what stands after them.

    What is not understood is passed over; whoever asked misses it.
    """
    around, content = b"", b""
    for item in [*said, (b"", b"")]:
        if isinstance(item, tuple) and len(item) > 1 and isinstance(item[0], bytes) and isinstance(item[1], bytes):
            uid, date = _UID.search(around), _DATE.search(around)
            if uid is not None:
                yield int(uid[1]), content, _internal(date[1]) if date else None
            around, content = item[0], item[1]
        elif isinstance(item, bytes):
            around += b" " + item[:10_000]


def _internal(text: bytes) -> datetime | None:
    """INTERNALDATE (``"23-Nov-2026 10:00:00 +0000"``) as a moment; None where it is none."""
    return parse_date(text.decode("latin-1").strip('" ').replace("-", " ", 2))


def _done(answer: Any) -> list[Any]:
    """The answer's data; a refusal counts as a connection that broke."""
    status, data = answer
    if status != "OK":
        message = "the server refuses to show its mails"
        raise imaplib.IMAP4.abort(message)
    return list(data)
