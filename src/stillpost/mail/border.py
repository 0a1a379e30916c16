"""Which Received field is our own mail exchanger's: the border between what we may believe and what anybody wrote.

The border is the first Received from the top whose peer is outside. Everything above it our own servers wrote; its time
is the clock, since ``Date:`` and every Received below it are the sender's claims. A hop is inside only by what its peer
cannot choose: its address, a name our server looked up itself, or the protocol. A HELO name alone never makes a hop
inside, or a forger who greets as our provider would push the border down to a field he wrote.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, final

from stillpost.mail.domains import is_free_mail, is_ip_address, organization
from stillpost.mail.message import Headers

RECEIVED_MAX: Final = 60  # hops looked at; a longer way is a loop
VALUE_MAX_LENGTH: Final = 4_096
EARLIEST: Final = datetime(1982, 8, 13, tzinfo=UTC)  # RFC 822; an earlier date is a clock that was never set


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One Received field (RFC 5321 section 4.4): ``helo`` is what the peer said, ``name`` what the server looked up.

    ``name`` is empty where the server found none or does not say which it is; ``at`` is aware UTC, None where
    unreadable. ``protocol`` is lower case.
    """

    helo: str = ""
    name: str = ""
    ip: IPv4Address | IPv6Address | None = None
    by: str = ""
    protocol: str = ""
    at: datetime | None = None
    is_from: bool = False


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


_COMMON = re.compile(
    r"from\s+([^\s()]+)\s+"
    r"(?:\((?:(?:([A-Za-z0-9._-]+)\s+)?\[(?:IPv6:)?([0-9A-Fa-f.:]+)\]|([0-9A-Fa-f.:]+))\)|\[([0-9A-Fa-f.:]+)\])"
    r"(?:\s+\((?:[^()]|\([^()]*\))*\))?\s+by\s+([A-Za-z0-9._-]+)(?:\s+\([^()]*\))?(?:\s+with\s+([A-Za-z0-9]+))?",
    re.IGNORECASE,
)
_PEER = re.compile(r"\s*from\s+(\S+)", re.IGNORECASE)
_BY = re.compile(r"(?:^|[\s)])by\s+([A-Za-z0-9._:\[\]-]+)", re.IGNORECASE)
_WITH = re.compile(r"\swith\s+([A-Za-z0-9]+)", re.IGNORECASE)
_COMMENT = re.compile(r"\((?:[^()]|\([^()]*\))*\)")
_NAMED_ADDRESS = re.compile(r"(?:([A-Za-z0-9._-]+)\s+)?\[(?:IPv6:)?([0-9A-Fa-f:.]{3,45})\]")
_LOOSE_ADDRESS = re.compile(
    r"(?<![\w.:-])((?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3})(?![\w.:-])"
)


def parse_received(value: str) -> Hop:
    """One Received field, by Postfix, Exim, Sendmail, Exchange, qmail, Google and their like. Never raises.

    A looked-up name is taken only in forms where the server says so: ``helo (name [ip])``, and Exim's
    ``name ([ip] helo=…)``; not where Sendmail adds "may be forged". What is missing or odd stays empty.
    """
    value = value[:VALUE_MAX_LENGTH]
    hop = _common(value) or _uncommon(value)
    return replace(hop, at=parse_date(value[value.rfind(";") + 1 :]))


def _common(value: str) -> Hop | None:
    """The form nearly every server writes, in one expression."""
    found = _COMMON.match(value)
    if found is None:
        return None
    helo, name, bracketed, bare, alone, by, protocol = found.groups()
    name = "" if not name or name.lower() == "unknown" else name.lower().rstrip(".")
    return Hop(
        helo=helo.strip("[]").lower(),
        name=name,
        ip=_address(bracketed or bare or alone),
        by=by.lower().rstrip("."),
        protocol=(protocol or "").lower(),
        is_from=True,
    )


def _uncommon(value: str) -> Hop:
    path = value[: value.rfind(";")] if ";" in value else value
    peer = _PEER.match(path)
    rest = _COMMENT.sub(" ", path)
    by, protocol = _BY.search(rest), _WITH.search(rest)
    helo, name, ip = _peer(path, peer) if peer else ("", "", None)
    return Hop(
        helo=helo,
        name=name,
        ip=ip,
        by=by[1].strip("[]").lower().rstrip(".") if by else "",
        protocol=protocol[1].lower() if protocol else "",
        is_from=peer is not None,
    )


