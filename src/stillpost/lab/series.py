"""A whole series of measurements: every rate over every seed, quiet mailboxes, and busy days that are no attack."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import add
from typing import final

from stillpost.lab.background import Kept, made_up
from stillpost.lab.busy import DAYS
from stillpost.lab.peers import RULES
from stillpost.lab.score import MADE_UP_UNTIL, Plan, Quiet, Run, Score, alarmed, attacked, quiet


@final
@dataclass(slots=True)
class Busy:
    """One kind of busy day: how often it came, how often a wave was seen in it, how often each peer alarmed."""

    name: str
    days: int
    waves: int
    peers: dict[str, int]


@final
@dataclass(frozen=True, slots=True)
class Series:
    """What was measured."""

    scores: tuple[Score, ...]
    quiet: Quiet
    busy: tuple[Busy, ...]


async def series(
    real: Sequence[Kept] | None,
    rates: Sequence[float],
    seeds: int,
    plan: Plan,
    latest: datetime,
    progress: Callable[[], None] = lambda: None,
) -> Series:
    """Measure in ``real``, or, where it is None, in a made-up mailbox for each seed, busy days included.

    ``progress`` is called after each seed. Raises MailboxError where ``real`` is empty.
    """
    runs: dict[float, list[Run]] = {rate: [] for rate in rates}
    calm: list[Quiet] = []
    busy = [Busy(name, 0, 0, {rule: 0 for rule, _ in RULES}) for name, _ in DAYS]
    for seed in range(1, seeds + 1):
        background = made_up(seed, MADE_UP_UNTIL, latest) if real is None else real
        for rate in rates:
            runs[rate].append(await attacked(background, rate, seed, plan))
        if real is None or seed == 1:
            calm.append(await quiet(background))
        if real is None:
            await _live_through(busy, background, seed)
        progress()
    scores = (Score(rate=rate, platform=plan.platform, runs=tuple(found)) for rate, found in runs.items())
    return Series(tuple(scores), reduce(add, calm), tuple(each for each in busy if each.days))


async def _live_through(busy: Sequence[Busy], background: Sequence[Kept], seed: int) -> None:
    for count, (_, day) in zip(busy, DAYS, strict=True):
        seen, peers = await alarmed(background, seed, day)
        count.days += 1
        count.waves += seen
        for rule, alarm in peers.items():
            count.peers[rule] += alarm
