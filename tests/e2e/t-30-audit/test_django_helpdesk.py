"""The audit against the real django-helpdesk: no exposure without a mail, no mail without an exposure, text by text."""

from pathlib import Path
from typing import Any

import pytest
from tests.e2e import audited, products
from tests.e2e.audited import COPIED, STRANGER, VICTIM, Change, Seen, comparable

from stillpost.audit.exposure import Exposure, Kind
from stillpost.audit.fix import plan
from stillpost.audit.logic import Tri
from stillpost.audit.product import Aim
from stillpost.helpdesks.django_helpdesk.settings import DjangoHelpdesk

pytestmark = pytest.mark.e2e

SUBJECT = "HELPDESK_EMAIL_SUBJECT_TEMPLATE"
CONSTANT = "{{ ticket.ticket }} %(subject)s"

CONFIGURATIONS = [
    pytest.param([], {}, id="as installed"),
    pytest.param([], {SUBJECT: CONSTANT}, id="a constant subject"),
    pytest.param([("queue", 1, "allow_public_submission", False)], {}, id="no public form"),
    pytest.param([("queue", 1, "allow_email_submission", False)], {}, id="no mail intake"),
    pytest.param([], {"QUEUE_EMAIL_BOX_UPDATE_ONLY": True}, id="mail updates only"),
    pytest.param([], {"HELPDESK_SUBMIT_A_TICKET_PUBLIC": False}, id="the form switched off by setting"),
    pytest.param([("queue", 1, "enable_notifications_on_email_events", True)], {}, id="copies are mailed"),
    pytest.param([("ignoreemail", "new", "email_address", "*@*")], {}, id="every sender ignored"),
    pytest.param([("queue", 1, "locale", "de")], {}, id="a German queue"),
    pytest.param([("queue", 1, "locale", "xx")], {}, id="a locale without templates"),
    pytest.param([], {"HELPDESK_PUBLIC_TICKET_QUEUE": "other"}, id="the form serves another queue"),
]


def by_form(exposure: Exposure) -> bool:
    return any(channel.startswith("form-") for channel in exposure.channels)


def by_mail(exposure: Exposure) -> bool:
    return any(channel.startswith("mail-") for channel in exposure.channels)


def sent_by_mail(helpdesk: products.DjangoHelpdesk, subject: str, text: str, sender: str, name: str) -> list[Seen]:
    before = len(helpdesk.sink.mails)
    helpdesk.receive(name, audited.mail(subject, text, sender, products.QUEUE_ADDRESS, COPIED))
    return audited.seen(helpdesk.sink.mails[before:])


def for_victim(mails: list[Seen]) -> list[Seen]:
    return [mail for mail in mails if VICTIM in mail.recipients]


@pytest.mark.parametrize(("changes", "settings"), CONFIGURATIONS)
def test_what_the_audit_says_is_what_the_product_does(
    changes: list[Change], settings: dict[str, Any], tmp_path: Path, sink: products.Sink
) -> None:
    with audited.django_helpdesk(tmp_path, sink, changes, settings) as helpdesk:
        product, found = audited.judged("django-helpdesk", helpdesk.place)
        agrees(helpdesk, product, found)


