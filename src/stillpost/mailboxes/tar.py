"""tar files, read forward (POSIX ustar and pax, GNU long names); a header of an attacker's must not fill the memory.

The standard library's reader takes extended headers of any length into memory, and keeps every member it has seen.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple, final

from stillpost.mailboxes.stream import BROKEN, Quiet

BLOCK: Final = 512
EXTENDED_MAX_BYTES: Final = 65_536  # of a long name or a pax header
_REGULAR = b"0\x007"
_WITHOUT_DATA = b"123456"
_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL = b"L", b"K", b"x", b"g"


@final
class TarMember(NamedTuple):
    """A regular file in a tar: its name, where its bytes begin in the unpacked stream, how many they are."""

    name: str
    at: int
    size: int


def is_tar(beginning: bytes) -> bool:
    """True for the first block of a tar, unpacked."""
    return len(beginning) >= BLOCK and beginning[257:262] == b"ustar" and _sum_is_right(beginning[:BLOCK])


def members(stream: Quiet) -> Iterator[TarMember]:
    """Its regular files, in order; the stream stands at the member's first byte, and may be read on by the caller.

    ``stream.trouble`` says afterwards what was wrong.
    """
    name, size = "", -1
    while len(block := stream.read(BLOCK)) == BLOCK and any(block):
        if not _sum_is_right(block):
            stream.trouble = BROKEN
            return
        kind = block[156:157]
        length = _number(block[124:136]) if size < 0 or kind in {_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL} else size
        at = stream.at
        end = at + (0 if kind in _WITHOUT_DATA else -(-length // BLOCK) * BLOCK)
        if length < 0:
            stream.trouble = BROKEN
            return
        if kind in {_LONG_NAME, _PAX} and length <= EXTENDED_MAX_BYTES:
            said = stream.read(length)
            if kind == _LONG_NAME:
                name = _text(said)
            else:
                fields = _pax(said)
                name, size = fields.get("path", name), int(fields["size"]) if "size" in fields else size
        elif kind not in {_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL}:
            if kind in _REGULAR:
                yield TarMember(name or _name(block), at, length)
            name, size = "", -1
        if not stream.skip_to(end):
            stream.trouble = stream.trouble or BROKEN
            return
    if block and len(block) < BLOCK:
        stream.trouble = stream.trouble or BROKEN


def _sum_is_right(block: bytes) -> bool:
    return _number(block[148:156]) == sum(block[:148]) + 8 * 32 + sum(block[156:])


def _number(field: bytes) -> int:
    """Octal digits, or GNU's base 256; -1 for anything else."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:])
    digits = field.strip(b"\x00 ")
    return int(digits, 8) if digits.isdigit() and not set(digits) & set(b"89") else 0 if not digits else -1


def _name(block: bytes) -> str:
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\x00" else ""
    name = _text(block[:100])
    return f"{prefix}/{name}" if prefix else name


def _text(raw: bytes) -> str:
    return raw.partition(b"\x00")[0].decode("utf-8", "replace")


def _pax(raw: bytes) -> dict[str, str]:
    """The records ``LENGTH NAME=VALUE`` that matter here."""
    found: dict[str, str] = {}
    while raw:
        length, _, rest = raw[:20].partition(b" ")
        if not rest or not length.isdigit() or not len(length) < int(length) <= len(raw):
            break
        name, _, value = raw[len(length) + 1 : int(length)].rstrip(b"\n").partition(b"=")
        raw = raw[int(length) :]
        if name == b"path" or (name == b"size" and value.isdigit() and len(value) < 19):
            found[name.decode()] = value.decode("utf-8", "replace")
    return found
