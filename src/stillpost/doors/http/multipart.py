"""Splits multipart forms (RFC 7578, RFC 2046) that are in memory as a whole: strict, bounded, each byte looked at once.

What browsers send is read, what they never send is refused: blanks behind a boundary, folded headers, a boundary inside
a line, bare line feeds, a parameter given twice. So no two readers can see two different forms in one body.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, final

MAX_PART_HEADER_BYTES: Final = 4_096  # a file's name of 255 characters takes at most a thousand
MAX_PART_HEADERS: Final = 16
MAX_VALUE_CHARS: Final = 4_096

_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046 section 5.1.1
_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110 section 5.6.2
_NAME: Final = re.compile(_WORD)
_VALUE: Final = re.compile(rf"[ \t]*({_WORD}(?:/{_WORD})?)[ \t]*")
_PARAMETER: Final = re.compile(rf';[ \t]*(?:({_WORD})=(?:"((?:[^"\\]|\\.)*)"|({_WORD})))?[ \t]*')
_ESCAPED: Final = re.compile(r'\\([\\"])')
_FIELD: Final = re.compile(rb'Content-Disposition: form-data; name="([^"\\\x00-\x1f]*)"', re.IGNORECASE)
"""Nearly every part there is: a field, with nothing else said of it."""
_FILE: Final = re.compile(
    rb'Content-Disposition: form-data; name="([^"\\\x00-\x1f]*)"; filename="([^"\\\x00-\x1f]*)"\r\n'
    rb"Content-Type: ([!#$&^_.+0-9A-Za-z-]+/[!#$&^_.+0-9A-Za-z-]+)",
    re.IGNORECASE,
)
"""And nearly every file, as browsers say it."""


@final
class MultipartError(Exception):
    """The body is no multipart form; ``incomplete``: its end is missing."""

    def __init__(self, *, incomplete: bool = False) -> None:
        super().__init__("incomplete" if incomplete else "damaged")
        self.incomplete = incomplete


class Part(NamedTuple):
    """A part's name, its content's place in the body, and of a file also what the browser says of it.

    A part is a file if it has a file name, be it empty (RFC 7578 section 4.2). Bytes are as sent; ``media_type`` too. A
    tuple, because every request makes half a dozen.
    """

    name: bytes
    start: int
    end: int
    file_name: bytes | None = None
    media_type: bytes = b""


def header_value(text: str) -> tuple[str, Mapping[str, str]]:
    """A header's value in lower case and its parameters (RFC 9110 section 5.6.6), names in lower case.

    ``("", {})`` for what is malformed, says a parameter twice or is longer than ``MAX_VALUE_CHARS``.
    """
    found = _VALUE.match(text) if len(text) <= MAX_VALUE_CHARS else None
    if found is None:
        return "", {}
    parameters: dict[str, str] = {}
    at = found.end()
    while at < len(text):
        parameter = _PARAMETER.match(text, at)
        if parameter is None:
            return "", {}
        at = parameter.end()
        name, quoted, plain = parameter.groups()
        if name is None:
            continue
        if name.lower() in parameters:
            return "", {}
        parameters[name.lower()] = plain if quoted is None else _ESCAPED.sub(r"\1", quoted)
    return found[1].lower(), parameters


def split(boundary: str, body: bytes) -> Iterator[Part]:
    """The parts of ``body``, in order. Raises MultipartError; whoever asks stops when there are too many."""
    if not _BOUNDARY.fullmatch(boundary):
        raise MultipartError
    opening = b"--" + boundary.encode("ascii")
    delimiter = b"\r\n" + opening
    at = 0 if body.startswith(opening) else body.find(delimiter) + 2  # what stands before it is passed over
    if at == 1:
        raise MultipartError(incomplete=True)
    at += len(opening)
    while not body.startswith(b"--", at):
        end = body.find(delimiter, at)
        if end < 0:
            raise MultipartError(incomplete=True)
        if not body.startswith(b"\r\n", at):
            raise MultipartError
        head = body.find(b"\r\n\r\n", at, min(end, at + MAX_PART_HEADER_BYTES))
        if head < 0:
            raise MultipartError
        yield _part(body[at + 2 : head], head + 4, end)
        at = end + len(delimiter)


def _part(head: bytes, start: int, end: int) -> Part:
    plain = _FIELD.fullmatch(head)
    if plain:
        return Part(plain[1], start, end)
    plain = _FILE.fullmatch(head)
    if plain:
        return Part(plain[1], start, end, plain[2], plain[3])
    headers: dict[str, str] = {}
    lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name) or "\n" in value or "\r" in value or name.lower() in headers:
            raise MultipartError
        headers[name.lower()] = value
    kind, parameters = header_value(headers.get("content-disposition", ""))
    if kind != "form-data" or "name" not in parameters or len(lines) > MAX_PART_HEADERS:
        raise MultipartError
    file_name = parameters.get("filename")
    media_type = headers.get("content-type", "application/octet-stream").partition(";")[0].strip(" \t")
    return Part(
        name=_bytes(parameters["name"]),
        start=start,
        end=end,
        file_name=None if file_name is None else _bytes(file_name),
        media_type=_bytes(media_type),
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