def agrees(helpdesk: products.DjangoHelpdesk, product: Any, found: list[Exposure]) -> None:
    """Send everything a stranger can send, and compare what comes out with what the audit said would."""
    sure = [exposure for exposure in found if exposure.tri is Tri.YES]
    new = [e for e in sure if e.kind is Kind.VOLUME and e.occasion.id == "created"]
    later = [e for e in sure if e.kind is Kind.VOLUME and e.occasion.id == "second"]
    given = product.given
    request = (given.subject, given.text, VICTIM)
    mails = for_victim(_by_form(helpdesk, *request))
    assert len(mails) == sum(map(by_form, new))
    for mail, exposure in zip(mails, filter(by_form, new), strict=True):
        same(mail, exposure, found)
    everything = sent_by_mail(helpdesk, given.subject, given.text, VICTIM, "first.eml")
    mails = for_victim(everything)
    assert len(mails) == sum(map(by_mail, new))
    for mail, exposure in zip(mails, filter(by_mail, new), strict=True):
        same(mail, exposure, found)
    copied = {address for mail in everything for address in mail.recipients} & set(COPIED)
    assert bool(copied) == any(e.kind is Kind.COPIES and e.occasion.id == "created" for e in sure)
    ticket = len(helpdesk.tickets())
    if ticket:
        update = sent_by_mail(helpdesk, f"[support-{ticket}] again", given.text, STRANGER, "second.eml")
        assert len(for_victim(update)) == len({e.notice.id for e in later})
        for mail, exposure in zip(for_victim(update), later, strict=True):
            same(mail, exposure, found)


def _by_form(helpdesk: products.DjangoHelpdesk, subject: str, text: str, address: str) -> list[Seen]:
    import httpx2

    before = len(helpdesk.sink.mails)
    try:
        helpdesk.post_form(address, subject, text)
    except (AssertionError, httpx2.HTTPError):
        assert len(helpdesk.sink.mails) == before
    return audited.seen(helpdesk.sink.mails[before:])


def same(mail: Seen, exposure: Exposure, found: list[Exposure]) -> None:
    """One mail, word for word (the ticket's number, links and dates are the moment's)."""
    witness = exposure.witness
    number = str.maketrans("0123456789", "##########")
    assert mail.subject.translate(number) == witness.mail.subject.translate(number)
    assert comparable(mail.text).translate(number) == comparable(witness.mail.text).translate(number)
    assert witness.exact
    leaking = {e.notice.id for e in found if e.kind is Kind.CONTENT}
    words = (witness.request.subject, witness.request.text)
    travels = any(word in text for word in words for text in (mail.subject, mail.text, mail.html))
    assert travels == (exposure.notice.id in leaking)


FIXED = [pytest.param(Aim.CONTENT, id="words and copies"), pytest.param(Aim.VOLUME, id="all mail")]


@pytest.mark.parametrize("aim", FIXED)
def test_the_fix_stops_on_the_real_product_what_it_says_it_stops(aim: Aim, tmp_path: Path, sink: products.Sink) -> None:
    copying: list[Change] = [("queue", 1, "enable_notifications_on_email_events", True)]
    with audited.django_helpdesk(tmp_path / "before", sink, copying, {}) as helpdesk:
        product, found = audited.judged("django-helpdesk", helpdesk.place)
        agrees(helpdesk, product, found)
        assert {Kind.CONTENT, Kind.COPIES, Kind.VOLUME} <= audited.kinds(found)
    assert isinstance(product, DjangoHelpdesk)
    made = plan(product, aim, product.given)
    assert made.proof.left == ()
    changes, settings = audited.applied_django(made.edits)
    sink.mails.clear()
    with audited.django_helpdesk(tmp_path / "after", sink, [*copying, *changes], settings) as helpdesk:
        product, found = audited.judged("django-helpdesk", helpdesk.place)
        agrees(helpdesk, product, found)
    left = audited.kinds(found)
    assert not left & {Kind.CONTENT, Kind.COPIES}
    assert (Kind.VOLUME in left) == (aim is Aim.CONTENT)
    mails = for_victim(audited.seen(sink.mails))
    assert bool(mails) == (aim is Aim.CONTENT)


def test_the_form_is_answered_without_a_word_that_says_automatic(tmp_path: Path, sink: products.Sink) -> None:
    with audited.django_helpdesk(tmp_path, sink, [], {}) as helpdesk:
        helpdesk.post_form(VICTIM, "one", "two")
        (mail,) = for_victim(audited.seen(sink.mails))
    assert mail.header["Auto-Submitted"] is None
    assert mail.header["Precedence"] is None
