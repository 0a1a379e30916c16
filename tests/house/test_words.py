"""Everything people see exists in every language: collected, translated, with the same things to fill in."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stillpost.language import NAMES, OFFERED, catalogue, translate
from tests.catalogues import packaging_module

ROOT = Path(__file__).parents[2]
words = packaging_module("words")
each = pytest.mark.parametrize("path", words.catalogues(), ids=lambda path: path.parts[-3])


def pairs(path: Path) -> Iterator[tuple[str, str]]:
    for message in words.read(path):
        if message.id:
            texts = message.id if isinstance(message.id, tuple) else (message.id,)
            said = message.string if isinstance(message.string, tuple) else (message.string,)
            assert len(said) == len(texts)
            yield from zip(texts, said, strict=True)


def test_every_offered_language_has_a_catalogue_and_a_name() -> None:
    assert {path.parts[-3] for path in words.catalogues()} == set(OFFERED) - {"en"}
    assert set(NAMES) == set(OFFERED)


@each
def test_the_catalogue_has_every_text_of_the_code_and_no_other(path: Path) -> None:
    assert path.read_bytes() == words.updated(path), "run make words, then translate what it names"


@each
def test_nothing_is_left_to_translate_or_to_check(path: Path) -> None:
    assert [text for text, said in pairs(path) if not said] == [], f"translate these in {path.relative_to(ROOT)}"
    assert [message.id for message in words.read(path) if message.id and message.fuzzy] == []


@each
def test_a_translation_is_filled_with_the_same_things_as_its_text(path: Path) -> None:
    differing = [(text, said) for text, said in pairs(path) if words.placeholders(text) != words.placeholders(said)]
    assert differing == []


@each
def test_a_translation_begins_and_ends_like_its_text(path: Path) -> None:
    """Lines of a table stay in their columns, paragraphs of a mail stay apart."""

    def edges(text: str) -> tuple[str, str]:
        return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]

    assert [text for text, said in pairs(path) if edges(text) != edges(said)] == []


@each
def test_the_compiled_catalogue_is_found_and_says_what_the_file_says(path: Path) -> None:
    language = path.parts[-3]
    assert type(catalogue(language)) is not type(catalogue("en"))
    for message in words.read(path):
        if message.id and isinstance(message.id, str):
            assert translate(message.id, language) == message.string


@pytest.mark.parametrize("template", sorted((ROOT / "src").rglob("templates/*.html")), ids=lambda path: path.name)
def test_no_page_has_words_that_are_not_translated(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    text = re.sub(r"{% trans.*?{% endtrans %}|{#.*?#}|{%.*?%}|{{.*?}}", " ", text, flags=re.DOTALL)
    shown = re.sub(r"<[^>]*>|[\w-]+=\"[^\"]*\"", " ", text).replace("UTC", " ").replace("Stillpost", " ")
    assert re.findall(r"[^\W\d_]+", shown) == []
    assert re.findall(r"\b(?:alt|title|placeholder|aria-label)=\"[^\"]*[a-z]", text) == []
