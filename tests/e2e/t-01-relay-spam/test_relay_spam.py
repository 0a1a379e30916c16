"""The attack itself, on bare helpdesks without Stillpost: if an upstream changes its behavior, this notices first."""

import pytest
from tests.e2e.products import TRACKER_ADDRESS, DjangoHelpdesk, Roundup, version

pytestmark = pytest.mark.e2e

VICTIM = "victim@example.com"
BURST = 15


def forged(number: int, sender: str = VICTIM) -> bytes:
    """A mail that says to come from the victim."""
    return (
        f"From: Somebody <{sender}>\r\nTo: {TRACKER_ADDRESS}\r\nSubject: free vouchers {number}\r\n"
        f"Message-ID: <forged.{number}@example.net>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nread this\r\n"
    ).encode()


@pytest.mark.parametrize(("product", "measured"), [("django-helpdesk", "2.6.1"), ("roundup", "2.6.0")])
def test_the_products_are_the_versions_that_our_pages_speak_of(product: str, measured: str) -> None:
    assert version(product) == measured


def test_fifteen_forms_on_bare_django_helpdesk_mail_a_stranger_fifteen_times(django_helpdesk: DjangoHelpdesk) -> None:
    for number in range(BURST):
        django_helpdesk.post_form(VICTIM, f"free vouchers {number}", "read this")
    mails = django_helpdesk.sink.to(VICTIM)
    assert len(mails) == BURST
    assert all(b"free vouchers" in mail.content for mail in mails)
    assert all(b"auto-submitted" not in mail.content.lower() for mail in mails)


def test_fifteen_mails_to_an_answering_roundup_mail_a_stranger_fifteen_times(answering_roundup: Roundup) -> None:
    for number in range(BURST):
        answering_roundup.receive(forged(number))
    mails = answering_roundup.sink.to(VICTIM)
    assert len(mails) == BURST
    assert all(b"read this" in mail.content for mail in mails)


def test_a_stock_roundup_sends_the_whole_forged_mail_back_to_its_forged_sender(roundup: Roundup) -> None:
    roundup.receive(forged(1))
    assert [b"read this" in mail.content for mail in roundup.sink.to(VICTIM)] == [True]
    assert roundup.issues() == []
