"""The mail server's half of the milter protocol, as Postfix 3.7 speaks it: packets to feed, answers to read."""

from collections.abc import Iterator, Sequence

POSTFIX_ACTIONS = 0x1FF
POSTFIX_STEPS = 0x1FFFFF


def packet(command: str, payload: bytes = b"") -> bytes:
    return (1 + len(payload)).to_bytes(4, "big") + command.encode() + payload


def offer(version: int = 6, actions: int = POSTFIX_ACTIONS, steps: int = POSTFIX_STEPS) -> bytes:
    return packet("O", b"".join(number.to_bytes(4, "big") for number in (version, actions, steps)))


def connect(name: bytes = b"mx.example.org", address: bytes = b"192.0.2.7", port: int = 40_000) -> bytes:
    return packet("C", name + b"\0" + b"4" + port.to_bytes(2, "big") + address + b"\0")


def macros(command: str, **values: bytes) -> bytes:
    pairs = b"".join(
        (name if len(name) == 1 else f"{{{name}}}").encode() + b"\0" + value + b"\0" for name, value in values.items()
    )
    return packet("D", command.encode() + pairs)


def mail(sender: bytes = b"<ann@example.com>", *arguments: bytes) -> bytes:
    return packet("M", b"\0".join((sender, *arguments)) + b"\0")


def recipient(address: bytes = b"<support@helpdesk.example>", *arguments: bytes) -> bytes:
    return packet("R", b"\0".join((address, *arguments)) + b"\0")


def header(name: bytes, value: bytes) -> bytes:
    return packet("L", name + b"\0" + value + b"\0")


FIELDS: tuple[tuple[bytes, bytes], ...] = (
    (
        b"Received",
        b" from client.example.com ([192.0.2.7])\n\tby mx.example.org with ESMTP; Mon, 23 Nov 2026 09:00:00 +0000",
    ),
    (b"From", b" Ann <ann@example.com>"),
    (b"To", b" support@helpdesk.example"),
    (b"Subject", b" a question"),
    (b"Message-ID", b" <one@example.com>"),
)


def greeting() -> bytes:
    """What comes once a connection."""
    return offer() + macros("C", j=b"mx.example.org") + connect() + packet("H", b"client.example.com\0")


def message(
    sender: bytes = b"<ann@example.com>",
    recipients: Sequence[bytes] = (b"<support@helpdesk.example>",),
    fields: Sequence[tuple[bytes, bytes]] = FIELDS,
    body: Sequence[bytes] = (b"Hello\r\n",),
    queue_id: bytes = b"4Wabc123",
    login: bytes = b"",
) -> bytes:
    """A whole message; the server waits for answers only where it must."""
    known = {"auth_authen": login} if login else {}
    parts = [macros("M", i=queue_id, **known), mail(sender)]
    parts += [recipient(address) for address in recipients]
    parts += [packet("T")]
    parts += [header(name, value) for name, value in fields]
    parts += [packet("N"), *(packet("B", chunk) for chunk in body)]
    return b"".join([*parts, macros("E", i=queue_id), packet("E")])


def answers(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The packets of ours in ``data``, command and payload."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield chr(data[at + 4]), data[at + 5 : at + 4 + size]
        at += 4 + size
    assert at == len(data), "an unfinished packet"
