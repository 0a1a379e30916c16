"""``stillpost lab score``: how soon a wave is seen, what of it is found, what is wrongly taken; peers on the same mails.

One background, many attacks of each rate at random moments of it, all by the replay that ``scan`` uses. Nothing is drawn
anew between Stillpost and its peers: they see the same mails.
"""

import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import log
from typing import Any, Final, TypeAlias, final

from stillpost.lab.background import Kept, kept_of
from stillpost.lab.injection import Attack, Injected, inject
from stillpost.lab.peers import RULES
from stillpost.mailboxes.protocol import Found, MailboxError, Where
from stillpost.model import Symbol
from stillpost.scan.detail import Detail, detail_of
from stillpost.scan.hidden import hidden_in
from stillpost.scan.needle import Needle
from stillpost.scan.note import SENT, Note, note_of
from stillpost.scan.relations import Relations
from stillpost.scan.replay import Replay
from stillpost.scan.result import SENDERS_MIN
from stillpost.scan.wave import Wave
from stillpost.scan.waves import BURST, SAME_TEXT, USUAL_AN_HOUR

RATES: Final = (0.5, 2.0, 12.0, 30.0, 54.0)
SUBMISSIONS: Final = 150
MADE_UP_UNTIL: Final = datetime(2026, 10, 30, tzinfo=UTC)
BUSY: Final = 97
INJECTED: Final = 98  # the part of a mailbox that injected mails say they are in
QUIET: Final = 3600.0  # between two alarms of a peer
RARE: Final = 10_000 * 8766.0  # hours between two false alarms; ten thousand years
Day: TypeAlias = Callable[[random.Random, datetime], Iterator[tuple[datetime, bytes]]]

_PLATFORM: Final = "TENANTS_OF_ONE_PLATFORM"


@final
@dataclass(slots=True)
class Run:
    """One attack, and what became of it.

    ``alarm``, ``burst`` (by organizations alone, whatever they wrote) and ``tag``: the submission that raised it, 0 where
    none did; ``delay``: seconds from the first submission's mail to the alarm. ``members`` of the wave and its ``tail``;
    ``taken``: mails that are no part of it and were taken for members. ``shown``: mails named as hidden.
    """

    alarm: int = 0
    burst: int = 0
    tag: int = 0
    delay: float = 0.0
    members: int = 0
    found: int = 0
    tail: int = 0
    tail_found: int = 0
    taken: int = 0
    needles: int = 0
    needles_found: int = 0
    needles_first: int = 0
    purchase_found: int = 0
    person_taken: int = 0
    shown: int = 0
    false_alarms: int = 0
    peers: dict[str, int] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What all attacks of a score have in common, as in ``Attack``."""

    half: str = "test"
    platform: str = ""
    same_words: bool = True


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """All runs at one rate."""

    rate: float
    platform: str
    runs: tuple[Run, ...]

    def quantile(self, share: float, of: Callable[[Run], float]) -> float:
        """The value that this share of the runs does not exceed; a run without an alarm exceeds everything."""
        values = sorted(of(run) or float("inf") for run in self.runs)
        return values[min(len(values) - 1, int(share * len(values)))]

    def share(self, part: Callable[[Run], int], whole: Callable[[Run], int]) -> float:
        """A share over all runs."""
        total = sum(map(whole, self.runs))
        return sum(map(part, self.runs)) / total if total else 0.0

    def mean(self, of: Callable[[Run], float]) -> float:
        """An average a run."""
        return sum(map(of, self.runs)) / len(self.runs)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Backgrounds alone: how many mails in how many days, waves seen in them, alarms of each peer."""

    mails: int
    days: float
    waves: int
    peers: dict[str, int]

    @property
    def years(self) -> float:
        """Mailbox-years."""
        return self.days / 365.25

    def __add__(self, other: "Quiet") -> "Quiet":
        peers = {name: count + other.peers[name] for name, count in self.peers.items()}
        return Quiet(
            mails=self.mails + other.mails, days=self.days + other.days, waves=self.waves + other.waves, peers=peers
        )


