"""How the page says things: in the reader's language, and a stranger's words so that they can do nothing."""

import unicodedata
from collections.abc import Callable
from html import escape as html_escape

from stillpost.language import translate

Say = Callable[..., str]


def saying(language: str) -> Say:
    """Marked texts in a language, filled."""

    def say(text: str, **values: object) -> str:
        told = translate(text, language)
        return told.format(**values) if values else told

    return say


def safe(text: str) -> str:
    """Escaped for HTML; control, format and direction characters are shown as what they are."""
    shown = "".join(char if unicodedata.category(char)[0] != "C" else f"\\u{ord(char):04x}" for char in text)
    return html_escape(shown, quote=True)


def theirs(text: str) -> str:
    """A stranger's words: escaped, and without effect on the direction of what stands around them."""
    return f"<bdi>{safe(text)}</bdi>"
