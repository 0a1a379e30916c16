"""A whole Stillpost in process: memory store, a clock that is pushed, a relay and a helpdesk that keep what they get.

Nothing here opens a socket: requests go into the ASGI application, first mails into the SMTP door's own function, and
whatever is sent stays in a list. The lab can hurt nobody.
"""

import re
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from typing import Any, TypeAlias, final
from urllib.parse import urlencode

from starlette.types import ASGIApp

from stillpost.config import Config, HelpdeskConfig, PortalConfig
from stillpost.config.secrets import Secrets
from stillpost.doors.http.app import build_app
from stillpost.doors.smtp.dkim import Resolve
from stillpost.doors.smtp.door import FirstMailDoor, Peer
from stillpost.doors.smtp.options import InboundOptions
from stillpost.engine.policy import Policy
from stillpost.helpdesks.products import PRODUCTS
from stillpost.helpdesks.protocol import Helpdesk
from stillpost.intake.limits import Limits
from stillpost.intake.portal import PortalOptions
from stillpost.intake.voucher import write_voucher
from stillpost.journal import Journal, Write
from stillpost.mail.compose import Outgoing
from stillpost.mailer import Mailer, RelayOptions
from stillpost.model import ProofMode, Ticket
from stillpost.reception.portal import Portal
from stillpost.service.running import http_context, mail_door
from stillpost.service.wiring import House, build_house
from stillpost.store.memory import memory_store
from stillpost.store.protocol import Store

START = datetime(2026, 1, 18, 8, 0, tzinfo=UTC)
PORTAL = "support"
PROVE = "prove@support.lab.example"
Fields: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]]
AUTHSERV = "mx.lab.example"


@final
class LabClock:
    """A clock that stands still until it is pushed."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        """The lab's time."""
        return self.at

    def push(self, **by: float) -> datetime:
        """Move it: ``push(minutes=5)``; negative values jump back."""
        self.at += timedelta(**by)
        return self.at


@final
class LabMailer:
    """A relay that keeps every mail, and when it came; counts by recipient."""

    def __init__(self, clock: LabClock) -> None:
        self.clock = clock
        self.sent: list[Outgoing] = []
        self.times: list[datetime] = []
        self.newest: dict[str, Outgoing] = {}
        self.count: Counter[str] = Counter()

    async def connect(self) -> "LabMailer":
        """Always there."""
        return self

    async def offer(self, mail: Outgoing) -> None:
        """Refuse nobody."""

    async def send(self, mail: Outgoing) -> None:
        """Keep one mail."""
        self.sent.append(mail)
        self.times.append(self.clock())
        self.newest[mail.recipient] = mail
        self.count[mail.recipient] += 1

    async def close(self) -> None:
        """Nothing to close."""


@final
class LabHelpdesk:
    """A helpdesk that keeps every ticket."""

    product = "lab"
    can_be_quiet = True
    exactly_once = True

    def __init__(self) -> None:
        self.tickets: list[Ticket] = []
        self.files: dict[str, tuple[bytes, ...]] = {}

    async def deliver(self, ticket: Ticket, files: Sequence[bytes]) -> str:
        """Keep one ticket."""
        self.tickets.append(ticket)
        self.files[ticket.id] = tuple(files)
        return ticket.id

    async def check(self) -> str:
        """Always there."""
        return "the lab's helpdesk is there"

    async def aclose(self) -> None:
        """Nothing to close."""


@final
@dataclass(frozen=True, slots=True)
class Page:
    """An answer of the application: status, headers (lower case), text."""

    status: int
    headers: Mapping[str, str]
    text: str