def least(rate: float) -> float:
    """The fewest mails in which any detector can see an attack of this many submissions a minute, to first order.

    One false alarm in ``RARE`` hours a mailbox, ``USUAL_AN_HOUR`` newcomers an hour before it, Poisson (Lorden 1971:
    the mean delay is at least the logarithm of the time between false alarms over the information an hour).
    """
    usual, attack = USUAL_AN_HOUR, 60 * rate
    information = attack * log(attack / usual) - attack + usual
    return attack * log(RARE * attack) / information


async def attacked(background: Sequence[Kept], rate: float, seed: int, plan: Plan) -> Run:
    """Attack a background once, at a moment and with companies that the seed decides. Raises MailboxError if it is empty."""
    attack = Attack(
        start=_moment(background, seed),
        submissions=SUBMISSIONS,
        rate=rate,
        seed=seed,
        half=plan.half,
        platform=plan.platform,
        same_words=plan.same_words,
    )
    return await _attacked(background, attack)


async def quiet(background: Sequence[Kept]) -> Quiet:
    """What is seen where nothing is."""
    waves = (await _replayed(background, [], [])).waves
    seen = [(each.note.at, each.note.author, each.is_answer) for each in background if each.note.kind != SENT]
    days = (background[-1].note.at - background[0].note.at) / 86400 if background else 0.0
    return Quiet(
        mails=len(background),
        days=days,
        waves=len(waves),
        peers={name: len(list(_apart(rule(seen)))) for name, rule in RULES},
    )


async def alarmed(background: Sequence[Kept], seed: int, day: Day) -> tuple[bool, dict[str, bool]]:
    """Whether a wave is seen on a day that is none; the same of each peer."""
    start = _moment(background, seed)
    mails = sorted(day(random.Random(f"busy {seed}"), start))
    latest = datetime(2100, 1, 1, tzinfo=UTC)
    kept = [
        each
        for place, (_, raw) in enumerate(mails)
        if (each := kept_of(Found(Where(BUSY, place), raw), raw, latest)) is not None
    ]
    stream = sorted([*background, *kept], key=lambda each: each.note)
    waves = (await _replayed(stream, [], [])).waves
    first, last = kept[0].note.at, kept[-1].note.at
    near = [each for each in stream if first - 86400 <= each.note.at <= last]
    seen = [(each.note.at, each.note.author, each.is_answer) for each in near]
    peers = {name: any(first <= at <= last for at in rule(seen)) for name, rule in RULES}
    return any(first <= wave.alarm <= last for wave in waves), peers


async def _attacked(background: Sequence[Kept], attack: Attack) -> Run:
    injected = inject(attack)
    latest = datetime(2100, 1, 1, tzinfo=UTC)
    notes = [note_of(Found(Where(INJECTED, place), each.raw), latest) for place, each in enumerate(injected)]
    replayed = await _replayed(background, injected, notes)
    run = Run()
    begun = sorted(_times(injected, notes).values())
    ours = [wave for wave in replayed.waves if any(member.note.where[0] == INJECTED for member in wave.members)]
    run.false_alarms = len(replayed.waves) - len(ours)
    if ours and replayed.alarms:
        run.alarm = _submissions(injected, notes, replayed.alarms[0])
        run.delay = replayed.alarms[0].at - begun[0]
    if replayed.bursts:
        run.burst = _submissions(injected, notes, replayed.bursts[0])
    if replayed.tags:
        run.tag = _submissions(injected, notes, replayed.tags[0])
    _count(run, injected, ours, replayed.look)
    run.peers = _peers(background, injected, notes, begun)
    return run


@final
@dataclass(slots=True)
class _Replayed:
    """The waves; the injected mails that raised alarms, bursts and tags, in order; how to look at a mail."""

    waves: list[Wave]
    alarms: list[Note]
    bursts: list[Note]
    tags: list[Note]
    look: Callable[[Note], Detail | None]


