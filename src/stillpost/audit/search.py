"""Which request makes a reaction fire? YES comes with the request, NO is proven, PERHAPS says why.

Three steps, each sound: the outer bound (``widen``) proves NO; candidate requests are worked out backwards from the
condition, over writers where the stranger cannot set a value himself, and *run* (``run``), so a YES has happened once;
what is left is decided by running every class of request, while that is at most ``MAX_REQUESTS`` of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import final

from stillpost.audit.classes import classes
from stillpost.audit.desk import Channel, Desk, Occasion, Reaction, Trigger
from stillpost.audit.logic import (
    Condition,
    Conjunction,
    Domain,
    Relation,
    State,
    Term,
    Tri,
    Value,
    by_variable,
    doubts,
    passes,
    pick,
    satisfied,
)
from stillpost.audit.run import Doubtful, Plan, Round, domains_of, story
from stillpost.audit.slices import Slices, reads
from stillpost.audit.widen import Bounds

MAX_REQUESTS = 2_000
MAX_STEPS = 60_000
MAX_FORKS = 8
MAX_DEPTH = 4
MAX_WRITERS = 12
MAX_CANDIDATES = 40


@final
@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a reaction fires: with what the stranger sets, the request as it then is, the rounds that led there."""

    tri: Tri
    chosen: Mapping[str, Value]
    state: State
    rounds: tuple[Round, ...]
    why: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class About:
    """What matters to a reaction: the reactions to run with it, the variables they read, who shares its answers."""

    relevant: tuple[Reaction, ...]
    variables: tuple[str, ...]
    share: object


NEVER = Answer(Tri.NO, {}, {}, ())


