"""Attribution: any header is somebody's, or nobody's."""

from stillpost.mail.auth import results_from
from stillpost.mail.author import author_of
from stillpost.mail.border import border_of
from stillpost.mail.message import MessageError, read
from stillpost.mail.platform import attribute, identity

SEEDS = (
    (
        b"Authentication-Results: dkim=pass header.d=zendesk.com\n"
        b"Received: from a (a.zdsys.com [192.161.149.34]) by mx.example.org; x\n"
        b"X-Zendesk-From-Account-Id: 0a1b2c3\nMessage-ID: <9K662EWK01X_64cfc0877a983_41468c10409d6_sprut@zendesk.com>\n"
        b"From: a@acme.zendesk.com\nList-Id: <l.example>\n\n"
    ),
    (
        b"Subject: =?utf-8?q?[support-1]?= x (Opened)\nMessage-ID: <179545327317.32249.7421446381885512237@localhost>\n"
        b"X-Mailer: =?utf-8?q?osTicket=20Mailer?=\nFrom: a@acme.freshdesk.com\n\n"
    ),
)


def check(data: bytes) -> None:
    """Attribute ``data`` as a header."""
    try:
        headers = read(data).headers
    except MessageError:
        return
    border = border_of(headers)
    author = author_of(headers).address
    found = attribute(headers, author, results_from(headers, border.at if border else None), border)
    identity(headers, author, found)
    assert found is None or found.tenant.authenticated == bool(found.tenant.tenant) == bool(found.vouched_by)
