"""The first round of a scan, here or shared among processes: every mail becomes a note, and what cannot is said.

Only files on disk are shared out: an account has one connection, a packed archive is read from its beginning. What one
process brings back is bounded: the notes of a few pieces, packed and in order.
"""

import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from multiprocessing import get_context
from typing import Final, TypeAlias, final

from stillpost.mail.message import MessageError
from stillpost.mailboxes.files import FilesPart
from stillpost.mailboxes.mbox import MboxPart
from stillpost.mailboxes.protocol import Item, MailboxError, Part, Piece, Unreadable, Where
from stillpost.scan.detail import detail_of, told
from stillpost.scan.note import Note, note_of
from stillpost.scan.past import packed

SHARED_MIN: Final = 4  # pieces; fewer are read before another process has begun
BATCH_MAX: Final = 4  # pieces that a process reads at once
WAITING_MAX: Final = 3  # batches ahead, a process

Trouble: TypeAlias = tuple[Where | None, str, str]
"""What could not be noted: where it is (None where its source is told instead), its source, and why."""


@final
@dataclass(frozen=True, slots=True)
class Rules:
    """How to note: no mail arrived after ``latest``; ``mine`` are the owner's addresses (limit keys)."""

    latest: datetime
    mine: frozenset[str]


@final
@dataclass(frozen=True, slots=True)
class Share:
    """What another process brings back: sorted notes as bytes, how many mails it saw, and what it could not note."""

    notes: bytes
    count: int
    troubles: tuple[Trouble, ...]


def noted(item: Item, rules: Rules, *, again: bool) -> Note | Trouble:
    """A mail's note, with its detail where it cannot be read again; or why there is none."""
    if isinstance(item, Unreadable):
        return None, item.source, item.why
    try:
        note = note_of(item, rules.latest, rules.mine)
        return note if again else note._replace(told=told(detail_of(item.head)))
    except MessageError as error:
        return item.where, "", str(error)


def can_share(part: Part) -> bool:
    """Whether other processes may read its pieces."""
    return isinstance(part, MboxPart | FilesPart)


def shares(pieces: Iterable[Piece], rules: Rules, processes: int) -> Iterator[Share]:
    """Note pieces in several processes; what one of them cannot finish is noted here. Raises MailboxError."""
    queue = iter(pieces)
    context = get_context("spawn")  # a fork would copy whatever threads of ours hold
    with ProcessPoolExecutor(processes, context, initializer=_begin) as pool:
        waiting: deque[tuple[Future[Share], Sequence[Piece]]] = deque()
        try:
            while True:
                while len(waiting) < processes * WAITING_MAX and (batch := list(islice(queue, BATCH_MAX))):
                    waiting.append((_submitted(pool, batch, rules), batch))
                if not waiting:
                    return
                yield _result(*waiting.popleft(), rules)
        finally:
            pool.shutdown(cancel_futures=True)


def _result(future: "Future[Share]", batch: Sequence[Piece], rules: Rules) -> Share:
    try:
        return future.result()
    except BrokenProcessPool:  # it was killed, for want of memory perhaps
        return _share(batch, rules)


def _submitted(pool: ProcessPoolExecutor, batch: Sequence[Piece], rules: Rules) -> "Future[Share]":
    try:
        return pool.submit(_share, batch, rules)
    except BrokenProcessPool as error:
        failed: Future[Share] = Future()
        failed.set_exception(error)
        return failed


def _begin() -> None:
    """Ctrl-C is the first process's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _share(pieces: Sequence[Piece], rules: Rules) -> Share:
    notes: list[Note] = []
    troubles: list[Trouble] = []
    count = 0
    for piece in pieces:
        try:
            for item in piece.mails():
                count += 1
                found = noted(item, rules, again=True)
                if isinstance(found, Note):
                    notes.append(found)
                else:
                    troubles.append(found)
        except MailboxError as error:
            troubles.append((None, "", str(error)))
    return Share(packed(notes), count, tuple(troubles))
