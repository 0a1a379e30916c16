"""The one mail we write to people is an automatic response (RFC 3834 section 1.1): the rules for such mail, one by one.

Numbers in the names of tests are sections of RFC 3834 if nothing else is said.
"""

from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from typing import cast

import pytest

from stillpost.lab.world import World, build_world, lab_config, lab_portal, link_in
from stillpost.mail.automatic import automatic, keyword
from stillpost.mail.compose import CHALLENGE_HEADER, Outgoing
from stillpost.mail.message import read
from stillpost.mailer import RelayOptions
from stillpost.model import ProofMode
from tests.worlds import call, fill_in, told, world

pytestmark = pytest.mark.anyio
WORDS = {
    "name": "Zaphod\r\nBcc: bcc@example.org",
    "subject": "Peculiar\r\nX-Injected: yes",
    "message": "Remarkable text https://evil.example/ \r\n.\r\nMAIL FROM:<x@example.org>",
}
TITLE = 'Großer Kundendienst, (Nord): "Hilfe" <x@example.org>'
FEW_KILOBYTES = 4_096


async def challenge(
    email: str = "ann@example.com", *, title: str = TITLE, envelope_from: str = "", lang: str = "en"
) -> tuple[World, Outgoing]:
    """The challenge to a request full of a stranger's words."""
    relay = RelayOptions(from_="support@support.lab.example", envelope_from=envelope_from)
    portal = lab_portal(proof=ProofMode.LINK, title=title)
    home = build_world(lab_config({"support": portal}, relay=relay))
    page = await home.post(f"/p/support?lang={lang}", {**WORDS, "email": email}, "198.51.100.7")
    assert told(page) == "challenged"
    await home.work()
    (mail,) = home.mailer.sent
    return home, mail


def parsed(mail: Outgoing) -> EmailMessage:
    return cast("EmailMessage", message_from_bytes(mail.content, policy=policy.SMTP))


def body_of(mail: Outgoing) -> str:
    return str(parsed(mail).get_content())


async def test_2_no_word_of_the_request_travels_in_any_language() -> None:
    for lang in ("en", "de"):
        _, mail = await challenge(lang=lang)
        whole = mail.content.decode() + body_of(mail) + str(parsed(mail)["Subject"])
        for word in ("Zaphod", "Peculiar", "Remarkable", "evil", "bcc@", "Injected"):
            assert word not in whole


async def test_2_it_is_a_few_kilobytes_of_plain_text_without_an_attachment() -> None:
    _, mail = await challenge()
    assert len(mail.content) < FEW_KILOBYTES
    message = parsed(mail)
    assert message.get_content_type() == "text/plain"
    assert not message.is_multipart()


@pytest.mark.parametrize(
    "email",
    [
        "owner-list@example.com",
        "list-request@example.com",
        "MAILER-DAEMON@example.com",
        "postmaster@example.com",
        "abuse@example.com",
        "noreply@example.com",
        "no-reply+x@example.com",
        "bounce-123@example.com",
        "support@support.lab.example",
        "prove@support.lab.example",
        "prove+code@support.lab.example",
    ],
)
async def test_2_programs_and_our_own_addresses_are_never_answered(email: str) -> None:
    home = world(proof=ProofMode.LINK)
    assert (await fill_in(home, {"email": email})).status == 422
    assert (await call(home, {"requester": {"email": email}, "subject": "s", "text": "t"}, keyed=True)).status == 422
    await home.work()
    assert home.mailer.sent == []


async def test_2_a_mail_is_never_answered_by_a_mail() -> None:
    home, mail = await challenge()
    for sender in ("ann@example.com", "", "support@support.lab.example"):
        reply = b"From: ann@example.com\r\nTo: prove@support.lab.example\r\nSubject: Re: hello\r\n\r\nHi\r\n"
        assert (await home.mail(reply, sender, "prove@support.lab.example")).startswith("550 ")
        assert (await home.mail(mail.content, sender, "prove@support.lab.example")).startswith("550 ")
    await home.work()
    assert len(home.mailer.sent) == 1


async def test_2_the_same_is_not_sent_again_for_seven_days_however_the_address_is_written() -> None:
    home = world(proof=ProofMode.LINK)
    await fill_in(home)
    await home.work()
    for hours, email in enumerate(("ann@example.com", "ANN@EXAMPLE.COM", "ann+1@example.com", "Ann+2@Example.com")):
        await fill_in(home, {"email": email}, ip=f"192.0.2.{hours}")
        home.clock.push(hours=41)
        await home.work()
    assert len(home.mailer.sent) == 1


