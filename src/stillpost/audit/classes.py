"""The classes of requests that a set of terms can tell apart: one value of each, variable by variable."""

from collections.abc import Mapping, Sequence

from stillpost.audit.logic import SEPARATOR, Domain, Relation, Term, Value, by_variable, candidates

MAX_MEMBERS = 8
"""Free members or words of one variable; more are 2^9 classes and are not tried (the answer is PERHAPS then)."""

Grants = Mapping[str, tuple[tuple[str, str], ...]]


def classes(terms: Sequence[Term], domains: Mapping[str, Domain], grants: Grants) -> dict[str, list[Value]]:
    """One value of every class, for each variable the terms read and a stranger can move.

    ``grants``: members of a set that come with a choice elsewhere; that choice is a class then. An empty list means
    that a variable has too many classes to try.
    """
    found: dict[str, list[Value]] = {}
    for variable, group in by_variable(terms).items():
        domain = domains.get(variable)
        if domain is None or domain.unknown:
            continue
        if isinstance(domain.default, frozenset):
            found[variable] = _sets(domain, domain.default, group, grants)
        elif any(term.relation is Relation.SAYS for term in group):
            found[variable] = _texts(domain, group)
        else:
            found[variable] = list(candidates(group, domain))
    for member, choices in grants.items():
        if any(term.relation is Relation.HAS and member in term.values for term in terms):
            for variable, value in choices:
                _also(found, domains.get(variable), variable, value)
    return found


def _also(found: dict[str, list[Value]], domain: Domain | None, variable: str, value: str) -> None:
    if domain is None or domain.unknown or not domain.holds(value):
        return
    known = found.setdefault(variable, [domain.default])
    if value not in known:
        known.append(value)


def _sets(domain: Domain, default: frozenset[str], group: Sequence[Term], grants: Grants) -> list[Value]:
    """Every set of named members the stranger can add without another choice bringing them."""
    named = {value for term in group for value in term.values}
    free = sorted(v for v in named if domain.holds(v) and v not in default and v not in grants)
    if len(free) > MAX_MEMBERS:
        return []
    sets: list[frozenset[str]] = [default]
    for member in free:
        sets += [members | {member} for members in sets]
    return list(sets)


def _texts(domain: Domain, group: Sequence[Term]) -> list[Value]:
    words = list(dict.fromkeys(value for term in group for value in term.values))
    default = domain.default if isinstance(domain.default, str) else ""
    if not domain.open:
        return [default, *sorted(domain.values - {default})]
    if len(words) > MAX_MEMBERS:
        return []
    texts = [""]
    for word in words:
        texts += [SEPARATOR.join(filter(None, (text, word))) for text in texts]
    return [default, *texts]
