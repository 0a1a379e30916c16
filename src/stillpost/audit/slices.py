"""Which reactions can matter to a question: the ones that write what it reads, and so on back (cone of influence).

Leaving the others out changes nothing: a reaction outside the cone writes nothing the question or the cone reads, and
the new round it starts finds everything as it was.
"""

from collections.abc import Iterable
from typing import final

from stillpost.audit.desk import Desk, Op, Reaction
from stillpost.audit.logic import Condition, Relation

Key = str


def reads(condition: Condition) -> frozenset[Key]:
    """What a condition looks at; of a set variable only the members it names."""
    keys: set[Key] = set()
    for term in condition.terms():
        if term.relation is Relation.HAS:
            keys.update(f"{term.variable}:{value}" for value in term.values)
        else:
            keys.add(term.variable)
    return frozenset(keys)


@final
class Slices:
    """The reactions of a desk that have effects, indexed by what they write."""

    def __init__(self, desk: Desk) -> None:
        self.effective = tuple(r for r in sorted(desk.reactions, key=lambda r: r.order) if r.effects)
        self.commenters = tuple(r for r in self.effective if any(e.op is Op.COMMENT for e in r.effects))
        self._writers: dict[Key, list[Reaction]] = {}
        self._whole: dict[str, list[Reaction]] = {}
        self._cones: dict[tuple[frozenset[Key], bool], tuple[Reaction, ...]] = {}
        self.variables = frozenset(effect.variable for reaction in self.effective for effect in reaction.effects)
        self._read: dict[int, tuple[str, ...]] = {}
        for reaction in self.effective:
            for effect in reaction.effects:
                if effect.op in (Op.ADD, Op.REMOVE):
                    for value in effect.values:
                        self._writers.setdefault(f"{effect.variable}:{value}", []).append(reaction)
                elif effect.op is Op.SET:
                    self._whole.setdefault(effect.variable, []).append(reaction)

    def writers(self, key: Key) -> list[Reaction]:
        """The reactions that write a variable or a set's member."""
        return self._writers.get(key, []) + self._whole.get(key.partition(":")[0], [])

    def written(self, keys: Iterable[Key]) -> frozenset[Key]:
        """The keys that anything writes."""
        return frozenset(key for key in keys if key in self._writers or key.partition(":")[0] in self._whole)

    def cone(self, keys: Iterable[Key], *, echoing: bool = False) -> tuple[Reaction, ...]:
        """Every reaction that can change one of the keys, directly or through others, in order.

        ``echoing``: also those that write comments, since a comment is an occasion of its own.
        """
        start = self.written(keys)
        comments = self.commenters if echoing else ()
        known = self._cones.get((start, bool(comments)))
        if known is None:
            more = {key for reaction in comments for key in reads(reaction.when)}
            known = self._grow(start | self.written(more), comments)
            self._cones[(start, bool(comments))] = known
        return known

    def read_by(self, cone: tuple[Reaction, ...]) -> tuple[str, ...]:
        """The variables that a cone's reactions look at."""
        known = self._read.get(id(cone)) if cone else ()
        if known is None:  # every cone is kept, so an id means one cone
            known = tuple(dict.fromkeys(term.variable for reaction in cone for term in reaction.when.terms()))
            self._read[id(cone)] = known
        return known

    def _grow(self, start: frozenset[Key], also: tuple[Reaction, ...]) -> tuple[Reaction, ...]:
        found = {reaction.order: reaction for reaction in also}
        seen = set(start)
        todo = list(start)
        while todo:
            for reaction in self.writers(todo.pop()):
                if reaction.order not in found:
                    found[reaction.order] = reaction
                    fresh = self.written(reads(reaction.when)) - seen
                    seen |= fresh
                    todo.extend(fresh)
        return tuple(found[order] for order in sorted(found))
