"""Which Received field is our own mail exchanger's: the border between what we may believe and what anybody wrote.

The border is the first Received from the top whose peer is outside. Everything above it our own servers wrote; its time
is the clock, since ``Date:`` and every Received below it are the sender's claims. A hop is inside only by what its peer
cannot choose: its address, a name our server looked up itself, or the protocol. A HELO name alone never makes a hop
inside, or a forger who greets as our provider would push the border down to a field he wrote; nor does the name of a
provider whose customers all send from it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_network
from typing import Final, final

from stillpost.mail.domains import is_free_mail, is_ip_address, organization
from stillpost.mail.message import Headers
from stillpost.mail.received import VALUE_MAX_LENGTH, Hop, address, hop_of, parse_date, parse_received, parts_of

RECEIVED_MAX: Final = 60  # hops looked at; a longer way is a loop
EARLIEST: Final = datetime(1982, 8, 13, tzinfo=UTC)  # RFC 822; an earlier date is a clock that was never set
_HOPS_REMEMBERED: Final = 4_096  # the least recently seen is forgotten first


@final
@dataclass(frozen=True, slots=True)
class Border:
    """Our own mail exchanger's Received: its position in ``Headers.fields`` and what it says."""

    at: int
    hop: Hop


class Clock(StrEnum):
    """Where an arrival time comes from, best first.

    ``OWN``: no hop came from outside, so the lowest Received is our own first server's. ``DATE``: the sender's claim.
    """

    BORDER = "border"
    OWN = "own"
    INTERNALDATE = "internaldate"
    SEPARATOR = "separator"
    DATE = "date"
    UNKNOWN = "unknown"


@final
@dataclass(frozen=True, slots=True)
class Arrival:
    """When a mail arrived, aware UTC, and how we know; None only where the clock is ``UNKNOWN``."""

    at: datetime | None
    clock: Clock


def border_of(headers: Headers) -> Border | None:
    """The first Received from the top whose peer is outside, or None where there is none (our own mail, no field).

    For mail that our own mail exchanger has stamped: in a mailbox, or handed on by it. While it is being received its
    Received is not written yet, and every field is the sender's: there ``border_of_connection`` is the border.
    """
    hops = 0
    for at, (field, value) in enumerate(headers.fields):
        if field != "received":
            continue
        said = value[:VALUE_MAX_LENGTH]
        parts = parts_of(said)
        if parts.is_from and not _is_inside(parts.name, parts.ip, parts.by, parts.protocol):
            return Border(at, hop_of(said, parts))
        hops += 1
        if hops == RECEIVED_MAX:
            break
    return None


def border_of_connection(name: str, ip: str, at: datetime) -> Border:
    """The border of a mail that is just arriving (a milter, an SMTP listener): the connection, above every field.

    In: the peer's looked-up name (empty where the server found none, or only an unverified one), its address, the time
    now, aware. With it ``auth.results_from`` believes only fields with an authserv-id that is named to it.
    """
    return Border(-1, Hop(name=name.lower().rstrip("."), ip=address(ip.strip("[]")), at=at, is_from=True))


def arrival(
    headers: Headers,
    border: Border | None,
    *,
    latest: datetime,
    internal_date: datetime | None = None,
    separator: datetime | None = None,
) -> Arrival:
    """When the mail arrived at our side.

    In: ``latest``, what no arrival can be after (now, or when the mailbox was taken); IMAP's INTERNALDATE and the time
    of the mbox separator line where there are any; all aware. A time before ``EARLIEST`` or after ``latest`` is not
    believed. Out: the border's time, else those two, else ``Date:``.
    """
    own, clock = (border.hop.at, Clock.BORDER) if border else (_first_own(headers), Clock.OWN)
    if own is not None and EARLIEST <= own <= latest:
        return Arrival(own, clock)
    candidates = (
        (internal_date, Clock.INTERNALDATE),
        (separator, Clock.SEPARATOR),
        (parse_date(headers.first("date")), Clock.DATE),
    )
    for at, clock in candidates:
        if at is not None and EARLIEST <= at <= latest:
            return Arrival(at.astimezone(UTC), clock)
    return Arrival(None, Clock.UNKNOWN)


def _first_own(headers: Headers) -> datetime | None:
    value = headers.all("received")[-1:]
    return parse_received(value[0]).at if value else None


# By no public address at all, or by protocols that only fetch or deliver.
_INNER = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
_FETCHED = frozenset(["pop3", "pop3s", "imap", "imaps", "lmtp", "lmtps", "lmtpa", "lmtpsa", "local"])

# Hops between Exchange Online's own servers (all 18 of Microsoft's mails we read); no customer has such an address.
_EXCHANGE_ONLINE = ip_network("2603:1080::/25")
_MICROSOFT = frozenset(["outlook.com", "office365.com"])

# Providers whose customers send from the provider's own names: a peer of the same organization is a stranger there.
_SHARED = frozenset(
    ["1and1.com", "amazonaws.com", "amazonses.com", "apple.com", "gmail.com", "google.com", "gmx.net", "icloud.com",
     "ionos.com", "kundenserver.de", "mail.ru", "messagingengine.com", "office365.com", "outlook.com", "ovh.net",
     "protonmail.ch", "proton.me", "secureserver.net", "yahoo.com", "yandex.net", "yandex.ru", "zoho.com", "zoho.eu"]
)  # fmt: skip


@lru_cache(maxsize=_HOPS_REMEMBERED)
def _is_inside(name: str, ip_text: str, by: str, protocol: str) -> bool:
    """Whether the peer of a hop is on our side, by its looked-up name, its address, our server, the protocol."""
    if protocol in _FETCHED:
        return True
    ip = address(ip_text)
    if ip is not None:
        if any(ip in network for network in _INNER):
            return True
        if ip in _EXCHANGE_ONLINE and organization(by) in _MICROSOFT:
            return True
    if not name or "." not in by or is_ip_address(by):
        return False
    owner = organization(by)
    return owner == organization(name) and owner not in _SHARED and not is_free_mail(owner)
