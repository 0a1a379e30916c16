"""Reports a company can act on: one ARF (RFC 5965) and one XARF v4 a tenant, with the evidence. Written, never sent.

A report of a flood is one report with a count (RFC 6650): three hundred of them would be the next flood. It goes to the
platform's abuse address, and to ``abuse@`` the organization only where the organization's own domain passed DMARC: an
address a stranger wrote (Reply-To, a support address) could make us the bomber.
"""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Final, final
from uuid import UUID

from stillpost.mail.addresses import read as read_address
from stillpost.mail.author import author_of
from stillpost.mail.catalog import catalog
from stillpost.mail.message import read
from stillpost.mail.redaction import redacted_header
from stillpost.model import Tenant

EVIDENCE_MAX_BYTES: Final = 1_048_576  # a larger mail is shown by its header alone
AGENT: Final = "Stillpost/1"

_UNSAFE = re.compile(r"[^\x20-\x7e]")
_TAG = re.compile(r"[^a-z0-9_+-]")


@final
@dataclass(frozen=True, slots=True)
class Reporter:
    """The person (or desk) whose report it is: name, address, and the address's domain."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """The domain of the address."""
        return self.address.rpartition("@")[2]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What one tenant sent: how many mails between ``first`` and ``last`` (aware), and one of them as evidence.

    ``evidence`` are the bytes of that mail, ``arrived`` its time at our side, ``source_ip`` the peer at our border,
    ``envelope_sender`` the Return-Path, ``recipient`` whose mailbox it was; what is not known is empty.
    """

    tenant: Tenant
    messages: int
    first: datetime
    last: datetime
    evidence: bytes
    arrived: datetime
    source_ip: str = ""
    envelope_sender: str = ""
    recipient: str = ""


def recipients(tenant: Tenant, *, dmarc_passed: bool) -> tuple[str, ...]:
    """Whom a report on ``tenant`` is addressed to; nobody where no address is known for certain.

    ``dmarc_passed``: the mails' own From domain passed DMARC, so that its organization answers for it.
    """
    if not tenant.authenticated:
        return ()
    platform = catalog().named(tenant.platform)
    found = [platform.abuse] if platform and platform.abuse else []
    shared = platform.domains if platform else frozenset()
    owner = tenant.organization
    if dmarc_passed and owner and not any(owner == each or owner.endswith(f".{each}") for each in shared):
        found.append(f"abuse@{owner}")
    return tuple(found)


def arf(
    incident: Incident, reporter: Reporter, to: tuple[str, ...], *, report_id: UUID, at: datetime, redact: bool = False
) -> bytes:
    """The report as a mail (RFC 5965), CRLF line ends: words for people, fields for programs, the mail itself.

    ``redact``: the header only, without the recipient (RFC 6590). ``at`` and ``report_id`` are the caller's, so that
    the same report is the same bytes. Raises ``MessageError`` where the evidence is no message.
    """
    kind, evidence = _evidence(incident, redact=redact)
    report = EmailMessage(policy=SMTP)
    report["From"] = f"{_plain(reporter.name)} <{reporter.address}>" if reporter.name else reporter.address
    if to:
        report["To"] = ", ".join(to)
    report["Subject"] = _subject(incident)
    report["Date"] = format_datetime(at.astimezone(UTC))
    report["Message-ID"] = f"<{report_id}@{reporter.domain}>"
    report["Auto-Submitted"] = "auto-generated"
    parts = [_part("text/plain; charset=utf-8", _words(incident, redact=redact).encode())]
    parts.append(_part("message/feedback-report", _fields(incident, redact=redact).encode("ascii", "replace")))
    parts.append(_part(kind, evidence))
    boundary = _boundary(report_id, parts)
    kind_of_all = f'multipart/report; report-type=feedback-report; boundary="{boundary}"'
    head = (
        report.as_bytes(policy=SMTP).rstrip(b"\r\n") + f"\r\nMIME-Version: 1.0\r\nContent-Type: {kind_of_all}".encode()
    )
    line = f"--{boundary}".encode()
    return b"\r\n".join([head, b"", *(piece for part in parts for piece in (line, part)), line + b"--", b""])


