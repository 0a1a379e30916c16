"""The words in people's languages: English in the code, other languages from catalogues (gettext).

Texts are marked with ``N_`` where they are written and translated where they are shown, so that pure rooms and ledgers
keep one text for all readers.
"""

import gettext
import re
from functools import lru_cache
from importlib import resources

OFFERED = ("en", "de")
"""Languages with a complete catalogue; the first is what everything falls back to."""

NAMES = {"en": "English", "de": "Deutsch"}
"""What each language calls itself, for people who choose one."""

_RANGE = re.compile(r"^\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9]{1,8})*\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?$")
_ASCII = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_MAX_HEADER = 256
_MAX_RANGES = 16


def N_(text: str) -> str:  # noqa: N802  # the customary name, known to the extraction tool
    """Mark a text for translation and return it unchanged."""
    return text


@lru_cache(maxsize=8)
def catalogue(code: str) -> gettext.NullTranslations:
    """The catalogue of a language; English (and any language not offered) gives texts back as they are."""
    if code not in OFFERED or code == OFFERED[0]:
        return gettext.NullTranslations()
    with resources.as_file(resources.files("stillpost") / "locale") as folder:
        return gettext.translation("stillpost", folder, [code], fallback=True)


def translate(text: str, code: str) -> str:
    """``text`` (English, marked with ``N_``) in the language ``code``."""
    return catalogue(code).gettext(text)


def in_ascii(text: str) -> str:
    """A sentence for an SMTP answer: few peers take more than ASCII there (RFC 6531 section 3.7.4.2)."""
    return text.translate(_ASCII)


def choose(accept_language: str, offered: tuple[str, ...] = OFFERED) -> str:
    """The best offered language for an Accept-Language header (RFC 9110 section 12.5.4); the first offered if none fits.

    The header is a stranger's: over 256 characters or 16 ranges it is cut, malformed ranges are passed over.
    """
    best, best_weight = offered[0], 0.0
    for part in accept_language[:_MAX_HEADER].split(",")[:_MAX_RANGES]:
        match = _RANGE.match(part)
        if match is None:
            continue
        primary, weight = match[1].lower(), float(match[2] or 1)
        if primary in offered and weight > best_weight:
            best, best_weight = primary, weight
    return best


def of_environment(variables: "dict[str, str]") -> str:
    """The language of a terminal, from LC_ALL, LC_MESSAGES or LANG (``de_DE.UTF-8`` is ``de``)."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = variables.get(name, "")
        if value:
            primary = value.split(".")[0].split("_")[0].lower()
            return primary if primary in OFFERED else OFFERED[0]
    return OFFERED[0]
