"""Received fields as servers write them, and the dates in mail. Everything is bounded, nothing raises."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, NamedTuple, final

VALUE_MAX_LENGTH: Final = 4_096
_ADDRESSES_REMEMBERED: Final = 4_096  # the least recently seen is forgotten first
_WAYS_REMEMBERED: Final = 4_096  # the least recently seen is forgotten first
_WAY_MAX_LENGTH: Final = 400  # a longer one is not remembered


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


class Parts(NamedTuple):
    """The words of a Received field, lower case; ``ip`` as written; without ``from`` the peer's are empty."""

    helo: str
    name: str
    ip: str
    by: str
    protocol: str
    is_from: bool


_COMMON = re.compile(
    r"\s*from\s+([^\s()]+)\s+"
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
    """One Received field, by Postfix, Exim, Sendmail, Exchange, qmail, Google and their like; folded or not.

    A looked-up name is taken only in forms where the server says so: ``helo (name [ip])``, and Exim's
    ``name ([ip] helo=…)``; not where Sendmail adds "may be forged". What is missing or odd stays empty.
    """
    value = value[:VALUE_MAX_LENGTH]
    return hop_of(value, parts_of(value))


def hop_of(value: str, parts: Parts) -> Hop:
    """The hop of a field whose words are read."""
    helo, name, ip, by, protocol, is_from = parts
    at = parse_date(value[value.rfind(";") + 1 :])
    return Hop(helo=helo, name=name, ip=address(ip), by=by, protocol=protocol, at=at, is_from=is_from)


def parts_of(value: str) -> Parts:
    """The words of a Received field of at most ``VALUE_MAX_LENGTH`` characters, as ``parse_received`` reads it."""
    end = value.find(" id ", 0, _WAY_MAX_LENGTH)  # two servers write the same every time up to the id of the mail
    known = _way(value[:end]) if end > 0 else None
    return known or _common(value) or _uncommon(value)


@lru_cache(maxsize=_WAYS_REMEMBERED)
def _way(value: str) -> Parts | None:
    """The words of a field cut before its id, where what was cut could not change them; else None."""
    if value.count("(") != value.count(")"):
        return None
    parts = _common(value)
    return parts if parts and parts.protocol else None


def _common(value: str) -> Parts | None:
    """The words of the form nearly every server writes, in one expression."""
    found = _COMMON.match(value)
    if found is None:
        return None
    helo, name, bracketed, bare, alone, by, protocol = found.groups("")
    name = "" if name.lower() == "unknown" else name.lower().rstrip(".")
    ip = bracketed or bare or alone
    return Parts(helo.strip("[]").lower(), name, ip, by.lower().rstrip("."), protocol.lower(), True)


@lru_cache(maxsize=_ADDRESSES_REMEMBERED)
def address(text: str) -> IPv4Address | IPv6Address | None:
    """The address a text is, IPv4 where it is an IPv6 form of one; None where it is none."""
    try:
        ip = ip_address(text)
    except ValueError:
        return None
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip


def _uncommon(value: str) -> Parts:
    path = value[: value.rfind(";")] if ";" in value else value
    peer = _PEER.match(path)
    rest = _COMMENT.sub(" ", path)
    by, protocol = _BY.search(rest), _WITH.search(rest)
    helo, name, ip = _peer(path, peer) if peer else ("", "", "")
    by_name = by[1].strip("[]").lower().rstrip(".") if by else ""
    return Parts(helo, name, ip, by_name, protocol[1].lower() if protocol else "", peer is not None)


def _peer(path: str, peer: re.Match[str]) -> tuple[str, str, str]:
    """HELO, looked-up name and address of the peer, out of what stands between ``from`` and ``by``."""
    first = peer[1].strip("[]();,").lower()
    end = _BY.search(path, peer.end())
    said = path[peer.end() : end.start() + 1 if end else len(path)]
    found = _NAMED_ADDRESS.search(said)
    loose = found or _LOOSE_ADDRESS.search(said)
    ip = found[2] if found else loose[1] if loose else first
    name = ""
    if found and "may be forged" not in said:
        if "helo=" in said and peer[1][0] not in "[(":
            name = first  # Exim
        elif found[1] and found[1].lower() != "unknown":
            name = found[1].lower().rstrip(".")
    return first, name, ip


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
    """A date of RFC 5322 section 3.3 with its obsolete forms, as aware UTC; None for anything else."""
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
        seconds = min(int(second or 0), 59)  # a leap second is the second before it
        at = datetime(number, _MONTHS[month.lower()], int(day), int(hour), int(minute), seconds, tzinfo=UTC)
        return at - _offset(zone) if zone else at
    except (KeyError, ValueError, OverflowError):
        return None


@lru_cache(maxsize=256)
def _offset(zone: str) -> timedelta:
    if zone[:1] in {"+", "-"}:
        minutes = int(zone[1:3]) * 60 + int(zone[3:5])
        if minutes > _ZONE_MAX_MINUTES:
            raise ValueError
        return timedelta(minutes=-minutes if zone[0] == "-" else minutes)
    return timedelta(hours=_ZONES.get(zone, 0))
