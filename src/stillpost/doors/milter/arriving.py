"""From what the mail server showed to what reception judges: addresses, header, bytes, and what trusted filters found."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final, final

from stillpost.doors.milter.session import Arrived
from stillpost.mail.addresses import read as read_address
from stillpost.mail.auth import results_from, results_on_top
from stillpost.mail.border import border_of, border_of_connection
from stillpost.mail.message import Headers, headers_of
from stillpost.model import AuthResult
from stillpost.reception.mail import Incoming, Recipient

Networks = tuple[IPv4Network | IPv6Network, ...]

PEERLESS: Final = frozenset({"unix", "unknown"})
"""Families of connections without an address: programs of this machine (``sendmail``) and what nobody can tell."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whose findings count: ``peers``, mail servers of our own that hand mail on; ``servers``, authserv-ids of filters."""

    peers: Networks = ()
    servers: tuple[str, ...] = ()


def incoming_of(arrived: Arrived, at: datetime, trust: Trust) -> Incoming:
    """The mail as reception judges it. Raises ``MessageError`` for a header without a field."""
    headers = headers_of(arrived.fields)
    sender = _spelled(arrived.sender)
    ip = arrived.peer.address.decode("ascii", "replace").removeprefix("IPv6:")
    trusted = _is_in(ip, trust.peers)
    return Incoming(
        at=at,
        sender=sender or None,
        recipients=tuple(recipient_of(recipient) for recipient in arrived.recipients),
        headers=headers,
        content=content_of(arrived) if arrived.body is not None else None,
        client_ip=ip,
        border=border_of(headers) if trusted else border_of_connection(_name_of(arrived), ip, at),
        helo=arrived.helo.decode("latin-1"),
        local=arrived.peer.family in PEERLESS or _is_in(ip, _LOOPBACK),
        login=arrived.login.decode("utf-8", "replace"),
        results=found_by_trusted(headers, trust, trusted=trusted),
    )


def _name_of(arrived: Arrived) -> str:
    """The peer's name where the server looked one up: it writes the address in brackets where it found none."""
    name = arrived.peer.name.decode("latin-1")
    return "" if name.startswith("[") or name == "unknown" else name


def recipient_of(spelled: bytes) -> Recipient:
    """One envelope recipient."""
    text = _spelled(spelled)
    return Recipient(text, read_address(text))


def content_of(arrived: Arrived) -> bytes:
    """The mail as it came: fields in order, folds with CRLF again, an empty line, the body."""
    colon = b":" if arrived.leading_space else b": "
    lines = [name + colon + value.replace(b"\n", b"\r\n") for name, value in arrived.fields]
    return b"\r\n".join([*lines, b"", arrived.body or b""])


def found_by_trusted(headers: Headers, trust: Trust, *, trusted: bool) -> tuple[AuthResult, ...]:
    """What filters and servers of our own found; of what a stranger wrote, nothing.

    The mail server's own Received is not written yet. Where one of our own servers hands the mail on, the first Received is
    that server's and what stands above it is ours; where a stranger does, the border is the connection itself, every
    Received is his, and only the topmost field of each filter counts.
    """
    if trusted:
        names = [name for name, _ in headers.fields]
        return results_from(headers, names.index("received") if "received" in names else None, trust.servers)
    return results_on_top(headers, trust.servers)


def _spelled(address: bytes) -> str:
    """An envelope address without its brackets; bytes that are no UTF-8 stay as lone surrogates."""
    text = address.decode("utf-8", "surrogateescape")
    return text[1:-1] if text.startswith("<") and text.endswith(">") else text


def _is_in(ip: str, networks: Collection[IPv4Network | IPv6Network]) -> bool:
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    return any(address in network for network in networks)


_LOOPBACK: Final[Networks] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
