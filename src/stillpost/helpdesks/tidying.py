"""Texts with pieces cut out, tidied where they stood: no blank before a comma, no colon before nothing."""

import re
from collections.abc import Iterable

_PAIRS = ('""', "''", "“”", "‘’", "„“", "«»", "()", "[]", "<>")
_TIDY = (
    (re.compile(r"[ \t]+(?=[,.;!?])"), ""),
    (re.compile(r"(?<=\S)[ \t]{2,}(?=\S)"), " "),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
    (re.compile(r"(\r?\n){3,}"), r"\1\1"),
)


def tidied(source: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text without what stands between these places; the text itself if there is nothing to cut."""
    places = sorted(set(spans), reverse=True)
    if not places:
        return source
    result = source
    for start, stop in places:
        while result[:start][-1:] + result[stop:][:1] in _PAIRS:
            start, stop = start - 1, stop + 1  # noqa: PLW2901  # quotation marks around nothing go with it
        result = result[:start] + result[stop:]
    for pattern, text in _TIDY:
        result = pattern.sub(text, result)
    return result.strip().rstrip(":-–| ").rstrip()


def speaks(text: str) -> bool:
    """Whether a template still says something of its own: a letter outside placeholders and tags."""
    bare = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text, flags=re.DOTALL)
    return any(char.isalpha() for char in bare)
