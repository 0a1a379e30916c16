"""``stillpost lab wave``: a relay-spam wave against a portal, with honest visitors in it, measured mail by mail.

The same people meet each mode of proof, in a quiet day and in each way a forger goes about his wave. Everybody is a
life of his own in one agenda: he does a step and says when the next one comes; the clock jumps from step to step.
"""

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias, final

from stillpost.intake.limits import Limits
from stillpost.lab.forger import Forger, Strategy, open_every_link, own_mailboxes, victims
from stillpost.lab.people import Kind, Life, Visitor, visitors
from stillpost.lab.wave_score import Day, Score, count
from stillpost.lab.world import PORTAL, START, World, hidden_field, open_world
from stillpost.model import ProofMode, Rate

QUIET = timedelta(hours=12)
BEFORE = timedelta(hours=6)
"""Quiet before the day that is measured: half as many visitors come then, so that the portal knows what is usual."""
EARLIER = timedelta(days=2, hours=12)
"""How long before that day those who are known came first."""
_WATCHED_AFTER, _LOOKED_EVERY = timedelta(hours=24), timedelta(minutes=10)

Progress: TypeAlias = Callable[[float], None]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is played: how many forged requests for how many addresses, how many visitors, the total budget, the seed.

    ``networks``: /24 networks the forger has; ``own``: mailboxes of his own.
    """

    total: Rate
    requests: int = 20_000
    addresses: int = 5_000
    honest: int = 300
    networks: int = 4_000
    own: int = 50
    seed: int = 1


async def play(plan: Plan, proof: ProofMode, strategy: Strategy | None, progress: Progress) -> Score:
    """Play one mode, in a quiet day (``strategy`` None) or in a wave; ``progress`` is told the share done."""
    async with open_world(proof, Limits(challenges_total=plan.total)) as world:
        people = visitors(plan.honest, random.Random(plan.seed))
        before = visitors(plan.honest // 2, random.Random(plan.seed + 2), plan.honest)
        await _earlier_visits(world, [*people, *before])
        began, chance = START + EARLIER, random.Random(plan.seed + 1)
        forger = None if strategy is None else _forger(plan, strategy, people, chance)
        lasts = QUIET if strategy is None else strategy.lasts
        agenda = Agenda(world, {each.email for each in (*people, *before)}.union(forger.own if forger else ()))
        for visitor in before:
            agenda.begin(began - BEFORE * chance.random(), visitor.live(world))
        for visitor in people:
            agenda.begin(began + lasts * chance.random(), visitor.live(world))
        if forger is not None:
            agenda.begin(began, forger.live(world))
        await agenda.run(began, lasts, progress)
        reopened = None
        if forger is not None and proof is ProofMode.ADAPTIVE:
            reopened = await _until_links_again(world, began + lasts)
        progress(1.0)
        return count(
            Score(proof=proof, strategy=strategy), Day(world, people, before, forger, began, agenda.opened, reopened)
        )


def _forger(plan: Plan, strategy: Strategy, people: Sequence[Visitor], chance: random.Random) -> Forger:
    return Forger(
        strategy=strategy,
        requests=plan.requests,
        victims=victims(plan.addresses, chance),
        visitors=tuple(visitor.email for visitor in people),
        own=own_mailboxes(plan.own),
        networks=plan.networks,
        chance=chance,
    )


@final
@dataclass(slots=True)
class Agenda:
    """Who does his next step when. ``known``: whose mail no scanner of a stranger opens; ``opened``: links they opened."""

    world: World
    known: set[str]
    opened: int = 0
    steps: list[tuple[datetime, int, Life]] = field(default_factory=list)
    begun: int = 0

    def begin(self, at: datetime, life: Life) -> None:
        """Somebody's first step."""
        self.begun += 1
        heapq.heappush(self.steps, (at, self.begun, life))

    async def run(self, began: datetime, lasts: timedelta, progress: Progress) -> None:
        """Until nobody has anything left to do. What anybody caused to be mailed or handed over, is at once."""
        done = 0
        while self.steps:
            at, number, life = heapq.heappop(self.steps)
            self.world.clock.at = at
            seen = len(self.world.mailer.sent)
            try:
                heapq.heappush(self.steps, (at + await anext(life), number, life))
            except StopAsyncIteration:
                pass
            await self.world.work()
            self.opened += await open_every_link(self.world, seen, self.known)
            done += 1
            if done % 200 == 0:
                progress(min(1.0, (at - began) / lasts))


async def _earlier_visits(world: World, people: Sequence[Visitor]) -> None:
    """Those who are known proved their address two days earlier, in quiet."""
    known = [visitor for visitor in people if visitor.kind is Kind.KNOWN]
    for index, visitor in enumerate(known):
        world.clock.at = START + timedelta(minutes=20 * index)
        await visitor.become_known(world)


async def _until_links_again(world: World, ended: datetime) -> timedelta | None:
    """How long after the wave a newcomer is offered the link again; None: not within a day."""
    for number in range(1, _WATCHED_AFTER // _LOOKED_EVERY):
        world.clock.at = ended + number * _LOOKED_EVERY
        page = await world.get(f"/p/{PORTAL}", ip := f"50.{number}.7.9")
        world.clock.push(seconds=40)
        fields = {
            "name": "",
            "email": f"afterwards.{number}@gmail.com",
            "subject": "Afterwards",
            "message": "Please help.",
        }
        answer = await world.post(f"/p/{PORTAL}", {**fields, "page": hidden_field(page, "page")}, ip)
        if 'data-state="challenged"' in answer.text:
            return number * _LOOKED_EVERY
    return None


def start_of_day() -> str:
    """When the lab's day starts, for the report."""
    return (START + EARLIER).isoformat()
