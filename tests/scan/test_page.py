"""The page: what happened in one sentence, nothing that runs, loads or links, whatever a mail says."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from stillpost.scan.page import as_html
from stillpost.scan.page.chart import chart_of, length
from stillpost.scan.page.words import safe, saying
from stillpost.scan.result import Finding, Result
from stillpost.scan.text import lines
from tests.scan.boxes import bombed, mbox, past, scanned

VOID = {"meta", "rect", "line", "circle", "br"}
ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "class", "id", "role", "tabindex", "scope"),
    *("aria-label", "aria-labelledby", "viewbox", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height"),
    "text-anchor",
}
HOSTILE = [
    "<script>alert(1)</script>",
    "</title></style></svg><img src=x onerror=alert(1)>",
    "\"' onmouseover='alert(1)' x=\"",
    "https://evil.example/unsubscribe?who=anna",
    "<a href=javascript:alert(1)>click</a>",
    "\u202egnp.exe\u2066\u0000\u001b[2J\u200b",
    "&lt;script&gt; &amp;quot; {word} {0} %s",
    "-->]]><!--",
    "a" * 5000,
]


class Reader(HTMLParser):
    """Reads a page and keeps what matters: every tag closed, every attribute known."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture
def result(tmp_path: Path) -> Result:
    bombed(tmp_path / "inbox")
    return scanned(tmp_path / "inbox")


def spoiled(result: Result, **fields: Any) -> Result:
    """The result with every mail's detail changed."""
    for finding in result.findings:
        for sender in finding.wave.senders.values():
            sender.detail = sender.detail._replace(**fields)
        for text in finding.wave.texts.values():
            text.sample = next(iter(fields.values()))
    hidden = [
        Finding(finding.wave, tuple(_replaced(needle, fields) for needle in finding.hidden))
        for finding in result.findings
    ]
    return Result(
        mailbox=next(iter(fields.values())),
        counts=result.counts,
        findings=tuple(hidden),
        unreadable=result.unreadable,
        unreadable_count=result.unreadable_count,
        source=lambda _: str(next(iter(fields.values()))),
    )


def _replaced(needle: Any, fields: dict[str, str]) -> Any:
    from dataclasses import replace

    return replace(needle, detail=needle.detail._replace(**fields))


def test_a_wave_is_told_in_one_sentence_and_the_hidden_mails_come_first(result: Result) -> None:
    page = as_html(result, "en")
    assert "<h1>This mailbox was bombed on 2026-10-20.</h1>" in page
    places = [page.index(word) for word in ("</h1>", "Look at these first", "<svg", "What to do now", "Who sent it")]
    assert places == sorted(places)
    for needle in result.findings[0].hidden:
        assert safe(needle.detail.subject) in page


def test_a_quiet_mailbox_has_a_quiet_page(tmp_path: Path) -> None:
    page = as_html(scanned(mbox(tmp_path / "inbox", (raw for _, raw in past()))), "en")
    assert "<h1>No wave was found.</h1>" in page
    assert "<svg" not in page
    assert read(page).open == []


def test_an_empty_mailbox_says_so(tmp_path: Path) -> None:
    (tmp_path / "inbox.mbox").write_bytes(b"nothing")
    page = as_html(scanned(tmp_path / "inbox.mbox"), "en")
    assert "No mail in it could be read." in page
    assert "its beginning is no mail of an mbox" in page


def test_nothing_runs_nothing_loads_and_nothing_links(result: Result) -> None:
    reader = read(as_html(result, "en"))
    assert not reader.tags & {"script", "a", "img", "link", "iframe", "object", "form", "base", "use", "image"}
    assert reader.attributes <= ATTRIBUTES
    assert "default-src 'none'" in as_html(result, "en")


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
def test_a_stranger_s_words_are_only_words(result: Result, words: str) -> None:
    page = as_html(spoiled(result, subject=words, sender=words, organization=words, tenant=words, platform=words), "en")
    calm, reader = read(as_html(result, "en")), read(page)
    assert reader.tags <= calm.tags
    assert reader.attributes <= calm.attributes
    assert not set(page) & {"\u202e", "\u2066", "\0", "\x1b", "\u200b"}
    visible = words.replace("\u202e", "\\u202e").replace("\u2066", "\\u2066").replace("\0", "\\u0000")
    assert visible.replace("\x1b", "\\u001b").replace("\u200b", "\\u200b") in "".join(reader.text)


def test_the_page_is_in_german(result: Result) -> None:
    page = as_html(result, "de")
    assert '<html lang="de">' in page
    assert "Dieses Postfach wurde am 2026-10-20 bombardiert." in page
    for english in ("Look at these", "Who sent", "What to do", "mails of the flood", "hidden mails"):
        assert english not in page


def test_every_mail_of_the_wave_is_in_the_picture_or_counted_as_later(result: Result) -> None:
    (finding,) = result.findings
    chart = chart_of(finding)
    assert sum(chart.flood) + chart.later == finding.wave.messages
    assert len(chart.hidden) == len(finding.hidden)
    assert chart.start <= finding.wave.first < finding.wave.dense_end <= chart.end
    assert chart.start <= chart.alarm <= chart.end
    assert len(chart.flood) <= 94


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (30, "30 seconds"),
        (60, "1 minute"),
        (600, "10 minutes"),
        (3600, "1 hour"),
        (86400, "1 day"),
        (200000, "2 days"),
        (0.2, "1 second"),
        (100, "100 seconds"),
    ],
)
def test_a_stretch_of_time_in_words(seconds: float, words: str) -> None:
    assert length(seconds, saying("en")) == words


def test_why_something_cannot_be_read_is_in_the_reader_s_language(tmp_path: Path) -> None:
    (tmp_path / "inbox.mbox").write_bytes(b"nothing")
    assert "sein Anfang ist keine Mail eines mbox" in as_html(scanned(tmp_path / "inbox.mbox"), "de")
    assert any("sein Anfang ist keine Mail" in line for line in lines(scanned(tmp_path / "inbox.mbox"), "de"))
