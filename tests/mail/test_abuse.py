"""Abuse reports: whom they go to, what is in them, what is not."""

import base64
import email
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import xarf as reference
from hypothesis import given
from hypothesis import strategies as st

from stillpost.mail.abuse import EVIDENCE_MAX_BYTES, Incident, Reporter, arf, recipients, xarf
from stillpost.mail.message import MessageError, read
from stillpost.mail.redaction import redacted_header
from stillpost.model import Tenant

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ID = UUID("123e4567-e89b-42d3-a456-426614174000")
REPORTER = Reporter("Anna Muster", "anna@example.org")
MAIL = (Path(__file__).parents[1] / "cases/mail/zendesk-custom-signature/message.eml").read_bytes()
TENANT = Tenant(
    platform="zendesk", tenant="0a1b2c3", organization="acme.example", ticket="9K662EWK01X", authenticated=True
)


def incident(evidence: bytes = MAIL, **changes: Any) -> Incident:
    known: dict[str, Any] = {
        "tenant": TENANT,
        "messages": 17,
        "first": AT,
        "last": AT,
        "evidence": evidence,
        "arrived": AT,
        "source_ip": "203.0.113.15",
        "envelope_sender": "bounces+anna=example.org@acme.example",
        "recipient": "anna@example.org",
    }
    return Incident(**(known | changes))


@pytest.mark.parametrize(
    ("tenant", "dmarc_passed", "expected"),
    [
        pytest.param(TENANT, True, ("abuse@zendesk.com", "abuse@acme.example"), id="platform and organization"),
        pytest.param(TENANT, False, ("abuse@zendesk.com",), id="no DMARC"),
        pytest.param(Tenant(platform="zendesk", tenant="", organization="acme.example"), True, (), id="nobody vouches"),
        pytest.param(
            Tenant(platform="zendesk", tenant="0a1b2c3", organization="acme.zendesk.com", authenticated=True),
            True,
            ("abuse@zendesk.com",),
            id="a tenant's subdomain has no abuse desk",
        ),
        pytest.param(
            Tenant(platform="rt", tenant="acme.example", organization="acme.example", authenticated=True),
            True,
            ("abuse@acme.example",),
            id="own server",
        ),
        pytest.param(
            Tenant(platform="salesforce", tenant="00D1", organization="", authenticated=True),
            True,
            (),
            id="no address is known",
        ),
    ],
)
def test_whom_a_report_goes_to(tenant: Tenant, dmarc_passed: bool, expected: tuple[str, ...]) -> None:
    assert recipients(tenant, dmarc_passed=dmarc_passed) == expected


def test_an_arf_has_its_three_parts_and_the_mail_as_it_arrived() -> None:
    raw = arf(incident(), REPORTER, ("abuse@zendesk.com",), report_id=ID, at=AT)
    report = email.message_from_bytes(raw)
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "feedback-report"
    words, fields, evidence = (part for part in report.get_payload() if not isinstance(part, str))
    assert "17 automatic mails by zendesk customer 0a1b2c3" in words.get_payload()
    assert fields.get_content_type() == "message/feedback-report"
    (said,) = fields.get_payload()
    assert dict(said.items()) == {
        "Feedback-Type": "abuse",
        "User-Agent": "Stillpost/1",
        "Version": "1",
        "Original-Mail-From": "<bounces+anna=example.org@acme.example>",
        "Original-Rcpt-To": "<anna@example.org>",
        "Arrival-Date": "Mon, 23 Nov 2026 10:00:00 +0000",
        "Source-IP": "203.0.113.15",
        "Reported-Domain": "acme.example",
        "Incidents": "17",
    }
    assert evidence.get_content_type() == "message/rfc822"
    assert MAIL.replace(b"\n", b"\r\n") in raw
    assert (report["To"], report["Auto-Submitted"]) == ("abuse@zendesk.com", "auto-generated")


def test_the_same_report_is_the_same_bytes() -> None:
    written = [arf(incident(), REPORTER, (), report_id=ID, at=AT) for _ in range(2)]
    assert written[0] == written[1]
    assert b"\r\nTo:" not in written[0].partition(b"\r\n\r\n")[0]


