"""Messages as bytes: our own strict, bounded splitting of the header, in order, duplicates kept.

The header ends at the first empty line or at the first line that is neither a field nor a continuation, as mail servers
read it (RFC 5322 section 2.2); a body an attacker starts early cannot hide a field from us that a server saw. What goes
beyond the bounds is *unreadable*: ``MessageError`` says why, and no other error leaves this module.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, final

from stillpost.language import N_
from stillpost.mail.decoding import decode_bytes, decode_words

HEADER_MAX_BYTES: Final = 262_144  # the largest header of 5,000 real mails had 15,006
FIELDS_MAX: Final = 2_000
MESSAGE_IDS_MAX: Final = 64  # of one field: the thread's first ids and its last
_MESSAGE_IDS_MAX_LENGTH: Final = 65_536

# A field (obsolete blanks before the colon included, RFC 5322 section 4.5.8) with its continuations, or another line.
_LINE = re.compile(r"^(?:([!-9;-~]++)[ \t]*+:(.*+(?:\n[ \t].*+)*+)|(.++))", re.MULTILINE)
_SEPARATOR = re.compile(rb">?From [ \t]*[^ \t:]")  # of an mbox; "From : a" is a field
_NO_FIELD = ""
_FOLD = re.compile(r"\r*\n(?=[ \t])")
_BLANKS = " \t\r\n"  # str.strip() would take the second byte of a UTF-8 character for a blank
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,998})>")


@final
class MessageError(ValueError):
    """The bytes are no message we can read; ``str`` of it says why, without quoting them."""


@final
@dataclass(frozen=True, slots=True)
class Headers:
    """The fields of a header, as they came.

    ``fields``: lower-case names and raw values, in order from the top. Values are handed out unfolded and stripped,
    8-bit characters read as UTF-8 where they are, else as ISO 8859-1.
    """

    fields: tuple[tuple[str, str], ...]
    by_name: Mapping[str, list[str]]

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Names and values in order."""
        return ((name, _value(raw)) for name, raw in self.fields)

    def value(self, at: int) -> str:
        """The value of the field at position ``at`` of ``fields``."""
        return _value(self.fields[at][1])

    def first(self, name: str) -> str:
        """The topmost value of ``name`` (lower case), encoded words not decoded; empty where there is none."""
        found = self.by_name.get(name)
        return _value(found[0]) if found else ""

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of ``name`` (lower case) from the top, encoded words not decoded."""
        return tuple([_value(raw) for raw in self.by_name.get(name, ())])

    def texts(self, name: str, most: int) -> list[str]:
        """The topmost ``most`` values of ``name`` with encoded words decoded."""
        return [decode_words(_value(raw)) for raw in self.by_name.get(name, ())[:most]]

    def text(self, name: str) -> str:
        """The topmost value of ``name`` with encoded words decoded (RFC 2047)."""
        return decode_words(self.first(name))


@final
@dataclass(frozen=True, slots=True)
class Message:
    """A message: its header, and where header and body begin in ``raw``."""

    headers: Headers
    raw: bytes
    header_at: int
    body_at: int


def read(raw: bytes) -> Message:
    """Split a message. In: its bytes, lines ended by LF or CRLF or both; a ``From `` line of an mbox is passed over.

    Raises ``MessageError`` where no field comes first, or a bound is exceeded: the header has more than
    ``HEADER_MAX_BYTES`` or ``FIELDS_MAX`` fields.
    """
    start = raw.find(b"\n", 0, 1000) + 1 if _SEPARATOR.match(raw) else 0
    end, body_at = _header_end(raw, start)
    fields = [(name.lower(), value) for name, value, _ in _LINE.findall(raw[start:end].decode("latin-1"))]
    by_name = _by_name(fields)
    if _NO_FIELD in by_name:  # a line that is neither a field nor a continuation: the body begins there
        fields = fields[: next(at for at, (name, _) in enumerate(fields) if name == _NO_FIELD)]
        by_name = _by_name(fields)
        body_at = _offset_of_line(raw, start, end, len(fields))
    return Message(_bounded(fields, by_name), raw, start, body_at)


def headers_of(pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Fields that came split, as a milter hands them over: names in any case, values possibly folded.

    Raises ``MessageError`` as ``read`` does.
    """
    fields: list[tuple[str, str]] = []
    size = 0
    for name, value in pairs:
        fields.append((name.decode("latin-1").strip().lower(), value.decode("latin-1")))
        size += len(name) + len(value)
        if len(fields) > FIELDS_MAX:
            break
        if size > HEADER_MAX_BYTES:
            raise MessageError(f"its header is longer than {HEADER_MAX_BYTES} bytes")
    return _bounded(fields, _by_name(fields))


def message_ids(value: str) -> tuple[str, ...]:
    """The message ids of a ``Message-ID``, ``In-Reply-To`` or ``References`` value, without brackets, in order.

    Ids may hold any character but blanks and brackets (RFC 6532 allows UTF-8; mailers write anything). At most
    ``MESSAGE_IDS_MAX``: the first half of them and the last. An id without brackets is taken where nothing else is.
    """
    value = value[:_MESSAGE_IDS_MAX_LENGTH]
    found = _MESSAGE_ID.findall(value) or [word.strip("<>") for word in value.split() if "@" in word]
    if len(found) > MESSAGE_IDS_MAX:
        found = found[: MESSAGE_IDS_MAX // 2] + found[-MESSAGE_IDS_MAX // 2 :]
    return tuple(dict.fromkeys(found))


def _header_end(raw: bytes, start: int) -> tuple[int, int]:
    """Where the header ends and where the body begins, by the first empty line."""
    limit = start + HEADER_MAX_BYTES
    line_feed = raw.find(b"\n\n", start, limit)
    carriage_return = raw.find(b"\n\r\n", start, limit if line_feed < 0 else line_feed + 2)
    if carriage_return >= 0:
        return carriage_return + 1, carriage_return + 3
    if line_feed >= 0:
        return line_feed + 1, line_feed + 2
    if len(raw) > limit:
        raise MessageError(f"its header is longer than {HEADER_MAX_BYTES} bytes")
    return len(raw), len(raw)


def _by_name(fields: list[tuple[str, str]]) -> dict[str, list[str]]:
    by_name: dict[str, list[str]] = {}
    for name, value in fields:
        if name in by_name:
            by_name[name].append(value)
        else:
            by_name[name] = [value]
    return by_name


def _bounded(fields: list[tuple[str, str]], by_name: Mapping[str, list[str]]) -> Headers:
    if not fields:
        raise MessageError(N_("it does not begin with a header field"))
    if len(fields) > FIELDS_MAX:
        raise MessageError(f"its header has more than {FIELDS_MAX} fields")
    return Headers(tuple(fields), by_name)


def _offset_of_line(raw: bytes, start: int, end: int, number: int) -> int:
    """Where the line after ``number`` fields begins: the body of a message without an empty line before it."""
    lines = _LINE.finditer(raw[start:end].decode("latin-1"))
    return next(start + line.start() for at, line in enumerate(lines) if at == number)


def _value(raw: str) -> str:
    if "\n" in raw:
        raw = _FOLD.sub("", raw)
    raw = raw.strip(_BLANKS)
    return raw if raw.isascii() else decode_bytes(raw.encode("latin-1"))
