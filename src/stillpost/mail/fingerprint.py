"""Near-duplicate texts: short keys that stay the same when a template changes only what templates change.

A text is its masked subject and its masked paragraphs, each a key of its own, so that one paragraph an attacker sends
through many forms is found under every company's frame. Masking leaves the plain words: lower case, in order, without
numbers and what stands beside them (dates, amounts, ticket ids), links, addresses, greetings, ``Re:``, ``[brackets]``
and the company's own name, which the caller tells. No list of suspicious words: every text is treated alike.

Known weak spots: a text shorter than a paragraph leaves only its subject; a word put in or taken out makes another
paragraph; where the company's name is not told, two companies' frames differ.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate, islice
from typing import Final, final

TEXT_MAX_LENGTH: Final = 32_768
SUBJECT_MAX_LENGTH: Final = 998  # RFC 5322 section 2.1.1
PARAGRAPHS_MAX: Final = 8
PARAGRAPH_MIN_BYTES: Final = 40  # masked; bytes, because fourteen Chinese characters say as much as forty Latin ones
SUBJECT_MIN_BYTES: Final = 12
NAMES_MAX: Final = 16
NAME_MIN_LENGTH: Final = 2
NAME_MAX_LENGTH: Final = 64
GREETING_MAX_LENGTH: Final = 64
_NAMES_REMEMBERED: Final = 1_024  # companies; the least recently used is forgotten first

# Prefixes of replies and forwards that mail programs put in front, in the languages they do it in.
_REPLY = re.compile(
    r"(?:\s*(?:re|fwd?|aw|wg|sv|vs|vb|antw|doorst|tr|rv|ref|rif|res|enc|i|r|odp|pd|ynt|ilt)(?:\[\d+\])?\s*[:：])+"
)
_BRACKETS = re.compile(r"\[[^\]]{0,80}\]")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_QUOTED = re.compile(r"^[ \t]*>[> \t]*", re.MULTILINE)
_CLAUSE_END = re.compile(r"[,!:，：！](?=\s|$)")
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_BESIDE_IDEOGRAPH = re.compile(
    r"(?<=[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef])(?=[!-~])"
    r"|(?<=[!-~])(?=[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef])"
)
_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+"
)
_DIGIT = re.compile(r"\d")
_NO_LETTER = re.compile(r"[\W\d_]+")
_NO_ALNUM = re.compile(r"[\W_]+")
_EDGES = "\"'`*_~#|.,;:!?()[]{}<>«»„“”‚‘’¿¡…·•–—-+=/\\%&$€£"
_MARKS = b',;!()[]{}<>"*|'
_SPACED = bytes.maketrans(_MARKS, b" " * len(_MARKS))
_SPACED_WIDE = dict.fromkeys(_MARKS, " ")
_NUMBER = "0"  # stands where a number stood, until its neighbors are gone too
_IDEOGRAPHS = "\u3000"  # from here on scripts put no blanks between words


@final
@dataclass(frozen=True, slots=True)
class _Names:
    """Names to mask, lower case without blanks and marks; and what a run of words that spells one begins with."""

    whole: frozenset[str]
    beginnings: frozenset[str]
    openings: frozenset[str]

    @staticmethod
    @lru_cache(maxsize=_NAMES_REMEMBERED)
    def of(names: tuple[str, ...]) -> "_Names":
        whole, beginnings, openings = set(), set(), set()
        for name in islice(names, NAMES_MAX):
            words = [_NO_ALNUM.sub("", word) for word in name[:NAME_MAX_LENGTH].lower().split()]
            squashed = "".join(words)
            if len(squashed) < NAME_MIN_LENGTH:
                continue
            starts = list(accumulate(words)) if len(words) > 1 else [squashed[:end] for end in range(3, len(squashed))]
            whole.add(squashed)
            beginnings.update(starts)
            openings.update(starts)
            openings.add(squashed)
        return _Names(frozenset(whole), frozenset(beginnings), frozenset(openings))


def fingerprint(subject: str, text: str, names: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The keys of a text: at most one of its subject and ``PARAGRAPHS_MAX`` of its paragraphs, without repetition.

    In: the subject and the plain text as people read them (decoded, HTML made text), of which ``TEXT_MAX_LENGTH``
    characters count; ``names`` to mask, as ``company_names`` gives them, and the person's where it is known. Out:
    ``s`` or ``p`` (subject, paragraph) and 16 hexadecimal digits each, the same on every machine. Too little text
    gives no key. Never raises.
    """
    known = _Names.of(names)
    keys: dict[str, None] = {}
    core = _masked(_subject_core(_plain(subject[:SUBJECT_MAX_LENGTH])), known)
    if _bytes(core) >= SUBJECT_MIN_BYTES:
        keys["s" + _key(core)] = None
    paragraphs = _BLANK_LINE.split(_plain(text[:TEXT_MAX_LENGTH]))
    said = (masked for paragraph in paragraphs if (masked := _masked_paragraph(paragraph, known)))
    long = list(islice(said, PARAGRAPHS_MAX))
    if not long and _bytes(lines := _masked(" ".join(paragraphs[1:]), known)) >= PARAGRAPH_MIN_BYTES:
        long = [lines]  # a text of short lines only; the first is the greeting
    keys.update(dict.fromkeys("p" + _key(masked) for masked in long))
    return tuple(keys)


