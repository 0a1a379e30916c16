"""What a helpdesk does with one concrete request: reactions in their order, again after every change, until quiet.

The semantics are those of trigger engines as their vendors describe them: on every occasion the reactions are tried in
order; one that fires and changes the request starts the round again; each fires at most once an occasion. A public
comment written by a reaction is an occasion of its own. Reactions whose condition nobody can decide are both fired and
not fired (the ``choices``), and so are comments nobody can be sure of.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from stillpost.audit.desk import Effect, Occasion, Op, Reaction
from stillpost.audit.logic import Domains, State, Tri, Value, satisfied

MAX_ECHOES = 2


@final
@dataclass(frozen=True, slots=True)
class Phase:
    """The request between two changes: reactions up to ``until`` (an order, inclusive) were tried on ``state``."""

    state: State
    until: float


@final
@dataclass(frozen=True, slots=True)
class Round:
    """One occasion: its phases, the state before it, the orders of what fired, whether a comment was written."""

    occasion: Occasion
    before: State
    phases: tuple[Phase, ...]
    fired: tuple[int, ...]
    comment: bool

    @property
    def after(self) -> State:
        """The request when the occasion is over."""
        return self.phases[-1].state

    def seen(self, order: int) -> Iterator[State]:
        """Every state on which a reaction of this order was tried."""
        for phase in self.phases:
            if order <= phase.until:
                yield phase.state


@final
class Doubtful(Exception):  # noqa: N818  # not an error: the run forks here
    """Nobody can decide whether a reaction fires (``key`` is its order) or comments (``key`` is ``~order``)."""

    def __init__(self, key: int) -> None:
        super().__init__(key)
        self.key = key


def changed(state: State, effects: Sequence[Effect]) -> State:
    """The request after the effects; the same object if nothing changed."""
    result: dict[str, Value] | None = None
    for effect in effects:
        if effect.op is Op.COMMENT:
            continue
        old = (result or state).get(effect.variable, "")
        new = _applied(old, effect)
        if new != old:
            if result is None:
                result = dict(state)
            result[effect.variable] = new
    return state if result is None else result


def _applied(old: Value, effect: Effect) -> Value:
    if isinstance(old, frozenset):
        members = frozenset(effect.values)
        if effect.op is Op.ADD:
            return old | members
        return old - members if effect.op is Op.REMOVE else members
    return effect.values[0] if effect.values else ""


def round_of(
    reactions: Sequence[Reaction], occasion: Occasion, state: State, before: State, choices: Mapping[int, bool]
) -> Round:
    """Run one occasion on ``reactions`` (in order). Raises Doubtful at a question that ``choices`` does not answer."""
    phases: list[Phase] = []
    fired: list[int] = []
    comment = False
    again = True
    while again:
        again = False
        for reaction in reactions:
            if reaction.order in fired or occasion.id not in reaction.occasions:
                continue
            if not _decide(satisfied(reaction.when, state, before), reaction.order, choices):
                continue
            fired.append(reaction.order)
            comment = comment or _comments(reaction, choices)
            after = changed(state, reaction.effects)
            if after is not state:
                phases.append(Phase(state, reaction.order))
                state, again = after, True
                break
    phases.append(Phase(state, float("inf")))
    return Round(occasion, before, tuple(phases), tuple(fired), comment)


def _decide(verdict: Tri, key: int, choices: Mapping[int, bool]) -> bool:
    if verdict is not Tri.PERHAPS:
        return verdict is Tri.YES
    if key not in choices:
        raise Doubtful(key)
    return choices[key]


def _comments(reaction: Reaction, choices: Mapping[int, bool]) -> bool:
    for effect in reaction.effects:
        if effect.op is Op.COMMENT and _decide(Tri.PERHAPS if effect.doubt else Tri.YES, ~reaction.order, choices):
            return True
    return False


def overlaid(state: State, occasion: Occasion, chosen: Mapping[str, Value]) -> State:
    """The request as the occasion finds it: the occasion's own values, then what the stranger chose for it."""
    if not occasion.values:
        return state
    result = dict(state)
    for variable, domain in occasion.values.items():
        if domain.unknown:
            result.pop(variable, None)
        else:
            result[variable] = chosen.get(variable, domain.default)
    return result


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The occasions a stranger can bring about one after the other, and the echo that follows every comment."""

    occasions: tuple[Occasion, ...]
    echo: Occasion | None


def story(
    reactions: Sequence[Reaction], plan: Plan, start: State, chosen: Mapping[str, Value], choices: Mapping[int, bool]
) -> tuple[Round, ...]:
    """Run a plan; an echo follows every occasion on which a comment was written, at most ``MAX_ECHOES`` times."""
    rounds: list[Round] = []
    state, before = start, {}
    for occasion in plan.occasions:
        due: Occasion | None = occasion
        echoes = 0
        while due is not None:
            if rounds:
                before = dict(state)
            state = overlaid(state, due, chosen)
            done = round_of(reactions, due, state, before, choices)
            rounds.append(done)
            state = done.after
            due = plan.echo if done.comment and echoes < MAX_ECHOES else None
            echoes += 1
    return tuple(rounds)


def domains_of(channel_values: Domains, occasion: Occasion) -> Domains:
    """The domains of a request on a channel at an occasion."""
    return {**channel_values, **occasion.values} if occasion.values else channel_values
