"""Addresses: invariants, and the fast reading compared with the judge's."""

from collections.abc import Callable

import email_validator
from hypothesis import assume, example, given
from hypothesis import strategies as st

from stillpost.mail.addresses import ADDRESS_MAX_BYTES, Address, AddressError, parse, read

LOCALS = st.text(st.sampled_from("aZ09.+-_!#%'*/=?^`{|}~ \"\\@<>(),:;äß\u0130\u212a\u200d"), max_size=12)
LABELS = st.text(st.sampled_from("aZ09-_xn.ü[]"), max_size=8)
ADDRESSES = st.one_of(
    st.builds(lambda local, labels: f"{local}@{'.'.join(labels)}", LOCALS, st.lists(LABELS, max_size=4)),
    st.emails(),
    st.text(max_size=300),
    st.sampled_from(["info", "Anna", "a" * 64, "a" * 242]).map(lambda local: f"{local}@example.org"),
)


def judged(text: str) -> Address | None:
    """The address by the judge alone."""
    try:
        found = email_validator.validate_email(text.strip(" \t"), check_deliverability=False, allow_quoted_local=True)
    except email_validator.EmailNotValidError:
        return None
    return None if found.local_part[0] in '"-' else parse(f"{found.local_part}@{found.ascii_domain}")


@given(ADDRESSES)
@example("a@a.b")
@example("a@a.b1")
@example("a@xn--a.example")
@example("a@1.example.test")
@example("a@arpa")
@example("a@arpa.example")
@example("Info@example.org")
@example("a@" + ".".join(["a" * 63] * 3) + ".example")
def test_an_address_is_taken_exactly_where_the_judge_takes_it(text: str) -> None:
    try:
        found: Address | None = parse(text)
    except AddressError:
        found = None
    assert found == judged(text)


@given(ADDRESSES)
def test_a_parsed_address_is_stable_bounded_and_one_line(text: str) -> None:
    try:
        found = parse(text)
    except AddressError:
        return
    assert parse(found.mailbox) == found
    assert parse(found.proof_key).proof_key == found.proof_key
    assert len(found.mailbox.encode()) <= ADDRESS_MAX_BYTES
    assert found.mailbox.isprintable()
    assert " " not in found.mailbox
    assert found.domain.isascii()
    assert found.domain == found.domain.lower()
    assert found.mailbox.count("@") == found.limit_key.count("@") == 1


@given(st.emails(), st.sampled_from([str.lower, str.upper, str.title]))
def test_case_changes_neither_key(text: str, change: Callable[[str], str]) -> None:
    found = read(text)
    assume(found)
    assert found
    assert parse(change(text)).proof_key == found.proof_key
    assert parse(change(text)).limit_key == found.limit_key
