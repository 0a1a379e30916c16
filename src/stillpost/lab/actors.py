"""Who comes to a portal: a forger with a list of victims, and honest visitors who do not all do as they are asked."""

import random
import re
import zlib
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import final

from stillpost.lab.world import AUTHSERV, PORTAL, Page, World, hidden_field, link_in

MARKER = "ACTIVATE-YOUR-PRIZE"
"""In everything the forger types, so that his text can be found wherever it went."""

_FREE_MAIL = ("gmail.com", "outlook.com", "gmx.net", "yahoo.com", "web.de")
_OPENINGS = ("Final notice", "Account review", "Court order", "Free upgrade", "Invoice overdue")


class Kind(StrEnum):
    """What an honest visitor does, whatever the page asks of him."""

    OBEYS = "does as asked"
    LINK_ONLY = "uses only the link"
    OTHER_ADDRESS = "answers from another address"
    NO_DMARC = "has no DKIM or DMARC"
    KNOWN = "is known"


MIX: tuple[tuple[Kind, int], ...] = (
    (Kind.OBEYS, 60),
    (Kind.LINK_ONLY, 15),
    (Kind.OTHER_ADDRESS, 10),
    (Kind.NO_DMARC, 5),
    (Kind.KNOWN, 10),
)


@final
@dataclass(frozen=True, slots=True)
class Forger:
    """Posts requests in other people's names, from many networks, with words that vary, through the real form."""

    victims: tuple[str, ...]
    networks: int
    chance: random.Random

    async def post(self, world: World, page_token: str) -> Page:
        """One forged request."""
        chance = self.chance
        number = chance.randrange(self.networks)
        ip = f"{60 + number // 65536 % 60}.{number // 256 % 256}.{number % 256}.{chance.randrange(1, 255)}"
        subject = f"{MARKER} {chance.choice(_OPENINGS)} {chance.randrange(10**6)}"
        text = " ".join(chance.choices(_WORDS, k=40)) + f" {MARKER} https://prize.example/{chance.randrange(10**9)}"
        fields = {
            "name": f"{MARKER} {chance.choice(_WORDS).title()}",
            "email": chance.choice(self.victims),
            "subject": subject,
            "message": text,
            "page": page_token,
        }
        return await world.post(f"/p/{PORTAL}", fields, ip)


