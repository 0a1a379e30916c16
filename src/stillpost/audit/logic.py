"""Three-valued logic over the variables of a request: what holds, what cannot, and what nobody here can know.

Rules of this file: a term whose variable is not known is PERHAPS, never NO; NO is said only where no value of the
domain passes. Conditions are kept as ``every`` plus ``some`` of conjunctions (the shape helpdesks use), so that
choosing a request is a look at each variable by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import TypeAlias, final

Value: TypeAlias = str | frozenset[str]
State: TypeAlias = Mapping[str, Value]


class Tri(IntEnum):
    """NO < PERHAPS < YES, so ``min`` is *and* and ``max`` is *or*."""

    NO = 0
    PERHAPS = 1
    YES = 2

    @property
    def word(self) -> str:
        """The value as people and JSON read it."""
        return ("no", "perhaps", "yes")[self]


class Relation(Enum):
    """How a term compares: the value is one of; numerically less or greater; a set has any of; a text says any of.

    CHANGED: the value differs from the one before the occasion. BECAME, CAME_FROM: it changed to, or was before, one of
    the values. UNMODELLED: nobody taught us what the product does here.
    """

    IS = "is"
    LESS = "less"
    GREATER = "greater"
    HAS = "has"
    SAYS = "says"
    CHANGED = "changed"
    BECAME = "became"
    CAME_FROM = "came from"
    UNMODELLED = "unmodelled"


@final
@dataclass(frozen=True, slots=True)
class Term:
    """One comparison of one variable. ``why`` says, for UNMODELLED, what could not be understood."""

    variable: str
    relation: Relation
    values: tuple[str, ...] = ()
    negated: bool = False
    why: str = ""


Conjunction: TypeAlias = tuple[Term, ...]


@final
@dataclass(frozen=True, slots=True)
class Condition:
    """Every term of ``every`` and, unless ``some`` is empty, at least one conjunction of ``some``."""

    every: Conjunction = ()
    some: tuple[Conjunction, ...] = ()

    def conjunctions(self) -> Iterable[Conjunction]:
        """The ways to satisfy the condition, each a plain conjunction."""
        if not self.some:
            yield self.every
        for choice in self.some:
            yield self.every + choice

    def terms(self) -> Iterable[Term]:
        """Every term that stands anywhere in the condition."""
        yield from self.every
        for choice in self.some:
            yield from choice


ALWAYS = Condition()


@final
@dataclass(frozen=True, slots=True)
class Domain:
    """The values a variable may take; ``open``: any other value too; ``default`` is what it is if nobody chooses.

    A set variable (tags) lists in ``values`` the members it may have. ``unknown`` says why nobody can tell: every term
    is then PERHAPS. ``chosen``: the stranger picks the value (otherwise it is the helpdesk's, or chance). ``doubt``:
    why it is not sure that any value but the default can be had. ``lone``: there is no other value.
    """

    default: Value = ""
    values: AbstractSet[str] = frozenset()
    open: bool = False
    unknown: str = ""
    chosen: bool = True
    doubt: str = ""
    lone: bool = field(init=False)

    def __post_init__(self) -> None:
        own = self.default if isinstance(self.default, frozenset) else {self.default}
        object.__setattr__(self, "lone", not self.open and not self.unknown and self.values <= own)

    def holds(self, value: str) -> bool:
        """Whether the variable can take this value (for a set: have this member)."""
        return self.open or value in self.values or value == self.default


def fixed(value: Value) -> Domain:
    """The domain of a variable that has one value and no choice."""
    return Domain(value, frozenset({value}) if isinstance(value, str) else value, chosen=False)


Domains: TypeAlias = Mapping[str, Domain]
FRESH = "any-other-value"


def passes(term: Term, value: Value, before: Value = "") -> bool:
    """Whether a known value passes the term; ``before`` is the variable's value before the occasion."""
    relation = term.relation
    if relation is Relation.IS:
        found = value in term.values
    elif relation is Relation.HAS:
        found = any(member in value for member in term.values) if isinstance(value, frozenset) else False
    elif relation is Relation.SAYS:
        said = value.casefold() if isinstance(value, str) else ""
        found = any(word.casefold() in said for word in term.values)
    elif relation is Relation.CHANGED:
        found = value != before
    elif relation is Relation.BECAME:
        found = value != before and value in term.values
    elif relation is Relation.CAME_FROM:
        found = value != before and before in term.values
    else:
        found = _compares(term, value)
    return found != term.negated


def _compares(term: Term, value: Value) -> bool:
    """LESS and GREATER; a value that is no number (an empty field) is neither."""
    try:
        number, bound = float(str(value)), float(term.values[0])
    except ValueError:
        return False
    return number < bound if term.relation is Relation.LESS else number > bound


def evaluate(term: Term, state: State, before: State) -> Tri:
    """The term on a concrete request; a variable without a value is one nobody can tell: PERHAPS."""
    value = state.get(term.variable)
    if value is None or term.relation is Relation.UNMODELLED:
        return Tri.PERHAPS
    return Tri.YES if passes(term, value, before.get(term.variable, "")) else Tri.NO


def satisfied(condition: Condition, state: State, before: State) -> Tri:
    """The whole condition on a concrete request."""
    result = _all(condition.every, state, before)
    if result is Tri.NO or not condition.some:
        return result
    best = Tri.NO
    for choice in condition.some:
        best = max(best, _all(choice, state, before))
        if best is Tri.YES:
            break
    return min(result, best)


def _all(terms: Conjunction, state: State, before: State) -> Tri:
    result = Tri.YES
    for term in terms:
        value = evaluate(term, state, before)
        if value is Tri.NO:
            return value
        if value is Tri.PERHAPS:
            result = value
    return result


def doubts(condition: Condition, state: State, before: State, domains: Domains) -> tuple[str, ...]:
    """Why ``satisfied`` could not say more than PERHAPS: the reasons of the terms nobody could decide."""
    reasons: dict[str, None] = {}
    for term in condition.terms():
        if evaluate(term, state, before) is Tri.PERHAPS:
            domain = domains.get(term.variable)
            reasons[term.why or (domain.unknown if domain else "") or term.variable] = None
    return tuple(reasons)


def candidates(terms: Sequence[Term], domain: Domain) -> list[str]:
    """Values of a plain variable that tell all ``terms`` apart: one of each class, the default first."""
    found: dict[str, None] = {}
    if isinstance(domain.default, str):
        found[domain.default] = None
    for term in terms:
        for value in term.values:
            for near in (value, *_near(value)) if term.relation in _NUMERIC else (value,):
                if domain.holds(near):
                    found[near] = None
    if domain.open:
        found[FRESH] = None
    if not domain.open and len(found) < len(domain.values) + 1:
        unnamed = sorted(domain.values - found.keys())
        numeric = any(term.relation in _NUMERIC for term in terms)
        found.update(dict.fromkeys(unnamed if numeric else unnamed[:_MAX_UNNAMED]))
    return list(found)


_NUMERIC = (Relation.LESS, Relation.GREATER)
_MAX_UNNAMED = 4  # values that no term names are one class; a few of them are enough


def _near(value: str) -> tuple[str, ...]:
    try:
        number = int(float(value))
    except ValueError:
        return ()
    return str(number - 1), str(number + 1)


def pick(terms: Conjunction, domain: Domain, before: Value | None = "") -> Value | None:
    """A value of the domain that passes every term of one variable, or None where none does.

    ``before`` None: the variable does not change at this occasion, whatever is picked. Complete for values, numbers and
    sets; for texts, wanted words stand apart, so it is complete unless a forbidden word holds the separator.
    """
    default = domain.default
    if all(passes(term, default, default if before is None else before) for term in terms):
        return default
    if domain.lone:
        return None
    if isinstance(default, frozenset):
        return _pick_set(terms, domain)
    if any(term.relation is Relation.SAYS for term in terms):
        return _pick_text(terms, domain)
    for value in candidates(terms, domain):
        if all(passes(term, value, value if before is None else before) for term in terms):
            return value
    return None


SEPARATOR = " | "


def _pick_text(terms: Conjunction, domain: Domain) -> str | None:
    tried = [domain.default if isinstance(domain.default, str) else ""]
    tried += [value for term in terms if term.relation is Relation.IS for value in term.values if domain.holds(value)]
    if domain.open:
        avoid = [term for term in terms if term.negated]
        said: list[str] = []
        for term in terms:
            if not term.negated and term.relation is Relation.SAYS:
                said += [word for word in term.values if all(passes(other, word) for other in avoid)][:1]
        tried += [SEPARATOR.join([tried[0], *said]), SEPARATOR.join(said)]
    else:
        tried += sorted(domain.values)
    return next((text for text in tried if all(passes(term, text) for term in terms)), None)


def _pick_set(terms: Conjunction, domain: Domain) -> frozenset[str] | None:
    has = domain.default if isinstance(domain.default, frozenset) else frozenset()
    forbidden = {value for term in terms if term.negated for value in term.values}
    if has & forbidden:
        return None
    for term in terms:
        if term.negated or any(value in has for value in term.values):
            continue
        member = next((v for v in term.values if v not in forbidden and domain.holds(v)), None)
        if member is None:
            return None
        has |= {member}
    return has


def by_variable(terms: Iterable[Term]) -> dict[str, list[Term]]:
    """The terms of a conjunction, variable by variable."""
    groups: dict[str, list[Term]] = {}
    for term in terms:
        groups.setdefault(term.variable, []).append(term)
    return groups
