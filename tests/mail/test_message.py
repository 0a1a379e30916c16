"""Splitting a header: order, duplicates, folds, line ends, bounds."""

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.mail.message import FIELDS_MAX, HEADER_MAX_BYTES, MessageError, headers_of, message_ids, read


@pytest.mark.parametrize(
    ("raw", "fields", "body"),
    [
        pytest.param(b"A: 1\nB: 2\n\nbody", "a=1 b=2", b"body", id="LF"),
        pytest.param(b"A: 1\r\nB: 2\r\n\r\nbody", "a=1 b=2", b"body", id="CRLF"),
        pytest.param(b"A: 1\r\nB: 2\n\r\nbody", "a=1 b=2", b"body", id="mixed, empty line CRLF"),
        pytest.param(b"A: 1\r\nB: 2\r\n\nbody\r\n\r\nmore", "a=1 b=2", b"body\r\n\r\nmore", id="mixed, empty line LF"),
        pytest.param(b"From a Mon Nov 23 10:00:00 2026\nA: 1\n\nx", "a=1", b"x", id="mbox line"),
        pytest.param(b"A: 1\nB: 2\nA: 3\n\n", "a=1 b=2 a=3", b"", id="duplicates keep their order"),
        pytest.param(b"A: 1\n 2\n\t3\nB: 4\n\n", "a=1_2\t3 b=4", b"", id="folded"),
        pytest.param(b"A: 1\n \nB: 2\n\n", "a=1 b=2", b"", id="continuation of blanks"),
        pytest.param(b"A:\n 1\nB:2\n\n", "a=1 b=2", b"", id="value on the next line"),
        pytest.param(b"From : a\nFROM:b\n\n", "from=a from=b", b"", id="blank before the colon, no blank after it"),
        pytest.param(b"A: 1\nB: 2", "a=1 b=2", b"", id="no end of headers"),
        pytest.param(b"A: 1\n", "a=1", b"", id="only a header"),
        pytest.param(
            b"A: 1\nno field\nFrom: x\n\nbody", "a=1", b"no field\nFrom: x\n\nbody", id="a line that is no field"
        ),
        pytest.param(b"A: 1\n: empty name\n\nbody", "a=1", b": empty name\n\nbody", id="a field without a name"),
        pytest.param(b"A: 1\rB: 2\n\n", "a=1\rB:_2", b"", id="a lone carriage return is no line end"),
        pytest.param(b"A: 1\x002\n\n", "a=1\x002", b"", id="NUL"),
        pytest.param("A: ü\n\n".encode(), "a=ü", b"", id="UTF-8"),
        pytest.param(b"A: \xfc\n\n", "a=ü", b"", id="8-bit"),
        pytest.param(b"A:\nB:\n\n", "a= b=", b"", id="empty values"),
    ],
)
def test_a_header_is_split(raw: bytes, fields: str, body: bytes) -> None:
    message = read(raw)
    assert " ".join(f"{name}={value.replace(' ', '_')}" for name, value in message.headers) == fields
    assert raw[message.body_at :] == body


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        pytest.param(b"", "does not begin", id="nothing"),
        pytest.param(b"\n\nA: 1", "does not begin", id="empty line first"),
        pytest.param(b"hello\nA: 1\n\n", "does not begin", id="text first"),
        pytest.param(b" A: 1\n\n", "does not begin", id="continuation first"),
        pytest.param(b"\x00\xff\xfe", "does not begin", id="binary"),
        pytest.param(b"PK\x03\x04" + b"\x00" * 600_000, "longer than", id="an archive"),
        pytest.param(b"A: 1\n" * (FIELDS_MAX + 1) + b"\n", "more than", id="too many fields"),
        pytest.param(b"To: " + b"a@example.org, " * 100_000 + b"\n\n", "longer than", id="100,000 recipients"),
        pytest.param(b"A: 1\n" + b" x\n" * HEADER_MAX_BYTES + b"\n", "longer than", id="folded without end"),
    ],
)
def test_what_is_no_message_is_unreadable_with_a_reason(raw: bytes, why: str) -> None:
    with pytest.raises(MessageError, match=why):
        read(raw)


