"""What one run of ``lab wave`` gave: mails to people who never asked, the forger's words in them, who came through."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from statistics import median
from typing import Any, final

from stillpost.lab.forger import MARK, Forger, Strategy
from stillpost.lab.people import Kind, Visitor
from stillpost.lab.world import World
from stillpost.mail.compose import Outgoing
from stillpost.model import ProofMode

_HOUR = timedelta(hours=1)
_FORGED = re.compile(rf"{MARK}\w*", re.IGNORECASE)


@final
@dataclass(slots=True)
class Group:
    """One kind of honest visitor: how many came, how many got a ticket, the steps of those who did."""

    came: int = 0
    through: int = 0
    steps: list[int] = field(default_factory=list)

    @property
    def usual_steps(self) -> int | None:
        """The median; None where nobody came through."""
        return round(median(self.steps)) if self.steps else None


@final
@dataclass(slots=True, kw_only=True)
class Score:
    """What one run of one mode gave; ``strategy`` None is a quiet day.

    ``to_unproven``: mails to addresses nobody proved and whose owner had not asked; ``most_to_one``: to one of them;
    ``most_asked``: forged requests for one of them, which is how many mails it gets without Stillpost;
    ``most_in_an_hour``: challenges, of all; ``curve``: (minutes since the start, mails to the unproven so far).
    ``mistaken``: tries to prove in a victim's name, ``mistaken_taken``: those that worked. ``reopened``: how long after
    the wave links are offered again.
    """

    proof: ProofMode
    strategy: Strategy | None
    lasts: timedelta = timedelta(0)
    forged: int = 0
    told: Counter[str] = field(default_factory=Counter)
    mails: int = 0
    to_unproven: int = 0
    most_to_one: int = 0
    most_asked: int = 0
    most_in_an_hour: int = 0
    forger_bytes: int = 0
    forged_tickets: int = 0
    double_tickets: int = 0
    mistaken: int = 0
    mistaken_taken: int = 0
    links_opened: int = 0
    errors: int = 0
    reopened: timedelta | None = None
    groups: dict[Kind, Group] = field(default_factory=dict)
    curve: list[tuple[float, int]] = field(default_factory=list)

    @property
    def through(self) -> float:
        """The share of honest visitors who came through."""
        came = sum(group.came for group in self.groups.values())
        return sum(group.through for group in self.groups.values()) / came if came else 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "proof": self.proof.value,
            "forger": self.strategy.value if self.strategy else None,
            "hours": self.lasts / _HOUR,
            "forged_requests": self.forged,
            "told": dict(self.told),
            "mails": self.mails,
            "mails_to_unproven": self.to_unproven,
            "most_mails_to_one_unproven": self.most_to_one,
            "most_forged_requests_for_one": self.most_asked,
            "most_challenges_in_an_hour": self.most_in_an_hour,
            "forger_bytes_mailed": self.forger_bytes,
            "forged_tickets": self.forged_tickets,
            "double_tickets": self.double_tickets,
            "proofs_in_a_victims_name": {"tried": self.mistaken, "taken": self.mistaken_taken},
            "links_opened_by_scanners": self.links_opened,
            "errors": self.errors,
            "minutes_until_links_again": self.reopened / timedelta(minutes=1) if self.reopened else None,
            "honest_through": round(self.through, 4),
            "groups": {
                kind.value: {"came": group.came, "through": group.through, "steps": group.usual_steps}
                for kind, group in self.groups.items()
            },
        }


@final
@dataclass(frozen=True, slots=True)
class Day:
    """What happened: the world, who came, who had come shortly ``before``, who forged (None in quiet), since when.

    ``opened``: links that strangers' mail scanners looked at.
    """

    world: World
    people: Sequence[Visitor]
    before: Sequence[Visitor]
    forger: Forger | None
    began: datetime
    opened: int
    reopened: timedelta | None

    @property
    def own(self) -> Sequence[str]:
        """The forger's own mailboxes."""
        return self.forger.own if self.forger else ()


def count(score: Score, day: Day) -> Score:
    """Count what a day left behind."""
    score.links_opened, score.reopened, score.errors = day.opened, day.reopened, len(day.world.errors)
    if (forger := day.forger) is not None:
        score.lasts, score.told, score.forged = forger.strategy.lasts, forger.told, forger.told.total()
        score.most_asked = max(forger.named.values(), default=0)
        score.mistaken, score.mistaken_taken = forger.tried.total(), forger.taken.total()
    _count_mails(score, day)
    _count_tickets(score, day)
    return score


def _count_mails(score: Score, day: Day) -> None:
    asked = {visitor.email: visitor.asked for visitor in (*day.people, *day.before)}
    world, began, own = day.world, day.began, frozenset(day.own)
    strangers: Counter[str] = Counter()
    times = []
    for at, mail in zip(world.mailer.times, world.mailer.sent, strict=True):
        score.forger_bytes += sum(map(len, _FORGED.findall(words_of(mail))))
        if at < began or mail.recipient.startswith("afterwards."):
            continue
        times.append(at)
        when = asked.get(mail.recipient)
        if mail.recipient not in own and (when is None or at < when):
            strangers[mail.recipient] += 1
            score.curve.append(((at - began) / timedelta(minutes=1), strangers.total()))
    score.mails, score.to_unproven = len(times), strangers.total()
    score.most_to_one = max(strangers.values(), default=0)
    first = 0
    for last, at in enumerate(times):
        while at - times[first] >= _HOUR:
            first += 1
        score.most_in_an_hour = max(score.most_in_an_hour, last - first + 1)


def _count_tickets(score: Score, day: Day) -> None:
    tickets = [ticket for ticket in day.world.helpdesk.tickets if ticket.at >= day.began]
    own = frozenset(day.own)
    subjects = Counter(ticket.subject for ticket in tickets)
    score.forged_tickets = sum(MARK in ticket.subject and ticket.requester.mailbox not in own for ticket in tickets)
    score.double_tickets = sum(times - 1 for times in Counter(ticket.id for ticket in tickets).values())
    for visitor in day.people:
        group = score.groups.setdefault(visitor.kind, Group())
        group.came += 1
        if subjects[visitor.subject]:
            group.through += 1
            group.steps.append(visitor.steps)


def words_of(mail: Outgoing) -> str:
    """Everything a mail says: its header and body as sent, and both decoded."""
    parsed = message_from_bytes(mail.content)
    decoded = [str(make_header(decode_header(str(value)))) for value in parsed.values()]
    body = parsed.get_payload(decode=True)
    plain = body.decode(errors="replace") if isinstance(body, bytes) else ""
    return "\n".join([mail.content.decode(errors="replace"), *decoded, plain])
