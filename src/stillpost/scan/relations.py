"""Whom the owner knows: the relations by which a mail is no newcomer's.

He wrote to them; they answer in a thread of his; they belong to his own organization; or an earlier mail of theirs was
accepted, which is told only after ``ACCEPTED_AFTER``, since the first mails of a wave look as harmless as any. What the
owner wrote is kept apart from what only arrived, so that newcomers cannot push it out.
"""

from collections import deque
from collections.abc import Collection
from enum import StrEnum
from typing import Any, Final, final

from stillpost.mail.addresses import read as read_address
from stillpost.mail.domains import is_free_mail
from stillpost.scan.note import Note

ACCEPTED_AFTER: Final = 4 * 3600.0  # as far as a wave reaches back
WRITTEN_MAX: Final = 50_000  # each; the least recently added goes first
ACCEPTED_MAX: Final = 100_000
IDS_MAX: Final = 65_536
ANSWERS_MAX: Final = 8  # newcomers that one mail of his own excuses: more is somebody who sends its id along
PENDING_MAX: Final = 100_000


class Relation(StrEnum):
    """Why somebody is known, the strongest first."""

    WRITTEN = "written"
    THREAD = "thread"
    OWN = "own"
    ACCEPTED = "accepted"


@final
class Relations:
    """What is known at a moment of the past; mails must come in order."""

    def __init__(self, mine: frozenset[str], organizations: frozenset[str]) -> None:
        self._mine = mine
        self._own = frozenset(each for each in organizations if not is_free_mail(each))
        self._written: dict[str, None] = {}
        self._accepted: dict[str, None] = {}
        self._sent_ids: dict[str, int] = {}  # and how many newcomers answered to it
        self._ids: dict[int, None] = {}
        self._pending: deque[tuple[float, str, str]] = deque(maxlen=PENDING_MAX)

    def wrote(self, note: Note) -> None:
        """The owner wrote this: everybody in it is known from now on."""
        for text in note.to:
            address = read_address(text)
            if address is None:
                continue
            _remember(self._written, address.limit_key, WRITTEN_MAX)
            if not is_free_mail(address.domain):
                _remember(self._written, address.organization, WRITTEN_MAX)
        if note.message_id:
            self._sent_ids.setdefault(note.message_id, 0)
            _shorten(self._sent_ids, IDS_MAX)

    def of(self, note: Note) -> Relation | None:
        """Why the sender is known when this mail arrives; None for a newcomer."""
        self._settle(note.at)
        known = self._written
        if known and (note.author in known or note.organization in known or note.identity in known):
            return Relation.WRITTEN
        if note.author in self._mine or note.organization in self._own:
            return Relation.OWN
        if note.identity in self._accepted or note.author in self._accepted:
            return Relation.ACCEPTED
        return Relation.THREAD if note.thread and self._answers(note.thread) else None

    def in_thread(self, note: Note) -> bool:
        """Whether the mail belongs to a thread of accepted mail; of use for what a person wrote, who may be new in it.

        A program's mail names whatever id it was given, and ids of public lists are public.
        """
        return any(hash(each) in self._ids for each in note.thread)

    def accept(self, note: Note, relation: Relation | None) -> None:
        """A mail came and took part in no wave, as far as can be told by now."""
        if note.message_id:
            self._ids[hash(note.message_id)] = None
            _shorten(self._ids, IDS_MAX)
        if relation is None or relation is Relation.THREAD:
            self._pending.append((note.at, note.identity, note.author))

    def disown(self, identities: Collection[str]) -> None:
        """These took part in a wave after all."""
        kept = [each for each in self._pending if each[1] not in identities]
        self._pending = deque(kept, maxlen=PENDING_MAX)

    def _answers(self, thread: tuple[str, ...]) -> bool:
        for each in thread:
            excused = self._sent_ids.get(each)
            if excused is not None and excused < ANSWERS_MAX:
                self._sent_ids[each] = excused + 1
                return True
        return False

    def _settle(self, at: float) -> None:
        """Whoever was accepted long enough ago is known."""
        pending = self._pending
        while pending and pending[0][0] <= at - ACCEPTED_AFTER:
            _, identity, author = pending.popleft()
            shared = is_free_mail(identity)
            if not shared and identity:
                _remember(self._accepted, identity, ACCEPTED_MAX)
            elif author:
                _remember(self._accepted, author, ACCEPTED_MAX)


def _remember(known: dict[str, None], key: str, most: int) -> None:
    known[key] = None
    _shorten(known, most)


def _shorten(known: dict[Any, Any], most: int) -> None:
    if len(known) > most:
        del known[next(iter(known))]
