"""The needle: a flood often hides one mail that matters, an order, a changed password, a transfer.

Ranked by reasons that people can check: they know the sender; its subject speaks of money, security or an order; it names
an amount or a number. Mail through lists ranks low, what fails DMARC lower. A newcomer's mail is a needle only if its
subject speaks of money, security or an order and it names an amount or a number, or its text speaks of money or an order
and names an amount; no ticket platform sent it, and its text is its own: a flood is made of such mails without either.
(In a mailbox whose past is not known everybody is new, and its subject is enough.)
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, final

from stillpost.language import N_
from stillpost.scan.detail import Detail, is_list_mail
from stillpost.scan.note import Note
from stillpost.scan.relations import Relation

LEAST: Final = 3
NEWCOMER: Final = -4  # all others go first

_LIST, _FAILED = -3, -5
_CURRENCY = r"(?:eur|euros?|usd|gbp|chf|pln|zl|brl|cad|aud|sek|nok|dkk|czk|huf|inr|jpy|kr)"
_AMOUNT = re.compile(rf"[€$£¥₹]\s?\d|\d\s?(?:[€£¥₹]|{_CURRENCY}(?![a-z]))|(?<![a-z]){_CURRENCY}\s?\d")
_NUMBER = re.compile(r"\d{5,}|#\s?\d{3,}|\d{3,}-\d{3,}")
_RELATIONS: Final[Mapping[Relation, tuple[int, str]]] = {
    Relation.WRITTEN: (4, N_("you wrote to this sender before")),
    Relation.THREAD: (4, N_("it belongs to a conversation of yours")),
    Relation.OWN: (3, N_("it comes from your own organization")),
    Relation.ACCEPTED: (3, N_("this sender wrote to you before the flood")),
}
_CLASSES: Final[Mapping[str, tuple[int, str]]] = {
    "money": (3, N_("its subject speaks of money (“{word}”)")),
    "security": (3, N_("its subject speaks of security (“{word}”)")),
    "order": (3, N_("its subject speaks of an order (“{word}”)")),
}
_IN_TEXT: Final = {
    "money": N_("its text speaks of money (“{word}”)"),
    "security": N_("its text speaks of security (“{word}”)"),
    "order": N_("its text speaks of an order (“{word}”)"),
}
_BY_HAND: Final = N_("a person wrote it")
_NAMES_A_NUMBER: Final = N_("it names an amount or a number")
_NEW: Final = N_("this sender is new to you: look twice before you trust it")
_FAILS: Final = N_("its sender is probably forged")


@final
@dataclass(frozen=True, slots=True)
class Reason:
    """Why a mail may matter: a marked text, and the word that is filled in."""

    text: str
    word: str = ""


@final
@dataclass(frozen=True, slots=True)
class Needle:
    """A mail that may matter, higher scores first."""

    note: Note
    detail: Detail
    score: int
    reasons: tuple[Reason, ...]


def needle_of(note: Note, detail: Detail, relation: Relation | None, *, cold: bool = False) -> Needle | None:
    """The mail as a needle, or None where nothing says that it matters; ``cold`` as in ``may_be_needle``."""
    if relation is None:
        return _of_newcomer(note, detail, cold=cold)
    score, reason = _RELATIONS[relation]
    reasons = [Reason(reason)]
    more, words = _said(detail)
    score, reasons = score + more, [*reasons, *words]
    if not detail.by_program:
        score, reasons = score + 1, [*reasons, Reason(_BY_HAND)]
    if is_list_mail(detail):
        score += _LIST
    if detail.dmarc == "fail":
        score, reasons = score + _FAILED, [*reasons, Reason(_FAILS)]
    return Needle(note, detail, score, tuple(reasons)) if score >= LEAST else None


def may_be_needle(detail: Detail, *, cold: bool = False) -> bool:
    """Whether a newcomer's mail could be one; whether it is told when the wave's texts are known.

    A flood is full of account mail with a number in it. So what the subject does not say, the text must: that money
    changes hands or something was bought, and how much it is. ``cold``: too little of the mailbox's past is known to
    tell whose customer its owner is; there a subject that speaks of money, security or an order is enough.
    """
    if detail.platform or is_list_mail(detail) or detail.dmarc == "fail":
        return False
    subject, text = plain(detail.subject), plain(detail.text)
    amount = _AMOUNT.search(f"{subject} {text}") is not None
    if _word_of(subject):
        return cold or amount or _NUMBER.search(subject) is not None
    return amount and not _word_of(text).keys().isdisjoint({"money", "order"})


def _of_newcomer(note: Note, detail: Detail, *, cold: bool) -> Needle | None:
    if not may_be_needle(detail, cold=cold):
        return None
    score, reasons = _said(detail)
    return Needle(note, detail, score + NEWCOMER, (*reasons, Reason(_NEW)))


def _said(detail: Detail) -> tuple[int, list[Reason]]:
    """What the words add."""
    subject, text = plain(detail.subject), plain(detail.text)
    found = _word_of(subject)
    if found:
        score = max(_CLASSES[name][0] for name in found) + len(found) - 1
        reasons = [Reason(_CLASSES[name][1], word) for name, word in found.items()]
    else:
        found = _word_of(text)
        score, reasons = bool(found) * 1, [Reason(_IN_TEXT[name], word) for name, word in list(found.items())[:1]]
    if found and (_AMOUNT.search(f"{subject} {text}") or _NUMBER.search(f"{subject} {text}")):
        score, reasons = score + 1, [*reasons, Reason(_NAMES_A_NUMBER)]
    return score, reasons


def plain(text: str) -> str:
    """Lower case, without accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss").replace("ł", "l"))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _word_of(text: str) -> dict[str, str]:
    """The first word of each class that the text has."""
    return {name: found[1] for name, words in _words().items() if (found := words.search(text))}


@cache
def _words() -> Mapping[str, re.Pattern[str]]:
    """The tables inside the package, read at first use."""
    table = tomllib.loads(files("stillpost.scan").joinpath("needles.toml").read_text(encoding="utf-8"))
    return {name: _pattern(languages.values()) for name, languages in table.items()}


def _pattern(lists: Iterable[str]) -> re.Pattern[str]:
    words = sorted({word for words in lists for word in words.split("|")}, key=len, reverse=True)
    return re.compile(rf"(?<![a-z0-9])((?:{'|'.join(map(re.escape, words))})[a-z-]*)")
