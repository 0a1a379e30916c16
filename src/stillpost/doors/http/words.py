"""A visitor's words, made fit to be kept: one line where one line belongs, no control or direction characters, caps.

Header injection, forged line breaks and text that reads backwards end here; what is left is his, and is escaped wherever
it is shown.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import final

from stillpost.language import N_

NAME_CHARS = 100
SUBJECT_CHARS = 200
TEXT_CHARS = 20_000
FIELD_CHARS = 1_000
FIELD_NAME_CHARS = 60
MAX_FIELDS = 20
MAX_COPIES = 20
FILE_NAME_CHARS = 120

_SPACES = re.compile(r"\s+")
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")
_KEPT_IN_TEXT = frozenset("\n\t")


@final
class WordsError(Exception):
    """A field cannot be taken; ``field`` names it, the message is a sentence to translate, ``values`` fill it."""

    def __init__(self, field: str, message: str, **values: object) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
        self.values = values


def one_line(text: str, field: str, limit: int) -> str:
    """A single line without control, format or line-separating characters. Raises WordsError over ``limit``."""
    if len(text) > 4 * limit:
        raise WordsError(field, N_("This is longer than {limit} characters."), limit=limit)
    if text.isascii() and text.isprintable():
        line = text.strip()
    else:
        line = _SPACES.sub(" ", "".join(char if _visible(char) else " " for char in text)).strip(" \u200d")
    if len(line) > limit:
        raise WordsError(field, N_("This is longer than {limit} characters."), limit=limit)
    return line


def many_lines(text: str, field: str, limit: int) -> str:
    """Lines ended by LF, without other control or format characters. Raises WordsError over ``limit``."""
    if len(text) > 4 * limit:
        raise WordsError(field, N_("This is longer than {limit} characters."), limit=limit)
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if not (lines.isascii() and lines.replace("\n", "").isprintable()):
        lines = "".join(char for char in lines if char in _KEPT_IN_TEXT or _visible(char))
    lines = lines.strip()
    if len(lines) > limit:
        raise WordsError(field, N_("This is longer than {limit} characters."), limit=limit)
    return lines


def extra_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """A site's own fields: at most 20, names and values of one line. Raises WordsError."""
    if len(fields) > MAX_FIELDS:
        raise WordsError("fields", N_("There are more than {limit} fields."), limit=MAX_FIELDS)
    cleaned = {}
    for name, value in fields.items():
        key = one_line(name, "fields", FIELD_NAME_CHARS)
        if not key:
            raise WordsError("fields", N_("A field has no name."))
        cleaned[key] = one_line(value, "fields", FIELD_CHARS)
    return cleaned


def copies(addresses: "list[str] | tuple[str, ...]") -> tuple[str, ...]:
    """Addresses wanted in copy, as text: they are never mailed. Raises WordsError over 20."""
    if len(addresses) > MAX_COPIES:
        raise WordsError("cc", N_("There are more than {limit} addresses in copy."), limit=MAX_COPIES)
    return tuple(line for line in (one_line(address, "cc", 254) for address in addresses) if line)


def file_name(name: str) -> str:
    """The last part of an uploaded file's name, without separators; never empty."""
    last = re.split(r"[/\\]", name)[-1]
    cleaned = "".join(char if _visible(char) else " " for char in last).strip(". ")[-FILE_NAME_CHARS:]
    return cleaned or "attachment"


def media_type(text: str) -> str:
    """A media type as sent, or ``application/octet-stream``."""
    lowered = text.lower()
    return lowered if _MEDIA_TYPE.fullmatch(lowered) else "application/octet-stream"


def _visible(char: str) -> bool:
    """Letters, marks, digits, punctuation, symbols, plain spaces; no controls, bidi marks, surrogates, separators."""
    return char == " " or unicodedata.category(char)[0] not in "CZ" or char == "\u200d"
