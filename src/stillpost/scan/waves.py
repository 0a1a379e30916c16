"""From symbols to waves: a wave is opened by an alarm, reaches back to its first mail, and has a tail of weeks.

Backwards: the mails the alarm rests on, and those of the run of newcomers it stands in. The run is where CUSUM was last
zero (Page 1954; for a stream of newcomers rising from ``USUAL_AN_HOUR`` to ``WAVE_AN_HOUR``), four hours at most.
Forwards: newcomers' mail for which the engine still gives the alarm. The tail: whatever the wave's tenants and threads send
within ``TAIL`` of their last mail, unless the owner wrote to them. What a person wrote by hand is no member, at any time.
"""

import math
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, final

from stillpost.mail.domains import is_free_mail
from stillpost.model import Symbol
from stillpost.scan.detail import Detail
from stillpost.scan.note import Note
from stillpost.scan.relations import Relation
from stillpost.scan.wave import BETWEEN_MAX, Wave

BURST: Final = "NEWCOMER_BURST"
SAME_TEXT: Final = "TEXT_OF_MANY_TENANTS"
TAIL_SYMBOL: Final = "WAVE_TAIL"

BACK: Final = 4 * 3600.0
TAIL: Final = 30 * 86400.0
MARGIN: Final = 30 * 60.0  # before and after a wave; what it hides may come a little earlier or later
LONGEST_FAST: Final = 60  # minutes; a wave seen in a window up to this is fast
USUAL_AN_HOUR: Final = 0.2
WAVE_AN_HOUR: Final = 30.0
CUSUM_MAX: Final = 15.0  # beyond it nothing is learned, and a long wave would never be forgotten
REMEMBERED_MAX: Final = 65_536  # tenants and threads of waves, each; the least recently added goes first
CANDIDATES_MAX: Final = 8_192
WAVES_MAX: Final = 1_000  # of one mailbox; the oldest goes first

_STEP = math.log(WAVE_AN_HOUR / USUAL_AN_HOUR)
_DRIFT = (WAVE_AN_HOUR - USUAL_AN_HOUR) / 3600


@final
@dataclass(frozen=True, slots=True)
class Candidate:
    """A newcomer's mail of the last hours; ``run``: when the run of newcomers it stands in began."""

    note: Note
    detail: Detail
    run: float


