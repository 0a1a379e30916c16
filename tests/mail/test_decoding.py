"""Encoded words and charsets."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.mail.decoding import decode_bytes, decode_words


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("plain", "plain", id="plain"),
        pytest.param("=?UTF-8?Q?auto-replied?=", "auto-replied", id="osTicket's Auto-Submitted"),
        pytest.param("=?UTF-8?Q?auto=5Freply?=", "auto_reply", id="osTicket's Precedence"),
        pytest.param("=?UTF-8?Q?DR=2C=20RN=2C=20OOF?=", "DR, RN, OOF", id="osTicket's suppression"),
        pytest.param("=?utf-8?b?R3LDvMOfZQ==?=", "Grüße", id="base64"),
        pytest.param("=?utf-8?b?R3LDvMOfZQ?=", "Grüße", id="base64 without padding"),
        pytest.param("=?iso-8859-1?q?Gr=FC=DFe_an?= alle", "Grüße an alle", id="ISO 8859-1"),
        pytest.param("=?windows-1252?q?=80?=", "€", id="Windows"),
        pytest.param("=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本", id="Japanese"),
        pytest.param("=?utf-8?q?a?= =?utf-8?q?b?=", "ab", id="blanks between words vanish"),
        pytest.param("=?utf-8?q?a?= and =?utf-8?q?b?=", "a and b", id="text between words stays"),
        pytest.param("=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü", id="a character split between words"),
        pytest.param("=?utf-8?q?a?= =?iso-8859-1?q?=FC?=", "aü", id="two charsets"),
        pytest.param("=?utf-8*de?q?a?=", "a", id="language tag"),
        pytest.param("=?utf-8?q?Hello world?=", "Hello world", id="blank inside"),
        pytest.param("=?no-such-charset?q?a=FC?=", "aü", id="unknown charset"),
        pytest.param("=?zlib?b?eJw=?=", "x\x9c", id="a codec that is no charset"),
        pytest.param("=?utf-8?x?abc?=", "=?utf-8?x?abc?=", id="unknown encoding"),
        pytest.param("=?utf-8?q?abc", "=?utf-8?q?abc", id="never closed"),
        pytest.param("=?utf-8?b?!!!!?=", "", id="no base64"),
        pytest.param("[=?utf-8?q?x?=]", "[x]", id="inside brackets"),
        pytest.param("=?=?=?utf-8?q?x?=", "=?=?x", id="noise in front"),
    ],
)
def test_encoded_words_are_decoded(value: str, expected: str) -> None:
    assert decode_words(value) == expected


@pytest.mark.parametrize(
    ("data", "charset", "expected"),
    [
        pytest.param(b"\xfc", "", "ü", id="8-bit without charset"),
        pytest.param("ü".encode(), "", "ü", id="UTF-8 without charset"),
        pytest.param(b"a\xff", "utf-8", "a\ufffd", id="broken UTF-8"),
        pytest.param(b"\xfc", '"ISO-8859-1"', "ü", id="quoted charset"),
        pytest.param(b"abc", "../../etc/passwd", "abc", id="a path"),
        pytest.param(b"abc", "rot13", "abc", id="rot13"),
        pytest.param(b"abc", "unicode_escape", "abc", id="escapes"),
    ],
)
def test_bytes_are_text_whatever_the_charset_is_called(data: bytes, charset: str, expected: str) -> None:
    assert decode_bytes(data, charset) == expected


def test_a_charset_a_stranger_names_loads_no_module() -> None:
    before = set(sys.modules)
    for name in ("idna", "punycode", "mbcs", "bz2_codec", "undefined", "this", "antigravity"):
        decode_bytes(b"abc", name)
    assert {module for module in set(sys.modules) - before if not module.startswith("encodings.")} == set()
    assert "encodings.undefined" not in sys.modules


@given(st.text(max_size=300), st.sampled_from(["utf-8", "utf-16", "x", "iso-2022-kr"]), st.sampled_from("bq"))
def test_any_value_is_decoded_or_left_alone(text: str, charset: str, encoding: str) -> None:
    assert isinstance(decode_words(f"=?{charset}?{encoding}?{text}?= {text}"), str)


@given(st.binary(max_size=300), st.text(max_size=30))
def test_any_bytes_become_text(data: bytes, charset: str) -> None:
    assert isinstance(decode_bytes(data, charset), str)
