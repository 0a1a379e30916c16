"""REQUESTER_BURST: one address is named as requester far too often.

A person opens a ticket or two; a relay-spam run names the same victim again and again, at one portal or at all of
them, however the address is written. The address is typed by whoever fills in the form, so this may keep a mail from
it but must never block the person who owns it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import final

from stillpost.engine.keys import by_requester
from stillpost.language import N_
from stillpost.model import Event, Meter, Reading, Scope, Submission, Symbol


@final
@dataclass(frozen=True, slots=True)
class RequesterBurst:
    """More than ``limit`` requests naming one mailbox in ``window``, or more than ``day_limit`` in a day."""

    limit: int = 3
    window: timedelta = timedelta(minutes=10)
    day_limit: int = 10
    score: float = 4.0
    symbol: str = "REQUESTER_BURST"
    spoofable: bool = True
    scope: Scope = Scope.ADDRESS

    def meters(self, event: Event) -> tuple[Meter, ...]:
        """One counter over all portals; a proven requester asks for himself and is not counted."""
        if not isinstance(event, Submission) or event.proven:
            return ()
        return (Meter("requester", by_requester(event), (self.window, timedelta(days=1)), cap=2 * self.day_limit),)

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """Fires above either limit."""
        if not readings:
            return None
        recent, day = readings[0].counts
        if recent <= self.limit and day <= self.day_limit:
            return None
        return Symbol(
            name=self.symbol,
            score=self.score,
            scope=self.scope,
            spoofable=self.spoofable,
            reason=N_("{recent} requests in {minutes} minutes and {day} in a day name this requester"),
            evidence={"recent": recent, "minutes": int(self.window.total_seconds() // 60), "day": day},
        )
