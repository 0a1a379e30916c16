"""Where a request came from: the peer, or what trusted proxies say of it, read from the right."""

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from stillpost.model import Source

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

UNKNOWN = Source("", ())
"""A keyed call that passed no client address: it is counted under no network."""

_MAX_HOPS = 32
_MAX_HOP_CHARS = 64  # an IPv6 address takes 39, its zone the rest
_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_DOTTED = re.compile(rf"(?:{_BYTE}\.){{3}}{_BYTE}")


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Parsed networks. Raises ValueError for anything else."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def client_ip(peer: str, forwarded_for: Sequence[str], trusted: tuple[Network, ...]) -> str:
    """The client's address.

    ``forwarded_for``: the X-Forwarded-For fields in order. Only what a trusted proxy appended is believed: from the
    right, past trusted addresses, to the first that is not. A forged or malformed entry ends the walk at the last
    believed address, so a stranger can choose nothing but his own place.
    """
    if not trusted or not _within(peer, trusted):
        return peer
    hops = ",".join(forwarded_for).split(",")[-_MAX_HOPS:]
    believed = peer
    for hop in reversed(hops):
        address = _address(hop.strip())
        if not address:
            return believed
        believed = address
        if not _within(address, trusted):
            return believed
    return believed


def _address(hop: str) -> str:
    """The address of a hop, IPv6 in its short form; empty if it is none."""
    if _DOTTED.fullmatch(hop):
        return hop
    if len(hop) > _MAX_HOP_CHARS:
        return ""
    try:
        return str(ipaddress.ip_address(hop))
    except ValueError:
        return ""


@lru_cache(maxsize=4096)
def source_of(ip: str) -> Source:
    """The address with the networks it is counted under: /24, or /64, /56 and /48. Raises ValueError."""
    if _DOTTED.fullmatch(ip):
        return Source(ip, (f"{ip.rpartition('.')[0]}.0/24",))
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            wide = (ipaddress.ip_network((address, bits), strict=False) for bits in (64, 56, 48))
            return Source(str(address), tuple(map(str, wide)))
        address = address.ipv4_mapped
    return Source(str(address), (str(ipaddress.ip_network((address, 24), strict=False)),))


@lru_cache(maxsize=4096)
def _within(text: str, trusted: tuple[Network, ...]) -> bool:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in trusted)
