"""Received fields: where the border is, when a mail arrived."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.mail import received
from stillpost.mail.auth import results_from
from stillpost.mail.border import Clock, arrival, border_of, border_of_connection
from stillpost.mail.message import Headers, read
from stillpost.mail.received import parse_date, parse_received, parse_separator

AT = "; Mon, 23 Nov 2026 10:00:00 +0100"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            "from h.example (n.example [203.0.113.1]) by mx.example.org (Postfix) with ESMTPS id 1",
            "h.example n.example 203.0.113.1 mx.example.org esmtps",
            id="Postfix",
        ),
        pytest.param(
            "from h.example (unknown [203.0.113.1]) by mx.example.org (Postfix) with ESMTP",
            "h.example - 203.0.113.1 mx.example.org esmtp",
            id="Postfix, no name",
        ),
        pytest.param(
            "from h (n.example [IPv6:2001:db8::1]) (using TLSv1.3 with X (256 bits)) by mx.example.org with ESMTPS",
            "h n.example 2001:db8::1 mx.example.org esmtps",
            id="Postfix with TLS",
        ),
        pytest.param(
            "from n.example ([203.0.113.1] helo=h.example) by mx.example.org with esmtp (Exim 4.96)",
            "n.example n.example 203.0.113.1 mx.example.org esmtp",
            id="Exim",
        ),
        pytest.param(
            "from [203.0.113.1] (helo=h.example) by mx.example.org with esmtp",
            "203.0.113.1 - 203.0.113.1 mx.example.org esmtp",
            id="Exim, no name",
        ),
        pytest.param(
            "from h.example ([203.0.113.1]) by mx.example.org (8.15.2) with ESMTP",
            "h.example - 203.0.113.1 mx.example.org esmtp",
            id="Sendmail, no name",
        ),
        pytest.param(
            "from h.example (n.example [203.0.113.1] (may be forged)) by mx.example.org (8.15.2)",
            "h.example - 203.0.113.1 mx.example.org -",
            id="Sendmail, forged",
        ),
        pytest.param(
            "from h.example ([203.0.113.1] port 25) by mx.example.org",
            "h.example - 203.0.113.1 mx.example.org -",
            id="port",
        ),
        pytest.param(
            "from h.example (IDENT:u@n.example [203.0.113.1]) by mx.example.org (8.11.6)",
            "h.example n.example 203.0.113.1 mx.example.org -",
            id="Sendmail with ident",
        ),
        pytest.param(
            "from h.example (203.0.113.1) by mx.example.org (10.0.0.1) with Microsoft SMTP Server",
            "h.example - 203.0.113.1 mx.example.org microsoft",
            id="Exchange",
        ),
        pytest.param(
            "from h.example (n.example. [203.0.113.1]) by mx.google.com with ESMTPS",
            "h.example n.example 203.0.113.1 mx.google.com esmtps",
            id="Google",
        ),
        pytest.param(
            "from unknown (HELO h.example) (203.0.113.1) by mx.example.org with SMTP",
            "unknown - 203.0.113.1 mx.example.org smtp",
            id="qmail",
        ),
        pytest.param(
            "from 203.0.113.1  (EHLO h.example) (203.0.113.1) by mx.example.org with SMTP",
            "203.0.113.1 - 203.0.113.1 mx.example.org smtp",
            id="Yahoo",
        ),
        pytest.param(
            "from pop.example.org [203.0.113.9] by localhost with POP3 (fetchmail-6.4)",
            "pop.example.org - 203.0.113.9 localhost pop3",
            id="fetchmail",
        ),
        pytest.param("by 2002:a05:6402::1 with SMTP id x", "- - - 2002:a05:6402::1 smtp", id="no from"),
        pytest.param("(qmail 1 invoked by uid 0)", "- - - - -", id="qmail's own"),
        pytest.param(
            "from localhost (localhost [local]); by localhost (OpenSMTPD) with ESMTPA",
            "localhost - - localhost esmtpa",
            id="OpenSMTPD",
        ),
        pytest.param(
            "from h (n.example [::ffff:203.0.113.1]) by mx.example.org",
            "h n.example 203.0.113.1 mx.example.org -",
            id="mapped IPv4",
        ),
        pytest.param(
            "from h (n.example [999.1.1.1]) by mx.example.org", "h n.example - mx.example.org -", id="no address"
        ),
        pytest.param("", "- - - - -", id="nothing"),
    ],
)
def test_a_received_field_is_read(value: str, expected: str) -> None:
    hop = parse_received(value + AT)
    assert " ".join(str(part or "-") for part in (hop.helo, hop.name, hop.ip, hop.by, hop.protocol)) == expected
    assert hop.at == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert hop.is_from == value.startswith("from")


def header(*received: str) -> Headers:
    return read("".join(f"Received: {value}{AT}\n" for value in received).encode() + b"From: a@example.org\n\n").headers


OUTSIDE = "from h (n.example [203.0.113.1]) by mx.example.org with ESMTP"
FORGED = "from h (bank.example [198.51.100.1]) by mx.example.org with ESMTP"


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param("by mx.example.org with LMTP", id="no from"),
        pytest.param("from x (localhost [127.0.0.1]) by mx.example.org", id="loopback"),
        pytest.param("from x (x [::1]) by mx.example.org", id="IPv6 loopback"),
        pytest.param("from x (unknown [10.1.2.3]) by mx.example.org", id="private"),
        pytest.param("from x (unknown [fd00::1]) by mx.example.org", id="unique local"),
        pytest.param("from x (unknown [100.64.1.1]) by mx.example.org", id="carrier-grade NAT"),
        pytest.param("from pop.example.net [203.0.113.9] by localhost with POP3", id="fetched by POP"),
        pytest.param(
            "from imap.example.net [203.0.113.9] by localhost with IMAP (fetchmail-5.9.0)", id="fetched by IMAP"
        ),
        pytest.param(
            "from mx (mx1.example.org [203.0.113.9]) by imap.example.org with ESMTP",
            id="same organization by a looked-up name",
        ),
        pytest.param(
            "from A.prod.outlook.com (2603:10a6:20b::34) by B.prod.outlook.com (2603:10b6::1) with HTTPS",
            id="between Exchange Online's servers",
        ),
    ],
)
def test_hops_of_our_own_side_are_inside(inside: str) -> None:
    border = border_of(header(inside, inside, OUTSIDE, FORGED))
    assert border is not None
    assert (border.at, border.hop.name) == (2, "n.example")


@pytest.mark.parametrize(
    "outside",
    [
        pytest.param("from mx1.example.org (evil.example [203.0.113.6]) by mx.example.org", id="greets with our name"),
        pytest.param(
            "from mx1.example.org (203.0.113.6) by mx.example.org with Microsoft SMTP Server",
            id="greets with our name at Exchange",
        ),
        pytest.param(
            "from A.prod.outlook.com (203.0.113.6) by B.mail.protection.outlook.com", id="greets as Exchange Online"
        ),
        pytest.param("from localhost (evil.example [203.0.113.6]) by mx.example.org", id="greets as localhost"),
        pytest.param(
            "from mail.google.com (mail-sor.google.com. [203.0.113.6]) by mx.google.com with SMTPS",
            id="another customer of a big provider",
        ),
        pytest.param(
            "from x.outbound.protection.outlook.com (203.0.113.6) by y.mail.protection.outlook.com",
            id="another tenant of Exchange Online",
        ),
        pytest.param("from a (a.github.io [203.0.113.6]) by b.github.io", id="below a public suffix"),
        pytest.param("from localhost by mx.example.org", id="no address at all"),
        pytest.param("from h (unknown [203.0.113.6]) by mx.example.org with ESMTP", id="no name"),
    ],
)
def test_what_a_peer_says_of_itself_makes_no_hop_inside(outside: str) -> None:
    border = border_of(header("by imap.example.org with LMTP", outside, FORGED))
    assert border is not None
    assert border.at == 1


def test_while_a_mail_arrives_the_connection_is_the_border_and_no_field_is_believed() -> None:
    forged = "Authentication-Results: mx.example.org; dkim=pass header.d=zendesk.com\n"
    headers = read((forged + f"Received: by x{AT}\nReceived: {FORGED}{AT}\nFrom: a@example.org\n\n").encode()).headers
    border = border_of_connection("Mail.Example.Com.", "203.0.113.7", LATEST)
    assert (border.hop.name, str(border.hop.ip)) == ("mail.example.com", "203.0.113.7")
    assert results_from(headers, border.at) == ()
    assert [result.domain for result in results_from(headers, border.at, ["mx.example.org"])] == ["zendesk.com"]
    assert arrival(headers, border, latest=LATEST).at == LATEST


def test_a_way_of_more_hops_than_we_follow_has_no_border() -> None:
    assert border_of(header(*["by mx.example.org with LMTP"] * 60, OUTSIDE)) is None


def test_mail_of_our_own_side_has_no_border() -> None:
    assert border_of(header("from x (localhost [127.0.0.1]) by mx.example.org")) is None
    assert border_of(read(b"From: a@example.org\n\n").headers) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("Mon, 23 Nov 2026 10:00:00 +0100", "2026-11-23T09:00:00", id="plain"),
        pytest.param("23 Nov 2026 10:00:00 +0100 (CET)", "2026-11-23T09:00:00", id="no weekday"),
        pytest.param("Mon, 23 Nov 2026 10:00 +0000", "2026-11-23T10:00:00", id="no seconds"),
        pytest.param("Mon, 23 Nov 2026 10:00:00 -0000", "2026-11-23T10:00:00", id="unknown zone"),
        pytest.param("Mon, 23 Nov 2026 10:00:00 EST", "2026-11-23T15:00:00", id="named zone"),
        pytest.param("Mon, 23 Nov 2026 10:00:00 GMT", "2026-11-23T10:00:00", id="GMT"),
        pytest.param("Mon, 23 Nov 02 10:00:00 +0000", "2002-11-23T10:00:00", id="two digits"),
        pytest.param("Mon, 23 Nov 99 10:00:00 +0000", "1999-11-23T10:00:00", id="two digits of the last century"),
        pytest.param("Thu, 31 Dec 2026 23:59:60 +0000", "2026-12-31T23:59:59", id="leap second"),
        pytest.param("Thu, 01 Jan 1970 00:00:00 +1400", "1969-12-31T10:00:00", id="1969"),
        pytest.param("Mon, 31 Feb 2026 10:00:00 +0000", None, id="no such day"),
        pytest.param("Mon, 23 Nov 2026 25:00:00 +0000", None, id="no such hour"),
        pytest.param("Mon, 23 Nov 2026 10:00:00 +9900", None, id="no such zone"),
        pytest.param("Mon, 23 Xyz 2026 10:00:00 +0000", None, id="no such month"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 -1000", None, id="after the last year"),
        pytest.param("yesterday", None, id="words"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_date_is_read(value: str, expected: str | None) -> None:
    found = parse_date(value)
    assert (found.replace(tzinfo=None).isoformat() if found else None) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("From a@example.org Mon Nov 23 10:00:00 2026", "2026-11-23T10:00:00", id="classic"),
        pytest.param("From - Mon Nov  2 10:00:00 2026", "2026-11-02T10:00:00", id="Thunderbird"),
        pytest.param("From 123@xxx Mon Nov 23 10:00:00 +0100 2026", "2026-11-23T09:00:00", id="Gmail Takeout"),
        pytest.param(
            "From MAILER-DAEMON Mon Nov 23 10:00:00 2026 +0100", "2026-11-23T09:00:00", id="zone after the year"
        ),
        pytest.param("From a@example.org", None, id="no date"),
    ],
)
def test_the_time_of_an_mbox_separator(line: str, expected: str | None) -> None:
    found = parse_separator(line)
    assert (found.replace(tzinfo=None).isoformat() if found else None) == expected


LATEST = datetime(2026, 12, 1, tzinfo=UTC)
EARLIER = datetime(2026, 11, 1, tzinfo=UTC)


def dated(received: str, date: str) -> Headers:
    return read(f"Received: {OUTSIDE}; {received}\nDate: {date}\nFrom: a@example.org\n\n".encode()).headers


@pytest.mark.parametrize(
    ("received", "date", "clock", "year"),
    [
        pytest.param(
            "Mon, 23 Nov 2026 10:00:00 +0000", "Mon, 23 Nov 2015 10:00:00 +0000", Clock.BORDER, 2026, id="border"
        ),
        pytest.param(
            "Mon, 23 Nov 2099 10:00:00 +0000", "Mon, 23 Nov 2015 10:00:00 +0000", Clock.DATE, 2015, id="border in 2099"
        ),
        pytest.param(
            "Wed, 31 Dec 1969 23:59:59 +0000", "Mon, 23 Nov 2015 10:00:00 +0000", Clock.DATE, 2015, id="border in 1969"
        ),
        pytest.param("who knows", "Mon, 23 Nov 2099 10:00:00 +0000", Clock.UNKNOWN, None, id="nothing believable"),
    ],
)
def test_the_clock_of_a_mail(received: str, date: str, clock: Clock, year: int | None) -> None:
    headers = dated(received, date)
    found = arrival(headers, border_of(headers), latest=LATEST)
    assert (found.clock, found.at.year if found.at else None) == (clock, year)


def test_internal_date_and_separator_stand_in_before_the_date_field() -> None:
    headers = dated("?", "Mon, 23 Nov 2015 10:00:00 +0000")
    border = border_of(headers)
    assert arrival(headers, border, latest=LATEST, internal_date=EARLIER).clock is Clock.INTERNALDATE
    assert arrival(headers, border, latest=LATEST, separator=EARLIER).clock is Clock.SEPARATOR


def test_where_nothing_came_from_outside_the_first_own_server_is_the_clock() -> None:
    headers = header("by a.example.org with LMTP", "from x (localhost [127.0.0.1]) by b.example.org")
    found = arrival(headers, border_of(headers), latest=LATEST)
    assert (found.clock, found.at) == (Clock.OWN, datetime(2026, 11, 23, 9, 0, tzinfo=UTC))


@given(st.text(max_size=300), st.text("from by with ()[];:.0123456789abcdef\t ", max_size=200))
def test_any_received_field_is_read(text: str, likely: str) -> None:
    for value in (text, likely, f"from {likely} by {text}; {likely}"):
        hop = parse_received(value)
        assert hop.at is None or hop.at.tzinfo is UTC
    parse_separator(text)
    parse_separator(likely)


@given(
    st.lists(
        st.sampled_from(
            [
                "from",
                "by",
                "with",
                "id",
                "(",
                ")",
                "mx.example.org",
                "[203.0.113.5]",
                "ESMTP",
                "LMTP",
                "(a",
                "b)",
                "; x",
            ]
        ),
        max_size=14,
    )
)
def test_what_is_remembered_of_a_field_is_what_the_whole_field_says(words: list[str]) -> None:
    value = " ".join(words)
    assert received.parts_of(value) == (received._common(value) or received._uncommon(value))
    value = f"from a.example (a.example [203.0.113.5]) by mx.example.org {value}"
    assert received.parts_of(value) == (received._common(value) or received._uncommon(value))
