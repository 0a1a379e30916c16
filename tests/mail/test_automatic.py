"""Automatic mail by its signs, and what is no proof."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.mail import automatic as signs
from stillpost.mail.automatic import Kind, automatic, fresh_mail_problem, keyword
from stillpost.mail.message import Headers, read


def header(*lines: str) -> Headers:
    return read(("\n".join(lines) + "\n\n").encode()).headers


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("Subject: x", "no", id="none"),
        pytest.param("Auto-Submitted: no", "no", id="no"),
        pytest.param("Auto-Submitted: No (a person wrote this)", "no", id="no with a comment"),
        pytest.param("Auto-Submitted: auto-replied", "auto-replied", id="replied"),
        pytest.param(
            "Auto-Submitted: (by (a) robot) Auto-Replied; owner-email=x", "auto-replied", id="comments and parameters"
        ),
        pytest.param("Auto-Submitted: =?UTF-8?Q?auto-replied?=", "auto-replied", id="encoded"),
        pytest.param('Auto-Submitted: auto-notified; owner-email="a@example.org"', "auto-notified", id="RFC 5436"),
        pytest.param("Auto-Submitted: " + "(" * 9 + ")" * 9 + " no", "(", id="comments too deep to be honest"),
        pytest.param("Auto-Submitted: x-my-own", "x-my-own", id="extension"),
        pytest.param("Auto-Submitted:", "auto-generated", id="empty"),
        pytest.param("Auto-Submitted: no\nAuto-Submitted: auto-replied", "auto-replied", id="two fields"),
    ],
)
def test_the_keyword_of_auto_submitted(line: str, expected: str) -> None:
    assert keyword(header("From: a@example.org", line)) == expected


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        pytest.param("Auto-Submitted: auto-replied", Kind.ANSWER, id="answer"),
        pytest.param("Auto-Submitted: auto-generated", Kind.NOTICE, id="notice"),
        pytest.param("Auto-Submitted: anything", Kind.NOTICE, id="unknown keyword"),
        pytest.param("Content-Type: multipart/report; report-type=delivery-status; boundary=x", Kind.REPORT, id="DSN"),
        pytest.param("Content-Type: Multipart/Report; report-type=disposition-notification", Kind.REPORT, id="MDN"),
        pytest.param("Return-Path: <>", Kind.REPORT, id="null return path"),
        pytest.param("X-Autoreply: yes", Kind.ANSWER, id="X-Autoreply"),
        pytest.param("X-Autorespond: me", Kind.ANSWER, id="X-Autorespond"),
        pytest.param("X-Autoreply: no", None, id="X-Autoreply: no"),
        pytest.param("Precedence: bulk", Kind.BULK, id="bulk"),
        pytest.param("Precedence: =?UTF-8?Q?auto=5Freply?=", Kind.ANSWER, id="encoded precedence"),
        pytest.param("Precedence: list", Kind.LIST, id="precedence list"),
        pytest.param("Precedence: first-class", None, id="first class"),
        pytest.param("List-Id: <talk.example.org>", Kind.LIST, id="list"),
        pytest.param("List-Unsubscribe: <https://example.org/u>", Kind.LIST, id="unsubscribe"),
        pytest.param("List-Id: <talk.example.org>\nList-Post: <mailto:talk@example.org>", Kind.POST, id="discussion"),
        pytest.param("List-Id: <talk.example.org>\nIn-Reply-To: <1@example.org>", Kind.POST, id="answer on a list"),
        pytest.param("List-Id: <news.example.org>\nList-Post: NO", Kind.LIST, id="nobody can post to it"),
        pytest.param("Mailing-List: contact talk-help@example.org", Kind.POST, id="ezmlm"),
        pytest.param("Precedence: list\nReferences: <1@example.org>", Kind.POST, id="old list"),
        pytest.param("Precedence: bulk\nIn-Reply-To: <1@example.org>", Kind.BULK, id="a robot that answers"),
        pytest.param("Auto-Submitted: auto-generated\nList-Post: <mailto:a@example.org>", Kind.NOTICE, id="list robot"),
        pytest.param("X-Auto-Response-Suppress: All", Kind.MARKED, id="suppress"),
        pytest.param("X-Auto-Response-Suppress: =?UTF-8?Q?DR=2C=20OOF?=", Kind.MARKED, id="encoded suppress"),
        pytest.param("X-Auto-Response-Suppress: None", None, id="suppress none"),
        pytest.param("Subject: Re: your letter", None, id="a person's answer"),
        pytest.param("Content-Type: multipart/mixed; boundary=report", None, id="ordinary"),
    ],
)
def test_the_kind_of_automatic_mail(line: str, kind: Kind | None) -> None:
    found = automatic(header("From: a@example.org", line))
    assert (found.kind if found else None) == kind


def test_a_null_sender_in_the_envelope_is_a_sign() -> None:
    found = automatic(header("From: a@example.org"), null_sender=True)
    assert found is not None
    assert (found.kind, found.sign) == (Kind.REPORT, "null sender")


TOKEN = "prove+ABCDEFGHIJKLMNOPQRSTUVWXYZ@proof.example.org"
FRESH = (
    "From: Anna <anna@example.org>",
    f"To: {TOKEN}",
    "Subject: Proof ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "Message-ID: <1@example.org>",
)


@pytest.mark.parametrize(
    "more",
    [
        pytest.param((), id="plain"),
        pytest.param(("Reply-To: ANNA@example.org",), id="Reply-To is the From"),
        pytest.param(("Auto-Submitted: no",), id="says it is no automatic mail"),
        pytest.param(("Cc: bob@example.org", "X-Mailer: Mail"), id="more recipients"),
        pytest.param(("Sender: anna@example.org", "Importance: high"), id="other fields"),
    ],
)
def test_a_fresh_mail_has_no_problem(more: tuple[str, ...]) -> None:
    assert fresh_mail_problem(header(*FRESH, *more), "anna@example.org", TOKEN) is None


def test_any_case_of_the_token_will_do_and_cc_as_well() -> None:
    lines = ("From: anna@example.org", "To: bob@example.org", f"Cc: Proof <{TOKEN.lower()}>")
    assert fresh_mail_problem(header(*lines), "anna@example.org", TOKEN) is None


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        pytest.param(("From: bob@example.org",), signs.MORE_AUTHORS, id="two From fields"),
        pytest.param(("In-Reply-To: <1@x>",), signs.ANSWER, id="In-Reply-To"),
        pytest.param(("References: <1@x>",), signs.ANSWER, id="References"),
        pytest.param(("In-Reply-To:",), signs.ANSWER, id="empty In-Reply-To"),
        pytest.param(("List-Id: <a.example.org>",), signs.LIST, id="list"),
        pytest.param(("List-Anything: x",), signs.LIST, id="any list field"),
        pytest.param(("Precedence: normal",), signs.AUTOMATIC, id="any precedence"),
        pytest.param(("Auto-Submitted: auto-replied",), signs.AUTOMATIC, id="automatic answer"),
        pytest.param(("Auto-Submitted: =?utf-8?q?auto-replied?=",), signs.AUTOMATIC, id="encoded"),
        pytest.param(("X-Autoreply: yes",), signs.AUTOMATIC, id="old automatic answer"),
        pytest.param(("X-Auto-Response-Suppress: All",), signs.AUTOMATIC, id="suppress"),
        pytest.param(("Content-Type: multipart/report",), signs.AUTOMATIC, id="report"),
        pytest.param(("Return-Path: <>",), signs.NULL_SENDER, id="null return path"),
        pytest.param(("Resent-From: bob@example.org",), signs.REDIRECTED, id="resent"),
        pytest.param(("Reply-To: bob@example.org",), signs.OTHER_REPLY_TO, id="other Reply-To"),
        pytest.param(("Reply-To: anna@example.org, bob@example.org",), signs.OTHER_REPLY_TO, id="two Reply-To"),
        pytest.param(
            ("Reply-To: anna@example.org", "Reply-To: bob@example.org"), signs.OTHER_REPLY_TO, id="two Reply-To fields"
        ),
        pytest.param(("Reply-To: anna+x@example.org",), signs.OTHER_REPLY_TO, id="Reply-To with a plus part"),
        pytest.param(("Reply-To: nobody",), signs.OTHER_REPLY_TO, id="Reply-To that is no address"),
    ],
)
def test_what_is_no_proof(lines: tuple[str, ...], problem: str) -> None:
    assert fresh_mail_problem(header(*FRESH, *lines), "anna@example.org", TOKEN) == problem


@pytest.mark.parametrize(
    ("replaced", "problem"),
    [
        pytest.param(("From: a@example.org, b@example.org", FRESH[1]), signs.MORE_AUTHORS, id="two authors"),
        pytest.param(("Sender: a@example.org", FRESH[1]), signs.MORE_AUTHORS, id="no author"),
        pytest.param(
            (FRESH[0], "To: bob@example.org"), signs.NOT_ADDRESSED, id="a letter to Bob, sent on to the token"
        ),
        pytest.param((FRESH[0],), signs.NOT_ADDRESSED, id="no To"),
        pytest.param((FRESH[0], FRESH[1], "Subject: Re: Proof"), signs.ANSWER, id="subject of an answer"),
        pytest.param(
            (FRESH[0], FRESH[1], "Subject: =?utf-8?q?Automatic_reply:_x?="), signs.ANSWER, id="subject of a responder"
        ),
    ],
)
def test_what_lacks_something_is_no_proof(replaced: tuple[str, ...], problem: str) -> None:
    assert fresh_mail_problem(header(*replaced), "anna@example.org", TOKEN) == problem


@pytest.mark.parametrize("sender", [None, ""])
def test_a_null_sender_proves_nothing(sender: str | None) -> None:
    assert fresh_mail_problem(header(*FRESH), sender, TOKEN) == signs.NULL_SENDER


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["From", "To", "Reply-To", "Auto-Submitted", "Subject", "List-Id", "X-Autoreply"]),
            st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=60),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_header_is_judged(fields: list[tuple[str, str]]) -> None:
    headers = header(*(f"{name}: {value}" for name, value in fields))
    found = automatic(headers)
    problem = fresh_mail_problem(headers, "a@example.org", TOKEN)
    assert problem is not None or (found is None and headers.first("to"))


@pytest.mark.parametrize(
    ("line", "sign"),
    [
        pytest.param(
            "X-Mailer: PHPMailer 6.9.1 (https://github.com/PHPMailer/PHPMailer)", "x-mailer: php", id="PHPMailer"
        ),
        pytest.param("X-Generator: Drupal", "x-generator: drupal", id="Drupal"),
        pytest.param("X-PHP-Originating-Script: 33:form.php", "x-php-originating-script", id="mail() of PHP"),
        pytest.param("X-SG-EID: abc", "x-sg-eid", id="a service that sends for others"),
        pytest.param("X-Mailer: Apple Mail (2.3445.9.7)", None, id="a person's program"),
        pytest.param("X-Mailer: " + "x" * 101 + "php", None, id="far too long"),
        pytest.param("Subject: about PHPMailer", None, id="only words"),
    ],
)
def test_software_of_web_sites_shows_itself_and_is_no_automatic_mail_by_that(line: str, sign: str | None) -> None:
    headers = header("From: a@example.org", line)
    found = signs.software_mark(headers)
    assert (found.sign if found else None) == sign
    assert automatic(headers) is None
