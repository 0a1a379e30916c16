"""Rows out of an SQL dump, as ``mysqldump``, ``mariadb-dump``, ``pg_dump --inserts`` and ``sqlite3 .dump`` write them.

Nothing is run: ``CREATE TABLE`` is read for the names of columns, ``INSERT INTO`` for the rows of the tables asked for.
What has another shape is left out, and counted. Names lose their quotes and schemas.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, final

MAX_ROWS = 50_000
Cell: TypeAlias = str | None
_QUOTES = {"'": "'", '"': '"', "`": "`", "[": "]"}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "Z": "\x1a", "b": "\b"}
_NO_COLUMNS = ("primary", "key", "unique", "constraint", "index", "fulltext", "foreign", "check", "spatial")


@final
@dataclass(slots=True)
class Dump:
    """Tables by name, their rows as dictionaries; ``skipped`` statements could not be read."""

    tables: dict[str, list[dict[str, Cell]]] = field(default_factory=dict)
    skipped: int = 0


def parsed(text: str, wanted: Callable[[str], bool]) -> Dump:
    """The rows of the tables whose (unquoted, lower-case) names are wanted, at most ``MAX_ROWS`` of each."""
    backslash = "standard_conforming_strings" not in text[:100_000] and "PRAGMA foreign_keys" not in text[:1_000]
    dump = Dump()
    columns: dict[str, list[str]] = {}
    for words in _statements(text, backslash):
        try:
            _take(words, wanted, columns, dump)
        except (IndexError, ValueError):
            dump.skipped += 1
    return dump


@final
@dataclass(frozen=True, slots=True)
class Word:
    """A token: a bare word or sign, a quoted name, or a string."""

    text: str
    kind: str


def _statements(text: str, backslash: bool) -> Iterator[list[Word]]:
    """The CREATE TABLE and INSERT statements, as words; everything else is passed over."""
    words: list[Word] = []
    for word in _words(text, backslash):
        if word.kind == "sign" and word.text == ";":
            if words:
                yield words
            words = []
        elif words or word.text.upper() in ("CREATE", "INSERT"):
            words.append(word)
        else:
            words.append(Word("", "other"))
    if words:
        yield words


def _words(text: str, backslash: bool) -> Iterator[Word]:
    place, end = 0, len(text)
    while place < end:
        char = text[place]
        if char.isspace():
            place += 1
        elif text.startswith(("--", "#"), place):
            place = _after(text, "\n", place)
        elif text.startswith("/*", place):
            place = _after(text, "*/", place)
        elif char in _QUOTES:
            value, place = _quoted(text, place, backslash and char in "'\"")
            yield Word(value, "string" if char == "'" or (char == '"' and backslash) else "name")
        elif char in "(),;=":
            yield Word(char, "sign")
            place += 1
        else:
            stop = place
            while stop < end and not text[stop].isspace() and text[stop] not in "(),;=`'\"":
                stop += 1
            yield Word(text[place:stop], "bare")
            place = max(stop, place + 1)


def _after(text: str, mark: str, place: int) -> int:
    found = text.find(mark, place)
    return len(text) if found < 0 else found + len(mark)


def _quoted(text: str, place: int, backslash: bool) -> tuple[str, int]:
    """A quoted text; the quote twice is the quote, and in MySQL's dumps a backslash escapes."""
    close = _QUOTES[text[place]]
    parts: list[str] = []
    start = place = place + 1
    while place < len(text):
        char = text[place]
        if char == "\\" and backslash and place + 1 < len(text):
            parts += (text[start:place], _ESCAPES.get(text[place + 1], text[place + 1]))
            start = place = place + 2
        elif char == close:
            if text[place + 1 : place + 2] != close:
                parts.append(text[start:place])
                return "".join(parts), place + 1
            parts.append(text[start : place + 1])
            start = place = place + 2
        else:
            place += 1
    return "".join(parts) + text[start:], len(text)


def _take(words: list[Word], wanted: Callable[[str], bool], columns: dict[str, list[str]], dump: Dump) -> None:
    heads = [word.text.upper() for word in words[:6]]
    if heads[:2] == ["CREATE", "TABLE"]:
        name, place = _name(words, 5 if heads[2:5] == ["IF", "NOT", "EXISTS"] else 2)
        if wanted(name):
            columns[name] = list(_columns(words[place + 1 :]))
            dump.tables.setdefault(name, [])
    elif heads[:2] == ["INSERT", "INTO"] or heads[:3] == ["INSERT", "IGNORE", "INTO"]:
        name, place = _name(words, heads.index("INTO") + 1)
        if wanted(name):
            _insert(words, place, name, columns, dump)


def _name(words: list[Word], place: int) -> tuple[str, int]:
    """A table's name without its schema, and the place behind it."""
    name = words[place].text
    place += 1
    while words[place].text.startswith("."):
        name = words[place].text[1:] or words[place + 1].text
        place += 1 if words[place].text[1:] else 2
    return name.rpartition(".")[2].casefold(), place


def _columns(words: list[Word]) -> Iterator[str]:
    depth, fresh = 0, True
    for word in words:
        if word.kind == "sign" and word.text in "()":
            depth += 1 if word.text == "(" else -1
            if depth < 0:
                return
        elif word.kind == "sign" and word.text == "," and not depth:
            fresh = True
        elif fresh and not depth:
            fresh = False
            if word.kind == "name" or (word.kind == "string") or word.text.casefold() not in _NO_COLUMNS:
                yield word.text.casefold()


def _insert(words: list[Word], place: int, name: str, columns: dict[str, list[str]], dump: Dump) -> None:
    names = columns.get(name, [])
    if words[place].text == "(" and words[place].kind == "sign":
        stop = next(n for n in range(place, len(words)) if words[n].kind == "sign" and words[n].text == ")")
        names = [word.text.casefold() for word in words[place + 1 : stop] if word.kind != "sign"]
        place = stop + 1
    if words[place].text.upper() != "VALUES" or not names:
        raise ValueError(name)
    rows = dump.tables.setdefault(name, [])
    for values in _tuples(words[place + 1 :]):
        if len(values) != len(names):
            dump.skipped += 1
        elif len(rows) < MAX_ROWS:
            rows.append(dict(zip(names, values, strict=True)))


def _tuples(words: list[Word]) -> Iterator[list[Cell]]:
    depth = 0
    values: list[Cell] = []
    current: list[Word] = []
    for word in words:
        sign = word.text if word.kind == "sign" else ""
        if sign == "(":
            depth += 1
            if depth == 1:
                values, current = [], []
                continue
        if sign in (",", ")") and depth == 1 and sign:
            values.append(_cell(current))
            current = []
            if sign == ")":
                depth = 0
                yield values
            continue
        if sign == ")":
            depth -= 1
        current.append(word)


def _cell(words: list[Word]) -> Cell:
    if len(words) == 1 and words[0].kind == "bare" and words[0].text.upper() == "NULL":
        return None
    strings = [word.text for word in words if word.kind == "string"]
    if not strings:
        return "".join(word.text for word in words)
    for mark in strings[1:] if words[0].text.casefold() == "replace" else ():  # as sqlite3 writes line breaks
        strings[0] = strings[0].replace(mark, {"\\n": "\n", "\\r": "\r"}.get(mark, mark))
    return strings[0]
