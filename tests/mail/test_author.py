"""Who wrote it: how many authors a From names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.mail.author import MAILBOXES_MAX, author_of, mailboxes
from stillpost.mail.message import read


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("anna@example.org", "|anna@example.org", id="bare"),
        pytest.param("Anna <anna@example.org>", "Anna|anna@example.org", id="named"),
        pytest.param('"Muster, Anna" <anna@example.org>', "Muster, Anna|anna@example.org", id="quoted name"),
        pytest.param('"a\\"b" <anna@example.org>', 'a"b|anna@example.org', id="escaped quote"),
        pytest.param("=?utf-8?q?J=C3=B6rg?= <j@example.org>", "Jörg|j@example.org", id="encoded name"),
        pytest.param("anna@example.org (Anna (at home))", "|anna@example.org", id="nested comment"),
        pytest.param("a@example.org, B <b@example.org>", "|a@example.org B|b@example.org", id="two"),
        pytest.param("Team: a@example.org, B <b@example.org>;", "|a@example.org B|b@example.org", id="group"),
        pytest.param("undisclosed-recipients:;", "", id="empty group"),
        pytest.param("<a@example.com> <b@example.org>", "|a@example.com |b@example.org", id="two pairs of brackets"),
        pytest.param(
            "a@example.com <b@example.org>", "|a@example.com a@example.com|b@example.org", id="address as name"
        ),
        pytest.param("b@example.org <b@example.org>", "b@example.org|b@example.org", id="the same address as name"),
        pytest.param('"a@example.com" <b@example.org>', "a@example.com|b@example.org", id="quoted address as name"),
        pytest.param("(a@example.com) <b@example.org>", "|b@example.org", id="address in a comment"),
        pytest.param("", "", id="nothing"),
        pytest.param("Anna", "|Anna", id="no address"),
        pytest.param("Anna <>", "Anna|", id="empty brackets"),
        pytest.param("<anna@example.org", "|anna@example.org", id="bracket never closed"),
        pytest.param('"anna <a@example.org>', '|"anna <a@example.org>"', id="quote never closed"),
    ],
)
def test_the_mailboxes_of_a_field(value: str, expected: str) -> None:
    assert " ".join(f"{mailbox.name}|{mailbox.address}" for mailbox in mailboxes(value)) == expected


@pytest.mark.parametrize(
    ("header", "address"),
    [
        pytest.param(b"From: Anna <Anna@Example.org>", "Anna@example.org", id="one"),
        pytest.param(b"From: Anna <anna@example.org>\nFrom: bob@example.org", None, id="two fields"),
        pytest.param(b"From: anna@example.org\nFROM : bob@example.org", None, id="two fields, the second disguised"),
        pytest.param(b"From: anna@example.org, bob@example.org", None, id="two authors"),
        pytest.param(b"From: bob@example.org <anna@example.org>", None, id="two addresses for one author"),
        pytest.param(b"From: <bob@example.org> <anna@example.org>", None, id="two pairs of brackets"),
        pytest.param(b"Sender: anna@example.org", None, id="none"),
        pytest.param(b"From: Anna", None, id="no address"),
        pytest.param(b"From: <@relay.example:anna@example.org>", None, id="source route"),
        pytest.param("From: Jörg <jörg@bücher.example>".encode(), "jörg@xn--bcher-kva.example", id="EAI"),
    ],
)
def test_only_one_author_in_one_field_has_an_address(header: bytes, address: str | None) -> None:
    author = author_of(read(header + b"\n\n").headers)
    assert (author.address.mailbox if author.address else None) == address


@given(st.text(max_size=400), st.text('"\\<>(),;: @a.', max_size=60))
def test_any_value_has_a_bounded_number_of_mailboxes(text: str, marks: str) -> None:
    assert len(mailboxes(text)) <= MAILBOXES_MAX
    assert len(mailboxes(marks)) <= 60


def test_a_list_of_100000_is_cut() -> None:
    assert len(mailboxes("a@example.org, " * 100_000)) == MAILBOXES_MAX
