"""What the operator sets about a milter."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import final

from stillpost.model import Mode
from stillpost.reception.inbound import Unproven


class Role(StrEnum):
    """Where a milter stands: before a portal, behind its helpdesk, or before people's mailboxes."""

    PORTAL_IN = "portal-in"
    PORTAL_OUT = "portal-out"
    RECIPIENT = "recipient"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MilterOptions:
    """``[milters.NAME]``."""

    listen: str = field(
        metadata={
            "help": "unix:/path of a socket (mode 0660: put the mail server's user into our group), host:port, or "
            "systemd:NAME, a socket that systemd hands over (FileDescriptorName=NAME)"
        }
    )
    role: Role = field(
        metadata={
            "help": "portal-in: mail to a support address; portal-out: mail that leaves the helpdesk; recipient: mail for people"
        }
    )
    portal: str = field(default="", metadata={"help": "the portal it belongs to; empty where there is only one"})
    mode: Mode = field(
        default=Mode.OBSERVE,
        metadata={"help": "observe: mail only gets a header that says what would have happened; enforce acts on it"},
    )
    unproven: Unproven = field(
        default=Unproven.HOLD,
        metadata={
            "help": "portal-in: mail that is not proven becomes a ticket without an answer (quiet: helpdesks that were "
            "measured to obey; unmeasured: whatever yours does), is held and its author asked (challenge), or held"
        },
    )
    addresses: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "the portal's own addresses, to judge mail to them (portal-in) or from them (portal-out), or the domains and "
            "addresses of the people (recipient); empty: all"
        },
    )
    keep_cc: tuple[str, ...] = field(
        default=(),
        metadata={"help": "addresses and domains of your own people: they stay in copy and may always be mailed"},
    )
    held_for: timedelta = field(
        default=timedelta(days=14), metadata={"help": "how long a mail is held before it is deleted"}
    )
    trusted_peers: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "networks of your own mail servers that hand mail on to this one: what they found is believed"
        },
    )
    authserv_ids: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "authserv-ids (RFC 8601) that filters before this one write into every mail, such as OpenDKIM's"
        },
    )
    product: str = field(
        default="",
        metadata={
            "help": "the helpdesk behind, where it is not the portal's product: a name of docs/helpdesks/smtp.md"
        },
    )
    reinject: str = field(
        default="127.0.0.1:25", metadata={"help": "host:port of the mail server that gets released mails back"}
    )
    body_max_bytes: int = field(
        default=50_000_000,
        metadata={"help": "the longest body that can be held; not below the mail server's message_size_limit"},
    )

    def problems(self) -> Iterator[str]:
        """What cannot work, one sentence each."""
        kind, _, where = self.listen.partition(":")
        if kind == "unix":
            if not where.startswith("/") or len(where.encode()) > _PATH_MAX_BYTES:
                yield f"listen = {self.listen!r}: a socket has an absolute path of at most {_PATH_MAX_BYTES} bytes"
        elif kind == "systemd":
            if not where:
                yield "listen = 'systemd:' needs the FileDescriptorName of the socket unit behind the colon"
        elif not _is_host_and_port(self.listen):
            yield f"listen = {self.listen!r} must be unix:/path, host:port or systemd:NAME"
        if not _is_host_and_port(self.reinject):
            yield f"reinject = {self.reinject!r} must be host:port"
        for network in self.trusted_peers:
            try:
                ipaddress.ip_network(network)
            except ValueError:
                yield f"trusted_peers: {network!r} is not a network such as 10.0.0.0/8 or 192.0.2.7"


_PATH_MAX_BYTES = 100  # sun_path holds 108


def _is_host_and_port(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and port.isdigit() and 0 < int(port) < 65536
