"""A ticket as a mail: whatever a stranger typed, the header has our fields and no others."""

import email
from dataclasses import replace
from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillpost.helpdesks.message import Look, compose, media_type
from stillpost.model import Ticket
from tests.helpdesks.test_rendering import ANYTHING, hostile
from tests.helpdesks.tickets import address, attachment, ticket

MAIL_LOOK = Look(sender="portal@desk.example", to="help@desk.example", marked=True, domain="desk.example")
OURS = [
    "Date", "From", "Sender", "To", "Subject", "Message-ID", "Stillpost-Reference", "Stillpost-Proof", "Auto-Submitted"
]  # fmt: skip
MIME = {"MIME-Version", "Content-Type", "Content-Transfer-Encoding"}


def read(mail: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(mail, _class=EmailMessage, policy=policy.SMTP)
    assert isinstance(parsed, EmailMessage)
    return parsed


@settings(max_examples=300)
@given(hostile())
def test_no_words_become_a_header_field_or_end_the_header(one: Ticket) -> None:
    mail = compose(one, [b"\r\n.\r\n" for _ in one.attachments], MAIL_LOOK)
    header, _, _ = mail.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0].decode() for line in header.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert [name for name in names if name not in MIME] == OURS
    assert b"\x00" not in mail
    assert b"\r" not in mail.replace(b"\r\n", b"")
    assert b"\n" not in mail.replace(b"\r\n", b"")
    assert max(len(line) for line in mail.split(b"\r\n")) <= 998
    assert mail.isascii()


@settings(max_examples=200)
@given(ANYTHING, st.binary(max_size=300), ANYTHING)
def test_an_attachment_arrives_as_it_was_and_is_the_only_one(name: str, content: bytes, kind: str) -> None:
    one = ticket(attachments=(attachment(name, content, kind),))
    parts = list(read(compose(one, [content], MAIL_LOOK)).iter_attachments())
    assert [part.get_payload(decode=True) for part in parts] == [content]
    assert parts[0].get_content_maintype() not in {"message", "multipart"}


def test_two_compositions_are_the_same_bytes() -> None:
    one = ticket(attachments=(attachment("a.pdf", b"x"),))
    assert compose(one, [b"x"], MAIL_LOOK) == compose(one, [b"x"], MAIL_LOOK)


def test_as_the_requester_the_mail_is_from_him_and_sent_by_us() -> None:
    mail = read(compose(ticket(), (), MAIL_LOOK))
    assert (mail["From"], mail["Sender"]) == ("Alice Example <alice@example.com>", "portal@desk.example")
    assert mail["Reply-To"] is None


def test_as_the_portal_the_mail_is_from_us_and_answered_to_him() -> None:
    mail = read(compose(ticket(), (), replace(MAIL_LOOK, as_requester=False)))
    assert (mail["From"], mail["Reply-To"]) == ("portal@desk.example", "Alice Example <alice@example.com>")
    assert mail["Sender"] is None


def test_copies_are_text_and_no_recipients() -> None:
    mail = read(compose(ticket(copies=("carol@example.org",)), (), MAIL_LOOK))
    assert mail["Cc"] is None
    assert "carol" not in str(mail["To"])
    assert "carol@example.org" in mail.get_content()


@pytest.mark.parametrize(
    "mailbox",
    [
        pytest.param('"a b"@example.com', id="quoted"),
        pytest.param('"a\\"b"@example.com', id="quote in quotes"),
        pytest.param("o'brien+x@xn--bcher-kva.example", id="plus and A-label"),
        pytest.param("a@[192.0.2.1]", id="literal"),
    ],
)
def test_a_strange_but_legal_address_is_kept(mailbox: str) -> None:
    mail = read(compose(ticket(requester=address(mailbox)), (), MAIL_LOOK))
    assert mail["From"].addresses[0].addr_spec == mailbox


def test_a_non_ascii_address_makes_an_internationalized_mail() -> None:
    mail = compose(ticket(requester=address("jörg@example.com")), (), MAIL_LOOK)
    assert "From: Alice Example <jörg@example.com>".encode() in mail


@pytest.mark.parametrize(
    ("claimed", "taken"),
    [
        ("image/PNG", "image/png"),
        ("application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
        ("message/rfc822", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("text/html; charset=x\r\nBcc: a", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("image", "application/octet-stream"),
    ],
)
def test_a_media_type_is_plain_or_a_bag_of_bytes(claimed: str, taken: str) -> None:
    assert media_type(claimed) == taken
