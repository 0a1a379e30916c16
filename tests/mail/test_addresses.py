"""Addresses out of form fields: what is taken, what is refused and in which words."""

import pytest

from stillpost.mail import addresses
from stillpost.mail.addresses import AddressError, parse, read


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        pytest.param("anna@example.org", "anna@example.org anna@example.org anna@example.org", id="plain"),
        pytest.param(" anna@example.org\t", "anna@example.org anna@example.org anna@example.org", id="blanks around"),
        pytest.param("Anna.M@Example.ORG", "Anna.M@example.org anna.m@example.org anna.m@example.org", id="case"),
        pytest.param(
            "anna+shop@example.org", "anna+shop@example.org anna+shop@example.org anna@example.org", id="plus"
        ),
        pytest.param(
            "+anna@example.org", "+anna@example.org +anna@example.org +anna@example.org", id="only a plus part"
        ),
        pytest.param(
            "A.n.na+x@googlemail.com", "A.n.na+x@googlemail.com a.n.na+x@googlemail.com anna@gmail.com", id="gmail"
        ),
        pytest.param("an_n-a@pm.me", "an_n-a@pm.me an_n-a@pm.me anna@proton.me", id="proton"),
        pytest.param(
            "shop@anna.fastmail.com", "shop@anna.fastmail.com shop@anna.fastmail.com anna@fastmail.com", id="fastmail"
        ),
        pytest.param(
            "anna@bücher.example",
            "anna@xn--bcher-kva.example anna@xn--bcher-kva.example anna@xn--bcher-kva.example",
            id="IDNA, Unicode form",
        ),
        pytest.param(
            "anna@XN--BCHER-KVA.example",
            "anna@xn--bcher-kva.example anna@xn--bcher-kva.example anna@xn--bcher-kva.example",
            id="IDNA, A-label form",
        ),
        pytest.param(
            "Jörg+x@bücher.example",
            "Jörg+x@xn--bcher-kva.example jörg+x@xn--bcher-kva.example jörg@xn--bcher-kva.example",
            id="EAI local part",
        ),
        pytest.param(
            "jo\u0308rg@example.org", "jörg@example.org jörg@example.org jörg@example.org", id="decomposed umlaut"
        ),
        pytest.param('"anna"@example.org', "anna@example.org anna@example.org anna@example.org", id="needless quotes"),
        pytest.param(
            "POSTMASTER@example.org",
            "postmaster@example.org postmaster@example.org postmaster@example.org",
            id="RFC 2142 name",
        ),
        pytest.param(
            "a!b%c=d@example.org", "a!b%c=d@example.org a!b%c=d@example.org a!b%c=d@example.org", id="odd atoms"
        ),
    ],
)
def test_an_address_is_parsed_with_its_keys(text: str, keys: str) -> None:
    found = parse(text)
    assert [found.mailbox, found.proof_key, found.limit_key] == keys.split()


def test_one_mailbox_written_five_ways_has_one_limit_key_and_five_proof_keys() -> None:
    written = ["a.nna@gmail.com", "anna@gmail.com", "an.na+1@gmail.com", "ANNA+2@googlemail.com", "anna@googlemail.com"]
    assert {parse(text).limit_key for text in written} == {"anna@gmail.com"}
    assert len({parse(text).proof_key for text in written}) == 5


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("", addresses.EMPTY, id="empty"),
        pytest.param("   ", addresses.EMPTY, id="blanks"),
        pytest.param("anna", addresses.NO_AT, id="no at"),
        pytest.param("@example.org", addresses.NO_AT, id="nothing before"),
        pytest.param("anna@", addresses.NO_AT, id="nothing after"),
        pytest.param("anna@example.org\r\nBcc: bob@example.org", addresses.CONTROL, id="header injection"),
        pytest.param("anna@example.org\n", addresses.CONTROL, id="trailing newline"),
        pytest.param("an\x00na@example.org", addresses.CONTROL, id="NUL"),
        pytest.param("anna\u202e@example.org", addresses.CONTROL, id="right-to-left override"),
        pytest.param("anna\u200b@example.org", addresses.CONTROL, id="zero width space"),
        pytest.param("\ud800@example.org", addresses.CONTROL, id="lone surrogate"),
        pytest.param("Anna <anna@example.org>", addresses.NAMED, id="display name"),
        pytest.param('"Anna" <anna@example.org>', addresses.NAMED, id="quoted display name"),
        pytest.param("<anna@example.org>", addresses.NAMED, id="angle brackets"),
        pytest.param("anna@example.org, bob@example.org", addresses.NAMED, id="two addresses"),
        pytest.param("anna@example.org;bob@example.org", addresses.NAMED, id="two addresses, semicolon"),
        pytest.param('"anna b"@example.org', addresses.QUOTED, id="quotes needed"),
        pytest.param('"a\\"b"@example.org', addresses.QUOTED, id="escaped quote"),
        pytest.param('"a"b@example.org', addresses.QUOTED, id="quotes in the middle"),
        pytest.param("-oQ/tmp@example.org", addresses.HYPHEN, id="option of a sendmail binary"),
        pytest.param("anna@[192.0.2.1]", addresses.LITERAL, id="IPv4 literal"),
        pytest.param("anna@[IPv6:2001:db8::1]", addresses.LITERAL, id="IPv6 literal"),
        pytest.param("anna..b@example.org", addresses.LOCAL_PART, id="two dots"),
        pytest.param(".anna@example.org", addresses.LOCAL_PART, id="leading dot"),
        pytest.param("an na@example.org", addresses.LOCAL_PART, id="blank inside"),
        pytest.param("anna@b@example.org", addresses.LOCAL_PART, id="two ats"),
        pytest.param("mailto:anna@example.org", addresses.LOCAL_PART, id="a link"),
        pytest.param("anna(comment)@example.org", addresses.LOCAL_PART, id="comment"),
        pytest.param("anna@localhost", addresses.DOMAIN, id="localhost"),
        pytest.param("anna@host.local", addresses.DOMAIN, id="local"),
        pytest.param("anna@hidden.onion", addresses.DOMAIN, id="onion"),
        pytest.param("anna@192.0.2.1", addresses.DOMAIN, id="bare IP"),
        pytest.param("anna@exam_ple.org", addresses.DOMAIN, id="underscore"),
        pytest.param("anna@-example.org", addresses.DOMAIN, id="hyphen first"),
        pytest.param("anna@ab--cd.example", addresses.DOMAIN, id="reserved hyphens"),
        pytest.param("anna@example.org.", addresses.DOMAIN, id="root dot"),
        pytest.param("anna@" + "a" * 64 + ".example", addresses.DOMAIN, id="label of 64"),
        pytest.param("a" * 243 + "@example.org", addresses.TOO_LONG, id="255 bytes"),
        pytest.param("ü" * 125 + "@example.org", addresses.TOO_LONG, id="137 characters, 262 bytes"),
        pytest.param("a@" * 100_000, addresses.TOO_LONG, id="200 kilobytes"),
    ],
)
def test_what_is_no_address_is_refused_with_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(AddressError) as refused:
        parse(text)
    assert str(refused.value) == sentence
    assert read(text) is None


def test_254_bytes_are_taken() -> None:
    assert parse("a" * 242 + "@example.org").mailbox == "a" * 242 + "@example.org"


def test_an_organization_is_known_for_every_address() -> None:
    assert parse("anna@mail.acme.zendesk.com").organization == "acme.zendesk.com"
    assert parse("anna@mail.example.co.uk").organization == "example.co.uk"
