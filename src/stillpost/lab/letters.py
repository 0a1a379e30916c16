"""What the lab's companies write: the texts of one half, and the header each platform gives them.

Headers have the shapes of ``mail/platforms.toml`` (real marks, made-up customers), so that a wave in the lab is attributed
as a real one is. The recipient's server is ``mx.example.org`` and says what it found out, as real ones do.
"""

import random
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final, final

OWN_SERVER: Final = "mx.example.org"
HALVES: Final = ("development", "test")

_FIRST = (
    "Alder Birch Cobalt Delta Ember Fjord Garnet Harbor Indigo Juniper Kestrel Lumen Maple Nimbus Opal Pioneer Quartz"
    " Raven Sable Tundra Umber Velvet Willow Xenon Yonder Zephyr"
).split()
_SECOND = (
    "Works Outfitters Games Travel Foods Media Books Cycles Energy Clinic Academy Studio Labs Garden Coffee Tools Sports"
    " Fashion Music Press"
).split()


@final
@dataclass(frozen=True, slots=True)
class Company:
    """A made-up company: its name, its domain, the address it writes from, its server's address, a number of its own."""

    number: int
    name: str
    domain: str
    ip: str

    @property
    def hexadecimal(self) -> str:
        """Its number as platforms write tenants: seven hexadecimal digits."""
        return f"{0x1A00000 + self.number:07x}"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail before it has a header: when, from whom, to whom, its words, and its number in the world."""

    company: Company
    at: datetime
    to: str
    subject: str
    text: str
    number: int
    ticket: int


@cache
def texts(half: str) -> Mapping[str, Sequence[Mapping[str, str]]]:
    """The texts of a half (``development`` or ``test``) by what they are for."""
    table: Mapping[str, Any] = tomllib.loads(
        files("stillpost.lab").joinpath(f"letters_{half}.toml").read_text(encoding="utf-8")
    )
    return table


def company(number: int) -> Company:
    """The company of this number; different numbers have nothing in common."""
    chance = random.Random(f"company {number}")
    first, second = chance.choice(_FIRST), chance.choice(_SECOND)
    label = f"{first}{second}{number}".lower()
    ip = f"198.{18 + number % 2}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
    return Company(number, f"{first} {second}", f"{label}.example", ip)


def zendesk(letter: Letter) -> bytes:
    """Sent by Zendesk under its own name."""
    who = letter.company
    key = f"{0x100000000000 + letter.ticket:X}"[:11].translate(str.maketrans("ABCDEF", "GHJKLM"))
    stamp = f"{int(letter.at.timestamp()):x}"
    return _mail(
        letter,
        peer=f"outbyoip{letter.number % 9}.pod17.use1.zdsys.com",
        ip=f"188.172.{128 + letter.number % 8}.{1 + letter.number % 250}",
        sender=f"support@{who.domain.partition('.')[0]}.zendesk.com",
        checks=("dkim=pass header.d=zendesk.com header.s=zendesk1", "spf=pass smtp.mailfrom=zendesk.com"),
        message_id=f"{key}_{stamp}983_{letter.number:013x}_sprut@zendesk.com",
        fields=(
            f"In-Reply-To: <{key}@zendesk.com>",
            "Auto-Submitted: auto-generated",
            "X-Auto-Response-Suppress: All",
            "X-Mailer: Zendesk Mailer",
            f"X-Zendesk-From-Account-Id: {who.hexadecimal}",
        ),
    )


def intercom(letter: Letter) -> bytes:
    """Sent by Intercom, signed by it."""
    return _own(
        letter,
        f"{letter.number}@outbound.intercom.{letter.company.domain}",
        checks=("dkim=pass header.d=intercom-mail.com header.s=s1",),
        fields=(
            f"X-Intercom-App-Id: a{letter.company.hexadecimal}",
            "X-Intercom-Bin: x",
            f"References: <c{letter.ticket}@intercom>",
            "X-Auto-Response-Suppress: OOF, AutoReply",
        ),
    )


def helpscout(letter: Letter) -> bytes:
    """Sent by Help Scout, signed by it."""
    return _own(
        letter,
        f"reply-{10_000 + letter.company.number}-{letter.ticket}-{letter.number}@helpscout.net",
        checks=("dkim=pass header.d=helpscout.net header.s=strong1",),
        fields=("X-Hs-Format: 2", f"X-Msg-Context: HS-1-{letter.ticket}", "Auto-Submitted: auto-replied"),
    )


def salesforce(letter: Letter) -> bytes:
    """Sent by Salesforce from an envelope address of its own."""
    who = letter.company
    return _own(
        letter,
        f"{letter.number}.{letter.ticket}@sfdc.net",
        checks=(f"spf=pass smtp.mailfrom=support={who.domain}__0-1a2b@a1b2.bnc.salesforce.com",),
        fields=(
            f"X-SFDC-LK: 00D{who.number:012d}",
            f"X-Sfdc-EntityId: 500{letter.ticket:012d}",
            "X-SFDC-EmailCategory: apiSingleMail",
        ),
    )


def jira(letter: Letter) -> bytes:
    """Sent by Jira in the cloud, under the site's name."""
    site = f"{letter.company.domain.partition('.')[0]}.atlassian.net"
    return _mail(
        letter,
        peer="mail-us.atlassian.net",
        ip="203.0.113.32",
        sender=f"jira@{site}",
        checks=(f"dkim=pass header.d={site} header.s=s1", f"dmarc=pass header.from={site}"),
        message_id=f"{letter.number:08x}-0000-4000-8000-{letter.ticket:012x}@{site}",
        fields=(
            "X-JIRA-FingerPrint: 0123456789abcdef0123456789abcdef",
            "Precedence: bulk",
            "Auto-Submitted: auto-generated",
        ),
    )