@final
class Waves:
    """The waves of a mailbox, mail by mail in order. ``disown`` is told whose mail must not count as accepted."""

    def __init__(self, disown: Callable[[Collection[str]], None]) -> None:
        self.found: list[Wave] = []
        self._disown = disown
        self._recent: deque[Candidate] = deque(maxlen=CANDIDATES_MAX)
        self._known: deque[tuple[Note, Relation]] = deque(maxlen=BETWEEN_MAX)
        self._identities: dict[str, tuple[Wave, float]] = {}
        self._threads: dict[str, tuple[Wave, float]] = {}
        self._counted: dict[str, float] = {}
        self._begun = 0
        self._level = 0.0
        self._level_at = 0.0
        self._run = 0.0

    def remembers(self, note: Note) -> bool:
        """Whether the sender, or the thread, took part in a wave lately."""
        return self._tail_of(note, "") is not None

    def passed(self, note: Note, relation: Relation) -> None:
        """Mail of somebody the owner knows; it may lie hidden in a wave."""
        known = self._known
        known.append((note, relation))
        while known and known[0][0].at < note.at - BACK - MARGIN:
            known.popleft()
        wave = self._open(note.at)
        if wave is not None and len(wave.between) < BETWEEN_MAX:
            wave.between.append((note, relation))

    def judged(self, note: Note, detail: Detail, symbols: tuple[Symbol, ...]) -> bool:
        """A newcomer's mail, or one of somebody a wave is remembered of; whether it is a member of a wave."""
        by_name = {symbol.name: symbol for symbol in symbols}
        tail = TAIL_SYMBOL in by_name
        candidate = Candidate(note, detail, note.at if tail else self._rise(note))
        if not tail:
            self._recent.append(candidate)
        alarm = by_name.get(BURST) or by_name.get(SAME_TEXT)
        wave = self._open(note.at)
        if tail and wave is None:
            alarm = None  # answers to an old wave have one text, and are no new one
        if alarm is not None and self._carries(alarm, wave, candidate):
            wave = wave or self._begin(note, alarm)
            self._extend(wave, note, detail, alarm)
            return self._take(wave, note, detail)
        if tail and (remembered := self._tail_of(note, detail.ticket)):
            return self._take(wave or remembered, note, detail, tail=True)
        if wave is not None and not detail.by_program and len(wave.by_hand) < BETWEEN_MAX:
            wave.by_hand.append((note, detail))
        return False

    def _open(self, at: float) -> Wave | None:
        wave = self.found[-1] if self.found else None
        return wave if wave is not None and at - wave.dense_end <= BACK else None

    def _carries(self, alarm: Symbol, wave: Wave | None, candidate: Candidate) -> bool:
        """Whether an alarm is one, and no echo of a fast wave that is over: its last mails still fill the long window."""
        if wave is None or wave.by_text or alarm.name != BURST:
            return True
        fast = int(wave.evidence["minutes"]) <= LONGEST_FAST
        return not fast or int(alarm.evidence["minutes"]) <= LONGEST_FAST or candidate.run < candidate.note.at

    def _begin(self, note: Note, alarm: Symbol) -> Wave:
        self._begun += 1
        if len(self.found) >= WAVES_MAX:
            del self.found[0]
        wave = Wave(self._begun, note.at, alarm.reason, dict(alarm.evidence), dense_end=note.at)
        wave.between = [each for each in self._known if each[0].at >= note.at - BACK - MARGIN]
        self.found.append(wave)
        return wave

    def _extend(self, wave: Wave, note: Note, detail: Detail, alarm: Symbol) -> None:
        """Take in what came before the alarm."""
        if alarm.name == BURST and not wave.by_text:
            return
        if alarm.name == BURST:
            wave.by_text, wave.reason, wave.evidence = False, alarm.reason, dict(alarm.evidence)
            since = min(note.at - 60.0 * int(alarm.evidence["minutes"]), self._run)
            found = [each for each in self._recent if each.note.at >= max(since, note.at - BACK)]
        else:
            since = note.at - 60.0 * int(alarm.evidence["minutes"])
            late = [each for each in self._recent if each.note.at >= since]
            sharing = {each.note.identity for each in late if _share(each.detail, detail)}
            found = [each for each in late if each.note.identity in sharing]
        earlier = [each for each in found if each.note is not note and each.note.digest not in wave.digests]
        for each in earlier:
            self._take(wave, each.note, each.detail)
        self._disown({each.note.identity for each in earlier})

    def _take(self, wave: Wave, note: Note, detail: Detail, *, tail: bool = False) -> bool:
        if not detail.by_program and not wave.shared_keys() & set(detail.keys):
            if len(wave.by_hand) < BETWEEN_MAX:
                wave.by_hand.append((note, detail))
            return False
        wave.add(note, detail, tail=tail)
        if sender := _sender_of(note):
            _remember(self._identities, sender, wave, note.at)
        if note.message_id:
            _remember(self._threads, note.message_id, wave, note.at)
        if detail.ticket:
            _remember(self._threads, f"{note.identity} {detail.ticket}", wave, note.at)
        return True

    def _tail_of(self, note: Note, ticket: str) -> Wave | None:
        if not self.found:
            return None
        found = self._identities.get(_sender_of(note))
        for key in (*note.thread, f"{note.identity} {ticket}"):
            found = found or self._threads.get(key)
        return found[0] if found is not None and note.at - found[1] <= TAIL else None

    def _rise(self, note: Note) -> float:
        """Count a newcomer, once; when the run of newcomers that the mail stands in began."""
        level = max(0.0, self._level - _DRIFT * max(0.0, note.at - self._level_at))
        if level == 0.0:
            self._run = note.at
        counted = self._counted.get(note.identity, -math.inf) > note.at - BACK
        self._counted[note.identity] = note.at
        if len(self._counted) > REMEMBERED_MAX:
            del self._counted[next(iter(self._counted))]
        self._level, self._level_at = level if counted else min(level + _STEP, CUSUM_MAX), note.at
        return self._run


def _sender_of(note: Note) -> str:
    """Whom to remember: a free-mail provider's customers have nothing to do with one another."""
    return note.author if is_free_mail(note.identity) else note.identity


def _share(one: Detail, other: Detail) -> bool:
    return not set(one.keys).isdisjoint(other.keys)


def _remember(known: dict[str, tuple[Wave, float]], key: str, wave: Wave, at: float) -> None:
    known.pop(key, None)
    known[key] = (wave, at)
    if len(known) > REMEMBERED_MAX:
        del known[next(iter(known))]