async def _replayed(background: Sequence[Kept], injected: Sequence[Injected], notes: Sequence[Note]) -> _Replayed:
    details = {each.note.where: each.detail for each in background}
    alarms: list[Note] = []
    bursts: list[Note] = []
    tags: list[Note] = []

    def look(note: Note, *, text: bool = True) -> Detail | None:
        del text  # it is there already
        if note.where not in details:
            details[note.where] = detail_of(injected[note.where[1]].raw)
        return details[note.where]

    def seen(note: Note, symbols: tuple[Symbol, ...], is_member: bool) -> None:
        names = {symbol.name for symbol in symbols}
        if note.where[0] != INJECTED:
            return
        if is_member and names & {BURST, SAME_TEXT}:
            alarms.append(note)
        if BURST in names:
            bursts.append(note)
        if _PLATFORM in names:
            tags.append(note)

    replay = Replay(Relations(frozenset(), frozenset()), look, seen=seen)
    await replay.run(sorted([*(each.note for each in background), *notes]))
    waves = [wave for wave in replay.waves.found if len(wave.senders) >= SENDERS_MIN]
    return _Replayed(waves, alarms, bursts, tags, look)


def _submissions(injected: Sequence[Injected], notes: Sequence[Note], last: Note) -> int:
    """How many submissions had come with this mail."""
    return len({injected[note.where[1]].submission for note in notes if note <= last} - {0})


def _count(
    run: Run, injected: Sequence[Injected], waves: Sequence[Wave], look: Callable[[Note], Detail | None]
) -> None:
    needles: list[Needle] = []
    for wave in waves:
        needles += hidden_in(wave, look)
    roles = {place: each.role for place, each in enumerate(injected)}
    members = [member.note.where for wave in waves for member in wave.members]
    taken = [roles[place] for part, place, _, _ in members if part == INJECTED]
    run.members, run.found = _of(roles.values(), "wave"), _of(taken, "wave")
    run.tail, run.tail_found = _of(roles.values(), "tail"), _of(taken, "tail")
    run.person_taken = _of(taken, "person")
    run.taken = sum(part != INJECTED for part, _, _, _ in members) + run.person_taken + _of(taken, "needle")
    shown = [roles[needle.note.where[1]] if needle.note.where[0] == INJECTED else "" for needle in needles]
    run.needles, run.needles_found = _of(roles.values(), "needle"), _of(shown, "needle")
    run.needles_first = _of(shown[: run.needles], "needle")
    run.purchase_found = _of(shown, "purchase")
    run.shown = len(shown)


def _peers(
    background: Sequence[Kept], injected: Sequence[Injected], notes: Sequence[Note], begun: list[float]
) -> dict[str, int]:
    first, last = begun[0], max(note.at for note, each in zip(notes, injected, strict=True) if each.role == "wave")
    near = [each for each in background if first - 86400 <= each.note.at <= last and each.note.kind != SENT]
    stream = sorted(
        [
            *((each.note.at, each.note.author, each.is_answer) for each in near),
            *((note.at, note.author, False) for note in notes),
        ]
    )
    alarms = {name: next((at for at in rule(stream) if first <= at <= last), None) for name, rule in RULES}
    return {name: 0 if at is None else bisect_right(begun, at) for name, at in alarms.items()}


def _moment(background: Sequence[Kept], seed: int) -> datetime:
    """A moment at which mail came, two weeks and a day after the first."""
    if not background:
        message = "there is no mail in it to hide an attack in"
        raise MailboxError(message)
    chance = random.Random(f"moment {seed}")
    start = background[0].note.at + timedelta(days=15).total_seconds()
    late = [each.note.at for each in background if each.note.at >= start] or [background[-1].note.at]
    return datetime.fromtimestamp(chance.choice(late), UTC) + timedelta(seconds=chance.uniform(0, 3600))


def _times(injected: Sequence[Injected], notes: Sequence[Note]) -> dict[int, float]:
    """When each submission's first mail came, by the recipient's server."""
    times: dict[int, float] = {}
    for each, note in zip(injected, notes, strict=True):
        if each.role == "wave":
            times.setdefault(each.submission, note.at)
    return times


def _of(roles: Any, role: str) -> int:
    return sum(each == role for each in roles)


def _apart(alarms: Iterator[float]) -> Iterator[float]:
    """Alarms with a quiet hour between them."""
    last = float("-inf")
    for at in alarms:
        if at - last > QUIET:
            yield at
        last = at