def freshdesk(letter: Letter) -> bytes:
    """Sent by Freshdesk under the customer's subdomain."""
    site = f"{letter.company.domain.partition('.')[0]}.freshdesk.com"
    return _mail(
        letter,
        peer=f"mail{letter.number % 9}.freshemail.example",
        ip="203.0.113.40",
        sender=f"support@{site}",
        checks=(f"dkim=pass header.d={site} header.s=fs1", f"dmarc=pass header.from={site}"),
        message_id=f"{letter.number}.{letter.ticket}@{site}",
        fields=("Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: DR, RN, OOF, AutoReply"),
    )


def osticket(letter: Letter) -> bytes:
    """Sent by an osTicket of the company's own."""
    token = f"{letter.number:05x}"
    return _own(
        letter,
        f"B{letter.company.hexadecimal[:6]}-{token}-AQAAAAAAAAABAAAA{letter.ticket:08x}-support@{letter.company.domain}",
        fields=("X-Mailer: =?UTF-8?Q?osTicket=20Mailer?=", "Auto-Submitted: =?UTF-8?Q?auto-replied?="),
    )


def rt(letter: Letter) -> bytes:
    """Sent by a Request Tracker of the company's own."""
    name = f"rt.{letter.company.domain}"
    return _own(
        letter,
        f"rt-5.0.3-{letter.number}-{int(letter.at.timestamp())}-646.{letter.ticket}-9-0@{letter.company.domain}",
        fields=(
            f"X-RT-Ticket: {name} #{letter.ticket}",
            f"X-RT-Loop-Prevention: {name}",
            "Auto-Submitted: auto-replied",
        ),
        prefix=f"[{name} #{letter.ticket}] AutoReply: ",
    )


def zammad(letter: Letter) -> bytes:
    """Sent by a Zammad of the company's own."""
    return _own(
        letter,
        f"{letter.number}.1.2@{letter.company.domain}",
        fields=("X-Mailer: Zammad Mail Service", "X-Loop: yes", "Precedence: bulk", "Auto-Submitted: auto-generated"),
        prefix=f"[Ticket#{letter.ticket}] ",
    )