def test_the_bounds_themselves_are_readable() -> None:
    assert len(read(b"A: 1\n" * FIELDS_MAX + b"\n").headers.fields) == FIELDS_MAX
    large = b"A: " + b"x" * (HEADER_MAX_BYTES - 10) + b"\n\n"
    assert len(read(large).headers.first("a")) == HEADER_MAX_BYTES - 10


def test_values_are_asked_for_by_lower_case_name() -> None:
    headers = read(b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nReceived: a\nRECEIVED: b\n\n").headers
    assert headers.first("subject") == "=?utf-8?q?Gr=C3=BC=C3=9Fe?="
    assert headers.text("subject") == "Grüße"
    assert headers.all("received") == ("a", "b")
    assert (headers.first("to"), headers.all("to"), "to" in headers, "received" in headers) == ("", (), False, True)


def test_fields_that_come_split_are_the_same_header() -> None:
    raw = b"From: a@example.org\nSubject: one\n two\nFROM: b@example.org\n\n"
    pairs = [(b"From", b"a@example.org"), (b"Subject", b"one\n two"), (b"FROM", b"b@example.org")]
    assert list(headers_of(pairs)) == list(read(raw).headers)


def test_fields_that_come_split_have_the_same_bounds() -> None:
    with pytest.raises(MessageError, match="more than"):
        headers_of([(b"A", b"1")] * (FIELDS_MAX + 1))
    with pytest.raises(MessageError, match="longer than"):
        headers_of([(b"A", b"x" * 1000)] * 1000)
    with pytest.raises(MessageError, match="does not begin"):
        headers_of([])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("<a@example.org>", ("a@example.org",), id="one"),
        pytest.param("<a@x>\t<b@x> <c@x>", ("a@x", "b@x", "c@x"), id="several"),
        pytest.param("<a@x><b@x>", ("a@x", "b@x"), id="without blanks"),
        pytest.param("<ü日本@例え.example>", ("ü日本@例え.example",), id="not ASCII"),
        pytest.param("<a@x> (comment) <a@x>", ("a@x",), id="twice the same"),
        pytest.param("a@x b@x", ("a@x", "b@x"), id="without brackets"),
        pytest.param("Your message of Monday <a@x>", ("a@x",), id="obsolete phrase"),
        pytest.param("<", (), id="only a bracket"),
        pytest.param("", (), id="nothing"),
        pytest.param("<no-at>", ("no-at",), id="no at sign"),
    ],
)
def test_message_ids_are_found(value: str, expected: tuple[str, ...]) -> None:
    assert message_ids(value) == expected


def test_of_many_message_ids_the_first_and_the_last_are_kept() -> None:
    found = message_ids(" ".join(f"<{n}@example.org>" for n in range(1000)))
    assert len(found) == 64
    assert (found[0], found[-1]) == ("0@example.org", "999@example.org")


@given(st.binary(max_size=3000))
def test_any_bytes_are_split_or_unreadable(raw: bytes) -> None:
    try:
        message = read(raw)
    except MessageError:
        return
    assert 0 <= message.header_at <= message.body_at <= len(raw)
    assert sum(len(values) for values in message.headers.by_name.values()) == len(message.headers.fields)


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,10}", fullmatch=True)
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=40)


@given(
    st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=30),
    st.sampled_from([b"\n", b"\r\n"]),
    st.binary(max_size=50),
)
def test_what_is_written_is_read_back_and_the_standard_library_sees_the_same_names(
    fields: list[tuple[str, str]], line_end: bytes, body: bytes
) -> None:
    raw = line_end.join(f"{name}: {value}".encode() for name, value in fields) + line_end * 2 + body
    message = read(raw)
    assert list(message.headers) == [(name.lower(), value) for name, value in fields]
    assert raw[message.body_at :] == body
    reference = email.message_from_bytes(raw, policy=email.policy.compat32)
    assert [name.lower() for name in reference.keys()] == [name for name, _ in message.headers]  # noqa: SIM118
