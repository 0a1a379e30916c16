"""What the operator sets about the mail-first door."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class InboundOptions:
    """``[inbound]``."""

    listen: str = field(
        default="127.0.0.1:8026", metadata={"help": "host:port of the SMTP listener for first mails; empty: none"}
    )
    address: str = field(
        default="prove@localhost.localdomain",
        metadata={"help": "people send their first mail to this address with +CODE in it; route it to this listener"},
    )
    trusted_peers: tuple[str, ...] = field(
        default=("127.0.0.0/8", "::1"),
        metadata={"help": "networks of the mail servers whose Authentication-Results are believed"},
    )
    authserv_ids: tuple[str, ...] = field(
        default=(),
        metadata={"help": "authserv-ids those servers write (RFC 8601); empty: what stands above the first Received"},
    )

    def problems(self) -> Iterator[str]:
        """What cannot work, one sentence each."""
        local, at, domain = self.address.rpartition("@")
        if not at or not local or not domain or "+" in local or not self.address.isprintable() or " " in self.address:
            yield f"address = {self.address!r} must be an address without a plus, such as prove@support.example.com"
        for network in self.trusted_peers:
            try:
                ipaddress.ip_network(network)
            except ValueError:
                yield f"trusted_peers: {network!r} is not a network such as 10.0.0.0/8 or 192.0.2.7"
