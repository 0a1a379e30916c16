"""Templates whose placeholders are a path between two marks (``%{ticket.subject}``, ``#{ticket.title}``), by a grammar.

What stands between the marks is a path, or something else (a call, HTML that an editor put there); the latter is a
placeholder nobody knows here. Text outside the marks is the helpdesk's own.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import LarkError

from stillpost.audit.product import Rendered
from stillpost.helpdesks.template_flow import MAX_USES, Parsed, Use
from stillpost.helpdesks.texts import Language, Meaning

MAX_CHARS = 200_000
NOT_COMPARED = "written by the product's documentation; no running copy was compared with it"

_GRAMMAR = r"""
start: (placeholder | TEXT)*
placeholder: OPEN INNER CLOSE
OPEN: "MARK{"
INNER: /[^}]+/
CLOSE: "}"
TEXT: /([^MARK]|MARK(?!\{))+/
"""


def marked(mark: str, meaning: Meaning) -> Language:
    """The language of one mark (``%`` or ``#``); values are looked up by the whole path, joined with dots."""
    parser = Lark(_GRAMMAR.replace("MARK", mark), parser="lalr", lexer="contextual", propagate_positions=True)

    def read(source: str) -> Parsed:
        try:
            return Parsed(tuple(_uses(_tree(parser, source, mark))), (), None)
        except (LarkError, RecursionError):
            return Parsed((), (), None, error=f"a placeholder that begins with {mark}{{ does not end")

    def render(source: str, values: Mapping[str, Any]) -> Rendered:
        parts = [_written(part, values) for part in _tree(parser, source, mark).children]
        return Rendered("".join(parts), False, (NOT_COMPARED,))

    return Language(read, meaning, render)


def _tree(parser: Lark, source: str, mark: str) -> "Tree[Token]":
    if f"{mark}{{" not in source:
        return Tree("start", [Token("TEXT", source)] if source else [])
    if len(source) > MAX_CHARS:
        raise RecursionError("longer than any mail")
    return parser.parse(source)


def _uses(tree: "Tree[Token]") -> Iterator[Use]:
    for number, part in enumerate(part for part in tree.children if isinstance(part, Tree)):
        if number >= MAX_USES:
            raise RecursionError("more placeholders than can be followed")
        first, inner, last = (token for token in part.children if isinstance(token, Token))
        yield Use(path_of(inner), first.start_pos or 0, last.end_pos or 0)


def path_of(inner: str) -> tuple[str, ...]:
    """The names of a path; anything else is one name, as it was written."""
    names = tuple(inner.strip().split("."))
    return names if all(name.replace("_", "a").replace("-", "a").isalnum() for name in names) else (inner.strip(),)


def _written(part: "Tree[Token] | Token", values: Mapping[str, Any]) -> str:
    if isinstance(part, Token):
        return str(part)
    inner = str(part.children[1])
    return str(values.get(".".join(path_of(inner)), f"({inner.strip()})"))
