"""A synthetic wave for a real mailbox, with the truth beside it: who sent what, and what matters between.

Shapes are those of reported attacks: submissions at a rate, each at another company, one or two mails each (the answer to
the request, and where an account is made a request to verify it), some with a tail of weeks. Three companies that the
owner knows write before it, and each something that matters while it lasts; so do strangers, by hand and about a
purchase.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias, final

from stillpost.lab import letters
from stillpost.lab.letters import TICKETS, Company, Letter, company, texts

OWNER: Final = "anna@example.org"
KNOWN: Final = ("bank", "shop", "telephone")
TAIL_SHARE: Final = 0.3
TWO_MAILS_SHARE: Final = 0.4
_COMPANIES: Final = 10_000  # of one seed
_SHAPES: Final = {shape.__name__: shape for shape, _ in TICKETS}

Shape: TypeAlias = Callable[[Letter], bytes]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """What is injected. ``rate``: submissions a minute, at random moments; ``platform``: one shape of ``letters``, or any.

    ``newsletters``: the share of submissions that subscribe to a list; ``same_words``: the same text goes to everybody.
    """

    start: datetime
    submissions: int = 120
    rate: float = 12.0
    seed: int = 1
    half: str = "development"
    platform: str = ""
    newsletters: float = 0.15
    same_words: bool = True
    tail: bool = True

    @property
    def lasts(self) -> timedelta:
        """About how long."""
        return timedelta(minutes=self.submissions / self.rate)


@final
@dataclass(frozen=True, slots=True)
class Injected:
    """A mail with its truth. ``role``: wave, tail, history, needle, purchase or person; ``submission`` counts from 1."""

    at: datetime
    raw: bytes
    role: str
    message_id: str
    submission: int = 0


def inject(attack: Attack) -> list[Injected]:
    """The mails of an attack and of those around it, in order of arrival; the same for the same attack."""
    world = _World(attack)
    for submission, at in enumerate(world.moments(), 1):
        world.submit(submission, at)
    world.around()
    return sorted(world.mails, key=lambda mail: mail.at)


@final
class _World:
    """One attack being written."""

    def __init__(self, attack: Attack) -> None:
        self.attack = attack
        self.chance = random.Random(f"attack {attack.seed} {attack.rate} {attack.half}")
        self.mails: list[Injected] = []
        self.known = {kind: self._company(9_000 + place) for place, kind in enumerate(KNOWN)}

    def moments(self) -> list[datetime]:
        """When each submission is made: a Poisson stream."""
        at = self.attack.start
        moments = []
        for _ in range(self.attack.submissions):
            at += timedelta(minutes=self.chance.expovariate(self.attack.rate))
            moments.append(at)
        return moments

    def submit(self, submission: int, at: datetime) -> None:
        """One submission, at a company of its own."""
        attack, chance = self.attack, self.chance
        who = self._company(submission)
        if not attack.platform and chance.random() < attack.newsletters:
            self._write(letters.mailing, who, at, "newsletter", "wave", submission)
            return
        shape = _SHAPES.get(attack.platform) or chance.choices(*zip(*TICKETS, strict=True))[0]
        two = chance.random() < TWO_MAILS_SHARE
        first = "verification" if two or chance.random() < 1 / 3 else "acknowledgment"
        self._write(shape, who, at, first, "wave", submission)
        if two:
            self._write(shape, who, at + timedelta(seconds=1), "acknowledgment", "wave", submission)
        if attack.tail and chance.random() < TAIL_SHARE:
            later = attack.lasts + timedelta(hours=6, days=chance.uniform(0, 20))
            self._write(shape, who, at + later, "tail", "tail", submission)

    def around(self) -> None:
        """What matters: companies he knows, before and in the wave; strangers in the wave."""
        attack, chance = self.attack, self.chance
        for kind, who in self.known.items():
            for days in (chance.uniform(20, 60), chance.uniform(3, 15)):
                self._write(letters.known, who, attack.start - timedelta(days=days), "tail", "history")
            self._write(letters.known, who, self._moment(), "needle", "needle", sender=kind)
        self._write(letters.known, self._company(9_100), self._moment(), "purchase", "purchase")
        self._write(letters.person, self._company(9_101), self._moment(), "person", "person")

    def _moment(self) -> datetime:
        return self.attack.start + self.attack.lasts * self.chance.random()

    def _company(self, place: int) -> Company:
        return company(self.attack.seed * _COMPANIES + place)

    def _write(
        self, shape: Shape, who: Company, at: datetime, kind: str, role: str, submission: int = 0, sender: str = ""
    ) -> None:
        attack, chance = self.attack, self.chance
        number = attack.seed * 1_000_000 + len(self.mails)
        said = texts(attack.half)["words"]
        words = said[(attack.seed if attack.same_words else number) % len(said)]
        text = chance.choice([each for each in texts(attack.half)[kind] if not sender or each["sender"] == sender])
        fill: Mapping[str, str] = {
            "company": who.name,
            "number": str(482_000 + number % 100_000),
            "amount": f"{chance.randrange(40, 2_000)}.{chance.randrange(10, 99)}",
            "said": words["subject"],
            "words": words["text"],
        }
        letter = Letter(
            company=who,
            at=at,
            to=OWNER,
            subject=text["subject"].format(**fill),
            text=text["text"].format(**fill),
            number=number,
            ticket=10_000 + (submission or number),
        )
        raw = shape(letter)
        self.mails.append(Injected(at, raw, role, _message_id(raw), submission))


def _message_id(raw: bytes) -> str:
    return raw.partition(b"\nMessage-ID: <")[2].partition(b">")[0].decode()