@final
@dataclass(slots=True)
class Visitor:
    """One honest person with one question. ``steps`` counts pages opened, forms sent, mails read and written."""

    number: int
    kind: Kind
    email: str
    ip: str
    chance: random.Random
    cookie: str = ""
    steps: int = 0
    vouched: bool = False

    @property
    def subject(self) -> str:
        """What he asks, findable in the tickets."""
        return f"Question {self.number}"

    async def become_known(self, world: World) -> None:
        """An earlier visit, in quiet times: the browser proved the address and keeps the cookie.

        Where nothing is ever mailed nobody gets a cookie; there the site he is signed in to vouches for him.
        """
        await self._fill_in(world, "Earlier question")
        await world.work()
        self.vouched = self.email not in world.mailer.newest or not await self._confirm(world)
        self.steps = 0

    async def ask(self, world: World) -> None:
        """Fill in the form and do what such a person does next."""
        answer = await self._fill_in(world, self.subject)
        await world.work()
        if "We have your request" in answer.text:
            return
        if self.kind is Kind.OTHER_ADDRESS:
            await self._write_first(world, answer, f"private.{self.number}@gmail.com", authenticated=True)
        elif self.email in world.mailer.newest and await self._confirm(world):
            return
        elif self.kind is Kind.OBEYS:
            await self._write_first(world, answer, self.email, authenticated=True)
        elif self.kind is Kind.NO_DMARC:
            await self._write_first(world, answer, self.email, authenticated=False)

    async def _fill_in(self, world: World, subject: str) -> Page:
        page = await world.get(f"/p/{PORTAL}", self.ip, self.cookie)
        world.clock.at += timedelta(seconds=self.chance.uniform(20, 90))
        fields = {
            "name": f"Visitor {self.number}",
            "email": self.email,
            "subject": subject,
            "message": " ".join(self.chance.choices(_WORDS, k=self.chance.randrange(12, 60))),
            "page": hidden_field(page, "page"),
        }
        if self.vouched:
            fields["voucher"] = world.voucher(self.email)
        self.steps += 2
        return await world.post(f"/p/{PORTAL}", fields, self.ip, self.cookie)

    async def _confirm(self, world: World) -> bool:
        """Open the newest link, tick what is his, send; whether his request was there."""
        path = link_in(world.mailer.newest[self.email], "confirm")
        page = await world.get(path, self.ip)
        mine = re.findall(
            rf'name="mine" value="([^"]+)"[^>]*> <bdi>(?:{re.escape(self.subject)}|Earlier question)</bdi>', page.text
        )
        self.steps += 3
        if not mine:
            return False
        shown = [("shown", each) for each in re.findall(r'name="shown" value="([^"]+)"', page.text)]
        done = await world.post(path, [*shown, ("mine", mine[-1])], self.ip)
        self.cookie = done.headers.get("set-cookie", "").partition(";")[0]
        return done.status == 200

    async def _write_first(self, world: World, answer: Page, sender: str, *, authenticated: bool) -> None:
        """Send the first mail to the address on the page."""
        found = re.search(r">(prove\+[a-z2-7]{26}@[^<]+)<.*?>([a-z2-7]{26})<", answer.text, re.DOTALL)
        if found is None:
            return
        self.steps += 1
        domain = sender.rpartition("@")[2]
        vouched = f"Authentication-Results: {AUTHSERV};\r\n dmarc=pass header.from={domain};\r\n spf=pass smtp.mailfrom={sender}\r\n"
        mail = (
            f"{vouched if authenticated else ''}Received: from mail.{domain} by {AUTHSERV}; "
            f"{world.clock():%a, %d %b %Y %H:%M:%S +0000}\r\n"
            f"From: {sender}\r\nTo: {found[1]}\r\nSubject: {found[2]}\r\nMessage-ID: <{self.number}@{domain}>\r\n\r\n\r\n"
        )
        await world.mail(mail.encode(), sender, found[1])


def visitors(count: int, chance: random.Random) -> list[Visitor]:
    """Honest visitors in exactly the mix above; most write from a free-mail provider, some share a company's network."""
    kinds = [kind for kind, share in MIX for _ in range(share)]
    made = []
    for number in range(count):
        company = chance.random() < 0.4
        domain = f"company-{chance.randrange(60)}.example" if company else chance.choice(_FREE_MAIL)
        network = (
            f"20.{zlib.crc32(domain.encode()) % 200}.7"
            if company
            else f"31.{chance.randrange(256)}.{chance.randrange(256)}"
        )
        made.append(
            Visitor(
                number=number,
                kind=kinds[number * len(kinds) // count],
                email=f"visitor.{number}@{domain}",
                ip=f"{network}.{chance.randrange(1, 255)}",
                chance=chance,
            )
        )
    chance.shuffle(made)
    return made


def victims(count: int, chance: random.Random) -> tuple[str, ...]:
    """Addresses of people who never asked: free-mail and companies, as lists of leaked addresses have them."""
    return tuple(
        f"victim.{number}@{chance.choice(_FREE_MAIL) if chance.random() < 0.6 else f'victims-{chance.randrange(900)}.example'}"
        for number in range(count)
    )


_WORDS = (  # ordinary words; what matters is only that no two texts are alike
    "the order printer invoice arrived broken again please help login screen shows error after update yesterday we need "
    "a copy of contract number address changed delivery late twice box empty cable missing thanks in advance password "
    "reset does not work on my phone since monday report export stops halfway with blank page"
).split()  # a list of words reads better as words
