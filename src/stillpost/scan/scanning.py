"""A mailbox scanned: every mail noted, the notes replayed in order, the waves looked through for what they hide."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from stillpost.language import N_
from stillpost.mail.message import MessageError
from stillpost.mailboxes.opening import Mailbox
from stillpost.mailboxes.protocol import WHOLE_MAX_BYTES, MailboxError, Part, Piece, Unreadable, Where
from stillpost.model import Address
from stillpost.scan.detail import Detail, detail_of
from stillpost.scan.hidden import hidden_in
from stillpost.scan.note import Note
from stillpost.scan.noting import SHARED_MIN, Rules, Trouble, can_share, noted, shares
from stillpost.scan.past import Past
from stillpost.scan.relations import Relations
from stillpost.scan.replay import NOBODY, Replay
from stillpost.scan.result import SENDERS_MIN, Finding, Result
from stillpost.scan.wave import Wave

UNREADABLE_MAX: Final = 1_000  # listed; all are counted
TOLD_EVERY: Final = 1_000  # mails

Progress = Callable[[int], None]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked: whose mailbox it is, until when (no mail arrived after ``latest``, aware), in how many processes."""

    latest: datetime
    me: tuple[Address, ...] = ()
    processes: int = 1


def scan(mailbox: Mailbox, wish: Wish, progress: Progress = lambda _: None) -> Result:
    """Scan a mailbox; ``progress`` is told how many mails are noted, now and then. Raises MailboxError."""
    scanner = _Scanner(mailbox, wish, progress)
    with Past() as past:
        scanner.note_all(past)
        replay = scanner.replayed(past)
    findings = tuple(scanner.findings(replay.waves.found))
    return Result(
        mailbox=mailbox.name,
        counts=replay.counts,
        findings=findings,
        unreadable=tuple(scanner.unreadable),
        unreadable_count=scanner.unreadable_count,
        source=mailbox.source,
    )


@final
class _Scanner:
    def __init__(self, mailbox: Mailbox, wish: Wish, progress: Progress) -> None:
        self._mailbox = mailbox
        self._wish = wish
        self._progress = progress
        self._mine = frozenset(address.limit_key for address in wish.me)
        self._rules = Rules(wish.latest, self._mine)
        self._count = 0
        self.unreadable: list[Unreadable] = []
        self.unreadable_count = 0
        self._say(mailbox.unreadable)

    def note_all(self, past: Past) -> None:
        """First round: a note of every mail."""
        shared = [part for part in self._mailbox.parts if self._wish.processes > 1 and can_share(part)]
        pieces = list(self._pieces(shared))
        if len(pieces) < SHARED_MIN:
            shared, pieces = [], []
        for share in shares(pieces, self._rules, self._wish.processes) if pieces else ():
            past.add_packed(share.notes)
            self._doubt(share.troubles)
            self._counted(share.count)
        for part in self._mailbox.parts:
            if part in shared:
                continue
            try:
                for piece in part.pieces():
                    self._note(piece, past, again=part.again)
            except MailboxError as error:
                self._say([Unreadable(part.name, str(error))])
        self._progress(self._count)

    def _note(self, piece: Piece, past: Past, *, again: bool) -> None:
        for item in piece.mails():
            found = noted(item, self._rules, again=again)
            if isinstance(found, Note):
                past.add(found)
            else:
                self._doubt([found])
            self._counted(1)

    def _pieces(self, parts: Iterable[Part]) -> Iterator[Piece]:
        for part in parts:
            try:
                yield from part.pieces()
            except MailboxError as error:
                self._say([Unreadable(part.name, str(error))])

    def _counted(self, more: int) -> None:
        before = self._count
        self._count += more
        if before // TOLD_EVERY < self._count // TOLD_EVERY:
            self._progress(self._count)

    def _doubt(self, troubles: Iterable[Trouble]) -> None:
        for where, source, why in troubles:
            self._say([Unreadable(source if where is None else self._mailbox.source(where), why)])

    def replayed(self, past: Past) -> Replay:
        """Second round: the notes in order, through the engine."""
        relations = Relations(self._mine, frozenset(address.organization for address in self._wish.me))
        owner = self._wish.me[0] if self._wish.me else NOBODY
        replay = Replay(relations, self.look, owner)
        asyncio.run(replay.run(past.in_order()))
        return replay

    def findings(self, waves: Iterable[Wave]) -> Iterator[Finding]:
        """What was found, numbered; each with what it hides."""
        number = 0
        for wave in waves:
            if len(wave.senders) < SENDERS_MIN:
                continue
            hidden = tuple(hidden_in(wave, self.look))
            if len(wave.senders) >= SENDERS_MIN:
                wave.number = number = number + 1
                yield Finding(wave, hidden)

    def look(self, note: Note, *, text: bool = True) -> Detail | None:
        """Read a mail's detail; what cannot be read any more is said."""
        if note.told:
            return Detail._make(note.told)
        where = Where(*note.where)
        raw = self._mailbox.read(where, WHOLE_MAX_BYTES)
        if raw is None:
            self._say([Unreadable(self._mailbox.source(where), N_("it was there, and is gone"))])
            return None
        try:
            return detail_of(raw, text=text)
        except MessageError as error:
            self._say([Unreadable(self._mailbox.source(where), str(error))])
            return None

    def _say(self, unreadable: Iterable[Unreadable]) -> None:
        for each in unreadable:
            self.unreadable_count += 1
            if len(self.unreadable) < UNREADABLE_MAX:
                self.unreadable.append(each)
