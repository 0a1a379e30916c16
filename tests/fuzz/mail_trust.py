"""What is believed: Received, Authentication-Results, signs of automatic mail; never an error."""

from datetime import UTC, datetime

from stillpost.mail.auth import aligned, results_from, signatures, signed_fields
from stillpost.mail.automatic import automatic, fresh_mail_problem
from stillpost.mail.border import arrival, border_of
from stillpost.mail.message import MessageError, read

SEEDS = (
    (
        b"Received: from h (n.example. [203.0.113.1] (may be forged)) by mx.example.org with ESMTPS;"
        b" Mon, 23 Nov 26 10:00 +0100\n"
        b"Authentication-Results: mx.example.org; dkim=pass (x) header.d=a.example header.s=s;"
        b" spf=pass smtp.mailfrom=b.example\n"
        b"DKIM-Signature: v=1; d=a.example; s=s; h=from:to\nFrom: a@a.example\nReply-To: a@a.example\n\n"
    ),
    (
        b"Authentication-Results: spf=pass (a) smtp.mailfrom=a.example;dmarc=pass action=none header.from=a.example;\n"
        b"Received: from A (203.0.113.1) by B.outlook.com (10.0.0.1) with HTTPS; Mon, 23 Nov 26 10:00 GMT\n"
        b"Auto-Submitted: =?utf-8?q?auto-replied?= (c); d=e\nPrecedence: bulk\nFrom: a@a.example\n\n"
    ),
)
LATEST = datetime(2026, 12, 1, tzinfo=UTC)


def check(data: bytes) -> None:
    """Ask everything of ``data`` as a header."""
    try:
        headers = read(data).headers
    except MessageError:
        return
    border = border_of(headers)
    arrival(headers, border, latest=LATEST)
    results = results_from(headers, border.at if border else None, ("mx.example.org",))
    for domain, _ in signatures(headers):
        signed_fields(headers, domain)
        aligned(domain, results)
    automatic(headers)
    fresh_mail_problem(headers, "a@a.example", "a@a.example")
