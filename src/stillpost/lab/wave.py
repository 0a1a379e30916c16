"""``stillpost lab wave``: a relay-spam wave against a portal, with honest visitors in it, measured mail by mail.

The same people and the same forger meet each mode of proof, in a quiet day and in the wave. What is counted: mails to
addresses nobody proved, bytes of the forger's words in any mail, and who of the honest visitors came through, in how
many steps.
"""

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from typing import Any, final

from stillpost.intake.limits import Limits
from stillpost.lab.actors import MARKER, Forger, Kind, Visitor, victims, visitors
from stillpost.lab.world import PORTAL, START, World, hidden_field, later, open_world
from stillpost.mail.compose import Outgoing
from stillpost.model import ProofMode, Rate

QUIET_HOURS, WAVE_HOURS, EARLIER = 12, 6, timedelta(days=2)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is played: how many forged requests for how many addresses, how many visitors, the total budget, the seed."""

    total: Rate
    requests: int = 20_000
    addresses: int = 5_000
    honest: int = 300
    networks: int = 4_000
    seed: int = 1


@final
@dataclass(slots=True, kw_only=True)
class Group:
    """One kind of honest visitor: how many came, how many got a ticket, the steps of those who did."""

    came: int = 0
    through: int = 0
    steps: list[int] = field(default_factory=list)


@final
@dataclass(slots=True, kw_only=True)
class Score:
    """What one run of one mode gave."""

    proof: ProofMode
    wave: bool
    forged: int = 0
    told: Counter[str] = field(default_factory=Counter)
    mails: int = 0
    to_unproven: int = 0
    most_to_one: int = 0
    forger_bytes: int = 0
    forged_tickets: int = 0
    double_tickets: int = 0
    errors: int = 0
    groups: dict[Kind, Group] = field(default_factory=dict)
    per_minute: list[tuple[int, int]] = field(default_factory=list)

    @property
    def through(self) -> float:
        """The share of honest visitors who came through."""
        came = sum(group.came for group in self.groups.values())
        return sum(group.through for group in self.groups.values()) / came if came else 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "proof": self.proof.value,
            "wave": self.wave,
            "forged_requests": self.forged,
            "told": dict(self.told),
            "mails": self.mails,
            "mails_to_unproven": self.to_unproven,
            "most_mails_to_one_unproven": self.most_to_one,
            "forger_bytes_mailed": self.forger_bytes,
            "forged_tickets": self.forged_tickets,
            "double_tickets": self.double_tickets,
            "errors": self.errors,
            "honest_through": round(self.through, 4),
            "groups": {
                kind.value: {
                    "came": group.came,
                    "through": group.through,
                    "steps": sorted(group.steps)[len(group.steps) // 2] if group.steps else None,
                }
                for kind, group in self.groups.items()
            },
        }


async def play(plan: Plan, proof: ProofMode, progress: Callable[[float], None], *, wave: bool) -> Score:
    """Play one mode, with or without the wave; ``progress`` is told the share done."""
    limits = Limits(challenges_total=plan.total)
    async with open_world(proof, limits) as world:
        score = Score(proof=proof, wave=wave)
        people = visitors(plan.honest, random.Random(plan.seed))
        await _earlier_visits(world, people)
        proven_before = len(world.helpdesk.tickets)
        mailed_before = len(world.mailer.sent)
        await _day(world, plan, people, score, progress, wave=wave)
        await world.work()
        _count(world, people, score, proven_before, mailed_before)
        return score


async def _earlier_visits(world: World, people: list[Visitor]) -> None:
    """Those who are known proved their address two days earlier, in quiet."""
    known = [visitor for visitor in people if visitor.kind is Kind.KNOWN]
    for index, visitor in enumerate(known):
        later(world.clock, timedelta(minutes=20 * index))
        await visitor.become_known(world)


async def _day(
    world: World, plan: Plan, people: list[Visitor], score: Score, progress: Callable[[float], None], *, wave: bool
) -> None:
    chance = random.Random(plan.seed + 1)
    hours = WAVE_HOURS if wave else QUIET_HOURS
    seconds = hours * 3600
    agenda: list[tuple[float, Visitor | None]] = [(chance.uniform(0, seconds), visitor) for visitor in people]
    if wave:
        agenda += [(seconds * index / plan.requests, None) for index in range(plan.requests)]
    agenda.sort(key=lambda entry: entry[0])
    forger = Forger(victims(plan.addresses, chance), plan.networks, chance)
    token, token_until, worked = "", timedelta(0), -1
    for index, (moment, visitor) in enumerate(agenda):
        at = EARLIER + timedelta(seconds=moment)
        later(world.clock, at)
        if visitor is not None:
            await visitor.ask(world)
            continue
        if at >= token_until:
            token = hidden_field(await world.get(f"/p/{PORTAL}", "60.0.0.1"), "page")
            token_until = at + timedelta(hours=20)
            world.clock.at += timedelta(seconds=30)
        answer = await forger.post(world, token)
        score.forged += 1
        score.told[_told(answer.text)] += 1
        if (minute := int(moment // 60)) != worked:
            worked = minute
            await world.work()
            score.per_minute.append((minute, len(world.mailer.sent)))
            progress(index / len(agenda))
    progress(1.0)


def _told(text: str) -> str:
    """The state that an answer tells in words, as it says it to programs."""
    found = re.search(r'<main [^>]*data-state="([a-z-]+)"', text)
    return found[1] if found else "refused"


def _count(world: World, people: list[Visitor], score: Score, proven_before: int, mailed_before: int) -> None:
    honest = {visitor.email for visitor in people}
    score.mails = len(world.mailer.sent) - mailed_before
    strangers = {address: count for address, count in world.mailer.count.items() if address not in honest}
    score.to_unproven = sum(strangers.values())
    score.most_to_one = max(strangers.values(), default=0)
    score.forger_bytes = sum(words_of(mail).count(MARKER) * len(MARKER) for mail in world.mailer.sent)
    score.errors = len(world.errors)
    tickets = Counter(ticket.subject for ticket in world.helpdesk.tickets[proven_before:])
    score.forged_tickets = sum(count for subject, count in tickets.items() if MARKER in subject)
    score.double_tickets = sum(count - 1 for count in tickets.values())
    for visitor in people:
        group = score.groups.setdefault(visitor.kind, Group())
        group.came += 1
        if tickets[visitor.subject]:
            group.through += 1
            group.steps.append(visitor.steps)


def words_of(mail: Outgoing) -> str:
    """Everything a mail says: its header and body as sent, and both decoded."""
    parsed = message_from_bytes(mail.content)
    decoded = [str(make_header(decode_header(str(value)))) for value in parsed.values()]
    body = parsed.get_payload(decode=True)
    plain = body.decode(errors="replace") if isinstance(body, bytes) else ""
    return "\n".join([mail.content.decode(errors="replace"), *decoded, plain])


def start_of_day() -> str:
    """When the lab's day starts, for the report."""
    return (START + EARLIER).isoformat()
