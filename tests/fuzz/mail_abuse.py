"""Reports on any mail: three parts, or MessageError."""

import email
from datetime import UTC, datetime
from uuid import UUID

from stillpost.mail.abuse import Incident, Reporter, arf
from stillpost.mail.message import MessageError
from stillpost.model import Tenant

SEEDS = (
    b"To: Anna <anna@example.org>\nSubject: =?utf-8?q?anna=40example.org?=\nFrom: a@acme.example\n\nHello Anna\n",
    b"Received: from a (a [203.0.113.1]) by b for <anna@example.org>; x\nDelivered-To: anna@example.org\n\n--x\n",
)
AT = datetime(2026, 11, 23, tzinfo=UTC)
ID = UUID("123e4567-e89b-42d3-a456-426614174000")


def check(data: bytes) -> None:
    """Report ``data`` as it came and redacted."""
    text = data[:40].decode("utf-8", "replace")
    tenant = Tenant(platform="zendesk", tenant=text, organization=text, ticket=text, authenticated=True)
    shown = Incident(
        tenant=tenant, messages=3, first=AT, last=AT, evidence=data, arrived=AT, recipient="anna@example.org"
    )
    for redact in (False, True):
        try:
            raw = arf(shown, Reporter("Desk", "desk@example.com"), (), report_id=ID, at=AT, redact=redact)
        except MessageError:
            continue
        parts = [part for part in email.message_from_bytes(raw).get_payload() if not isinstance(part, str)]
        assert len(parts) == 3
        assert not redact or b"anna@example.org" not in raw.rpartition(b"text/rfc822-headers")[2].lower()
