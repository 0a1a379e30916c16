"""What the operator sets about the HTTP door."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """``[serve]``."""

    listen: str = field(
        default="127.0.0.1:8025", metadata={"help": "host:port of the form, the API and the token pages"}
    )
    state: str = field(
        default="var",
        metadata={"help": "folder of the store, held files and the default Maildirs; one process owns it"},
    )
    secret_file: str = field(
        default="", metadata={"help": "keys, made with mode 0600 if missing; empty: <state>/secrets.json"}
    )
    trusted_proxies: tuple[str, ...] = field(
        default=(),
        metadata={"help": "networks whose X-Forwarded-For is believed, read from the right; empty: nobody's"},
    )
    workers: int = field(default=1, metadata={"help": "processes; more than one is refused until a shared store comes"})

    def problems(self) -> Iterator[str]:
        """What cannot work, one sentence each."""
        if split_listen(self.listen) is None:
            yield f"listen = {self.listen!r} must be host:port"
        if self.workers != 1:
            yield "workers must be 1: one process owns the SQLite store"
        for network in self.trusted_proxies:
            try:
                ipaddress.ip_network(network)
            except ValueError:
                yield f"trusted_proxies: {network!r} is not a network such as 10.0.0.0/8 or 192.0.2.7"


def split_listen(listen: str) -> tuple[str, int] | None:
    """``host:port`` (``[::1]:8025`` for IPv6), or None if it is not that."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        return None
    return host.strip("[]"), int(port)
