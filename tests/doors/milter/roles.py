"""The two roles of a portal, built by the service's own wiring over a store in memory."""

from dataclasses import dataclass, field
from pathlib import Path

from stillpost.config import read_config
from stillpost.config.secrets import Secrets
from stillpost.doors.milter.codec import Peer
from stillpost.doors.milter.portal_in import PortalIn
from stillpost.doors.milter.portal_out import PortalOut
from stillpost.doors.milter.session import Arrived, Fields
from stillpost.doors.milter.to_people import ToPeople
from stillpost.journal import Journal
from stillpost.mailer import MaildirMailer
from stillpost.service.wiring import House, build_house, build_portals
from stillpost.store.memory import memory_store
from stillpost.store.protocol import Store
from tests.fakes import START, Clock

ADDRESS = "support@helpdesk.example.org"
SERVER = "mx.helpdesk.example.org"


@dataclass(slots=True)
class Made:
    """A house with both roles, its clock and what its journal wrote."""

    house: House
    clock: Clock
    journal: list[str] = field(default_factory=list)

    @property
    def inward(self) -> PortalIn:
        milter = self.house.milters["in"]
        assert isinstance(milter, PortalIn)
        return milter

    @property
    def outward(self) -> PortalOut:
        milter = self.house.milters["out"]
        assert isinstance(milter, PortalOut)
        return milter

    @property
    def people(self) -> ToPeople:
        milter = self.house.milters["people"]
        assert isinstance(milter, ToPeople)
        return milter


def made(place: Path, store: Store | None = None, **options: object) -> Made:
    """Both roles in enforce mode; ``options`` go into both tables where they know them."""
    common = {"mode": "enforce", "addresses": [ADDRESS], "keep_cc": ["helpdesk.example.org"]} | options
    inward = {"unproven": "challenge", "authserv_ids": [SERVER]} | common
    outward = {name: value for name, value in common.items() if name not in {"unproven", "authserv_ids"}}
    config = read_config(
        {
            "serve": {"state": str(place)},
            "portals": {"support": {"proof": "link"}},
            "milters": {
                "in": {"listen": "unix:/nowhere/in", "role": "portal-in", **inward},
                "out": {"listen": "unix:/nowhere/out", "role": "portal-out", **outward},
                "people": {
                    "listen": "unix:/nowhere/people",
                    "role": "recipient",
                    "mode": common["mode"],
                    "addresses": ["example.org"],
                    "authserv_ids": [SERVER],
                },
            },
        }
    )
    clock, lines = Clock(), []
    keys = Secrets(((b"k" * 32, START),), b"s" * 32)
    journal = Journal(lines.append, clock)
    portals = build_portals(config, clock)
    house = build_house(
        config, keys, store or memory_store(), journal, portals, MaildirMailer(place / "outgoing"), clock
    )
    return Made(house, clock, lines)


def arrived(
    *recipients: str,
    sender: str = "ann@example.com",
    fields: Fields = (),
    body: bytes | None = b"Please help.\r\n",
    overfull: bool = False,
    peer: Peer | None = None,
    login: str = "",
) -> Arrived:
    """A mail as Postfix shows it: ``fields`` on top of a plain one's."""
    own: Fields = (
        (b"From", b" " + sender.encode()),
        (b"To", b" " + ADDRESS.encode()),
        (b"Subject", b" a question"),
        (b"Message-ID", b" <one@example.com>"),
    )
    return Arrived(
        peer=peer or Peer(b"client.example", "inet", b"192.0.2.7", 40_000),
        helo=b"client.example",
        sender=f"<{sender}>".encode(),
        recipients=tuple(f"<{recipient}>".encode() for recipient in recipients or (ADDRESS,)),
        fields=(*fields, *own),
        body=body,
        overfull=overfull,
        leading_space=True,
        queue_id=b"4Wabc123",
        login=login.encode(),
    )