def _peer(path: str, peer: re.Match[str]) -> tuple[str, str, IPv4Address | IPv6Address | None]:
    """HELO, looked-up name and address of the peer, out of what stands between ``from`` and ``by``."""
    first = peer[1].strip("[]();,").lower()
    end = _BY.search(path, peer.end())
    said = path[peer.end() : end.start() + 1 if end else len(path)]
    found = _NAMED_ADDRESS.search(said)
    loose = found or _LOOSE_ADDRESS.search(said)
    ip = _address(found[2] if found else loose[1] if loose else first)
    name = ""
    if found and "may be forged" not in said:
        if "helo=" in said and peer[1][0] not in "[(":
            name = first  # Exim
        elif found[1] and found[1].lower() != "unknown":
            name = found[1].lower().rstrip(".")
    return first, name, ip


@lru_cache(maxsize=4_096)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        ip = ip_address(text)
    except ValueError:
        return None
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip


def border_of(headers: Headers) -> Border | None:
    """The first Received from the top whose peer is outside, or None where there is none (our own mail, no field)."""
    hops = 0
    for at, (name, _) in enumerate(headers.fields):
        if name != "received":
            continue
        value = headers.value(at)[:VALUE_MAX_LENGTH]
        if not _is_inside(_common(value) or _uncommon(value)):
            return Border(at, parse_received(value))
        hops += 1
        if hops == RECEIVED_MAX:
            break
    return None


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
    candidates = (
        (border.hop.at, Clock.BORDER) if border else (_first_own(headers), Clock.OWN),
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


_ZONE_MAX_MINUTES = 14 * 60
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_DATE = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?(\d{1,2})[\s-]+([A-Za-z]{3})[A-Za-z]{0,6}[\s-]+(\d{2,4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?"
    r"(?:\.\d+)?\s*([+-]\d{4}|[A-Z]{1,4})?"
)
_SEPARATOR_DATE = re.compile(
    r"([A-Za-z]{3})\s+(\d{1,2})\s+(\d{2}):(\d{2})(?::(\d{2}))?\s+(?:([+-]\d{4}|[A-Z]{1,4})\s+)?(\d{4})(?:\s+([+-]\d{4}))?"
)
# RFC 5322 section 4.3; any other name says nothing.
_ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "CET": 1, "CEST": 2}


def parse_date(value: str) -> datetime | None:
    """A date of RFC 5322 section 3.3 with its obsolete forms, as aware UTC; None for anything else. Never raises."""
    found = _DATE.search(value[:200])
    if found is None:
        return None
    day, month, year, hour, minute, second, zone = found.groups()
    return _moment(year, month, day, hour, minute, second, zone)


def parse_separator(line: str) -> datetime | None:
    """The time of an mbox separator line (``From a@b Mon Nov 23 10:00:00 2026``), UTC unless it says otherwise."""
    found = _SEPARATOR_DATE.search(line[:400])
    if found is None:
        return None
    month, day, hour, minute, second, zone, year, zone_after = found.groups()
    return _moment(year, month, day, hour, minute, second, zone or zone_after)


def _moment(
    year: str, month: str, day: str, hour: str, minute: str, second: str | None, zone: str | None
) -> datetime | None:
    number = int(year)
    if len(year) < 4:  # RFC 5322 section 4.3
        number += 2000 if number < 50 else 1900
    try:
        at = datetime(
            number, _MONTHS[month.lower()], int(day), int(hour), int(minute), min(int(second or 0), 59), tzinfo=UTC
        )
        return at - _offset(zone or "")
    except (KeyError, ValueError, OverflowError):
        return None


def _offset(zone: str) -> timedelta:
    if zone[:1] in {"+", "-"}:
        minutes = int(zone[1:3]) * 60 + int(zone[3:5])
        if minutes > _ZONE_MAX_MINUTES:
            raise ValueError
        return timedelta(minutes=-minutes if zone[0] == "-" else minutes)
    return timedelta(hours=_ZONES.get(zone, 0))


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


def _is_inside(hop: Hop) -> bool:
    if not hop.is_from or hop.protocol in _FETCHED:
        return True
    if hop.ip is not None:
        if _is_inner(hop.ip):
            return True
        if hop.ip.version == 6 and hop.ip in _EXCHANGE_ONLINE and organization(hop.by) in _MICROSOFT:
            return True
    if not hop.name or "." not in hop.by or is_ip_address(hop.by):
        return False
    owner = organization(hop.by)
    return owner == organization(hop.name) and owner not in _SHARED and not is_free_mail(owner)


@lru_cache(maxsize=4_096)
def _is_inner(ip: IPv4Address | IPv6Address) -> bool:
    return any(ip in network for network in _INNER)