def xarf(incident: Incident, reporter: Reporter, *, report_id: UUID, at: datetime, redact: bool = False) -> str:
    """The report as XARF v4 (``messaging/spam``), valid by the schema of the ``xarf`` package; JSON text.

    ``redact`` as in ``arf``. Raises ``MessageError`` where the evidence is no message, ValueError where the schema
    refuses what is known (a reporter without an address, a mail without envelope sender and author).
    """
    from xarf import parse  # 0.3 s to import, for the few who write reports

    kind, evidence = _evidence(incident, redact=redact)
    report = _xarf_fields(incident, reporter, redact=redact) | {"report_id": str(report_id), "timestamp": _stamp(at)}
    report["evidence"] = [
        {
            "content_type": kind,
            "description": "One of the mails, by its header"
            if kind != "message/rfc822"
            else "One of the mails, as it arrived",
            "payload": base64.b64encode(evidence).decode(),
            "hash": f"sha256:{hashlib.sha256(evidence).hexdigest()}",
            "size": len(evidence),
        }
    ]
    found = parse(report)
    if found.errors:
        raise ValueError("; ".join(f"{error.field}: {error.message}" for error in found.errors))
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _xarf_fields(incident: Incident, reporter: Reporter, *, redact: bool) -> dict[str, Any]:
    headers = read(incident.evidence).headers
    author = author_of(headers).address
    contact = {"org": reporter.name or reporter.domain, "contact": reporter.address, "domain": reporter.domain}
    tenant = incident.tenant
    sender = author.mailbox if author else ""
    envelope = [read_address(address) for address in (incident.envelope_sender, incident.recipient)]
    personal = {
        "smtp_from": envelope[0].mailbox if envelope[0] else sender,
        "smtp_to": envelope[1].mailbox if envelope[1] else "",
        "subject": headers.text("subject")[:500],
        "message_id": headers.first("message-id")[:200],
    }
    fields: dict[str, Any] = {
        "xarf_version": "4.2.0",
        "category": "messaging",
        "type": "spam",
        "reporter": contact,
        "sender": contact,
        "source_identifier": incident.source_ip or tenant.organization or tenant.tenant,
        "source_port": 25,  # the schema asks for one; the peer's own port is not recorded in mail
        "protocol": "smtp",
        "evidence_source": "user_complaint",
        "description": _sentence(incident)[:1000],
        "tags": [f"platform:{_tag(tenant.platform)}", f"tenant:{_tag(tenant.tenant)}"],
        **({"smtp_from": sender} if redact else personal),  # a bounce address may hold the recipient's
    }
    return {name: value for name, value in fields.items() if value != ""}


def _evidence(incident: Incident, *, redact: bool) -> tuple[str, bytes]:
    """The media type and bytes of the third part, CRLF line ends."""
    message = read(incident.evidence)
    if redact:
        return "text/rfc822-headers", redacted_header(message, incident.recipient)
    raw = incident.evidence[message.header_at :]
    if len(raw) > EVIDENCE_MAX_BYTES:
        return "text/rfc822-headers", _crlf(incident.evidence[message.header_at : message.body_at])
    return "message/rfc822", _crlf(raw)


def _name(tenant: Tenant) -> str:
    """The tenant in words: a platform's customer, or an organization by its domain."""
    who = tenant.tenant or tenant.organization or "an unknown sender"
    return _plain(f"{tenant.platform} customer {who}" if tenant.platform and who != tenant.organization else who)


def _subject(incident: Incident) -> str:
    return f"Abuse report: {incident.messages} unasked mails by {_name(incident.tenant)}"


def _sentence(incident: Incident) -> str:
    span = f"between {_stamp(incident.first)} and {_stamp(incident.last)}"
    return (
        f"{incident.messages} automatic mails by {_name(incident.tenant)} reached a person who reports having asked for"
        f" none of them, {span}. Most likely a stranger typed the person's address into a form, an API or a From."
    )


def _words(incident: Incident, *, redact: bool) -> str:
    tenant = incident.tenant
    known = {
        "Platform": tenant.platform,
        "Customer": tenant.tenant,
        "Organization": tenant.organization,
        "Ticket": tenant.ticket,
    }
    lines = [
        "This is an abuse report in the format of RFC 5965.",
        "",
        _sentence(incident),
        "",
        *(f"{name}: {value}" for name, value in known.items() if value),
        f"First mail: {_stamp(incident.first)}",
        f"Last mail: {_stamp(incident.last)}",
        "",
        "One of the mails is attached"
        + (", by its header and without the recipient." if redact else " as it arrived."),
        "What stops this: no automatic mail to an address before its owner has proved it.",
    ]
    return "\r\n".join(_plain(line) for line in lines) + "\r\n"


def _fields(incident: Incident, *, redact: bool) -> str:
    """The machine-readable part (RFC 5965 section 3)."""
    values = {
        "Feedback-Type": "abuse",
        "User-Agent": AGENT,
        "Version": "1",
        "Original-Mail-From": "" if redact or not incident.envelope_sender else f"<{incident.envelope_sender}>",
        "Original-Rcpt-To": "" if redact or not incident.recipient else f"<{incident.recipient}>",
        "Arrival-Date": format_datetime(incident.arrived.astimezone(UTC)),
        "Source-IP": incident.source_ip,
        "Reported-Domain": incident.tenant.organization,
        "Incidents": str(incident.messages),
    }
    return "".join(f"{name}: {_plain(value)}\r\n" for name, value in values.items() if value)


def _part(kind: str, content: bytes) -> bytes:
    encoding = "7bit" if content.isascii() else "8bit"
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + content


def _boundary(report_id: UUID, parts: list[bytes]) -> str:
    """The same for the same report; the digest of the parts, so that no part can contain it."""
    return f"report-{hashlib.sha256(report_id.bytes + b''.join(parts)).hexdigest()[:40]}"


def _crlf(raw: bytes) -> bytes:
    return re.sub(rb"\r?\n", b"\r\n", raw)


def _plain(text: str) -> str:
    """One line of visible ASCII: what came out of a mail must not become a line of the report."""
    return _UNSAFE.sub("?", text)


def _tag(text: str) -> str:
    return _TAG.sub("-", text.lower()).lstrip("-_+") or "unknown"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