def freescout(letter: Letter) -> bytes:
    """Sent by a FreeScout of the company's own; nothing else says that it is automatic."""
    return _own(letter, f"FS_autoreply-{letter.ticket}-{letter.number:016x}@{letter.company.domain}")


def form(letter: Letter) -> bytes:
    """Sent by a web site's own form: no mark at all, from an address that no single person has."""
    local = ("info", "noreply", "support", "hello", "contact")[letter.company.number % 5]
    return _own(letter, f"{letter.number:x}@{letter.company.domain}", local=local)


def wordpress(letter: Letter) -> bytes:
    """Sent by a WordPress site by itself: nothing says that it is automatic but the program's name."""
    return _own(
        letter,
        f"{letter.number:x}{letter.ticket:x}@{letter.company.domain}",
        local="anna" if letter.company.number % 2 else "wordpress",
        fields=("X-Mailer: PHPMailer 6.9.1 (https://github.com/PHPMailer/PHPMailer)",),
    )


def mailing(letter: Letter) -> bytes:
    """Sent by a newsletter service, with a way to unsubscribe."""
    domain = letter.company.domain
    return _own(
        letter,
        f"{letter.number:x}.{letter.ticket:x}@bulk.example",
        local="news",
        fields=(f"List-Unsubscribe: <https://bulk.example/u/{letter.number}>", f"List-Id: <news.{domain}>"),
    )


def person(letter: Letter) -> bytes:
    """Written by hand."""
    return _own(
        letter, f"{letter.number:x}@{letter.company.domain}", local="thea.lindner", fields=("User-Agent: Mail/2.0",)
    )


def known(letter: Letter) -> bytes:
    """Sent by a company the recipient knows, by its own programs."""
    return _own(
        letter,
        f"{letter.number:x}@{letter.company.domain}",
        local="service",
        fields=("Auto-Submitted: auto-generated",),
    )


TICKETS: Final[tuple[tuple[Callable[[Letter], bytes], int], ...]] = (
    (zendesk, 40),
    (intercom, 6),
    (helpscout, 6),
    (salesforce, 6),
    (jira, 4),
    (freshdesk, 6),
    (osticket, 6),
    (rt, 4),
    (zammad, 4),
    (freescout, 5),
    (form, 13),
    (wordpress, 0),
)
"""Who answers a request, and how often of a hundred; those of 0 only where they are asked for."""


def _own(
    letter: Letter,
    message_id: str,
    *,
    local: str = "support",
    checks: tuple[str, ...] = (),
    fields: tuple[str, ...] = (),
    prefix: str = "",
) -> bytes:
    """From the company's own domain and server."""
    domain = letter.company.domain
    return _mail(
        letter,
        peer=f"mail.{domain}",
        ip=letter.company.ip,
        sender=f"{local}@{domain}",
        checks=(*checks, f"dkim=pass header.d={domain} header.s=s1", f"dmarc=pass header.from={domain}"),
        message_id=message_id,
        fields=fields,
        prefix=prefix,
    )


def _mail(
    letter: Letter,
    *,
    peer: str,
    ip: str,
    sender: str,
    checks: tuple[str, ...],
    message_id: str,
    fields: tuple[str, ...],
    prefix: str = "",
) -> bytes:
    date = format_datetime(letter.at)
    head = [
        f"Return-Path: <bounce+{letter.number}@{sender.partition('@')[2]}>",
        "Authentication-Results: " + ";\n ".join((OWN_SERVER, *checks)),
        f"Received: from {peer} ({peer} [{ip}])\n\tby {OWN_SERVER} (Postfix) with ESMTPS id {letter.number:X}\n\tfor <{letter.to}>; {date}",
        f"Date: {date}",
        f"From: {letter.company.name} <{sender}>",
        f"To: {letter.to}",
        f"Message-ID: <{message_id}>",
        f"Subject: {_encoded(prefix + letter.subject)}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        *fields,
    ]
    return ("\n".join(head) + "\n\n" + letter.text + "\n").encode()


def _encoded(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=10_000).encode()
