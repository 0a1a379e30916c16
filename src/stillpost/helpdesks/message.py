"""A ticket as a mail, for products that take tickets as mail: the same bytes on every retry but for nothing.

Stranger's words reach the header only as one escaped line each, encoded by the standard library; attachments are
base64, so no line of theirs can end the mail or begin a part.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address as HeaderAddress
from email.headerregistry import Group
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import final

from stillpost.helpdesks import rendering
from stillpost.model import Ticket

QUIET_MARK = ("Auto-Submitted", "auto-replied")
"""What keeps a helpdesk from answering a mail (RFC 3834 section 5); ``automatic_mail`` says which ones obey."""

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Who a ticket's mail comes from and whether it says that nobody must answer it.

    ``sender`` empty: the mail is From the requester and no other address is named. ``as_requester``: From the requester
    with ``sender`` as Sender; otherwise From ``sender`` with Reply-To the requester. ``to`` empty: no recipient named.
    """

    sender: str = ""
    as_requester: bool = True
    to: str = ""
    marked: bool = False
    domain: str = "stillpost.invalid"


def compose(ticket: Ticket, files: Sequence[bytes], look: Look) -> bytes:
    """The ticket as an RFC 5322 message with CRLF lines; 8-bit header fields only if an address needs them."""
    utf8 = not (ticket.requester.mailbox.isascii() and look.sender.isascii() and look.to.isascii())
    mail = EmailMessage(policy=SMTPUTF8 if utf8 else SMTP)
    mail["Date"] = format_datetime(ticket.at)
    _people(mail, ticket, look)
    mail["Subject"] = rendering.subject(ticket)
    mail["Message-ID"] = rendering.message_id(ticket, look.domain)
    mail["Stillpost-Reference"] = rendering.reference(ticket)
    mail["Stillpost-Proof"] = "none" if ticket.quiet else ticket.proven.value
    if look.marked:
        mail[QUIET_MARK[0]] = QUIET_MARK[1]
    mail.set_content(rendering.whole(ticket), cte="quoted-printable")
    for attachment, content in zip(ticket.attachments, files, strict=True):
        kind, _, subkind = media_type(attachment.media_type).partition("/")
        mail.add_attachment(
            content, maintype=kind, subtype=subkind, filename=rendering.line(attachment.name, 100) or "attachment"
        )
    if ticket.attachments:
        # No line of quoted-printable or base64 can hold "=_", so this cannot occur in a part.
        mail.set_boundary(f"=_stillpost_{rendering.reference(ticket)}")
    return mail.as_bytes()


def _people(mail: EmailMessage, ticket: Ticket, look: Look) -> None:
    person = _mailbox(rendering.name(ticket), ticket.requester.mailbox)
    if look.as_requester or not look.sender:
        mail["From"] = person
        if look.sender:
            mail["Sender"] = look.sender
    else:
        mail["From"] = look.sender
        mail["Reply-To"] = person
    mail["To"] = look.to or Group(rendering.line(ticket.portal, 64), ())


def _mailbox(name: str, address: str) -> HeaderAddress:
    try:
        return HeaderAddress(name, addr_spec=address)
    except (MessageError, ValueError, IndexError):
        local, _, domain = address.rpartition("@")
        return HeaderAddress(name, local, domain)


def media_type(claimed: str) -> str:
    """The media type as claimed if it is a plain one; what would nest or be shown as a mail becomes a bag of bytes."""
    lowered = claimed.strip().lower()
    if _MEDIA_TYPE.fullmatch(lowered) is None or lowered.startswith(("message/", "multipart/")):
        return "application/octet-stream"
    return lowered
