"""A forger with a list of victims: how he goes about it, and how he and his victims' machines might prove by mistake.

He knows all that is public, this file too. Whatever he types has words that begin with ``MARK``, so that they are found
wherever they went; unless he is lazy, no two requests have a word of these in common.
"""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import final

from stillpost.lab.people import FREE_MAIL, WORDS, Life, code_of, state_of, write_first
from stillpost.lab.world import PORTAL, Page, World, hidden_field, link_in

MARK = "zqforged"
"""No other word of the lab begins so."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_FEW = 50
_PROOF_EVERY = 25
"""After so many requests somebody else's program answers for a victim, or the forger does."""
_OWN_EVERY = 4
"""``Strategy.FEIGNED``: one request in so many is the forger's own, and is proven. A fifth is what a portal expects."""
_PAGE_LASTS = timedelta(hours=20)


class Strategy(StrEnum):
    """How the forger goes about it."""

    FLOOD = "flood"
    SAME_WORDS = "same-words"
    FEW = "few"
    AHEAD = "ahead"
    API = "api"
    SLOW = "slow"
    FEIGNED = "feigned"

    @property
    def lasts(self) -> timedelta:
        """How long he takes. Never so long that an address might be asked again."""
        return timedelta(hours=96 if self in {Strategy.SLOW, Strategy.FEIGNED} else 6)


_MISTAKES = (  # (what a mail in a victim's name has, whether the victim's own server sent it)
    ("", False),  # the forger writes it himself
    ("Auto-Submitted: auto-replied\r\n", True),  # the victim is away, and his program answers the forger's mail
    ("In-Reply-To: <challenge@support.lab.example>\r\nReferences: <challenge@support.lab.example>\r\n", True),
    ("Precedence: bulk\r\nX-Autoreply: yes\r\n", True),
    ("Reply-To: somebody@else.example\r\n", True),
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Forger:
    """Posts ``requests`` requests in other people's names, through the real form or API, from many networks.

    ``visitors`` are the honest ones' addresses; ``own`` the forger's mailboxes. ``named`` counts requests by mailbox,
    ``told`` what he was answered, ``tried`` the attempts to prove for a victim, ``taken`` those that the door took.
    """

    strategy: Strategy
    requests: int
    victims: Sequence[str]
    visitors: Sequence[str]
    own: Sequence[str]
    networks: int
    chance: random.Random
    named: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    tried: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)

    async def live(self, world: World) -> Life:
        """One request after the other, evenly over the time he takes."""
        gap = self.strategy.lasts / self.requests
        page_token, until = "", world.clock()
        for number in range(self.requests):
            if world.clock() >= until:
                page_token = hidden_field(await world.get(f"/p/{PORTAL}", "60.0.0.1"), "page")
                until = world.clock() + _PAGE_LASTS
                yield timedelta(seconds=30)
            victim, mailbox = self._victim()
            self.named[mailbox] += 1
            answer = await self._post(world, page_token, victim)
            self.told[state_of(answer)] += 1
            if number % _PROOF_EVERY == 0:
                await self._mistake(world, answer, victim)
            if self.strategy is Strategy.FEIGNED and number % _OWN_EVERY == 0:
                await self._prove_own(world, page_token, self.own[number // _OWN_EVERY % len(self.own)])
            yield gap

    async def _post(self, world: World, page_token: str, email: str) -> Page:
        """One request with his words in everything there is to fill in."""
        chance = random.Random(0) if self.strategy is Strategy.SAME_WORDS else self.chance
        mark = MARK + "".join(chance.choices(_LETTERS, k=10))
        words = chance.choices(WORDS, k=48)
        name, subject = f"{mark} {words[0]}", f"{' '.join(words[1:5])} {mark}"
        text = f"{' '.join(words[5:])} {mark} https://{mark}.example/{mark}"
        if self.strategy is Strategy.API:
            body = {
                "requester": {"email": email, "name": name},
                "subject": subject,
                "text": text,
                "cc": [f"{mark}@prize.example"],
                "fields": {mark: mark},
            }
            headers = {"content-type": "application/json"}
            path = f"/api/v1/portals/{PORTAL}/requests"
            return await world.ask("POST", path, self._ip(), headers, [json.dumps(body).encode()])
        fields = {"name": name, "email": email, "subject": subject, "message": text, "page": page_token}
        return await world.post(f"/p/{PORTAL}", fields, self._ip())

    def _victim(self) -> tuple[str, str]:
        """An address as he types it, and the mailbox it means."""
        chance = self.chance
        if self.strategy is Strategy.FEW:
            mailbox = chance.choice(self.victims[:_FEW])
            return _spelled(mailbox, chance), mailbox
        ahead = self.strategy is Strategy.AHEAD and chance.random() < 0.5
        mailbox = chance.choice(self.visitors if ahead else self.victims)
        return mailbox, mailbox

    def _ip(self) -> str:
        number = self.chance.randrange(self.networks)
        return f"{60 + number // 65536 % 60}.{number // 256 % 256}.{number % 256}.{self.chance.randrange(1, 255)}"

    async def _mistake(self, world: World, answer: Page, victim: str) -> None:
        """A mail comes to the proof address in the victim's name which the victim did not write."""
        if code := code_of(answer):
            more, authenticated = self.chance.choice(_MISTAKES)
            said = await write_first(world, code, victim, more, authenticated=authenticated)
            self.tried["mail"] += 1
            self.taken["mail"] += said.startswith("2")

    async def _prove_own(self, world: World, page_token: str, mailbox: str) -> None:
        """Ask in his own name and prove it, so that the share of answered challenges looks healthy."""
        answer = await self._post(world, page_token, mailbox)
        if code := code_of(answer):
            await write_first(world, code, mailbox, authenticated=True)


async def open_every_link(world: World, since: int, strangers: "frozenset[str] | set[str]") -> int:
    """What mail scanners do with the mails sent since, to anybody but ``strangers``' owners: look at every link."""
    opened = 0
    for mail in world.mailer.sent[since:]:
        if mail.recipient not in strangers:
            for link in ("confirm", "not-me"):
                await world.get(link_in(mail, link), "40.94.0.1")
                opened += 1
    return opened


def victims(count: int, chance: random.Random) -> tuple[str, ...]:
    """Addresses of people who never asked: free-mail and companies, as lists of leaked addresses have them."""
    return tuple(
        f"victim.{number}@{chance.choice(FREE_MAIL) if chance.random() < 0.6 else f'victims-{chance.randrange(900)}.example'}"
        for number in range(count)
    )


def own_mailboxes(count: int) -> tuple[str, ...]:
    """The forger's own, at free-mail providers: nothing else tells them from anybody's."""
    return tuple(f"forger.{number}@{FREE_MAIL[number % len(FREE_MAIL)]}" for number in range(count))


def _spelled(address: str, chance: random.Random) -> str:
    """The same mailbox, written otherwise."""
    local, _, domain = address.partition("@")
    written = chance.choice((local, local.upper(), local.title()))
    return f"{written}+{chance.randrange(10**6)}@{domain}" if chance.random() < 0.8 else f"{written}@{domain}"
