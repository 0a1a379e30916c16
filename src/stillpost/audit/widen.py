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
        self._lost: dict[str, bool] = {}
        self._domains: dict[str, Domains] = {}
        self.occasions = self._feasible(desk, effective)

    def _feasible(self, desk: Desk, effective: Sequence[Reaction]) -> frozenset[str]:
        """Grow what may be written until nothing new fires; an echo needs a comment that may be written."""
        waiting = list(effective)
        possible = [o for o in desk.occasions if o.id in self._channel.occasions]
        occasions = [o for o in possible if o.trigger is not Trigger.ECHO]
        echoes = [o for o in possible if o.trigger is Trigger.ECHO]
        grown = True
        while grown:
            grown = False
            still: list[Reaction] = []
            for reaction in waiting:
                if self.fires(reaction, occasions):
                    grown = True
                    self._write(reaction)
                    if echoes and any(effect.op is Op.COMMENT for effect in reaction.effects):
                        occasions, echoes = occasions + echoes, []
                else:
                    still.append(reaction)
            waiting = still
        return frozenset(occasion.id for occasion in occasions)

    def fires(self, reaction: Reaction, occasions: Iterable[Occasion]) -> bool:
        """Whether the reaction may fire on one of the occasions."""
        return any(o.id in reaction.occasions and self.allows(reaction.when, o) for o in occasions)

    def _write(self, reaction: Reaction) -> None:
        for effect in reaction.effects:
            if effect.op is Op.REMOVE:
                self._lost[effect.variable] = True
                continue
            if effect.op is Op.SET:
                self._lost[effect.variable] = True
            self._values.setdefault(effect.variable, set()).update(effect.values or ("",))
        self._domains.clear()

    def domains(self, occasion: Occasion) -> Domains:
        """The widened domains at an occasion."""
        known = self._domains.get(occasion.id)
        if known is None:
            merged = dict(self._channel.values)
            merged.update(occasion.values)
            for variable in self._values.keys() | self._lost.keys():
                merged[variable] = self._widened(merged.get(variable), variable)
            known = self._domains[occasion.id] = merged
        return known

    def _widened(self, domain: Domain | None, variable: str) -> Domain:
        if domain is None:
            return Domain(unknown=variable)
        values = domain.values | frozenset(self._values.get(variable, ()))
        if isinstance(domain.default, frozenset):
            gone = self._lost.get(variable, False)
            return replace(domain, default=frozenset() if gone else domain.default, values=values | domain.default)
        return replace(domain, values=values)

    def allows(self, condition: Condition, occasion: Occasion) -> bool:
        """Whether the condition may hold at the occasion; False is a proof that it cannot."""
        domains = self.domains(occasion)
        arriving = occasion.trigger is Trigger.REQUEST
        if not all(self._single(term, domains, arriving) for term in condition.every):
            return False
        return any(self._conjunction(terms, domains, arriving) for terms in condition.conjunctions())

    def _single(self, term: Term, domains: Domains, arriving: bool) -> bool:
        return self._together((term,), domains.get(term.variable), arriving)

    def _conjunction(self, terms: Conjunction, domains: Domains, arriving: bool) -> bool:
        return all(
            self._together(tuple(group), domains.get(variable), arriving)
            for variable, group in by_variable(terms).items()
        )

    def _together(self, terms: Conjunction, domain: Domain | None, arriving: bool) -> bool:
        if domain is None or domain.unknown or any(term.relation is Relation.UNMODELLED for term in terms):
            return True
        loose = [term for term in map(self._loosened, terms) if term is not None] if not arriving else list(terms)
        if not loose:
            return True
        if any(term.relation is Relation.SAYS for term in loose) and domain.open:
            return _sayable(loose, domain)
        return pick(tuple(loose), domain) is not None

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
