"""A header without the person who got the mail (RFC 6590): for reports that leave the house.

What our own side added above the border goes, but Authentication-Results; recipients' fields go; the recipient's
address, its local part and its forms inside other addresses (``local=domain``) are replaced wherever they stand; a
value that hides them in encoded words or folds goes as a whole. Only the header is kept: a body greets people by name.
"""

import re
from typing import Final

from stillpost.mail.author import mailboxes
from stillpost.mail.border import border_of
from stillpost.mail.decoding import decode_words
from stillpost.mail.message import Headers, Message

REDACTED: Final = "redacted"
LOCAL_MIN_LENGTH: Final = 4  # a shorter local part would be cut out of ordinary words

_RECIPIENTS = frozenset(
    ["to", "cc", "bcc", "apparently-to", "delivered-to", "envelope-to", "original-recipient", "resent-to", "resent-cc",
     "x-delivered-to", "x-envelope-to", "x-forwarded-for", "x-forwarded-to", "x-original-to", "x-rcpt-to"]
)  # fmt: skip
_KEPT_ABOVE = frozenset(["authentication-results", "arc-authentication-results"])
_FOR = re.compile(r"\bfor\s+<[^<>]*>", re.IGNORECASE)
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_ANY_FOLD = re.compile(r"\s+")
_LINE_END = re.compile(r"\r?\n")


def redacted_header(message: Message, recipient: str = "") -> bytes:
    """The header without the recipient, CRLF line ends, an empty line at the end.

    ``recipient``: the mailbox's address; every address in a recipients' field is taken out as well.
    """
    headers = message.headers
    border = border_of(headers)
    people = _people(headers, recipient)
    lines: list[str] = []
    for at, (name, raw) in enumerate(headers.fields):
        above = border is not None and at < border.at
        if name in _RECIPIENTS or (above and name not in _KEPT_ABOVE):
            continue
        value = _LINE_END.sub("\r\n", _without(headers, at, raw.rstrip("\r\n"), people))
        lines.append(f"{name.title()}:{value}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _people(headers: Headers, recipient: str) -> re.Pattern[str] | None:
    """What to look for: addresses, their forms inside other addresses, their local parts."""
    named = [
        mailbox.address for name in _RECIPIENTS for value in headers.all(name) for mailbox in mailboxes(value)[:20]
    ]
    whole: set[str] = set()
    local_parts: set[str] = set()
    for address in [recipient, *named][:200]:
        local, at, domain = address.rpartition("@")
        if at and local and domain:
            whole |= {address, f"{local}={domain}"}
            local_parts |= {local} if len(local) >= LOCAL_MIN_LENGTH else set()
    if not whole:
        return None
    patterns = _longest_first(whole)  # wherever they stand; a local part only as a word
    if local_parts:
        patterns += rf"|(?<![\w.])(?:{_longest_first(local_parts)})(?!\w)"
    return re.compile(patterns, re.IGNORECASE)


def _longest_first(texts: set[str]) -> str:
    return "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))


def _without(headers: Headers, at: int, raw: str, people: re.Pattern[str] | None) -> str:
    if headers.fields[at][0] == "received":
        raw = _FOR.sub(f"for <{REDACTED}>", raw)
    if people is None:
        return raw
    cleaned = people.sub(REDACTED, raw)
    unfolded = _FOLD.sub("", cleaned)
    hidden = people.search(decode_words(unfolded)) or people.search(_ANY_FOLD.sub("", cleaned))
    return f" {REDACTED}" if hidden else cleaned
