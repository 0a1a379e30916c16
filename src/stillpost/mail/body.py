"""What a message says to a person: its text, bounded, HTML made text. For first contacts and suspects only.

``fast_mail_parser`` reads the MIME structure; the standard library's ``compat32`` stands in where it refuses a transfer
encoding (``policy.default`` never sees a stranger's mail: it raises IndexError and AttributeError on it). A text that
cannot be read is a ``MessageError``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email import policy as email_policy
from typing import Final, final

from fast_mail_parser import MimeStructureError, ParseError, parse_email
from selectolax.lexbor import LexborHTMLParser

from stillpost.mail.decoding import decode_bytes
from stillpost.mail.message import Message, MessageError

READ_MAX_BYTES: Final = 1_048_576  # texts come before attachments
TEXT_MAX_LENGTH: Final = 65_536
HTML_MAX_LENGTH: Final = 262_144
TAGS_MAX: Final = 4_000  # the HTML parser's time grows with the square of the depth: 50,000 nested tags take seconds
NESTING_MAX: Final = 50
PLAIN_MIN_LENGTH: Final = 40  # a shorter plain part beside an HTML one says "please look at the other one"

_HIDDEN = ["script", "style", "template", "noscript", "head", "title", "svg"]
_BLANKS = re.compile(r"\s+")
_BLOCK = re.compile(
    r"(?=</?(?:p|div|table|tr|ul|ol|li|blockquote|h[1-6]|hr|pre|section|article|header|footer|center|form|dl|dd|dt)\b)",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<br\b", re.IGNORECASE)
_LINE_EDGES = re.compile(r"[ \t\xa0\u200c\u034f]*\n[ \t\xa0\u200c\u034f]*")
_EMPTY_LINES = re.compile(r"\n{3,}")


@final
@dataclass(frozen=True, slots=True)
class Text:
    """What a message says. ``truncated``: there was more than we read."""

    text: str
    truncated: bool = False


def text_of(message: Message) -> Text:
    """The plain text of a message: its ``text/plain`` parts, or its HTML made text where there is no better.

    At most ``TEXT_MAX_LENGTH`` characters out of the first ``READ_MAX_BYTES``; attachments and attached messages are
    not opened. Raises ``MessageError`` where MIME is nested too deeply to be honest.
    """
    piece = message.raw[message.header_at : message.header_at + READ_MAX_BYTES]
    truncated = len(message.raw) - message.header_at > READ_MAX_BYTES
    try:
        parsed = parse_email(piece, mode="lazy")
        plain, html = parsed.text_plain, parsed.text_html
    except MimeStructureError:
        raise MessageError("its parts are nested too deeply") from None
    except ParseError:
        plain, html = _by_standard_library(piece)
    text = "\n\n".join(plain)
    if html and len(text.strip()) < PLAIN_MIN_LENGTH:
        text = "\n\n".join(html_to_text(part) for part in html[:8])
    return Text(text[:TEXT_MAX_LENGTH], truncated or len(text) > TEXT_MAX_LENGTH)


def html_to_text(html: str) -> str:
    """The words of an HTML text, a blank line between blocks; scripts and styles gone. Never raises.

    Only the first ``HTML_MAX_LENGTH`` characters and ``TAGS_MAX`` tags are read.
    """
    html = _first_tags(_BLANKS.sub(" ", html[:HTML_MAX_LENGTH]))
    body = LexborHTMLParser(_BREAK.sub("\n<br", _BLOCK.sub("\n\n", html))).body
    if body is None:
        return ""
    body.strip_tags(_HIDDEN)
    return _EMPTY_LINES.sub("\n\n", _LINE_EDGES.sub("\n", body.text())).strip()


def _first_tags(html: str) -> str:
    if html.count("<") <= TAGS_MAX:
        return html
    at = -1
    for _ in range(TAGS_MAX):
        at = html.find("<", at + 1)
    return html[:at]


def _by_standard_library(raw: bytes) -> tuple[list[str], list[str]]:
    """Plain and HTML parts, by the slower reader that decodes what it can."""
    if raw.lower().count(b"boundary") > NESTING_MAX:
        raise MessageError("it has too many parts to be read")
    plain: list[str] = []
    html: list[str] = []
    try:
        for kind, text in _leaves(raw):
            (html if kind == "text/html" else plain).append(text)
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError) as error:
        raise MessageError("its parts cannot be told apart") from error
    return plain, html


def _leaves(raw: bytes) -> Iterator[tuple[str, str]]:
    for part in message_from_bytes(raw, policy=email_policy.compat32).walk():
        if part.get_content_maintype() != "text" or part.get_content_disposition() == "attachment":
            continue
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            charset = part.get_param("charset")
            yield part.get_content_type(), decode_bytes(payload, charset if isinstance(charset, str) else "")
