"""A mailbox watched live: its whole past replayed, then every new mail through the same engine as it comes.

Mail is only ever moved, never before it is written down, and never what may be hidden in a wave. After a crash the past is
replayed again; what was left of a wave that still goes on is moved then.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, final

from stillpost.language import N_
from stillpost.mail.message import MessageError
from stillpost.mailboxes.account import Account
from stillpost.mailboxes.imap import ImapPart, open_account
from stillpost.mailboxes.protocol import WHOLE_MAX_BYTES, Found, Kind, MailboxError, Where
from stillpost.model import Address
from stillpost.scan.detail import Detail, detail_of
from stillpost.scan.moving import Record, add_to_record, mover_of, name_of, write_record
from stillpost.scan.needle import Needle, needle_of
from stillpost.scan.note import Note, note_of
from stillpost.scan.past import Past
from stillpost.scan.relations import Relations
from stillpost.scan.replay import NOBODY, Replay
from stillpost.scan.result import SENDERS_MIN
from stillpost.scan.wave import Member, Wave
from stillpost.scan.waves import BACK

WAIT_SECONDS: Final = 540.0  # of one IDLE; some networks forget a connection that is silent for ten minutes
SKEW: Final = timedelta(hours=1)
AGAIN_SECONDS: Final = 60.0  # after a failure
WATCHED: Final = "INBOX"
ALARM: Final = N_("ALARM {at}: {why}")
MOVED: Final = N_("{count} mails moved to {folder}; to take it back: stillpost scan … --undo {path} --yes")
HIDDEN: Final = N_("LOOK AT THIS: {sender}: {subject} ({why})")
TROUBLE: Final = N_("{why}; trying again in a minute")
UNREADABLE: Final = N_("{source} cannot be read: {why}")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is asked. ``now``: the time (aware); ``tell``: a marked text and its values; ``record``: a new file for what is
    moved, used only with ``folder``; ``going``: whether to go on, asked between two waits; ``again``: waits after a failure.
    """

    now: Callable[[], datetime]
    tell: Callable[..., None]
    record: Path
    folder: str = ""
    me: tuple[Address, ...] = ()
    going: Callable[[], bool] = lambda: True
    wait_seconds: float = WAIT_SECONDS
    again: Callable[[float], None] = lambda _: None


def watch(account: Account, wanted: Watched) -> None:
    """Replay the past, then watch the inbox until ``going`` says no. Raises MailboxError where it cannot be watched (any more)."""
    with asyncio.Runner() as runner:
        watcher = _Watcher(account, wanted, runner)
        watcher.replay_past()
        while wanted.going():
            try:
                watcher.catch_up()
                account.wait(WATCHED, wanted.wait_seconds)
            except MailboxError as error:
                if error.refused:
                    raise
                wanted.tell(TROUBLE, why=str(error))
                wanted.again(AGAIN_SECONDS)


