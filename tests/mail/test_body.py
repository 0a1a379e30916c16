"""The text of a message: plain before HTML, bounded, never an attachment."""

import html
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.mail.body import TEXT_MAX_LENGTH, html_to_text, text_of
from stillpost.mail.message import MessageError, read

LONG = "This sentence is long enough to be more than a hint at another part."


def text(raw: str | bytes) -> str:
    return text_of(read(raw.encode() if isinstance(raw, str) else raw)).text.strip()


def alternative(plain: str, html: str) -> str:
    return (
        "Subject: x\nContent-Type: multipart/alternative; boundary=b\n\n"
        f"--b\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n"
        f"--b\nContent-Type: text/html; charset=utf-8\n\n{html}\n--b--\n"
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("Subject: x\n\nHello", "Hello", id="no MIME"),
        pytest.param("Subject: x", "", id="no body"),
        pytest.param("From a Mon Nov 23 10:00:00 2026\nSubject: x\n\nHello", "Hello", id="mbox line"),
        pytest.param(alternative(LONG, "<p>no</p>"), LONG, id="plain before HTML"),
        pytest.param(alternative("See HTML.", f"<p>{LONG}</p>"), LONG, id="a plain part that is only a hint"),
        pytest.param("Subject: x\nContent-Type: text/html\n\n<p>One</p><p>two</p>", "One\n\ntwo", id="only HTML"),
        pytest.param(b"Subject: x\nContent-Type: text/plain; charset=iso-8859-1\n\nGr\xfc\xdfe", "Grüße", id="charset"),
        pytest.param(
            "Subject: x\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nR3LDvMOfZQ==",
            "Grüße",
            id="base64",
        ),
        pytest.param(
            "Subject: x\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nR3LD!vMOfZQ",
            "Grüße",
            id="damaged base64, by the standard library",
        ),
        pytest.param(
            "Subject: x\nContent-Type: text/plain\nContent-Disposition: attachment\n\nfile", "", id="attachment"
        ),
        pytest.param("Subject: x\nContent-Type: message/rfc822\n\nSubject: y\n\ninner", "", id="attached message"),
        pytest.param("Subject: x\nContent-Type: multipart/mixed\n\nno boundary", "", id="multipart without a boundary"),
    ],
)
def test_the_text_of_a_message(raw: str | bytes, expected: str) -> None:
    assert text(raw) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        pytest.param("<p>Hello <b>big</b> world</p>", "Hello big world", id="inline"),
        pytest.param("a<br>b", "a\nb", id="break"),
        pytest.param("<div>a</div><div>b</div>", "a\n\nb", id="blocks"),
        pytest.param("<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", "a\n\nb", id="rows"),
        pytest.param("<style>p{}</style><script>x()</script><p>a</p>", "a", id="scripts and styles"),
        pytest.param("a &amp; b &lt;c&gt; &#252;", "a & b <c> ü", id="entities"),
        pytest.param("a\n\n\n   b", "a b", id="source blanks mean nothing"),
        pytest.param("<p>never closed <b>at all", "never closed at all", id="never closed"),
        pytest.param("", "", id="nothing"),
        pytest.param("<frameset><frame></frameset>", "", id="no body"),
        pytest.param("<", "<", id="a bracket"),
    ],
)
def test_html_becomes_text(html: str, expected: str) -> None:
    assert html_to_text(html) == expected


def test_mime_nested_a_thousand_deep_is_unreadable() -> None:
    parts = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(1000))
    with pytest.raises(MessageError, match="nested too deeply"):
        text("Subject: x\n" + parts + "\nend")


def test_a_damaged_mail_of_a_thousand_boundaries_is_unreadable() -> None:
    damaged = "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!!"
    with pytest.raises(MessageError, match="too many parts"):
        text("Subject: x\n" + damaged + "\nboundary" * 1000)


DAMAGED = "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\n\nQUJD!RA\n"


def test_of_a_damaged_mail_the_texts_are_read_and_attachments_are_not() -> None:
    attached = (
        "--b\nContent-Type: text/plain\nContent-Disposition: attachment\n\nfile\n--b\nContent-Type: image/png\n\nx\n"
    )
    html = f"--b\nContent-Type: text/html\n\n<p>{LONG}</p>\n--b--\n"
    assert text(DAMAGED + attached + html) == LONG


def test_a_damaged_mail_the_standard_library_stumbles_over_is_unreadable() -> None:
    stumbling = "--b\nContent-Type: text/plain; charset*0*=us-ascii'en'x; charset*\n\nx\n--b--\n"
    with pytest.raises(MessageError, match="cannot be told apart"):
        text(DAMAGED + stumbling)


WRITTEN = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=40, max_size=200)


@given(WRITTEN, st.sampled_from(["base64", "quoted-printable", "8bit"]), st.booleans())
def test_what_the_standard_library_writes_is_read_back(written: str, encoding: str, attached: bool) -> None:
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = "x"
    mail.set_content(written + "\n", cte=encoding)
    if attached:
        mail.add_alternative(f"<p>{html.escape(written)}</p>", subtype="html")
        mail.add_attachment(b"\x00\x01", maintype="application", subtype="zip", filename="x.zip")
    assert text(mail.as_bytes()) == written


@pytest.mark.timeout(20)
@pytest.mark.parametrize("html", ["<div>" * 100_000, "<b><i>" * 50_000, "<ul><li>" * 50_000, "<p a=1>" * 50_000])
def test_html_nested_without_end_takes_bounded_time(html: str) -> None:
    assert len(html_to_text(html + "x")) <= 1


def test_a_long_text_is_cut_and_says_so() -> None:
    found = text_of(read(b"Subject: x\n\n" + b"word " * 100_000))
    assert (len(found.text), found.truncated) == (TEXT_MAX_LENGTH, True)


def test_an_attachment_of_fifty_megabytes_costs_nothing() -> None:
    raw = (
        b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--b\nContent-Type: application/zip\n"
        b"Content-Transfer-Encoding: base64\n\n" + b"QUJD" * 12_500_000 + b"\n--b--\n"
    )
    found = text_of(read(raw))
    assert (found.text.strip(), found.truncated) == ("Hello", True)


@given(st.binary(max_size=2000), st.sampled_from([b"text/plain", b"text/html", b"multipart/mixed; boundary=b"]))
def test_any_body_is_text_or_unreadable(body: bytes, kind: bytes) -> None:
    message = read(b"Content-Type: " + kind + b"\nContent-Transfer-Encoding: base64\n\n" + body)
    try:
        found = text_of(message)
    except MessageError:
        return
    assert len(found.text) <= TEXT_MAX_LENGTH


@given(st.text(max_size=2000))
def test_any_html_becomes_text(html: str) -> None:
    assert "\n\n\n" not in html_to_text(html)
