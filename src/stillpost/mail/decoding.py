"""Bytes and encoded words made text, bounded, without ever failing.

A charset is looked up in a fixed table: asking Python for a name a stranger chose would import modules by that name and
remember every miss for good.
"""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, a2b_qp
from encodings.aliases import aliases
from typing import Final

ENCODED_MAX_LENGTH: Final = 16_384  # a longer field stays as it came; no header people read is that long

_BINARY = frozenset(["base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec"])
_CODECS = {
    **{codec: codec for codec in aliases.values() if codec not in _BINARY},
    **{alias: codec for alias, codec in aliases.items() if codec not in _BINARY},
    "iso_8859_8_i": "iso8859_8",
    "x_sjis": "shift_jis",
    "x_gbk": "gbk",
    "unicode_1_1_utf_7": "utf_7",
}

# RFC 2047 section 2, with the blanks inside that real senders leave; a language tag (RFC 2231 section 5) is ignored.
_WORD = re.compile(r"=\?([A-Za-z0-9._:+-]{1,40})(?:\*[A-Za-z0-9-]{0,40})?\?([BbQq])\?([^?]{0,4096})\?=")
_BETWEEN = re.compile(r"[ \t\r\n]+")


def decode_bytes(data: bytes, charset: str = "") -> str:
    """``data`` as text: by ``charset`` where it is known and fits, else as UTF-8, else byte by byte (ISO 8859-1)."""
    codec = _CODECS.get(charset.strip(" \t\"'").lower().replace("-", "_")) if charset else None
    if codec:
        try:
            return data.decode(codec, "replace")
        except (UnicodeError, LookupError, ValueError):
            pass
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def decode_words(value: str) -> str:
    """A header value with its encoded words (RFC 2047) decoded; what is no encoded word stays as it is.

    In: an unfolded value; longer ones than ``ENCODED_MAX_LENGTH`` are returned as they are. Words next to each other
    are joined before their bytes are decoded, since mailers split characters between words. Never raises.
    """
    if "=?" not in value or len(value) > ENCODED_MAX_LENGTH:
        return value
    pieces: list[str] = []
    charset, data = "", b""
    end = 0
    for word in _WORD.finditer(value):
        between = value[end : word.start()]
        apart = bool(between) and (not end or not _BETWEEN.fullmatch(between))
        if apart or word[1].lower() != charset:
            pieces.append(decode_bytes(data, charset))
            data = b""
        if apart:
            pieces.append(between)
        charset = word[1].lower()
        data += _word_bytes(word[2], word[3])
        end = word.end()
    pieces += [decode_bytes(data, charset), value[end:]]
    return "".join(pieces)


def _word_bytes(encoding: str, text: str) -> bytes:
    raw = text.encode(errors="replace")
    if encoding in "Qq":
        return a2b_qp(raw, header=True)
    try:
        return a2b_base64(raw + b"==")
    except Base64Error:
        return raw