def company_names(display_name: str, domain: str) -> tuple[str, ...]:
    """What a company may be called in its own mails, for ``fingerprint``.

    In: the display name of ``From`` and the sender's domain (or tenant's subdomain). Out: the whole name, what it
    begins with down to two words, and the first label of the domain; single words of the name only where the domain
    has them, since "support" alone would be masked out of every sentence.
    """
    words = display_name[:200].split()[:8]
    label = domain.partition(".")[0].lower()
    phrases = [" ".join(words[:end]) for end in range(len(words), 1, -1)]
    parts = [word for word in words if len(word) > 2 and word.lower().strip(_EDGES) in label]
    return tuple(dict.fromkeys([*phrases, *(words if len(words) == 1 else ()), *parts, label]))


def _plain(text: str) -> str:
    """Lower case, one line end, no quote marks; other than ASCII: no compatibility forms, no invisible characters."""
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text[:TEXT_MAX_LENGTH]))[:TEXT_MAX_LENGTH]
        if _IDEOGRAPH.search(text):
            text = _BESIDE_IDEOGRAPH.sub(" ", text)
    text = text.lower().replace("\r\n", "\n")
    return _QUOTED.sub("", text) if "\n>" in text or text.startswith(">") else text


def _subject_core(subject: str) -> str:
    """Without ``Re:`` and its kin in front, and without what stands in brackets."""
    reply = _REPLY.match(subject)
    return _BRACKETS.sub(" ", subject[reply.end() :] if reply else subject)


def _masked_paragraph(paragraph: str, names: _Names) -> str:
    """The masked paragraph, or nothing where it says too little to be a key."""
    if _bytes(paragraph) < PARAGRAPH_MIN_BYTES:
        return ""
    masked = _masked(_without_greeting(paragraph), names)
    return masked if _bytes(masked) >= PARAGRAPH_MIN_BYTES else ""


def _without_greeting(paragraph: str) -> str:
    """Without a clause of at most six words in front ("Dear Ms. Muster,"), or a first line of at most four."""
    clause = _CLAUSE_END.search(paragraph, 0, GREETING_MAX_LENGTH)
    if clause and len(paragraph[: clause.start()].split()) <= 6:
        return paragraph[clause.end() :]
    line = paragraph.find("\n", 0, GREETING_MAX_LENGTH)
    if line > 0 and len(paragraph[:line].split()) <= 4 and len(paragraph) - line > PARAGRAPH_MIN_BYTES:
        return paragraph[line:]
    return paragraph


def _masked(text: str, names: _Names) -> str:
    """The plain words of ``text`` (lower case) in their order."""
    spaced = text.encode().translate(_SPACED).decode() if text.isascii() else text.translate(_SPACED_WIDE)
    spaced = spaced.replace(". ", " ").replace(": ", " ").replace(".\n", " ")
    words = [word if word.isalpha() else _word(word, names) for word in spaced.split()]
    if names.whole and not names.openings.isdisjoint(words):
        words = _without_names(words, names)
    if _NUMBER in words:
        _drop_numbers(words)
    return " ".join(filter(None, words))


def _drop_numbers(words: list[str]) -> None:
    """Blank every number and the words beside it: month, currency, unit, "ticket"; a run without blanks stays."""
    words[:] = filter(None, words)
    last = len(words) - 1
    at = -1
    for _ in range(words.count(_NUMBER)):
        at = words.index(_NUMBER, at + 1)
        words[at] = ""
        if at and words[at - 1] < _IDEOGRAPHS:
            words[at - 1] = ""
        if at < last and words[at + 1] != _NUMBER and words[at + 1] < _IDEOGRAPHS:
            words[at + 1] = ""


def _word(raw: str, names: _Names) -> str:
    """One word that is not letters only: its letters, a number, or nothing for a link, an address, a mark."""
    word = raw.strip(_EDGES).removesuffix("'s").removesuffix("’s")
    if word.isdigit():
        return _NUMBER
    if word.isalpha() or word in names.whole:
        return word
    if "@" in word or "://" in word or word.startswith("www."):
        return ""
    letters = _NO_LETTER.sub("", word)
    if letters in names.whole:
        return letters
    if _DIGIT.search(word):
        return _NUMBER
    if "." in word or "/" in word or "=" in word:
        return ""  # a host name, a path
    return letters


def _without_names(words: list[str], names: _Names) -> list[str]:
    """``words`` without the names, longest first; "Acme Widgets" is found where the domain says ``acmewidgets``."""
    kept = []
    at, end = 0, len(words)
    while at < end:
        found, following, tried = 0, at + 1, words[at]
        if tried in names.whole:
            found = following
        while tried in names.beginnings and following < end:
            tried += words[following]
            following += 1
            if tried in names.whole:
                found = following
        if found:
            at = found
            continue
        kept.append(words[at])
        at += 1
    return kept


def _bytes(masked: str) -> int:
    return len(masked) if masked.isascii() else len(masked.encode(errors="replace"))


def _key(masked: str) -> str:
    return blake2b(masked.encode(errors="replace"), digest_size=8).hexdigest()
