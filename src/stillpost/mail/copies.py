"""Who else a mail names: the recipients in its header, and what is left of them when strangers are taken out. Pure.

A helpdesk subscribes whoever stands in To and Cc of a request, and mails them from then on; one forged request reaches
five people so. Fields are replaced whole, never bent: what stays is written again, and what goes is told to the agent in
one field of ours.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, final

from stillpost.mail.addresses import read as read_address
from stillpost.mail.author import Mailbox, mailboxes
from stillpost.mail.message import Headers
from stillpost.model import Address

FIELDS: Final = ("to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc", "apparently-to")
"""Where programs look for recipients in a header."""
TOLD_MAX_LENGTH: Final = 2_000
NAMED_MAX: Final = 200
_FIELD_START: Final = re.compile(rb"\r\n(?![ \t])")


@final
@dataclass(frozen=True, slots=True)
class Replaced:
    """A field's new value: the ``nth`` (from 1) of its name; empty where nobody is left in it."""

    name: str
    nth: int
    value: str


@final
@dataclass(frozen=True, slots=True)
class Moved:
    """What to change so that only those stay who may; ``told``: the addresses that went, in order, one line of ASCII."""

    replaced: tuple[Replaced, ...] = ()
    told: str = ""


NOBODY_MOVED: Final = Moved()
"""Everybody may stay."""


def named(headers: Headers) -> tuple[Address, ...]:
    """Every address that the recipient fields name, once each, in order; at most ``NAMED_MAX``."""
    found: dict[str, Address] = {}
    for name in FIELDS:
        for value in headers.all(name):
            for mailbox in mailboxes(value):
                address = read_address(mailbox.address)
                if address is not None:
                    found.setdefault(address.proof_key, address)
                if len(found) >= NAMED_MAX:
                    return tuple(found.values())
    return tuple(found.values())


def move(headers: Headers, stays: Callable[[Address], bool]) -> Moved:
    """Take out of the recipient fields whoever may not stay, and whatever is no plain address."""
    replaced: list[Replaced] = []
    gone: list[str] = []
    for name in FIELDS:
        for nth, value in enumerate(headers.all(name), start=1):
            kept, others = _split(value, stays)
            if others:
                replaced.append(Replaced(name, nth, ", ".join(kept)))
                gone += others
    told = ", ".join(dict.fromkeys(gone))
    return Moved(tuple(replaced), told if len(told) <= TOLD_MAX_LENGTH else told[: TOLD_MAX_LENGTH - 4] + " ...")


def rewrite(raw: bytes, replaced: Iterable[Replaced], added: Iterable[tuple[str, str]] = ()) -> bytes:
    """A message's bytes with fields replaced and others put on top; everything else stays as it is, byte for byte.

    In: ``raw`` with CRLF line ends; values of ours are one line of ASCII each.
    """
    wanted = {(each.name, each.nth): each.value for each in replaced}
    header, blank, body = raw.partition(b"\r\n\r\n")
    lines = [f"{name}: {value}".encode("ascii") for name, value in added]
    seen: dict[str, int] = {}
    for field in _FIELD_START.split(header):
        name = field.partition(b":")[0].strip().lower().decode("latin-1")
        seen[name] = seen.get(name, 0) + 1
        value = wanted.get((name, seen[name]))
        if value is None:
            lines.append(field)
        elif value:
            lines.append(f"{name.title()}: {value}".encode("ascii"))
    return b"\r\n".join(lines) + blank + body


def _split(value: str, stays: Callable[[Address], bool]) -> tuple[list[str], list[str]]:
    kept: list[str] = []
    others: list[str] = []
    for mailbox in mailboxes(value):
        address = read_address(mailbox.address)
        if address is not None and address.mailbox.isascii() and stays(address):
            kept.append(address.mailbox)
        else:
            others.append(_plain(mailbox))
    return kept, others


def _plain(mailbox: Mailbox) -> str:
    """An address as text that stays on one line, whatever it holds."""
    shown = mailbox.address.encode("ascii", "backslashreplace").decode("ascii")[:300]
    return "".join(character for character in shown if character.isprintable()) or "?"
