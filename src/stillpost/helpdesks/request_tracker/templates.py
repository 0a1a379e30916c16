"""RT's templates: text with Perl between braces (Text::Template), read by a grammar and never run.

Chains of methods (``$Ticket->Subject``), alternatives and constants are understood; any other code is a placeholder
nobody knows here. Source: RT 5.0.3's ``Template.pm``, and the running product in the end-to-end tests.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import LarkError

from stillpost.audit.product import Rendered
from stillpost.helpdesks.template_flow import MAX_USES, Parsed, Use
from stillpost.helpdesks.texts import OWN, UNKNOWN, Language

MAX_CHARS = 200_000

_TEMPLATE = r"""
start: (TEXT | code)*
code: "{" (TEXT | code)* "}"
TEXT: /(\\.|[^{}\\])+/s
"""
_CODE = r"""
start: value (("||" | "//" | ".") value)* ";"?
?value: chain | STRING | NUMBER
chain: (VARIABLE | CLASS) ("->" NAME arguments?)*
arguments: "(" (STRING | NUMBER | NAME | VARIABLE | "," | "=>")* ")"
VARIABLE: /\$\w+/
CLASS: /[A-Z]\w*(::\w+)*/
NAME: /[A-Za-z_]\w*/
STRING: /'[^']*'|"[^"$@]*"/
NUMBER: /\d+/
%ignore /\s+/
"""
CARRIED: Mapping[str, str] = {
    "$Ticket->Subject": "subject",
    "$TicketSubject": "subject",
    "$Transaction->Subject": "subject",
    "$TransactionSubject": "subject",
    "$Transaction->Content": "text",
    "$TransactionContent": "text",
    "$Transaction->CreatorObj->Name": "name",
    "$Transaction->CreatorObj->RealName": "name",
    "$Ticket->CreatorObj->RealName": "name",
}
HARMLESS = (
    "$Ticket->id",
    "$Ticket->Id",
    "$Ticket->SubjectTag",
    "$Ticket->Status",
    "$Ticket->OwnerObj",
    "$Ticket->QueueObj",
    "$Ticket->RequestorAddresses",
    "$TicketId",
    "$TicketStatus",
    "$TicketQueue",
    "$TicketOwner",
    "$Transaction->CreatedAsString",
    "$Transaction->Description",
    "$Transaction->id",
    "$rtname",
    "$refused",
    "RT->Config",
    "RT->System",
)


def meaning(use: Use) -> str:
    """What a placeholder carries; code that is not known here is unknown, never the helpdesk's own."""
    path = "->".join(use.path)
    if path in CARRIED:
        return CARRIED[path]
    return OWN if path.startswith(HARMLESS) else UNKNOWN


def language() -> Language:
    """The language; values are looked up by the whole chain, without its arguments."""
    outer = Lark(_TEMPLATE, parser="lalr", lexer="contextual", propagate_positions=True)
    inner = Lark(_CODE, parser="earley", propagate_positions=False)

    def read(source: str) -> Parsed:
        if len(source) > MAX_CHARS:
            return Parsed((), (), None, error="it is longer than any mail")
        try:
            return Parsed(tuple(_uses(outer.parse(source), source, inner)), (), None)
        except (LarkError, RecursionError):
            return Parsed((), (), None, error="its braces do not match")

    def render(source: str, values: Mapping[str, Any]) -> Rendered:
        parts: list[str] = []
        why: list[str] = []
        for part in outer.parse(source).children:
            if isinstance(part, Token):
                parts.append(part.replace("\\{", "{").replace("\\}", "}").replace("\\\\", "\\"))
                continue
            names = list(_chains(inner, _code(part, source)))
            known = [str(values[name]) for name in names if values.get(name)]
            parts.append(known[0] if known else "")
            if not known and any(name not in values for name in names):
                why.append(f"the template runs code the audit does not: {_code(part, source)[:60]}")
        return Rendered("".join(parts), not why, tuple(why))

    return Language(read, meaning, render)


def _code(part: "Tree[Token]", source: str) -> str:
    return source[(part.meta.start_pos or 0) + 1 : (part.meta.end_pos or 0) - 1]


def _uses(tree: "Tree[Token]", source: str, inner: Lark) -> Iterator[Use]:
    count = 0
    for part in tree.children:
        for name in _chains(inner, _code(part, source)) if isinstance(part, Tree) else ():
            count += 1
            if count > MAX_USES:
                raise RecursionError("more placeholders than can be followed")
            assert isinstance(part, Tree)
            yield Use(tuple(name.split("->")), part.meta.start_pos or 0, part.meta.end_pos or 0)


def _chains(inner: Lark, code: str) -> Iterator[str]:
    """The chains of methods a piece of code prints; one unknown name for code of another kind."""
    try:
        tree = inner.parse(code)
    except LarkError:
        yield f"code: {' '.join(code.split())[:40]}"
        return
    for chain in tree.find_data("chain"):
        yield "->".join(str(child) for child in chain.children if isinstance(child, Token))