@final
class _Watcher:
    def __init__(self, account: Account, wanted: Watched, runner: asyncio.Runner) -> None:
        self._account = account
        self._wanted = wanted
        self._runner = runner
        self._mailbox = open_account(account)
        self._mine = frozenset(address.limit_key for address in wanted.me)
        organizations = frozenset(address.organization for address in wanted.me)
        owner = wanted.me[0] if wanted.me else NOBODY
        self._replay = Replay(Relations(self._mine, organizations), self._look, owner)
        self._seen: dict[int, int] = {}  # the highest UID noted, by part
        self._told: set[int] = set()  # waves
        self._looked_at: dict[int, int] = {}  # how many of a wave's other mails were looked at
        self._done: set[bytes] = set()  # members moved, or too old to be
        self._suspected: set[bytes] = set()  # of members, as many as the waves keep
        self._has_record = False

    def replay_past(self) -> None:
        """Everything that is there; a wave that is over is told, and its mails are left."""
        with Past() as past:
            for part in self._parts():
                uids = part.uids()
                for note in self._noted(part, uids):
                    past.add(note)
                self._seen[part.number] = max(uids, default=0)
            self._runner.run(self._replay.run(past.in_order()))
        over = self._wanted.now().timestamp() - BACK
        for wave in self._replay.waves.found:
            if wave.dense_end < over:
                self._told.add(wave.number)
                self._done |= {member.note.digest for member in wave.members}
                self._looked_at[wave.number] = len(wave.between)

    def catch_up(self) -> None:
        """What came since: what the owner sent first, then mail in the order it came."""
        notes: list[Note] = []
        seen: dict[int, int] = {}
        for part in self._parts():
            if part.kind is Kind.SENT or part.folder.upper() == WATCHED:
                last = self._seen.get(part.number, 0)
                uids = part.uids(after=last)
                notes += self._noted(part, uids)
                seen[part.number] = max(uids, default=last)
        self._seen |= seen  # only now: a cut must lose none
        for note in sorted(notes, key=lambda note: note.at):
            self._runner.run(self._replay.take(note))
        for wave in self._replay.waves.found:
            if len(wave.senders) >= SENDERS_MIN:
                self._act(wave)

    def _parts(self) -> Iterator[ImapPart]:
        return (part for part in self._mailbox.parts if isinstance(part, ImapPart))

    def _noted(self, part: ImapPart, uids: list[int]) -> Iterator[Note]:
        """Notes of mails. Clocks differ: a mail may come a little later than now."""
        latest = self._wanted.now() + SKEW
        for start in range(0, len(uids), 200):
            for item in part.heads(tuple(uids[start : start + 200])):
                try:
                    if isinstance(item, Found):
                        yield note_of(item, latest, self._mine)
                    else:
                        self._cannot(item.source, item.why)
                except MessageError as error:
                    self._cannot(part.source(item.where) if isinstance(item, Found) else item.source, str(error))

    def _act(self, wave: Wave) -> None:
        tell = self._wanted.tell
        if wave.number not in self._told:
            self._told.add(wave.number)
            at = datetime.fromtimestamp(wave.alarm, self._wanted.now().tzinfo)
            tell(ALARM, at=at.isoformat(timespec="seconds"), why=(wave.reason, wave.evidence))
        for needle in self._needles(wave):
            tell(HIDDEN, sender=needle.detail.sender, subject=needle.detail.subject, why=needle.reasons)
        shared = wave.shared_keys()
        left = [member for member in wave.members if member.note.digest not in self._done]
        sure = [member for member in left if not member.suspect or not shared.isdisjoint(member.keys)]
        self._suspect(wave, [member for member in left if member not in sure])
        self._move(sure)

    def _suspect(self, wave: Wave, members: Iterable[Member]) -> None:
        """Newcomers' mails that speak of money, security or an order, with a text of their own, stay and are told."""
        for member in members:
            if member.note.digest in self._suspected or (detail := self._look(member.note)) is None:
                continue
            self._suspected.add(member.note.digest)
            if needle := needle_of(member.note, detail, None, cold=wave.is_cold):
                self._wanted.tell(HIDDEN, sender=detail.sender, subject=detail.subject, why=needle.reasons)

    def _needles(self, wave: Wave) -> Iterator[Needle]:
        """Of what came since, known senders' mail that may matter."""
        start = self._looked_at.get(wave.number, 0)
        self._looked_at[wave.number] = len(wave.between)
        for note, relation in wave.between[start:]:
            detail = self._look(note)
            if detail is not None and (needle := needle_of(note, detail, relation)):
                yield needle

    def _move(self, members: Iterable[Member]) -> None:
        digests = {member.note.digest: member.note for member in members}
        self._done |= digests.keys()
        folder = self._wanted.folder
        if not folder or not digests:
            return
        mover = mover_of(self._mailbox, folder)
        entries = mover.plan([(Where(*note.where), digest) for digest, note in digests.items()])
        if not entries:
            return
        if not self._has_record:
            record = Record(mailbox=name_of(self._mailbox), folder=folder, entries=())
            write_record(record, self._wanted.record, self._wanted.now())
            self._has_record = True
        add_to_record(entries, self._wanted.record)
        try:
            moved = mover.move(entries)
        except MailboxError:
            self._done -= digests.keys()  # tried again at the next mail
            raise
        self._wanted.tell(MOVED, count=moved.done, folder=folder, path=self._wanted.record)

    def _look(self, note: Note, *, text: bool = True) -> Detail | None:
        try:
            raw = self._mailbox.read(Where(*note.where), WHOLE_MAX_BYTES)
            return None if raw is None else detail_of(raw, text=text)
        except (MessageError, MailboxError) as error:
            self._cannot(self._mailbox.source(Where(*note.where)), str(error))
            return None

    def _cannot(self, source: str, why: str) -> None:
        self._wanted.tell(UNREADABLE, source=source, why=why)
