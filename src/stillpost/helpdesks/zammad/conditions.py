"""Zammad's trigger conditions and actions as the audit's own; what nobody taught us here is perhaps, never no.

Source: facts, section 3.1 (triggers, seeds, channels), read from the code of Zammad; ids of states, types and senders are
those of its seeds. No running copy was compared with it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stillpost.audit.desk import Effect, Op
from stillpost.audit.logic import Condition, Relation, Term

TEXTS = {"ticket.title": "subject", "article.subject": "subject", "article.body": "text"}
"""The stranger's words, by the names conditions and actions have for them."""

VALUES = (
    "ticket.action",
    "article.action",
    "ticket.state_id",
    "ticket.priority_id",
    "article.type_id",
    "article.sender_id",
    "article.internal",
)
TAGS = "ticket.tags"


def condition(stored: object) -> Condition:
    """A trigger's condition, in the simple form or as the expert mode keeps it."""
    if not isinstance(stored, Mapping):
        return Condition((_unknown("condition", "the condition could not be read"),))
    if "conditions" not in stored:
        return Condition(tuple(t for name, test in stored.items() for t in terms(str(name), test)))
    leaves = stored["conditions"]
    kind = stored.get("operator")
    nested = not isinstance(leaves, list) or any(not isinstance(x, Mapping) or "conditions" in x for x in leaves)
    if nested or kind not in ("AND", "OR"):
        return Condition((_unknown("condition", "a condition within a condition is not followed"),))
    choices = [tuple(terms(str(leaf.get("name")), leaf)) for leaf in leaves]
    if kind == "AND":
        return Condition(tuple(term for choice in choices for term in choice))
    return Condition((), tuple(choices))


def terms(name: str, test: object) -> Iterator[Term]:
    """One line of a condition."""
    if not isinstance(test, Mapping):
        yield _unknown(name, f"{name}: the condition could not be read")
        return
    operator, values = str(test.get("operator", "")), _listed(test.get("value"))
    known = {
        "is": (Relation.IS, False),
        "is any of": (Relation.IS, False),
        "is not": (Relation.IS, True),
        "is none of": (Relation.IS, True),
        "contains": (Relation.SAYS, False),
        "contains not": (Relation.SAYS, True),
    }
    if name == TAGS and operator == "contains one":
        yield Term(TAGS, Relation.HAS, values)
    elif name == TAGS and operator == "contains all":
        yield from (Term(TAGS, Relation.HAS, (value,)) for value in values)
    elif name == TAGS and operator == "contains one not":
        yield Term(TAGS, Relation.HAS, values, negated=True)
    elif operator not in known or test.get("pre_condition"):
        yield _unknown(name, f"{name} {operator}: nobody taught the audit this comparison")
    else:
        relation, negated = known[operator]
        fits = name in TEXTS or (name in VALUES and relation is Relation.IS)
        if not fits:
            yield _unknown(name, f"{name}: what a stranger's ticket has there is not known")
        else:
            yield Term(TEXTS.get(name, name), relation, values, negated=negated)


def _unknown(name: str, why: str) -> Term:
    return Term(name, Relation.UNMODELLED, why=why)


def _listed(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",")) if "," in value else (value,)
    if isinstance(value, list):
        return tuple(str(part.get("value")) if isinstance(part, Mapping) else str(part) for part in value)
    return (str(value),) if value is not None else ()


def effects(perform: Mapping[str, Any]) -> Iterator[Effect]:
    """What a trigger changes about the ticket."""
    for name, action in perform.items():
        if not isinstance(action, Mapping) or "value" not in action:
            continue
        values = _listed(action["value"])
        if name == TAGS:
            removes = action.get("operator") == "remove"
            yield Effect(TAGS, Op.REMOVE if removes else Op.ADD, values)
        elif name in VALUES or name in TEXTS:
            yield Effect(TEXTS.get(name, name), Op.SET, values)
