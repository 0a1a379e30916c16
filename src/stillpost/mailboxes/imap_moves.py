"""Moves in an IMAP account: MOVE (RFC 6851), or COPY and delete where the server cannot or will not.

MOVE is atomic and may be asked for twice. COPY may not: after a cut the folder is looked through for what arrived. Where
the server cannot expunge single mails (UIDPLUS, RFC 4315) they are left marked as deleted: EXPUNGE would take others along.
"""

import imaplib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, final

from imap_tools import BaseMailBox
from imap_tools.utils import encode_folder

from stillpost.mailboxes.account import Account
from stillpost.mailboxes.imap import ImapPart, ranges
from stillpost.mailboxes.moves import FOLDER_MAX_LENGTH, Entry, Moved
from stillpost.mailboxes.opening import Mailbox
from stillpost.mailboxes.protocol import Found, MailboxError, Where

BATCH_MAILS: Final = 100
COPY_TRIES: Final = 3

DigestOf = Callable[[bytes], bytes]


@final
@dataclass(frozen=True, slots=True)
class ImapMover:
    """``digest_of`` a mail's header: the same as in the entries."""

    account: Account
    mailbox: Mailbox
    folder: str
    digest_of: DigestOf

    def plan(self, wheres: Iterable[tuple[Where, bytes]]) -> list[Entry]:
        """Entries by folder, UIDVALIDITY and UID."""
        return [
            Entry(part.name, f"{where.name} {where.at}", digest.hex())
            for where, digest in wheres
            if (part := self.mailbox.parts[where.part]).name != self.folder
        ]

    def move(self, entries: Sequence[Entry]) -> Moved:
        """Batch by batch; a batch that was cut is looked at again."""
        self._make(self.folder)
        moved = Moved()
        for folder, uids in self._batches(entries):
            there = self._present(folder, uids)
            marked = self._shift(folder, {uid: digest for uid, digest in uids.items() if uid in there}, self.folder)
            moved = Moved(moved.done + len(there), moved.missing + len(uids) - len(there), moved.marked + marked)
        return moved

    def back(self, entries: Sequence[Entry]) -> Moved:
        """Each to where it came from; one that is still there as well (a copy before a crash) is only taken out here."""
        found = self._by_digest(self.folder)
        done = missing = marked = 0
        for folder, uids in self._batches(entries):
            wanted = {uid: found[digest].pop() for uid, digest in uids.items() if found.get(digest)}
            missing += len(uids) - len(wanted)
            still = self._present(folder, {uid: uids[uid] for uid in wanted})
            going = {here: uids[uid] for uid, here in wanted.items() if uid not in still}
            self._unmark(folder, still)
            marked += self._delete(self.folder, [here for uid, here in wanted.items() if uid in still])
            marked += self._shift(self.folder, going, folder)
            done += len(wanted)
        return Moved(done, missing, marked)

    def _batches(self, entries: Sequence[Entry]) -> Iterator[tuple[str, dict[int, str]]]:
        """Folder, and UIDs with their digests; UIDs of a folder that was numbered anew are none (0 and below)."""
        for folder, share in groupby(sorted(entries), key=lambda entry: entry.folder):
            numbering = str(self.account.numbering(folder))
            uids: dict[int, str] = {}
            for place, entry in enumerate(share):
                number, _, uid = entry.name.partition(" ")
                uids[int(uid) if number == numbering and uid.isdigit() else -place] = entry.digest
            numbers = list(uids)
            for start in range(0, len(numbers), BATCH_MAILS):
                yield folder, {uid: uids[uid] for uid in numbers[start : start + BATCH_MAILS]}

    def _present(self, folder: str, uids: dict[int, str]) -> set[int]:
        """Those whose mail still is what it was."""
        asked = tuple(uid for uid in uids if uid > 0)
        part = ImapPart(account=self.account, folder=folder)
        heads = part.heads(asked) if asked else ()
        found = {item.where.at: item.head for item in heads if isinstance(item, Found)}
        return {uid for uid, head in found.items() if self.digest_of(head).hex() == uids[uid]}

    def _by_digest(self, folder: str) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        part = ImapPart(account=self.account, folder=folder)
        for piece in part.pieces():
            for item in piece.mails():
                if isinstance(item, Found):
                    found.setdefault(self.digest_of(item.head).hex(), []).append(item.where.at)
        return found

    def _shift(self, source: str, uids: dict[int, str], target: str) -> int:
        """Move mails; how many are left marked as deleted."""
        if not uids:
            return 0
        if self.account.has("MOVE"):
            numbers = ranges(uids)
            if self._said(source, lambda box: box.client.uid("MOVE", numbers, _name(target))):
                return 0
        self._copy(source, uids, target)
        return self._delete(source, list(uids))

    def _copy(self, source: str, uids: dict[int, str], target: str) -> None:
        """Copy what is not there yet (from before a crash, say), and be sure that it is there now."""
        before = self._counts(target)
        spare = dict(before)
        left: dict[int, str] = {}
        for uid, digest in uids.items():
            spare[digest] = spare.get(digest, 0) - 1
            if spare[digest] < 0:
                left[uid] = digest
        for _ in range(COPY_TRIES):
            if not left:
                return
            numbers = ranges(left)
            try:
                copied = self._said(source, lambda box: box.client.uid("COPY", numbers, _name(target)), again=False)  # noqa: B023  # called at once
            except MailboxError:
                copied = False
            now = self._counts(target)
            arrived = {digest: now.get(digest, 0) - before.get(digest, 0) for digest in left.values()}
            for uid, digest in list(left.items()):
                if arrived[digest] > 0:
                    arrived[digest] -= 1
                    del left[uid]
            before = now
            if copied:
                break
        if not left:
            return
        message = f"{self.account.place.host} does not copy mail to {target!r}; nothing was deleted"
        raise MailboxError(message)

    def _counts(self, folder: str) -> dict[str, int]:
        return {digest: len(uids) for digest, uids in self._by_digest(folder).items()}

    def _delete(self, folder: str, uids: list[int]) -> int:
        """Take mails out of a folder; how many the server can only mark."""
        if not uids:
            return 0
        numbers = ranges(uids)
        if not self._said(folder, lambda box: box.client.uid("STORE", numbers, "+FLAGS.SILENT", r"(\Deleted)")):
            message = f"{self.account.place.host} does not let mail be deleted from {folder!r}"
            raise MailboxError(message, refused=True)
        if self.account.has("UIDPLUS") and self._said(folder, lambda box: box.client.uid("EXPUNGE", numbers)):
            return 0
        return len(uids)

    def _unmark(self, folder: str, uids: set[int]) -> None:
        """Mails that lie where they came from, perhaps marked as deleted, are mails again."""
        if uids and not self._said(
            folder, lambda box: box.client.uid("STORE", ranges(uids), "-FLAGS.SILENT", r"(\Deleted)")
        ):
            message = f"{self.account.place.host} does not take the mark of deletion off mail in {folder!r}"
            raise MailboxError(message, refused=True)

    def _make(self, folder: str) -> None:
        if any(each.name == folder for each in self.account.folders()):
            return
        self._said("", lambda box: box.client.create(_name(folder)))
        self._said("", lambda box: box.client.subscribe(_name(folder)))  # or mail programs would not show it
        if not any(each.name == folder for each in self.account.folders()):
            message = f"{self.account.place.host} does not make a folder {folder!r}: make it yourself, or name another"
            raise MailboxError(message, refused=True)

    def _said(self, folder: str, do: Callable[[BaseMailBox], Any], *, again: bool = True) -> bool:
        """Whether the server says OK to a command that may change a folder."""

        def asked(box: BaseMailBox) -> bool:
            try:
                return bool(do(box)[0] == "OK")
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error:
                return False

        return self.account.ask(asked, folder, writing=bool(folder), again=again)


def imap_mover(account: Account, mailbox: Mailbox, folder: str, digest_of: DigestOf) -> ImapMover:
    """The mover for an account. Raises MailboxError for a name that is none."""
    if not folder.strip() or not folder.isprintable() or len(folder) > FOLDER_MAX_LENGTH or folder.upper() == "INBOX":
        message = "the folder needs a name of its own, without control characters"
        raise MailboxError(message)
    return ImapMover(account, mailbox, folder, digest_of)


def _name(folder: str) -> str:
    """A folder's name as an argument: modified UTF-7, quoted."""
    name: bytes = encode_folder(folder)
    return name.decode("ascii")
