"""Authentication-Results: which fields count, what they say, what vouches for a From."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.mail.auth import aligned, is_aligned, parse_results, results_from, signatures, signed_fields
from stillpost.mail.message import read
from stillpost.model import AuthMethod, AuthResult

MICROSOFT = (
    "spf=pass (sender IP is 203.0.113.41)\r\n smtp.mailfrom=acme.example; dkim=pass (signature was verified)\r\n"
    " header.d=platform.example;dmarc=pass action=none\r\n header.from=acme.example;compauth=pass reason=100"
)


def said(value: str) -> str:
    server, results = parse_results(value)
    words = [
        f"{found.method}={found.result}:{found.domain}" + (f"/{found.selector}" if found.selector else "")
        for found in results
    ]
    return " ".join([f"[{server}]", *words])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("mx.example.org; none", "[mx.example.org]", id="none"),
        pytest.param(
            "mx.example.org 1; dkim=pass header.d=a.example", "[mx.example.org] dkim=pass:a.example", id="version"
        ),
        pytest.param(
            "mx.example.org; dkim/1 = pass header.d = a.example", "[mx.example.org] dkim=pass:a.example", id="blanks"
        ),
        pytest.param("mx.example.org; DKIM=Pass HEADER.D=A.Example", "[mx.example.org] dkim=pass:a.example", id="case"),
        pytest.param(
            "mx.google.com;\r\n dkim=pass header.i=@a.example header.s=s1 header.b=abc/+=;\r\n spf=pass (domain of"
            " x@a.example designates it) smtp.mailfrom=x@a.example;\r\n"
            " dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=a.example",
            "[mx.google.com] dkim=pass:a.example/s1 spf=pass:a.example dmarc=pass:a.example",
            id="Google",
        ),
        pytest.param(
            MICROSOFT, "[] spf=pass:acme.example dkim=pass:platform.example dmarc=pass:acme.example", id="Microsoft"
        ),
        pytest.param(
            MICROSOFT + ";",
            "[] spf=pass:acme.example dkim=pass:platform.example dmarc=pass:acme.example",
            id="Microsoft with ; at the end",
        ),
        pytest.param(
            "spf=none (sender IP is 203.0.113.1) smtp.helo=a.example; contoso.example; dkim=none (message not signed)"
            " header.d=none;contoso.example; dmarc=none action=none header.from=a.example;",
            "[] dkim=none:none dmarc=none:a.example",
            id="older Microsoft with host names between",
        ),
        pytest.param(
            "i=1; mx.google.com; dkim=pass header.d=a.example", "[mx.google.com] dkim=pass:a.example", id="ARC"
        ),
        pytest.param("mx; spf=pass smtp.helo=a.example", "[mx]", id="SPF of a HELO vouches for no sender"),
        pytest.param("mx; spf=pass smtp.mfrom=b@a.example", "[mx] spf=pass:a.example", id="Sendmail's property"),
        pytest.param("mx; dmarc=pass", "[mx]", id="DMARC of nothing"),
        pytest.param(
            "mx; x-tls=pass; iprev=fail policy.iprev=203.0.113.1; dkim=fail header.d=a.example",
            "[mx] dkim=fail:a.example",
            id="other methods",
        ),
        pytest.param(
            'mx; dkim=pass reason="good; dkim=pass" header.d=a.example', "[mx] dkim=pass:a.example", id="quoted reason"
        ),
        pytest.param(
            "mx; dkim=pass (comment (nested; dkim=pass) \\) end) header.d=a.example",
            "[mx] dkim=pass:a.example",
            id="comments",
        ),
        pytest.param(
            "mx; dkim=pass header.d=a.example; dkim=fail header.d=b.example",
            "[mx] dkim=pass:a.example dkim=fail:b.example",
            id="two signatures",
        ),
        pytest.param('"mx"; dkim=pass header.d=a.example', "[mx] dkim=pass:a.example", id="quoted id"),
    ],
)
def test_a_field_is_read(value: str, expected: str) -> None:
    assert said(value.replace("\r\n", "")) == expected


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="nothing"),
        pytest.param(";", id="only a semicolon"),
        pytest.param("mx; dkim=pass (never closed header.d=a.example", id="comment never closed"),
        pytest.param("mx; dkim=pass ) header.d=a.example", id="comment never opened"),
        pytest.param('mx; dkim=pass header.d="a.example', id="quote never closed"),
        pytest.param("mx; dkim=pass header.d=a.example junk", id="words left over"),
        pytest.param("mx; dkim header.d=a.example", id="no result"),
        pytest.param("mx; dkim=pass header.d=a.example; victim.example", id="a host name between, with an id"),
        pytest.param("mx; dmarc=fail header.from=a.example; dmarc=pass header.from=a.example", id="two DMARC results"),
        pytest.param("mx; spf=fail smtp.mailfrom=a;spf=pass smtp.mailfrom=b.example", id="two SPF results"),
        pytest.param(
            "mx from=yahoo.example; domainkeys=pass (ok); dkim=pass (ok); header.i=@a.example", id="old Yahoo"
        ),
        pytest.param("mx; dkim=pass header.d=a.example" + " x=y" * 3000, id="too long"),
    ],
)
def test_a_field_with_anything_odd_says_nothing(value: str) -> None:
    assert parse_results(value)[1] == ()


def header(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n\n").encode()


OURS = "Authentication-Results: mx.example.org; dkim=pass header.d=real.example"
FORGED = "Authentication-Results: mx.example.org; dkim=pass header.d=victim.example"
BORDER = "Received: from a (a.example [203.0.113.1]) by mx.example.org; Mon, 23 Nov 2026 10:00:00 +0000"
BELOW = "Received: from x (x.example [203.0.113.2]) by a.example; Mon, 23 Nov 2026 09:00:00 +0000"


@pytest.mark.parametrize(
    ("lines", "border", "servers", "domains"),
    [
        pytest.param((OURS, BORDER, FORGED, BELOW), 1, (), "real.example", id="above the border"),
        pytest.param((BORDER, OURS, BELOW), 0, (), "", id="below the border nobody vouches"),
        pytest.param(
            (BORDER, OURS, BELOW, FORGED),
            0,
            ("MX.example.org",),
            "real.example",
            id="below, by an id we know, to the next hop",
        ),
        pytest.param((BORDER, OURS), 0, ("other.example",), "", id="below, by another id"),
        pytest.param((OURS, FORGED), None, (), "", id="no border, no trust"),
        pytest.param(
            (OURS, BORDER, BELOW, FORGED),
            None,
            ("mx.example.org",),
            "real.example",
            id="no border, an id we know, to the second hop",
        ),
        pytest.param(
            ("ARC-Authentication-Results: i=2; mx.example.org; dkim=pass header.d=real.example", BORDER),
            1,
            (),
            "real.example",
            id="ARC above",
        ),
        pytest.param(
            (BORDER, "ARC-Authentication-Results: i=1; mx.example.org; dkim=pass header.d=victim.example"),
            0,
            ("mx.example.org",),
            "",
            id="ARC below",
        ),
    ],
)
def test_only_fields_our_own_side_wrote_count(
    lines: tuple[str, ...], border: int | None, servers: tuple[str, ...], domains: str
) -> None:
    results = results_from(read(header(*lines)).headers, border, servers)
    assert " ".join(result.domain for result in results) == domains


def result(method: str, word: str, domain: str) -> AuthResult:
    return AuthResult(method=AuthMethod(method), result=word, domain=domain)


@pytest.mark.parametrize(
    ("domain", "results", "by"),
    [
        pytest.param("a.example", [("dmarc", "pass", "a.example")], "dmarc", id="DMARC"),
        pytest.param("a.example", [("dkim", "pass", "a.example")], "dkim", id="DKIM"),
        pytest.param("mail.a.example", [("dkim", "pass", "a.example")], "dkim", id="DKIM of the organization"),
        pytest.param("a.example", [("dkim", "pass", "news.a.example")], "dkim", id="DKIM of a subdomain"),
        pytest.param("a.example", [("spf", "pass", "bounce.a.example")], "spf", id="SPF"),
        pytest.param(
            "a.example",
            [("dkim", "fail", "a.example"), ("spf", "pass", "a.example")],
            "spf",
            id="SPF beside a broken signature",
        ),
        pytest.param("A.Example.", [("dkim", "pass", "a.example")], "dkim", id="case and root dot"),
        pytest.param("a.example", [("dkim", "pass", "b.example")], None, id="somebody else's signature"),
        pytest.param("a.example", [("dmarc", "pass", "b.example")], None, id="somebody else's DMARC"),
        pytest.param("mail.a.example", [("dmarc", "pass", "a.example")], None, id="DMARC of another From"),
        pytest.param(
            "a.example", [("dmarc", "fail", "a.example"), ("dkim", "pass", "mail.a.example")], None, id="DMARC failed"
        ),
        pytest.param(
            "a.example",
            [("dmarc", "none", "a.example"), ("dkim", "pass", "a.example")],
            "dkim",
            id="no DMARC published",
        ),
        pytest.param(
            "a.example", [("dkim", "neutral", "a.example"), ("spf", "softfail", "a.example")], None, id="nothing passed"
        ),
        pytest.param(
            "a.co.uk", [("dkim", "pass", "b.co.uk"), ("dkim", "pass", "co.uk")], None, id="across a public suffix"
        ),
        pytest.param("a.github.io", [("dkim", "pass", "b.github.io")], None, id="across a private suffix"),
        pytest.param("a.zendesk.com", [("dkim", "pass", "b.zendesk.com")], None, id="another tenant"),
        pytest.param("a.zendesk.com", [("dkim", "pass", "zendesk.com")], None, id="the platform for a tenant"),
        pytest.param("", [("dkim", "pass", "")], None, id="nothing is aligned with nothing"),
        pytest.param("a.example", [], None, id="no results"),
    ],
)
def test_what_vouches_for_a_from(domain: str, results: list[tuple[str, str, str]], by: str | None) -> None:
    found = aligned(domain, [result(*one) for one in results])
    assert (found.method.value if found else None) == by


def test_signatures_are_listed_as_claimed() -> None:
    headers = read(
        header(
            "DKIM-Signature: v=1; a=rsa-sha256; d=Acme.Example; s=S1;",
            " h=From:To:Subject; bh=x=; b=y",
            "DKIM-Signature: d=acme.example; s=s2; h=from:to",
            "DKIM-Signature: nonsense",
        )
    ).headers
    assert signatures(headers) == (("acme.example", "s1"), ("acme.example", "s2"))
    assert signed_fields(headers, "acme.example") == {"from", "to"}
    assert signed_fields(headers, "other.example") == frozenset()


@given(
    st.text(max_size=300), st.lists(st.sampled_from(['();"\\=', "mx", "dkim=pass", "header.d=a.example"]), max_size=40)
)
def test_any_field_is_read_or_says_nothing(text: str, words: list[str]) -> None:
    for value in (text, " ".join(words), f"mx; dkim=pass header.d={text}"):
        server, results = parse_results(value)
        assert isinstance(server, str)
        assert all(found.domain for found in results)


@given(
    st.from_regex(r"[a-z]{1,4}(\.[a-z]{1,4}){0,3}", fullmatch=True),
    st.from_regex(r"[a-z]{1,4}(\.[a-z]{1,4}){0,3}", fullmatch=True),
)
def test_alignment_is_mutual_and_a_domain_is_aligned_with_itself(one: str, other: str) -> None:
    assert is_aligned(one, one)
    assert is_aligned(one, other) == is_aligned(other, one)
