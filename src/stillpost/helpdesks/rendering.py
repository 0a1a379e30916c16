"""How a ticket reads in a helpdesk: one line, a text, and a note with the evidence. Pure.

Everything here was typed by a stranger. A line stays one line (what would break it, and thereby a header, is escaped),
control and bidirectional characters are shown instead of obeyed, and lengths are capped. The note's labels are fixed
English, so that a helpdesk's own rules can match them; it begins with ``SEPARATOR`` and the reference, which nothing in
the text before it can imitate: ``noted`` looks behind the last line that is the separator, and the note has only one.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime

from stillpost.model import Ticket, Way

SUBJECT_LIMIT = 200
NAME_LIMIT = 100
TEXT_LIMIT = 200_000  # characters; the form allows less, an agent's release or a later door may not
FIELD_LIMIT = 4_000
SEPARATOR = "--- Stillpost ---"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_EVIDENCE = {
    Way.KNOWN: "this browser had proven the address before",
    Way.VOUCHED: "the embedding site vouched for the address",
    Way.MAIL_FIRST: "by a mail from the address",
    Way.LINK: "by the link mailed to the address",
    Way.RELEASED: "an agent vouched for the address",
}


def line(text: str, limit: int) -> str:
    """``text`` as one line of at most ``limit`` characters, fit for a header or a title."""
    single = " ".join(_shown(text[: 8 * limit].translate({9: " ", 10: " ", 11: " ", 12: " ", 13: " "})).split())
    return single if len(single) <= limit else single[: limit - 1].rstrip() + "…"


def block(text: str, limit: int = TEXT_LIMIT) -> str:
    """``text`` with its lines kept and everything else that moves a cursor shown; cut, and said so, at ``limit``."""
    lines = text[:limit].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    whole = "\n".join(_shown(part.replace("\t", "    ")) for part in lines).strip("\n")
    return whole if len(text) <= limit else f"{whole}\n[cut after {limit} characters]"


def _shown(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(char) if char in _BIDI or unicodedata.category(char) in _UNSAFE else char for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def reference(ticket: Ticket) -> str:
    """The ticket's id, which becomes file names, headers and search terms. Raises ValueError: ids are ours alone."""
    if _ID.fullmatch(ticket.id) is None:
        raise ValueError("a ticket's id must be letters, digits, _ and - only")
    return ticket.id


def message_id(ticket: Ticket, domain: str = "stillpost.invalid") -> str:
    """The Message-ID that stays the same over every retry."""
    return f"<{reference(ticket)}@{domain}>"


def subject(ticket: Ticket, limit: int = SUBJECT_LIMIT) -> str:
    """The title, never empty."""
    return line(ticket.subject, limit) or "(no subject)"


def name(ticket: Ticket) -> str:
    """The requester's name as he typed it; may be empty."""
    return line(ticket.name, NAME_LIMIT)


def text(ticket: Ticket) -> str:
    """What the requester wrote, never empty."""
    return block(ticket.text) or "(no text)"


def whole(ticket: Ticket) -> str:
    """Text and note, for products that have no separate place for the note."""
    return f"{text(ticket)}\n\n{note(ticket)}"


def note(ticket: Ticket) -> str:
    """The evidence for the agent: how and when the address was proven, copies asked for, fields, attachments."""
    return "\n".join((SEPARATOR, _mark(ticket), *_note(ticket)))


def fields(ticket: Ticket) -> dict[str, str]:
    """The extra fields, names as one line and values as a text each."""
    return {line(key, NAME_LIMIT): block(value, FIELD_LIMIT) for key, value in ticket.fields.items()}


def noted(ticket: Ticket, content: str) -> bool:
    """Whether ``content``, as a product gives it back, ends with this ticket's note."""
    lines = [part.rstrip() for part in content.splitlines()]
    marks = [at for at, part in enumerate(lines[:-1]) if part == SEPARATOR]
    return bool(marks) and lines[marks[-1] + 1] == _mark(ticket)


def _mark(ticket: Ticket) -> str:
    return f"Reference: {reference(ticket)}"


def _note(ticket: Ticket) -> Iterator[str]:
    yield f"Portal: {line(ticket.portal, NAME_LIMIT)}"
    yield f"Received: {_time(ticket.at)}"
    yield f"Address: {line(ticket.requester.mailbox, 320)}"
    if ticket.name:
        yield f"Name: {name(ticket)}"
    if ticket.quiet:
        yield "Proven: no. Nobody proved this address: what is sent to it may go to a stranger."
    else:
        yield f"Proven: {_EVIDENCE[ticket.proven]}, {_time(ticket.proven_at)}"
    if ticket.copies:
        yield f"Copies asked for (not added; nobody asked these people): {', '.join(_copies(ticket))}"
    for key, value in fields(ticket).items():
        yield _field(key, value)
    for attachment in ticket.attachments:
        yield (
            f"Attachment: {line(attachment.name, NAME_LIMIT) or '(no name)'} "
            f"({line(attachment.media_type, NAME_LIMIT)}, {attachment.size_bytes} bytes, sha256 {attachment.sha256})"
        )
    if ticket.tags:
        yield f"Tags: {', '.join(line(tag, NAME_LIMIT) for tag in ticket.tags)}"


def _copies(ticket: Ticket) -> Iterator[str]:
    return (line(copy, 320) for copy in ticket.copies[:100])


def _field(key: str, value: str) -> str:
    if "\n" not in value:
        return f"Field {key}: {value}"
    return "\n".join((f"Field {key}:", *(f"    {part}" for part in value.split("\n"))))


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
