"""Event to verdict: the only place where engine and store meet.

``decide`` must answer within its deadline and always does: slow or broken meters, or an engine that raises, give a
verdict that says so (``METERS_UNAVAILABLE``, ``ENGINE_ERROR``), and the doors then keep the ticket and hold the mail.
``observe`` only teaches.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

from stillpost.deadline import within
from stillpost.engine.engine import Engine, Question
from stillpost.engine.policy import Policy
from stillpost.language import N_
from stillpost.model import Action, Event, Feedback, Meter, Reading, Scope, Symbol, Verdict
from stillpost.store.protocol import Meters, StoreError

DEADLINE_SECONDS = 2.0


@final
@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict with what it rests on; ``degraded`` when meters or engine failed."""

    verdict: Verdict
    meters: tuple[Meter, ...] = ()
    readings: tuple[Reading, ...] = ()
    degraded: bool = False


@final
@dataclass(frozen=True, slots=True)
class Guard:
    """An engine over meters. ``failed`` is told of our own failures (place, error)."""

    engine: Engine
    meters: Meters
    failed: Callable[[str, BaseException], None]

    async def decide(self, event: Event, policy: Policy, *, count: bool = True) -> Judged:
        """Ask, read, judge. Never raises: a failure is a degraded verdict.

        ``count`` False reads without counting: the same event again after a DEFER.
        """
        try:
            question = self.engine.ask(event)
        except Exception as error:  # noqa: BLE001  # a detector's bug must not stop a ticket
            return self._degraded(event, policy, "engine", error)
        try:
            readings = await self._read(question, event, count=count)
        except (StoreError, TimeoutError) as error:
            return self._degraded(event, policy, "meters", error)
        try:
            verdict = self.engine.judge(question, readings, policy)
        except Exception as error:  # noqa: BLE001  # as above
            return self._degraded(event, policy, "engine", error)
        return Judged(verdict, question.meters, tuple(readings))

    async def observe(self, event: Feedback) -> None:
        """Learn from feedback; a store that cannot count it loses it (meters inform, nothing binds)."""
        try:
            question = self.engine.ask(event)
            if question.meters:
                await self._read(question, event, count=True)
        except Exception as error:  # noqa: BLE001  # feedback must never stop what it is about
            self.failed("observe", error)

    async def _read(self, question: Question, event: Event, *, count: bool) -> Sequence[Reading]:
        if not question.meters:
            return []
        return await within(DEADLINE_SECONDS, self.meters.hit(question.meters, event.at, count=count))

    def _degraded(self, event: Event, policy: Policy, place: str, error: BaseException) -> Judged:
        self.failed(place, error)
        name, reason = (
            ("METERS_UNAVAILABLE", N_("the counters could not be read, so nothing is known about this request"))
            if place == "meters"
            else ("ENGINE_ERROR", N_("a detector failed, so nothing is known about this request"))
        )
        symbol = Symbol(name=name, score=policy.challenge, scope=Scope.PORTAL, reason=reason)
        verdict = Verdict(
            event_id=event.event_id,
            action=Action.CHALLENGE,
            advised=Action.CHALLENGE,
            score=symbol.score,
            symbols=(symbol,),
            policy=policy.name,
        )
        return Judged(verdict, degraded=True)
