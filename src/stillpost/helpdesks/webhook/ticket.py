"""A ticket becomes a signed POST of canonical JSON to the operator's own program.

At least once: the same ``Idempotency-Key`` (the ticket's id) and the same body come on every retry, and a receiver that
remembers the key makes it exactly once. ``Stillpost-Signature`` is HMAC-SHA256 over ``TIMESTAMP.BODY`` with the shared
secret, ``Stillpost-Timestamp`` the time of this attempt in Unix seconds; a receiver refuses what is older than five
minutes.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, final

from stillpost.helpdesks import rendering
from stillpost.helpdesks.caller import Caller, check_url, read_secret
from stillpost.helpdesks.message import media_type
from stillpost.helpdesks.protocol import Helpdesk, OtherDoor, Surroundings
from stillpost.language import N_
from stillpost.model import Ticket

OTHER_DOORS: Final[tuple[OtherDoor, ...]] = (
    OtherDoor(
        "webhook-receiver",
        N_("The receiving program itself, if others can reach it or it does not check the signature."),
        N_(
            "Compare Stillpost-Signature in constant time and refuse timestamps older than five minutes; expose the URL to "
            "Stillpost's host only."
        ),
    ),
    OtherDoor(
        "webhook-onward",
        N_(
            "What the program does next: creating the ticket through a public form or API of a helpdesk that confirms it."
        ),
        N_(
            "Create tickets with an agent's key, mail only `requester.email` (it is null when nobody proved the address), "
            "and switch the helpdesk's own form, mail intake and confirmation off."
        ),
    ),
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookOptions:
    """``product = "webhook"``."""

    url: str = field(metadata={"help": "where to POST to; https, or http on loopback"})
    secret_file: str = field(metadata={"help": "file with the secret that signs each POST"})
    attachment_bytes: int = field(
        default=8_000_000,
        metadata={"help": "attachments of a ticket travel inside the JSON up to this many bytes in all"},
    )
    timeout: timedelta = field(default=timedelta(seconds=30), metadata={"help": "for the whole exchange"})
    ca_file: str = field(default="", metadata={"help": "certificates to trust instead of the usual ones (PEM)"})

    def __post_init__(self) -> None:
        check_url(self.url)


def build(options: WebhookOptions, around: Surroundings) -> Helpdesk:
    """The adapter; connects when the first ticket comes."""
    return WebhookDesk(options, around.clock)


@final
class WebhookDesk:
    """Posts each ticket to one URL."""

    product: Final = "webhook"
    can_be_quiet: Final = True
    exactly_once: Final = False

    def __init__(self, options: WebhookOptions, clock: Callable[[], datetime]) -> None:
        self._options = options
        self._clock = clock
        self._caller = Caller(options.url, clock=clock, timeout=options.timeout, ca_file=options.ca_file)

    async def deliver(self, ticket: Ticket, files: Sequence[bytes]) -> str:
        """POST it; any 2xx is success, the reference is the answer's ``reference`` or our id. Raises HelpdeskError."""
        body = canonical(ticket, files, self._options.attachment_bytes)
        timestamp = str(int(self._clock().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": rendering.reference(ticket),
            "Stillpost-Timestamp": timestamp,
            "Stillpost-Signature": sign(read_secret(self._options.secret_file, "secret_file"), timestamp, body),
        }
        answer = await self._caller.call("POST", "", headers=headers, content=body)
        if not answer.ok:
            raise self._caller.refusal(answer, "the webhook")
        return _reference(answer.body) or rendering.reference(ticket)

    async def check(self) -> str:
        """Read the secret; calling the receiver would hand it a ticket."""
        read_secret(self._options.secret_file, "secret_file")
        return N_("The secret can be read; whether the receiver takes tickets, only a ticket can tell.")

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._caller.aclose()


def _reference(body: bytes) -> str:
    # Whatever the receiver says after a 2xx, it has the ticket: garbage here must not make us send it again.
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    told = value.get("reference") if isinstance(value, dict) else None
    return rendering.line(told, 100) if isinstance(told, str) else ""


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """``v1=`` and the hexadecimal HMAC-SHA256 over ``timestamp.body``."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def canonical(ticket: Ticket, files: Sequence[bytes], attachment_bytes: int) -> bytes:
    """The ticket as JSON, keys sorted, no spaces, UTF-8: the same bytes for the same ticket."""
    left = attachment_bytes
    attachments: list[dict[str, object]] = []
    for attachment, content in zip(ticket.attachments, files, strict=True):
        fits = len(content) <= left
        left -= len(content) if fits else 0
        attachments.append(
            {
                "name": rendering.line(attachment.name, 100),
                "media_type": media_type(attachment.media_type),
                "size_bytes": attachment.size_bytes,
                "sha256": attachment.sha256,
                "content": base64.b64encode(content).decode() if fits else None,
            }
        )
    value = {
        "version": 1,
        "id": rendering.reference(ticket),
        "portal": rendering.line(ticket.portal, 100),
        "at": ticket.at.isoformat(),
        # A quiet ticket names no address where a program would look for one to answer to.
        "requester": {"email": None if ticket.quiet else ticket.requester.mailbox, "name": rendering.name(ticket)},
        "unproven_email": ticket.requester.mailbox if ticket.quiet else None,
        "quiet": ticket.quiet,
        "proven": None if ticket.quiet else {"way": ticket.proven.value, "at": ticket.proven_at.isoformat()},
        "subject": rendering.subject(ticket),
        "text": rendering.text(ticket),
        "locale": ticket.locale,
        "copies_asked_for": [rendering.line(copy, 320) for copy in ticket.copies[:100]],
        "fields": {
            rendering.line(key, 100): rendering.block(text, rendering.FIELD_LIMIT)
            for key, text in ticket.fields.items()
        },
        "tags": [rendering.line(tag, 100) for tag in ticket.tags],
        "attachments": attachments,
    }
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")
