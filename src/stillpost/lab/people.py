"""Honest visitors of a portal, who do not all do as they are asked, and the words that everybody in the lab uses."""

import random
import re
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias, final

from stillpost.lab.world import AUTHSERV, PORTAL, Page, World, hidden_field, link_in

FREE_MAIL = ("gmail.com", "outlook.com", "gmx.net", "yahoo.com", "web.de")
_PATIENCE = 3
"""So many pages full of strangers' requests somebody answers before he gives up."""

Life: TypeAlias = AsyncIterator[timedelta]
"""What somebody does; it tells after each step how long the next one takes."""


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
@dataclass(slots=True)
class Visitor:
    """One honest person with one question.

    ``steps`` counts pages opened, forms sent, mails read and written; ``asked``: when he sent the form, in the day that
    is measured.
    """

    number: int
    kind: Kind
    email: str
    ip: str
    chance: random.Random
    cookie: str = ""
    steps: int = 0
    vouched: bool = False
    asked: datetime | None = None

    @property
    def subject(self) -> str:
        """What he asks, findable in the tickets."""
        return f"Question {self.number}"

    async def become_known(self, world: World) -> None:
        """An earlier visit, in quiet times: the browser proved the address and keeps the cookie.

        Where nothing is ever mailed nobody gets a cookie; there the site he is signed in to vouches for him.
        """
        page = await self._open(world)
        world.clock.push(seconds=40)
        await self._send(world, page, "Earlier question")
        await world.work()
        self.vouched = self.email not in world.mailer.newest or not await self._confirm(world)
        self.steps = 0

    async def live(self, world: World) -> Life:
        """Fill in the form and do what such a person does next."""
        page = await self._open(world)
        yield timedelta(seconds=self.chance.uniform(20, 90))
        answer = await self._send(world, page, self.subject)
        self.asked = world.clock()
        if state_of(answer) == "accepted":
            return
        yield timedelta(seconds=self.chance.uniform(20, 600))
        if self.kind is Kind.OTHER_ADDRESS:
            await self._write(world, answer, f"private.{self.number}@gmail.com", authenticated=True)
        elif self.email in world.mailer.newest and await self._confirm(world):
            return
        elif self.kind is Kind.OBEYS:
            await self._write(world, answer, self.email, authenticated=True)
        elif self.kind is Kind.NO_DMARC:
            await self._write(world, answer, self.email, authenticated=False)

    async def _open(self, world: World) -> Page:
        self.steps += 1
        return await world.get(f"/p/{PORTAL}", self.ip, self.cookie)

    async def _send(self, world: World, page: Page, subject: str) -> Page:
        fields = {
            "name": f"Visitor {self.number}",
            "email": self.email,
            "subject": subject,
            "message": " ".join(self.chance.choices(WORDS, k=self.chance.randrange(12, 60))),
            "page": hidden_field(page, "page"),
        }
        if self.vouched:
            fields["voucher"] = world.voucher(self.email)
        self.steps += 1
        return await world.post(f"/p/{PORTAL}", fields, self.ip, self.cookie)

    async def _confirm(self, world: World) -> bool:
        """Read the newest mail, open its link, tick what is his; whether his request was there.

        A page full of what others asked in his name is answered with "none of this", a few times.
        """
        path = link_in(world.mailer.newest[self.email], "confirm")
        wanted = rf'name="mine" value="([^"]+)"[^>]*> <bdi>(?:{re.escape(self.subject)}|Earlier question)</bdi>'
        self.steps += 1
        for _ in range(_PATIENCE):
            page = await world.get(path, self.ip)
            shown = [("shown", each) for each in re.findall(r'name="shown" value="([^"]+)"', page.text)]
            mine = [("mine", each) for each in re.findall(wanted, page.text)][-1:]
            answer = [("answer", "ticked" if mine else "none")]
            self.steps += 1
            if not shown:
                return False
            done = await world.post(path, [*shown, *mine, *answer], self.ip)
            self.steps += 1
            if mine:
                self.cookie = done.headers.get("set-cookie", "").partition(";")[0]
                return done.status == 200
        return False

    async def _write(self, world: World, answer: Page, sender: str, *, authenticated: bool) -> None:
        """Send the first mail to the address on the page."""
        if code := code_of(answer):
            self.steps += 1
            await write_first(world, code, sender, authenticated=authenticated)


async def write_first(world: World, code: str, sender: str, more: str = "", *, authenticated: bool) -> str:
    """A mail from ``sender`` to the proof address, as the operator's mail server hands it over; the SMTP answer.

    ``more``: further header lines; ``authenticated``: what that server found out about it.
    """
    domain, to = sender.rpartition("@")[2], f"prove+{code}@support.lab.example"
    found = f"dmarc=pass header.from={domain};\r\n spf=pass smtp.mailfrom={sender}" if authenticated else "none"
    mail = (
        f"Authentication-Results: {AUTHSERV};\r\n {found}\r\n"
        f"Received: from mail.{domain} by {AUTHSERV}; {world.clock():%a, %d %b %Y %H:%M:%S +0000}\r\n"
        f"From: {sender}\r\nTo: {to}\r\nSubject: {code}\r\nMessage-ID: <{code}@{domain}>\r\n{more}\r\n\r\n"
    )
    return await world.mail(mail.encode(), sender, to)


def state_of(answer: Page) -> str:
    """The state that an answer tells, as it says it to programs; ``refused`` where it tells none."""
    found = re.search(r'<main [^>]*data-state="([a-z-]+)"|^\{.*"state": ?"([a-z-]+)"', answer.text)
    return (found[1] or found[2]) if found else "refused"


def code_of(answer: Page) -> str:
    """The code for a first mail in an answer; empty where it has none."""
    found = re.search(r'id="mail-first-subject">([a-z2-7]{26})<|"prove\+([a-z2-7]{26})@', answer.text)
    return (found[1] or found[2]) if found else ""


def visitors(count: int, chance: random.Random, first: int = 0) -> list[Visitor]:
    """Honest visitors in exactly the mix above, numbered from ``first`` on.

    Most write from a free-mail provider, some share a company's network.
    """
    kinds = [kind for kind, share in MIX for _ in range(share)]
    made = []
    for number in range(count):
        company = chance.random() < 0.4
        domain = f"company-{chance.randrange(60)}.example" if company else chance.choice(FREE_MAIL)
        network = (
            f"20.{zlib.crc32(domain.encode()) % 200}.7"
            if company
            else f"31.{chance.randrange(256)}.{chance.randrange(256)}"
        )
        made.append(
            Visitor(
                number=first + number,
                kind=kinds[number * len(kinds) // count],
                email=f"visitor.{first + number}@{domain}",
                ip=f"{network}.{chance.randrange(1, 255)}",
                chance=chance,
            )
        )
    chance.shuffle(made)
    return made


WORDS = (  # ordinary words; what matters is only that no two texts are alike
    "the order printer invoice arrived broken again please help login screen shows error after update yesterday we need "
    "a copy of contract number address changed delivery late twice box empty cable missing thanks in advance password "
    "reset does not work on my phone since monday report export stops halfway with blank page"
).split()  # a list of words reads better as words
