"""The smallest change that stops it, proven: the changed settings are read again and judged from the start.

What a change looks like is the product's business; that the edits work, and what is left, is shown here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from stillpost.audit.exposure import Exposure, Kind
from stillpost.audit.logic import Tri
from stillpost.audit.product import Aim, Edit, Product
from stillpost.audit.walk import exposures
from stillpost.audit.witness import Words

MAX_ROUNDS = 4


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Before and after: how many exposures of each kind, and what of the aim is left (by id, with the reasons)."""

    before: Mapping[str, int]
    after: Mapping[str, int]
    left: tuple[Exposure, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The edits, what they cost people, and the proof that they work. ``product`` is the changed helpdesk."""

    aim: Aim
    edits: tuple[Edit, ...]
    proof: Proof
    product: Product

    @property
    def loses(self) -> tuple[str, ...]:
        """What customers or agents lose by the edits."""
        return tuple(dict.fromkeys(edit.loses for edit in self.edits if edit.loses))


_AIMS = {
    Aim.CONTENT: (Kind.CONTENT, Kind.COPIES),
    Aim.VOLUME: (Kind.CONTENT, Kind.COPIES, Kind.VOLUME, Kind.REJECTION, Kind.LIMIT, Kind.ACCOUNT),
}


def plan(product: Product, aim: Aim, given: Words) -> Plan:
    """Work out edits until nothing the aim names is left or nothing more can be done, and prove it."""
    found = exposures(product.desk, product, given)
    changed: Product = product
    edits: dict[str, Edit] = {}
    left = _aimed(found, aim)
    for attempt in range(MAX_ROUNDS):
        if not left:
            break
        fresh = [edit for edit in changed.remedies(left, aim, attempt) if edit.old != edit.new]
        if not fresh:
            break
        for edit in fresh:
            first = edits.get(edit.path)
            edits[edit.path] = edit if first is None else _joined(first, edit)
        changed = changed.changed(fresh)
        after = exposures(changed.desk, changed, given)
        left = _aimed(after, aim)
    after = exposures(changed.desk, changed, given) if edits else found
    proof = Proof(before=_counts(found), after=_counts(after), left=tuple(_aimed(after, aim)))
    return Plan(aim=aim, edits=tuple(edits.values()), proof=proof, product=changed)


def _joined(first: Edit, second: Edit) -> Edit:
    """Two edits of one field are one: from the first's old value to the second's new one."""
    return Edit(path=first.path, old=first.old, new=second.new, why=first.why, loses=first.loses or second.loses)


def _aimed(found: tuple[Exposure, ...], aim: Aim) -> list[Exposure]:
    return [exposure for exposure in found if exposure.kind in _AIMS[aim]]


def _counts(found: tuple[Exposure, ...]) -> dict[str, int]:
    """Exposures by kind; those that are only perhaps are counted apart."""
    counts: dict[str, int] = {}
    for exposure in found:
        name = exposure.kind.value if exposure.tri is Tri.YES else f"{exposure.kind.value} (perhaps)"
        counts[name] = counts.get(name, 0) + 1
    return counts
