"""The milter protocol as bytes: packets of the mail server in, packets of ours out. Pure.

Protocol version 6 as Sendmail's ``mfdef.h`` defines it and Postfix's ``milter8.c`` speaks it: four bytes of length
(command included, most significant first), one byte of command, the rest. Rules of this file: no length is believed
before it is compared with a bound; a string ends with its NUL and nothing stands behind the last one; bytes stay bytes,
since a mail server passes on whatever a stranger sent, in any charset. The one error is ``MilterError``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final, final

VERSION: Final = 6
PACKET_MAX: Final = 1 << 20
"""Bytes of a packet. Body chunks have 65,535; a header field as long as Postfix passes on (102,400 unless set higher)."""

ABORT, BODY, CONNECT, MACRO, END, HELO = b"ABCDEH"
HEADER, MAIL, HEADER_END, OPTIONS, QUIT = b"LMNOQ"
RECIPIENT, DATA, UNKNOWN, NEW_CONNECTION = b"RTUK"

# Actions we may ask for (SMFIF_*).
ADD_HEADERS: Final = 0x01
DELETE_RECIPIENTS: Final = 0x08
CHANGE_HEADERS: Final = 0x10
QUARANTINE: Final = 0x20
CHOOSE_MACROS: Final = 0x100

# What the server should not send, or not wait for (SMFIP_*).
NO_BODY: Final = 0x10
NO_UNKNOWN: Final = 0x100
SILENT_HEADERS: Final = 0x80
SILENT_CONNECT: Final = 0x1000
SILENT_HELO: Final = 0x2000
SILENT_MAIL: Final = 0x4000
SILENT_HEADER_END: Final = 0x40000
SILENT_BODY: Final = 0x80000
LEADING_SPACE: Final = 0x100000
_SIZES: Final = 0x70000000  # larger packets (SMFIP_MDS_*): libmilter's own affair, never asked for

SILENT: Final[Mapping[int, int]] = {
    CONNECT: SILENT_CONNECT,
    HELO: SILENT_HELO,
    MAIL: SILENT_MAIL,
    HEADER: SILENT_HEADERS,
    HEADER_END: SILENT_HEADER_END,
    BODY: SILENT_BODY,
}
"""For each command: the flag by which the server does not wait for an answer to it."""

MACRO_STAGES: Final[Mapping[int, int]] = {CONNECT: 0, HELO: 1, MAIL: 2, RECIPIENT: 3, DATA: 4, END: 5, HEADER_END: 6}
"""The numbers under which macros are chosen for a command (SMFIM_*)."""

_HEAD: Final = Struct(">IB")
_OFFER: Final = Struct(">III")
_LONG: Final = Struct(">I")
_PORT: Final = Struct(">H")
_VERSION_MIN: Final = 2
_FAMILIES: Final = {ord("U"): "unknown", ord("L"): "unix", ord("4"): "inet", ord("6"): "inet6"}
_BREAKS_OUT: Final = re.compile(rb"\r|\n(?![ \t])")
_REPLY_MAX: Final = 512  # of a reply's text: what Postfix passes on to the client


@final
class MilterError(Exception):
    """The peer does not speak the protocol; ``str`` says what was wrong, without quoting it. Hang up."""


@final
@dataclass(frozen=True, slots=True)
class Options:
    """One side of the negotiation: protocol version, actions (``ADD_HEADERS`` …), steps (``NO_BODY`` …)."""

    version: int
    actions: int
    steps: int


@final
@dataclass(frozen=True, slots=True)
class Peer:
    """Who talks to the mail server: looked-up name, ``inet``, ``inet6``, ``unix`` or ``unknown``, address, port."""

    name: bytes = b""
    family: str = "unknown"
    address: bytes = b""
    port: int = 0


@final
class Packets:
    """Splits a stream into packets. Holds at most one unfinished packet, ``PACKET_MAX`` and five bytes."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> tuple[bytes, list[bytes]]:
        """The packets that are complete now: their commands, and the payload of each. Raises MilterError for a bad length.

        Several reads of one large packet cost no more than one: nothing is looked at before it is whole.
        """
        rest = self._rest
        if rest:
            rest += data
            if len(rest) < 4 or len(rest) < 4 + _length(rest):
                return b"", []
            data = bytes(rest)
            rest.clear()
        commands = bytearray()
        payloads: list[bytes] = []
        add, add_payload, unpack = commands.append, payloads.append, _HEAD.unpack_from
        at, end = 0, len(data)
        while end - at > 4:
            size, command = unpack(data, at)
            after = at + 4 + size
            if after > end or size == 0:
                _length(data[at : at + 4])
                break
            add(command)
            add_payload(data[at + 5 : after])
            at = after
        if at < end:
            rest += data[at:]
            if len(rest) == 4:
                _length(rest)
        return bytes(commands), payloads


def _length(head: bytes | bytearray) -> int:
    (size,) = _LONG.unpack_from(head)
    if not 0 < size <= PACKET_MAX:
        raise MilterError(f"a packet of {size} bytes: lengths are 1 to {PACKET_MAX}")
    return int(size)


# --- what the server says -------------------------------------------------------------------------------------------


def read_options(payload: bytes) -> Options:
    """The server's offer. Raises MilterError for one that is too short, or of a protocol older than version 2."""
    if len(payload) < _OFFER.size:
        raise MilterError("an offer of options is too short")
    version, actions, steps = _OFFER.unpack_from(payload)
    if version < _VERSION_MIN:
        raise MilterError(f"protocol version {version}: 2 to 6 are spoken here")
    return Options(version, actions, steps)