def test_a_xarf_is_valid_and_holds_the_mail_with_its_hash() -> None:
    text = xarf(incident(), REPORTER, report_id=ID, at=AT)
    assert reference.parse(text).errors == []
    report = json.loads(text)
    (evidence,) = report["evidence"]
    raw = base64.b64decode(evidence["payload"])
    assert raw == MAIL.replace(b"\n", b"\r\n")
    assert evidence["hash"] == f"sha256:{hashlib.sha256(raw).hexdigest()}"
    assert (report["report_id"], report["timestamp"]) == (str(ID), "2026-11-23T10:00:00Z")
    assert report["tags"] == ["platform:zendesk", "tenant:0a1b2c3"]


def test_a_reporter_without_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="contact"):
        xarf(incident(), Reporter("Anna", "nobody"), report_id=ID, at=AT)


def test_evidence_that_is_no_message_is_refused() -> None:
    with pytest.raises(MessageError):
        arf(incident(b"\x00"), REPORTER, (), report_id=ID, at=AT)


def test_a_large_mail_is_shown_by_its_header() -> None:
    large = b"From: a@acme.example\n\n" + b"x" * EVIDENCE_MAX_BYTES
    raw = arf(incident(large), REPORTER, (), report_id=ID, at=AT)
    assert len(raw) < 10_000
    assert b"Content-Type: text/rfc822-headers" in raw


PERSONAL = b"""\
Delivered-To: anna.muster@example.org
Received: from imap.example.org (localhost [127.0.0.1]) by home.anna.example.net; x
Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=bounces+anna.muster=example.org@acme.example
Received: from a (a.acme.example [203.0.113.1]) by mx.example.org for <Anna.Muster@example.org>; x
From: Acme <support@acme.example>
To: Anna <anna.muster@example.org>
Cc: Carla <carla@example.com>
Subject: =?utf-8?q?anna=2Emuster=40example=2Eorg?=, you won
X-Folded: anna.
 muster@example.org
X-Other: for carla@example.com and anna.muster, xcarla@example.comx
X-Zendesk-From-Account-Id: 0a1b2c3

Hello Anna Muster
"""


def test_redaction_takes_the_person_out_of_the_header() -> None:
    text = redacted_header(read(PERSONAL), "anna.muster@example.org").decode()
    assert "anna" not in text.lower()
    assert "carla" not in text.lower()
    assert "home." not in text
    assert "X-Zendesk-From-Account-Id: 0a1b2c3\r\n" in text
    assert "bounces+redacted@acme.example" in text
    assert text.endswith("\r\n\r\n")


@pytest.mark.parametrize("write", ["arf", "xarf"])
def test_a_redacted_report_does_not_name_the_person(write: str) -> None:
    shown = incident(
        PERSONAL, recipient="anna.muster@example.org", envelope_sender="bounces+anna.muster=example.org@acme.example"
    )
    desk = Reporter("Mail desk", "desk@example.com")
    if write == "arf":
        text = arf(shown, desk, (), report_id=ID, at=AT, redact=True).decode()
    else:
        report = json.loads(xarf(shown, desk, report_id=ID, at=AT, redact=True))
        text = json.dumps(report) + base64.b64decode(report["evidence"][0]["payload"]).decode()
    assert "anna" not in text.lower()
    assert "muster" not in text.lower()


@given(st.text(max_size=80), st.text(max_size=80), st.binary(max_size=300))
def test_what_comes_out_of_a_mail_becomes_no_line_of_the_report(tenant: str, organization: str, body: bytes) -> None:
    strange = Tenant(platform="zendesk", tenant=tenant, organization=organization, ticket=tenant, authenticated=True)
    evidence = b"From: a@acme.example\n\n" + body
    raw = arf(
        incident(evidence, tenant=strange, envelope_sender=tenant, source_ip=organization),
        REPORTER,
        (),
        report_id=ID,
        at=AT,
    )
    report = email.message_from_bytes(raw)
    assert [part.get_content_type() for part in report.get_payload() if not isinstance(part, str)] == [
        "text/plain",
        "message/feedback-report",
        "message/rfc822",
    ]
    assert report["From"] == "Anna Muster <anna@example.org>"


def test_a_strange_envelope_is_left_out_of_a_xarf() -> None:
    strange = incident(envelope_sender="MAILER DAEMON", recipient="nobody")
    report = json.loads(xarf(strange, REPORTER, report_id=ID, at=AT))
    assert report["smtp_from"] == "support@acme.example"
    assert "smtp_to" not in report


@given(st.text(max_size=60), st.binary(max_size=400))
def test_any_header_is_redacted(recipient: str, header: bytes) -> None:
    try:
        message = read(b"From: a@acme.example\n" + header)
    except MessageError:
        return
    assert redacted_header(message, recipient).endswith(b"\r\n\r\n")