async def test_3_1_1_the_sender_is_an_address_a_person_reads_and_names_the_service() -> None:
    _, mail = await challenge()
    (author,) = parsed(mail)["From"].addresses
    assert (author.display_name, author.addr_spec) == (TITLE, "support@support.lab.example")
    assert "a person reads mail to support@support.lab.example" in body_of(mail)


async def test_3_1_2_answers_go_to_the_sender() -> None:
    _, mail = await challenge()
    assert parsed(mail)["Reply-To"] is None
    assert parsed(mail)["Sender"] is None


@pytest.mark.parametrize("email", ["ann@example.com", "änne@example.com", "o'neil=x@example.com", "ann@bücher.example"])
async def test_3_1_3_one_recipient_and_no_copies(email: str) -> None:
    _, mail = await challenge(email)
    message = parsed(mail)
    assert [message[name] for name in ("Cc", "Bcc", "Resent-To")] == [None, None, None]
    assert len(message.get_all("To", [])) == 1
    assert [address for _, address in getaddresses([str(message["To"])])] == [mail.recipient]


async def test_3_1_5_the_subject_says_that_it_is_automatic_and_is_always_the_same() -> None:
    subjects = {lang: parsed((await challenge(lang=lang))[1])["Subject"] for lang in ("en", "de")}
    assert subjects == {
        "en": "Automatic question: did you write to us?",
        "de": "Automatische Rückfrage: Haben Sie uns geschrieben?",
    }


async def test_3_1_6_it_answers_a_form_so_it_refers_to_no_mail() -> None:
    _, mail = await challenge()
    assert (parsed(mail)["In-Reply-To"], parsed(mail)["References"]) == (None, None)


async def test_3_1_7_and_5_auto_submitted_stands_there_once_as_any_parser_reads_it() -> None:
    _, mail = await challenge()
    headers = read(mail.content).headers
    assert headers.all("auto-submitted") == ("auto-generated",)
    assert keyword(headers) == "auto-generated"
    assert automatic(headers) is not None


async def test_3_3_the_null_sender_or_one_that_nothing_answers() -> None:
    assert (await challenge())[1].sender == ""
    home, mail = await challenge(envelope_from="returns@support.lab.example")
    assert mail.sender.startswith("returns+")
    absent = b"From: ann@example.com\r\nSubject: Away\r\nAuto-Submitted: auto-replied\r\n\r\nAway\r\n"
    assert (await home.mail(absent, "", mail.sender)).startswith("250 ")
    await home.work()
    assert len(home.mailer.sent) == 1


async def test_4_it_goes_to_the_address_that_was_given_and_nowhere_else() -> None:
    _, mail = await challenge("Ann@Example.COM")
    assert mail.recipient == "Ann@example.com"


async def test_recipients_can_count_and_filter_our_challenges() -> None:
    _, mail = await challenge()
    headers = read(mail.content).headers
    assert headers.all(CHALLENGE_HEADER.lower()) == ("v=1",)
    assert headers.first("x-auto-response-suppress") == "All"


async def test_one_click_is_what_rfc_8058_asks_for() -> None:
    home, mail = await challenge()
    headers = read(mail.content).headers
    (link,) = headers.all("list-unsubscribe")
    path = link_in(mail, "not-me")
    assert link == f"<https://support.lab.example{path}>"
    assert headers.all("list-unsubscribe-post") == ("List-Unsubscribe=One-Click",)
    assert (await home.get(path, "203.0.113.5")).status == 200
    assert not await home.house.store.lists.has("suppressed", "ann@example.com", home.clock())
    page = await home.post(path, {"List-Unsubscribe": "One-Click"}, "203.0.113.5")
    assert (page.status, page.headers.get("location")) == (200, None)
    assert await home.house.store.lists.has("suppressed", "ann@example.com", home.clock())


async def test_it_says_who_asks_why_and_that_nothing_need_be_done_in_both_languages() -> None:
    _, mail = await challenge()
    text = body_of(mail)
    for words in (
        "support.lab.example",
        "If it was not you, do nothing",
        "This mail was made by a program",
        "Wenn Sie es nicht waren",
    ):
        assert words in text
    assert text.count("/confirm/") == text.count("/not-me/") == 2


async def test_every_line_is_one_that_mail_carries() -> None:
    for title in (TITLE, "T" * 80, "Ü" * 80):
        _, mail = await challenge(title=title)
        lines = mail.content.split(b"\r\n")
        assert not [line for line in lines if len(line) > 998 or b"\n" in line or b"\r" in line or b"\x00" in line]
        head, _, body = mail.content.partition(b"\r\n\r\n")
        assert head.isascii()
        assert body.isascii()
