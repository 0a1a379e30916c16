"""The outer bound: which values variables can ever take on a channel, whatever fires; what it excludes is excluded.

Flow is ignored (a written value may be there from the start, a removed tag may be gone), so NO from here is a proof,
and anything else is only a question for ``search``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import final

from stillpost.audit.desk import Channel, Desk, Occasion, Op, Reaction, Trigger
from stillpost.audit.logic import Condition, Conjunction, Domain, Domains, Relation, Term, by_variable, passes, pick

_HISTORY = (Relation.CHANGED, Relation.BECAME, Relation.CAME_FROM)


@final
class Bounds:
    """The widened domains of one channel at each occasion, and the occasions that can come about at all."""

    def __init__(self, desk: Desk, channel: Channel, effective: Sequence[Reaction]) -> None:
        self._channel = channel
        self._values: dict[str, set[str]] = {}
        self._lost: set[str] = set()
        self._domains: dict[str, dict[str, Domain]] = {}
        self.occasions = self._feasible(desk, effective)

    def _feasible(self, desk: Desk, effective: Sequence[Reaction]) -> frozenset[str]:
        """Grow what may be written until nothing new fires; an echo needs a comment that may be written."""
        waiting = list(effective)
        moved: set[str] = set()  # what was written since the last turn; only who reads it can fire now
        possible = [o for o in desk.occasions if o.id in self._channel.occasions]
        occasions = [o for o in possible if o.trigger is not Trigger.ECHO]
        echoes = [o for o in possible if o.trigger is Trigger.ECHO]
        first = True
        while first or moved:
            before, moved, still = moved, set(), []
            for reaction in waiting:
                concerned = first or "" in before or any(term.variable in before for term in reaction.when.terms())
                if not concerned or not self.fires(reaction, occasions):
                    still.append(reaction)
                    continue
                moved |= self._write(reaction)
                if echoes and any(effect.op is Op.COMMENT for effect in reaction.effects):
                    occasions, echoes = occasions + echoes, []
                    moved.add("")
            waiting, first = still, False
        return frozenset(occasion.id for occasion in occasions)

    def fires(self, reaction: Reaction, occasions: Iterable[Occasion]) -> bool:
        """Whether the reaction may fire on one of the occasions."""
        own = reaction.occasions
        return any(o.id in own and self.allows(reaction.when, o) for o in occasions)

    def _write(self, reaction: Reaction) -> set[str]:
        """Add what the reaction writes; the variables that can now be more than before."""
        moved: set[str] = set()
        for effect in reaction.effects:
            variable = effect.variable
            known = self._values.setdefault(variable, set())
            fresh = set() if effect.op is Op.REMOVE else set(effect.values or ("",)) - known
            lost = effect.op in (Op.REMOVE, Op.SET) and variable not in self._lost
            if fresh or lost:
                moved.add(variable)
                known |= fresh
                if lost:
                    self._lost.add(variable)
                for merged in self._domains.values():
                    _widen(merged, variable, fresh, lost)
        return moved

    def domains(self, occasion: Occasion) -> Domains:
        """The widened domains at an occasion."""
        known = self._domains.get(occasion.id)
        if known is None:
            merged = dict(self._channel.values)
            merged.update(occasion.values)
            for variable, values in self._values.items():
                _widen(merged, variable, values, variable in self._lost)
            known = self._domains[occasion.id] = merged
        return known

    def allows(self, condition: Condition, occasion: Occasion) -> bool:
        """Whether the condition may hold at the occasion; False is a proof that it cannot."""
        domains = self.domains(occasion)
        arriving = occasion.trigger is Trigger.REQUEST
        for term in condition.every:
            if not self._together((term,), domains.get(term.variable), arriving):
                return False
        return any(self._conjunction(terms, domains, arriving) for terms in condition.conjunctions())

    def _conjunction(self, terms: Conjunction, domains: Domains, arriving: bool) -> bool:
        return all(
            self._together(tuple(group), domains.get(variable), arriving)
            for variable, group in by_variable(terms).items()
        )

    def _together(self, terms: Conjunction, domain: Domain | None, arriving: bool) -> bool:
        if domain is None or domain.unknown:
            return True
        loose = terms
        for term in terms:
            if term.relation is Relation.UNMODELLED:
                return True
            if not arriving and term.relation in _HISTORY:
                loose = tuple(t for t in map(self._loosened, terms) if t is not None)
        if pick(loose, domain) is not None:
            return True
        return domain.open and any(term.relation is Relation.SAYS for term in loose) and _sayable(loose, domain)

    def _loosened(self, term: Term) -> Term | None:
        """After the first occasion nobody bounds what was there before: only where a change must lead counts."""
        if term.relation is Relation.BECAME and not term.negated:
            return Term(term.variable, Relation.IS, term.values)
        return None if term.relation in _HISTORY else term


def _sayable(terms: Sequence[Term], domain: Domain) -> bool:
    """A free text can hold one word of every wanted list unless each of them holds a forbidden one."""
    avoid = [term for term in terms if term.negated]
    for term in terms:
        if term.negated:
            continue
        if term.relation is Relation.IS:
            return any(domain.holds(v) and all(passes(t, v) for t in terms) for v in term.values)
        if not any(all(passes(other, word) for other in avoid) for word in term.values):
            return False
    return True


def _widen(domains: dict[str, Domain], variable: str, values: set[str], lost: bool) -> None:
    """Let a variable have more values; members of a set that can be taken away are no longer there for sure.

    The domain of a written variable holds a set of its own that grows in place: thousands of tags are written.
    """
    domain = domains.get(variable)
    if domain is None:
        domains[variable] = Domain(unknown=variable)
    elif not isinstance(domain.values, set) or (lost and domain.default):
        is_set = isinstance(domain.default, frozenset)
        default = frozenset() if lost and is_set else domain.default
        grown = {*domain.values, *values, *(domain.default if is_set else ())}
        domains[variable] = replace(domain, default=default, values=grown)
    else:
        domain.values.update(values)
