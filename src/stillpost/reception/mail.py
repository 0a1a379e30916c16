"""A mail at a milter, as reception sees it: parsed once by the door, the same for every role."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import final

from stillpost.mail.border import Border
from stillpost.mail.message import Headers
from stillpost.model import Address, AuthResult, Envelope

RECIPIENTS_JUDGED = 100
"""Recipients of one mail that are judged one by one; a mail to more of them is held as a whole."""


NOBODY = Address(mailbox="", proof_key="", limit_key="", domain="", organization="")
"""Stands where a mail names no address."""


@final
@dataclass(frozen=True, slots=True)
class Recipient:
    """An envelope recipient: as the server spelled it, without brackets, and the address, where it is one."""

    spelled: str
    address: Address | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A whole mail with its envelope.

    ``sender`` None is the null sender. ``content`` is the mail byte for byte as far as a milter sees it, None where the
    role keeps no bodies or this one is too large to keep. ``results``: what
    trusted checks found; ``border``: where it came in to us. ``local``: a program of this machine handed it over.
    ``login``: who logged in to hand it over, if anybody.
    """

    at: datetime
    sender: str | None
    recipients: tuple[Recipient, ...]
    headers: Headers
    content: bytes | None = None
    client_ip: str = ""
    border: Border | None = None
    helo: str = ""
    local: bool = False
    login: str = ""
    results: tuple[AuthResult, ...] = ()

    def envelope(self, recipient: Recipient) -> Envelope:
        """The envelope of one recipient's event."""
        return Envelope(
            sender=self.sender,
            recipients=(recipient.spelled,),
            client_ip=self.client_ip or None,
            helo=self.helo or None,
        )


def key_of(recipient: Recipient) -> str:
    """What makes two spellings one recipient."""
    return recipient.address.proof_key if recipient.address else recipient.spelled


def is_among(address: Address, people: Collection[str]) -> bool:
    """Whether the address, or its domain, is one of these (proof keys and domains)."""
    return address.proof_key in people or address.domain in people


def without_twins(recipients: Sequence[Recipient]) -> tuple[Recipient, ...]:
    """Each recipient once, as first spelled."""
    found: dict[str, Recipient] = {}
    for recipient in recipients:
        found.setdefault(key_of(recipient), recipient)
    return tuple(found.values())


def letter_key(portal: str, message_id: str, address: Address) -> str:
    """One mail between a portal and one address, in either direction, for the lists of mails."""
    return f"{portal}|{message_id[:998]}|{address.proof_key}"