def read_connect(payload: bytes) -> Peer:
    """Who connected to the server. Raises MilterError."""
    name, nul, rest = payload.partition(b"\0")
    if not nul or not rest or rest[0] not in _FAMILIES:
        raise MilterError("a connection without a known address family")
    family = _FAMILIES[rest[0]]
    if family == "unknown":
        return Peer(name)
    if len(rest) < 4:
        raise MilterError("a connection without an address")
    (address,) = _exactly(rest[3:], 1, "an address")
    return Peer(name, family, address, _PORT.unpack_from(rest, 1)[0])


def read_text(payload: bytes) -> bytes:
    """One string, as of HELO. Raises MilterError."""
    return _exactly(payload, 1, "a command's text")[0]


def read_arguments(payload: bytes) -> tuple[bytes, ...]:
    """An envelope address as the client wrote it, ``<>`` included, and its ESMTP arguments. Raises MilterError."""
    if not payload.endswith(b"\0"):
        raise MilterError("an envelope address that does not end")
    return tuple(payload[:-1].split(b"\0"))


def read_headers(payloads: Iterable[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    """The header fields of a message, name and value, in order. Raises MilterError if one is not exactly two strings."""
    parts = [payload.split(b"\0") for payload in payloads]
    try:
        fields = tuple([(name, value) for name, value, rest in parts if not rest])
    except ValueError:
        fields = ()
    if len(fields) != len(parts):
        raise MilterError("a header field that is not a name and a value")
    return fields


def read_macros(payload: bytes) -> dict[bytes, bytes]:
    """The macros for a command, names as the server writes them: ``i``, ``{auth_authen}``. Raises MilterError.

    A macro named twice keeps its last value, as in the mail servers.
    """
    texts = payload[1:].split(b"\0")
    if not payload or texts.pop() or len(texts) % 2:
        raise MilterError("macros that are not names and values for a command")
    return dict(zip(texts[::2], texts[1::2], strict=True))


def _exactly(payload: bytes, count: int, what: str) -> list[bytes]:
    texts = payload.split(b"\0")
    if len(texts) != count + 1 or texts[-1]:
        raise MilterError(f"{what} that is not {count} string")
    return texts[:-1]


# --- what we say ----------------------------------------------------------------------------------------------------


def packet(command: bytes, payload: bytes = b"") -> bytes:
    """One packet of ours."""
    return _LONG.pack(1 + len(payload)) + command + payload


CONTINUE: Final = packet(b"c")
ACCEPT: Final = packet(b"a")
DISCARD: Final = packet(b"d")
TEMPFAIL: Final = packet(b"t")
REJECT: Final = packet(b"r")
PROGRESS: Final = packet(b"p")


def options(answer: Options, macros: Mapping[int, Sequence[str]]) -> bytes:
    """Our half of the negotiation; ``macros`` names, for each command, those we read (only with ``CHOOSE_MACROS``)."""
    payload = _OFFER.pack(answer.version, answer.actions, answer.steps)
    if answer.actions & CHOOSE_MACROS:
        for command, stage in MACRO_STAGES.items():
            payload += _LONG.pack(stage) + _string(" ".join(macros.get(command, ())).encode("ascii"))
    return packet(b"O", payload)


def add_header(name: str, value: bytes) -> bytes:
    """A field below all others."""
    return packet(b"h", _field(name, value))


def insert_header(index: int, name: str, value: bytes) -> bytes:
    """A field at ``index`` from the top, 0 the very top."""
    return packet(b"i", _LONG.pack(index) + _field(name, value))


def change_header(nth: int, name: str, value: bytes) -> bytes:
    """A new value for the ``nth`` field of this name, from 1; an empty value removes it."""
    return packet(b"m", _LONG.pack(nth) + _field(name, value))


def delete_recipient(address: bytes) -> bytes:
    """Take out a recipient, spelled exactly as the server did."""
    return packet(b"-", _string(address))


def quarantine(reason: str) -> bytes:
    """Into the server's own hold queue, with a reason for its log."""
    return packet(b"q", _string(_text(reason)))


def reply(code: int, enhanced: str, text: str) -> bytes:
    """An SMTP answer of our own words.

    Raises ValueError (a caller's bug) for a code that is not 4xx or 5xx, or for text that is not one line of printable
    ASCII without a percent sign, which Sendmail would expand.
    """
    if code // 100 not in {4, 5} or not enhanced.startswith(f"{code // 100}."):
        message = f"{code} {enhanced} is no refusal"
        raise ValueError(message)
    return packet(b"y", _string(_text(f"{code} {enhanced} {text}")))


def _field(name: str, value: bytes) -> bytes:
    if _BREAKS_OUT.search(value) or not name.isascii() or not name.replace("-", "").isalnum():
        message = "a field of ours has a plain name, and a value that stays in its field"
        raise ValueError(message)
    return _string(name.encode("ascii")) + _string(value)


def _text(text: str) -> bytes:
    if not text.isascii() or not text.isprintable() or "%" in text or len(text) > _REPLY_MAX:
        message = "a reply of ours is one line of printable ASCII without a percent sign"
        raise ValueError(message)
    return text.encode("ascii")


def _string(text: bytes) -> bytes:
    if b"\0" in text:
        message = "a string of ours with a NUL in it"
        raise ValueError(message)
    return text + b"\0"
