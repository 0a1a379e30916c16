"""A visitor's words are made fit to be kept."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.doors.http import words
from stillpost.doors.http.words import WordsError

HOSTILE = st.text(
    st.characters(codec=None) | st.sampled_from("\r\n\t\x00\x1b\u202e\u2066\u200d\u2028\ud800\x85﷽"), max_size=300
)


def harmless(text: str, kept: str = "") -> bool:
    """No character that ends a line, hides, steers or cannot be written as UTF-8."""
    return all(char in " \u200d" + kept or unicodedata.category(char)[0] not in "CZ" for char in text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("Broken\r\nBcc: victim@example.org", "Broken Bcc: victim@example.org", id="a header line"),
        pytest.param("Broken\x00", "Broken", id="NUL"),
        pytest.param("\u202egnp.exe", "gnp.exe", id="right-to-left override"),
        pytest.param("a\u2028b\u2029c\x85d", "a b c d", id="Unicode line ends"),
        pytest.param("\x1b[31mred", "[31mred", id="a terminal's escape"),
        pytest.param("\ufeffa\u00adb\U000e0041", "a b", id="invisible format characters"),
        pytest.param("\ud800a", "a", id="half of a surrogate pair"),
        pytest.param("  Grüße   aus\tKöln ", "Grüße aus Köln", id="blanks"),
        pytest.param("👩\u200d🔧 helps", "👩\u200d🔧 helps", id="a joined emoji stays whole"),
        pytest.param("\u200d \u200b", "", id="nothing visible"),
        pytest.param("=?utf-8?q?x?=", "=?utf-8?q?x?=", id="an encoded word is only text"),
    ],
)
def test_one_line_is_one_visible_line(typed: str, kept: str) -> None:
    assert words.one_line(typed, "subject", 200) == kept


@given(HOSTILE)
def test_one_line_never_holds_anything_that_steers(typed: str) -> None:
    line = words.one_line(typed, "subject", 300)
    assert harmless(line)
    assert line == line.strip()
    assert words.one_line(line, "subject", 300) == line
    line.encode()


@given(HOSTILE)
def test_many_lines_hold_line_feeds_and_tabs_and_nothing_else_that_steers(typed: str) -> None:
    lines = words.many_lines(typed, "message", 300)
    assert harmless(lines, "\n\t")
    assert words.many_lines(lines, "message", 300) == lines
    lines.encode()


def test_line_ends_of_every_system_become_one() -> None:
    assert words.many_lines("a\r\nb\rc\nd", "message", 100) == "a\nb\nc\nd"


@pytest.mark.parametrize("clean", [words.one_line, words.many_lines])
@pytest.mark.parametrize("char", ["x", "ü", "\u202e"])
def test_more_than_the_limit_is_refused_and_never_cut_in_silence(clean: Callable[..., str], char: str) -> None:
    assert clean("x" * 200, "subject", 200) == "x" * 200
    with pytest.raises(WordsError) as caught:
        clean(char * 900, "subject", 200)
    assert (caught.value.field, caught.value.values) == ("subject", {"limit": 200})


@given(st.dictionaries(HOSTILE, HOSTILE, max_size=25))
def test_fields_of_a_site_are_few_and_of_one_line(fields: dict[str, str]) -> None:
    try:
        cleaned = words.extra_fields(fields)
    except WordsError:
        return
    assert len(cleaned) <= words.MAX_FIELDS
    assert all(name and harmless(name) and harmless(value) for name, value in cleaned.items())


def test_copies_are_few_lines_of_text_without_empty_ones() -> None:
    assert words.copies(["a@example.com\r\nBcc: b@example.com", " ", "not an address"]) == (
        "a@example.com Bcc: b@example.com",
        "not an address",
    )
    with pytest.raises(WordsError):
        words.copies(["a@example.com"] * 21)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\a.txt", "a.txt"),
        ("a/", "attachment"),
        ("", "attachment"),
        ("...", "attachment"),
        (".htaccess", "htaccess"),
        ("\u202egnp.exe", "gnp.exe"),
        ("a\r\nContent-Type: text/html\r\n\r\n.txt", "html    .txt"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_a_file_keeps_the_last_part_of_its_name(sent: str, kept: str) -> None:
    assert words.file_name(sent) == kept


@given(HOSTILE)
def test_a_file_name_is_never_empty_a_path_or_a_line_of_its_own(sent: str) -> None:
    name = words.file_name(sent)
    assert 1 <= len(name) <= words.FILE_NAME_CHARS
    assert harmless(name)
    assert not set(name) & set("/\\")
    assert name not in {".", ".."}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Image/PNG", "image/png"),
        ("application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
        ("text/plain\r\nX: y", "application/octet-stream"),
        ("text/plain; x=y", "application/octet-stream"),
        ("ü/x", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_media_type_is_one_or_none(sent: str, kept: str) -> None:
    assert words.media_type(sent) == kept
