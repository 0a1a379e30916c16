"""Requests and challenges as rows: what a column finds them by, and the rest as JSON."""

import json
from datetime import datetime
from typing import Any, Final

import msgspec

from stillpost.model import Address, Attachment, Direction, HeldMail, Request, RequestState, Way
from stillpost.store.moments import micros, moment
from stillpost.store.protocol import ChallengeNote

_encode: Final = msgspec.json.Encoder().encode

REQUEST: Final = "num, id, state, at, expires, body"
"""The columns that ``read_request`` reads (after ``num``)."""
NOTE: Final = "num, id, portal, locale, at, expires, address"
"""The columns that ``read_note`` reads (after ``num``)."""


def dump(value: object) -> str:
    """JSON: any text goes into a row and comes back, lone surrogates and control characters too."""
    try:
        return _encode(value).decode()
    except UnicodeEncodeError:  # a lone surrogate, which only JSON's escapes can carry
        return json.dumps(value)


def request_body(request: Request) -> str:
    """What the columns do not say."""
    return dump(
        [
            request.portal,
            _parts(request.requester),
            request.name,
            request.subject,
            request.text,
            request.locale,
            request.copies,
            dict(request.fields),
            [(kept.name, kept.media_type, kept.size_bytes, kept.sha256) for kept in request.attachments],
            request.attachments_refused,
            request.proven,
            None if request.proven_at is None else micros(request.proven_at),
            request.tags,
            request.quiet,
            _envelope(request.mail),
        ]
    )


def read_request(row: tuple[Any, ...]) -> Request:
    """The request of a row of ``REQUEST``."""
    _, request_id, state, at, expires, body = row
    portal, who, name, subject, text, locale, copies, fields, attachments, *rest = json.loads(body)
    refused, proven, proven_at, tags, quiet, *mail = rest  # a row written before mails were held has no ``mail``
    return Request(
        id=request_id,
        portal=portal,
        at=moment(at),
        expires=moment(expires),
        state=RequestState(state),
        requester=_address(who),
        name=name,
        subject=subject,
        text=text,
        locale=locale,
        copies=tuple(copies),
        fields=fields,
        attachments=tuple(
            Attachment(name=file, media_type=media_type, size_bytes=size, sha256=sha256)
            for file, media_type, size, sha256 in attachments
        ),
        attachments_refused=refused,
        proven=None if proven is None else Way(proven),
        proven_at=None if proven_at is None else moment(proven_at),
        tags=tuple(tags),
        quiet=quiet,
        mail=_read_envelope(mail[0]) if mail else None,
    )


def read_files(body: str) -> list[Any]:
    """The attachments in the body of a request's row."""
    files: list[Any] = json.loads(body)[8]
    return files


def address_text(address: Address) -> str:
    """An address in the clear, for as long as a mail to it is to be sent."""
    return dump(_parts(address))


def read_note(row: tuple[Any, ...]) -> ChallengeNote:
    """The challenge of a row of ``NOTE`` whose address is still kept."""
    _, challenge_id, portal, locale, at, expires, address = row
    return ChallengeNote(
        id=challenge_id,
        portal=portal,
        to=_address(json.loads(address)),
        locale=locale,
        at=moment(at),
        expires=moment(expires),
    )


def until(at: datetime | None) -> int | None:
    """An end as a column keeps it; None: there is none."""
    return None if at is None else micros(at)


def _envelope(mail: HeldMail | None) -> tuple[str, ...] | None:
    return None if mail is None else (mail.listener, mail.direction, mail.sender, mail.recipient)


def _read_envelope(parts: list[str] | None) -> HeldMail | None:
    if parts is None:
        return None
    listener, direction, sender, recipient = parts
    return HeldMail(listener=listener, direction=Direction(direction), sender=sender, recipient=recipient)


def _parts(address: Address) -> tuple[str, ...]:
    return address.mailbox, address.proof_key, address.limit_key, address.domain, address.organization


def _address(parts: list[str]) -> Address:
    mailbox, proof_key, limit_key, domain, organization = parts
    return Address(mailbox=mailbox, proof_key=proof_key, limit_key=limit_key, domain=domain, organization=organization)