@final
class Search:
    """Answers for one desk; built once, remembers what it worked out (at most one answer a reaction and channel)."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._slices = Slices(desk)
        self._bounds: dict[str, Bounds] = {}
        self._starts: dict[str, dict[str, Value]] = {}
        self._answers: dict[object, Answer] = {}
        self._runs: dict[object, tuple[tuple[Round, ...], ...] | None] = {}
        self._conditions: dict[Condition, int] = {}
        self._known: dict[tuple[int, bool, Conjunction], About] = {}
        self._brings: dict[tuple[str, Value], list[str]] = {}
        for member, choices in desk.grants.items():
            for choice in choices:
                self._brings.setdefault(choice, []).append(member)
        self._echo = next((o for o in desk.occasions if o.trigger is Trigger.ECHO), None)

    def bounds(self, channel: Channel) -> Bounds:
        """The outer bound of a channel."""
        known = self._bounds.get(channel.id)
        if known is None:
            known = self._bounds[channel.id] = Bounds(self._desk, channel, self._slices.effective)
        return known

    def untouched(self, terms: Conjunction) -> bool:
        """Whether no reaction writes anything these terms read."""
        return not any(term.variable in self._slices.variables for term in terms)

    def fires(self, reaction: Reaction, channel: Channel, occasion: Occasion, also: Conjunction = ()) -> Answer:
        """Whether a request on this channel makes the reaction fire on this occasion, with ``also`` holding then."""
        if occasion.id not in reaction.occasions or occasion.id not in channel.occasions:
            return NEVER
        if also:
            when = reaction.when
            reaction = replace(reaction, when=Condition(when.every + also, when.some))
        about = self._about(reaction, occasion, also)
        # Channels whose domains are the same objects, as far as anything here reads them, share their answer.
        values = channel.values
        domains = tuple([id(values.get(variable)) for variable in about.variables])
        key = (about.share, occasion.id, domains, channel.occasions)
        known = self._answers.get(key)
        if known is None:
            known = self._answers[key] = self._worked_out(reaction, channel, occasion, about.relevant)
        return known

    def _about(self, reaction: Reaction, occasion: Occasion, also: Conjunction = ()) -> "About":
        """What matters to a reaction on such occasions, worked out once."""
        key = (reaction.order, occasion.trigger is Trigger.REQUEST, also)
        known = self._known.get(key)
        if known is None:
            relevant = self._relevant(reaction, occasion)
            own = [term.variable for term in reaction.when.terms()]
            variables = tuple(dict.fromkeys([*own, *reaction.prints, *self._slices.read_by(relevant)]))
            share: object = (reaction.order, also)
            if not relevant:  # nothing else matters: reactions with the same condition share their answers
                share = self._conditions.setdefault(reaction.when, len(self._conditions))
            known = self._known[key] = About(relevant, variables, share)
        return known

    def never(self, reaction: Reaction, occasion: Occasion) -> bool:
        """Whether the occasion's own values, the same on every channel, exclude the reaction."""
        for term in reaction.when.every:
            domain = occasion.values.get(term.variable)
            fixed = domain is not None and domain.lone and term.variable not in self._slices.variables
            if domain is not None and fixed and term.relation is Relation.IS and not passes(term, domain.default):
                return True
        return False

    def besides(
        self, reaction: Reaction, way: Answer, channel: Channel, occasion: Occasion, also: Conjunction
    ) -> Answer:
        """Like ``fires``, given an answer: what nothing here reads or writes is simply chosen."""
        read = self._about(reaction, occasion).variables
        groups = by_variable(also)
        chosen: dict[str, Value] = {}
        for variable, group in groups.items():
            domain = channel.values.get(variable)
            if domain is None or domain.unknown or variable in read or variable in self._slices.variables:
                return self.fires(reaction, channel, occasion, also)
            value = pick(tuple(group), domain)
            if value is None:
                return NEVER
            chosen[variable] = value
        if way.tri is Tri.NO or any(channel.values[v].doubt for v in chosen):
            return self.fires(reaction, channel, occasion, also)
        return replace(way, chosen={**way.chosen, **chosen}, state={**way.state, **chosen})

    def _worked_out(
        self, reaction: Reaction, channel: Channel, occasion: Occasion, relevant: tuple[Reaction, ...]
    ) -> Answer:
        bounds = self.bounds(channel)
        if occasion.id not in bounds.occasions or not bounds.allows(reaction.when, occasion):
            return NEVER
        perhaps: Answer | None = None
        for start, later in self._candidates(reaction, channel, occasion):
            answer = self._try(reaction, relevant, channel, occasion, start, later)
            if answer.tri is Tri.YES:
                return answer
            if answer.tri is Tri.PERHAPS and perhaps is None:
                perhaps = answer
        answer = self._exhaust(reaction, relevant, channel, occasion)
        return perhaps if perhaps is not None and answer.tri is not Tri.YES else answer

    # -- candidates, worked out backwards

    def _candidates(
        self, reaction: Reaction, channel: Channel, occasion: Occasion
    ) -> Iterator[tuple[dict[str, Value], dict[str, Value]]]:
        """What to set at arrival, and at the occasion, so that the condition may hold then."""
        own = occasion.values
        causes: list[Conjunction] = [()]
        if occasion.trigger is Trigger.ECHO:
            causes = [t for c in self._slices.commenters[:MAX_WRITERS] for t in c.when.conjunctions()]
        found = 0
        for terms in reaction.when.conjunctions():
            late = tuple(t for t in terms if t.variable in own)
            later = self._assign(late, own, same=False)
            if later is None:
                continue
            early = tuple(t for t in terms if t.variable not in own)
            for cause in causes:
                for start in self._goals(early + cause, channel, occasion, MAX_DEPTH):
                    yield start, later
                    found += 1
                    if found >= MAX_CANDIDATES:
                        return

    def _goals(
        self, terms: Conjunction, channel: Channel, occasion: Occasion, depth: int
    ) -> Iterator[dict[str, Value]]:
        """Requests that satisfy the terms at arrival, or make a writer satisfy what they cannot."""
        same = occasion.trigger is not Trigger.REQUEST
        values: dict[str, Value] = {}
        failing: list[str] = []
        groups = by_variable(terms)
        for variable, group in groups.items():
            domain = channel.values.get(variable)
            if domain is None or domain.unknown or any(t.relation is Relation.UNMODELLED for t in group):
                continue
            value = pick(tuple(group), domain, None if same else "")
            if value is None:
                failing.append(variable)
            else:
                values[variable] = value
        if not failing:
            yield from self._granted(values, groups, channel)
        elif depth:
            rest = tuple(t for t in terms if t.variable != failing[0])
            for others in self._written(groups[failing[0]]):
                yield from self._goals(rest + others, channel, occasion, depth - 1)

    def _written(self, terms: list[Term]) -> Iterator[Conjunction]:
        """The conditions of reactions that write what the terms of one variable want, with the terms left over."""
        variable = terms[0].variable
        for term in terms:
            member = term.relation is Relation.HAS
            left = tuple(t for t in terms if t is not term) if member else ()
            for key in [f"{variable}:{v}" for v in term.values] if member else [variable]:
                for writer in self._slices.writers(key)[:MAX_WRITERS]:
                    for cause in writer.when.conjunctions():
                        yield left + cause

    def _granted(
        self, values: dict[str, Value], groups: Mapping[str, list[Term]], channel: Channel
    ) -> Iterator[dict[str, Value]]:
        """Members of the set variable that only come with another choice bring that choice along."""
        into = self._desk.grants_into
        wanted = values.get(into)
        domain = channel.values.get(into)
        has = domain.default if domain is not None else frozenset()
        members = sorted(wanted - has) if isinstance(wanted, frozenset) and isinstance(has, frozenset) else []
        options = [self._desk.grants.get(member, ()) or (None,) for member in members]
        for combination in list(product(*options))[:16]:
            chosen: dict[str, Value] = {}
            for choice in combination:
                if choice is not None:
                    if chosen.get(choice[0], choice[1]) != choice[1] or not self._free(choice, groups, channel):
                        break
                    chosen[choice[0]] = choice[1]
            else:
                yield {**values, **chosen}

    @staticmethod
    def _free(choice: tuple[str, str], groups: Mapping[str, list[Term]], channel: Channel) -> bool:
        variable, value = choice
        domain = channel.values.get(variable)
        if domain is None or not domain.holds(value):
            return False
        wish = Term(variable, Relation.IS, (value,))
        return pick((*groups.get(variable, ()), wish), domain) is not None

    @staticmethod
    def _assign(terms: Conjunction, domains: Mapping[str, Domain], *, same: bool) -> dict[str, Value] | None:
        values: dict[str, Value] = {}
        for variable, group in by_variable(terms).items():
            domain = domains[variable]
            if domain.unknown or any(t.relation is Relation.UNMODELLED for t in group):
                continue
            value = pick(tuple(group), domain, None if same else "\0")
            if value is None:
                return None
            values[variable] = value
        return values

    # -- running

    def start(self, channel: Channel, chosen: Mapping[str, Value]) -> dict[str, Value]:
        """The request as it arrives: defaults, what the stranger sets, and the set members that come along."""
        base = self._starts.get(channel.id)
        if base is None:
            base = {v: d.default for v, d in channel.values.items() if not d.unknown}
            self._starts[channel.id] = base
        state = {**base, **chosen}
        brought = [member for choice in chosen.items() for member in self._brings.get(choice, ())]
        if brought:
            has = state.get(self._desk.grants_into, frozenset())
            state[self._desk.grants_into] = frozenset(has) | frozenset(brought)
        return state

    def _relevant(self, reaction: Reaction, occasion: Occasion) -> tuple[Reaction, ...]:
        """The reactions to run: what can change the answer, and what can bring the occasion about."""
        keys = reads(reaction.when) | reaction.prints
        return self._slices.cone(keys, echoing=occasion.trigger is not Trigger.REQUEST)

    def _plan(self, channel: Channel, occasion: Occasion) -> Plan:
        began = (o for o in self._desk.occasions if o.trigger is Trigger.REQUEST and o.id in channel.occasions)
        arrival = next(began, occasion)
        if occasion.trigger in (Trigger.REQUEST, Trigger.ECHO):
            return Plan(occasions=(arrival,), echo=None if occasion.trigger is Trigger.REQUEST else self._echo)
        return Plan(occasions=(arrival, occasion), echo=self._echo)

    def _try(
        self,
        reaction: Reaction,
        relevant: tuple[Reaction, ...],
        channel: Channel,
        occasion: Occasion,
        chosen: Mapping[str, Value],
        later: Mapping[str, Value],
    ) -> Answer:
        """Run one request, every way the undecidable reactions may go, and see whether the reaction fires."""
        state = self.start(channel, chosen)
        key = (id(relevant), channel.id, occasion.id, frozenset(chosen.items()), frozenset(later.items()))
        if key not in self._runs:  # ``slices`` keeps its cones, so an id means one cone
            self._runs[key] = self._all_runs(relevant, self._plan(channel, occasion), state, later)
        runs = self._runs[key]
        domains = domains_of(channel.values, occasion)
        if runs is None:
            return Answer(Tri.PERHAPS, chosen, state, (), ("too many reactions here cannot be decided",))
        seen = [_verdict(reaction, occasion, rounds, {**chosen, **later}) for rounds in runs]
        best = max(seen, key=lambda answer: answer.tri)
        if len(seen) > 1 and best.tri is not min(seen, key=lambda answer: answer.tri).tri:
            why = tuple(w for r in relevant for w in doubts(r.when, best.state or state, {}, domains))
            return Answer(Tri.PERHAPS, best.chosen, best.state, best.rounds, why[:4] or ("it is not sure",))
        if best.tri is Tri.PERHAPS:
            why = doubts(reaction.when, best.state, {}, domains)
            return Answer(Tri.PERHAPS, best.chosen, best.state, best.rounds, why)
        weak = tuple(domains[v].doubt for v, x in best.chosen.items() if domains[v].doubt and x != domains[v].default)
        if best.tri is Tri.YES and weak:
            return Answer(Tri.PERHAPS, best.chosen, best.state, best.rounds, weak)
        return best

    def _all_runs(
        self, relevant: tuple[Reaction, ...], plan: Plan, state: State, later: Mapping[str, Value]
    ) -> tuple[tuple[Round, ...], ...] | None:
        done: list[tuple[Round, ...]] = []
        waiting: list[dict[int, bool]] = [{}]
        while waiting:
            choices = waiting.pop()
            try:
                done.append(story(relevant, plan, state, later, choices))
            except Doubtful as fork:
                if len(done) + len(waiting) >= MAX_FORKS:
                    return None
                waiting += [{**choices, fork.key: False}, {**choices, fork.key: True}]
        return tuple(done)

    # -- every class of request

    def _exhaust(
        self, reaction: Reaction, relevant: tuple[Reaction, ...], channel: Channel, occasion: Occasion
    ) -> Answer:
        """Run one request of every class that the relevant reactions can tell apart; NO needs all of them."""
        terms = [t for r in (reaction, *relevant) for t in r.when.terms()]
        early = classes(terms, channel.values, self._desk.grants)
        late = classes(terms, occasion.values, {})
        count = 1
        for values in (*early.values(), *late.values()):
            count *= len(values)
        if not 0 < count <= MAX_REQUESTS or count * (len(relevant) + 1) > MAX_STEPS:
            return Answer(Tri.PERHAPS, {}, {}, (), ("more kinds of request than can be tried",))
        best = NEVER
        for picked in product(*early.values()):
            chosen = dict(zip(early, picked, strict=True))
            for others in product(*late.values()):
                answer = self._try(reaction, relevant, channel, occasion, chosen, dict(zip(late, others, strict=True)))
                if answer.tri is Tri.YES:
                    return answer
                best = max(best, answer, key=lambda a: a.tri)
        return best


def _verdict(reaction: Reaction, occasion: Occasion, rounds: tuple[Round, ...], chosen: Mapping[str, Value]) -> Answer:
    """Whether one run tried the reaction on a request that satisfies it."""
    best = Answer(Tri.NO, chosen, {}, rounds)
    for done in rounds:
        if done.occasion is not occasion:
            continue
        for state in done.seen(reaction.order):
            tri = satisfied(reaction.when, state, done.before)
            if tri > best.tri:
                best = Answer(tri, chosen, state, rounds)
    return best
