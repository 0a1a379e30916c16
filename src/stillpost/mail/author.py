"""Who wrote a mail: the mailboxes of its From fields, counted exactly.

Two programs that read one From differently let a forger show one author to the check and another to the person, so
whatever is not plainly one mailbox is seen here as what it is: several, or none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from stillpost.mail.addresses import read as read_address
from stillpost.mail.decoding import decode_words
from stillpost.mail.message import Headers
from stillpost.model import Address

VALUE_MAX_LENGTH: Final = 16_384  # of one field; what comes after is not read
MAILBOXES_MAX: Final = 500

_SIMPLE = re.compile(r'\s*+(?:"([^"\\<>]*+)"|([^"<>()@,;:\\\[\]]*+))\s*+<([^<>\s"(),;:]+)>\s*+')
_BARE = re.compile(r'[^\s"(),:;<>@\\\[\]]+@[^\s"(),:;<>@\\]+')


@final
@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox of a field: its display name (decoded, comments gone) and its address as written."""

    name: str
    address: str


@final
@dataclass(frozen=True, slots=True)
class Author:
    """What the From fields say: how many ``fields`` there are, and every mailbox in them."""

    fields: int
    mailboxes: tuple[Mailbox, ...]

    @property
    def sole(self) -> Mailbox | None:
        """The mailbox, where there is exactly one in exactly one field (RFC 5322 section 3.6.2 without a list)."""
        return self.mailboxes[0] if self.fields == 1 and len(self.mailboxes) == 1 else None

    @property
    def address(self) -> Address | None:
        """The sole mailbox's address, where it is one."""
        sole = self.sole
        return read_address(sole.address) if sole else None


def author_of(headers: Headers) -> Author:
    """Who the From fields name."""
    values = headers.all("from")
    if len(values) == 1:
        return Author(1, mailboxes(values[0]))
    return Author(len(values), tuple(mailbox for value in values for mailbox in mailboxes(value)))


def mailboxes(value: str) -> tuple[Mailbox, ...]:
    """The mailboxes of an address list (RFC 5322 section 3.4), groups opened, comments dropped, in order.

    An unquoted address in front of another in angle brackets is a mailbox of its own unless the two are the same: mail
    programs disagree on which of them is the author. At most ``MAILBOXES_MAX``. Never raises.
    """
    value = value[:VALUE_MAX_LENGTH]
    if simple := _SIMPLE.fullmatch(value):
        return (Mailbox(_name(simple[1] or simple[2] or ""), simple[3]),)
    if _BARE.fullmatch(value):
        return (Mailbox("", value),)
    found: list[Mailbox] = []
    for item in _items(value):
        found += _item_mailboxes(item)
        if len(found) > MAILBOXES_MAX:
            break
    return tuple(found[:MAILBOXES_MAX])


@dataclass(slots=True)
class _Item:
    """One entry of a list: plain words, quoted strings, and what stood in angle brackets."""

    words: list[str]
    angles: list[str]

    @property
    def is_empty(self) -> bool:
        return not self.angles and not "".join(self.words).strip()


def _items(value: str) -> Iterator[_Item]:
    """The entries of a list, split at commas, semicolons and the colon of a group; comments left out."""
    item = _Item([], [])
    at = 0
    while at < len(value):
        mark = value[at]
        if mark == '"':
            text, at = _quoted(value, at)
            item.words.append(f'"{text}"')
        elif mark == "(":
            at = _comment_end(value, at)
        elif mark == "<":
            end = value.find(">", at)
            end = len(value) if end < 0 else end
            item.angles.append(value[at + 1 : end].strip())
            at = end + 1
        elif mark in ",;" or (mark == ":" and not item.angles and "@" not in "".join(item.words)):
            if mark != ":" and not item.is_empty:
                yield item
            item = _Item([], [])
            at += 1
        else:
            end = _next_mark(value, at + 1)
            item.words.append(value[at:end])
            at = end
    if not item.is_empty:
        yield item


_MARK = re.compile(r'["(<,;:]')


def _next_mark(value: str, at: int) -> int:
    found = _MARK.search(value, at)
    return found.start() if found else len(value)


def _quoted(value: str, at: int) -> tuple[str, int]:
    """The quoted string that begins at ``at``, unescaped, and where it ends; one never closed takes the rest."""
    text: list[str] = []
    at += 1
    while at < len(value) and value[at] != '"':
        at += value[at] == "\\"
        text.append(value[at : at + 1])
        at += 1
    return "".join(text), at + 1


def _comment_end(value: str, at: int) -> int:
    """Where the comment that begins at ``at`` ends; comments nest (RFC 5322 section 3.2.2)."""
    depth = 0
    while at < len(value):
        mark = value[at]
        depth += (mark == "(") - (mark == ")")
        at += 2 if mark == "\\" else 1
        if not depth:
            break
    return at


def _item_mailboxes(item: _Item) -> list[Mailbox]:
    phrase = "".join(item.words).strip()
    if not item.angles:
        return [Mailbox("", phrase)]
    name = _name(" ".join(word.strip().strip('"') for word in item.words if word.strip()))
    plain = " ".join(word for word in item.words if not word.startswith('"'))
    before = [Mailbox("", word) for word in plain.split() if "@" in word and word not in item.angles]
    return [*before, *(Mailbox(name, angle) for angle in item.angles)]


def _name(phrase: str) -> str:
    return " ".join(decode_words(phrase).split())