@final
@dataclass(slots=True, kw_only=True)
class World:
    """The product with its surroundings."""

    clock: LabClock
    house: House
    app: ASGIApp
    door: FirstMailDoor
    mailer: LabMailer
    helpdesk: LabHelpdesk
    errors: list[str] = field(default_factory=list)

    async def get(self, path: str, ip: str, cookie: str = "") -> Page:
        """A GET from a client."""
        return await self.ask("GET", path, ip, {"cookie": cookie} if cookie else {})

    async def post(self, path: str, fields: Fields, ip: str, cookie: str = "") -> Page:
        """A form posted by a client."""
        headers = {"content-type": "application/x-www-form-urlencoded"} | ({"cookie": cookie} if cookie else {})
        return await self.ask("POST", path, ip, headers, [urlencode(fields).encode()])

    async def mail(self, content: bytes, sender: str, recipient: str) -> str:
        """A mail to the mail-first door, as the operator's own mail server hands it over; the SMTP reply."""
        peer = Peer(ip="127.0.0.1", helo="mx.lab.example")
        return await self.door.take(peer, sender, [recipient], content)

    def voucher(self, email: str) -> str:
        """What a site that knows its signed-in visitor puts into the form."""
        return write_voucher(self.house.keys[PORTAL], PORTAL, email, secrets.token_hex(16), self.clock())

    async def work(self) -> None:
        """Let the outbox work until nothing is due."""
        while await self.house.outbox.work():
            continue

    async def ask(self, method: str, path: str, ip: str, headers: Fields, chunks: Sequence[bytes | None] = ()) -> Page:
        """Any request; ``chunks`` arrive one after the other, a None among them is a client that went away."""
        raw_path, _, query = path.partition("?")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": raw_path,
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", b"support.lab.example")]
            + [
                (name.lower().encode(), value.encode("latin-1"))
                for name, value in (headers.items() if isinstance(headers, Mapping) else headers)
            ],
            "client": (ip, 40000) if ip else None,
            "server": ("127.0.0.1", 443),
        }
        sent: list[Any] = []

        waiting = list(chunks) or [b""]

        async def receive() -> Any:
            chunk = waiting.pop(0) if waiting else None
            if chunk is None:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        answered = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        text = b"".join(message.get("body", b"") for message in sent[1:]).decode()
        if sent[0]["status"] >= 500:
            self.errors.append(f"{method} {raw_path.split('/')[1]}: {sent[0]['status']}")
        return Page(sent[0]["status"], answered, text)


def lab_portal(**changes: Any) -> PortalOptions:
    """A portal of the lab, with these options changed."""
    return PortalOptions(**({"title": "Lab Support", "base_url": "https://support.lab.example"} | changes))


def lab_config(portals: Mapping[str, PortalOptions], **sections: Any) -> Config:
    """A configuration of the lab: these portals before the lab's helpdesk, and sections as they are given."""
    helpdesk = HelpdeskConfig(PRODUCTS[0], PRODUCTS[0].options())
    settings: dict[str, Any] = {
        "relay": RelayOptions(from_="support@support.lab.example"),
        "inbound": InboundOptions(address=PROVE, authserv_ids=(AUTHSERV,)),
    }
    return Config(
        portals={name: PortalConfig(options, helpdesk) for name, options in portals.items()}, **(settings | sections)
    )


def build_world(
    config: Config,
    *,
    write: Write = lambda line: None,
    resolve: Resolve | None = None,
    store: Store | None = None,
    relay: Mailer | None = None,
    desk: Helpdesk | None = None,
) -> World:
    """A world of this configuration; the journal goes to ``write``, DKIM keys come from ``resolve``.

    ``store``, ``relay`` and ``desk`` stand in for the memory store and for the relay and helpdesk that keep everything.
    """
    clock = LabClock()
    mailer, helpdesk = LabMailer(clock), LabHelpdesk()
    keys = Secrets(((secrets.token_bytes(32), START),), secrets.token_bytes(32))
    portals = {
        name: Portal(
            name=name,
            options=portal.options,
            policy=Policy(mode=portal.options.mode),
            from_address=portal.options.from_ or config.relay.from_,
            prove_address=config.inbound.address,
            helpdesk=desk or helpdesk,
        )
        for name, portal in config.portals.items()
    }
    house = replace(
        build_house(
            config, keys, store or memory_store(keys.store), Journal(write, clock), portals, relay or mailer, clock
        ),
        keys={name: secrets.token_hex(16).encode() for name in portals},
    )
    app = build_app(http_context(house, lambda: ""))
    door = mail_door(house, resolve or no_dns)
    return World(clock=clock, house=house, app=app, door=door, mailer=mailer, helpdesk=helpdesk)


@asynccontextmanager
async def open_world(proof: ProofMode, limits: Limits) -> AsyncIterator[World]:
    """A world with one portal in this mode."""
    yield build_world(lab_config({PORTAL: lab_portal(proof=proof)}, limits=limits))


def no_dns(name: bytes, timeout: int = 5) -> bytes | None:
    """The lab's resolver: no key is ever found."""
    return None


def link_in(mail: Outgoing, what: str) -> str:
    """The path of the ``confirm`` or ``not-me`` link in one of our mails."""
    text = message_from_bytes(mail.content).get_payload(decode=True)
    found = re.search(rf"https://support\.lab\.example(/{what}/\S+)", text.decode() if isinstance(text, bytes) else "")
    if found is None:
        message = f"no {what} link in a mail of ours"
        raise ValueError(message)
    return found[1]


def hidden_field(page: Page, name: str) -> str:
    """The value of a hidden field of a form."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    return found[1] if found else ""
