"""NEW_DOMAIN_RUN: many requester domains that this portal never saw, one after the other.

A portal's customers come from domains it knows and from free-mail providers; an attack with a list of victims brings a
new domain with almost every request. What the portal usually sees is added to the limit.

The request's own domain is counted, but does not count against itself: whether it is new would show in the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import final

from stillpost.engine.keys import by_portal
from stillpost.language import N_
from stillpost.model import Event, Meter, Reading, Scope, Submission, Symbol


@final
@dataclass(frozen=True, slots=True)
class NewDomainRun:
    """After ``limit`` (plus the usual) never-seen organizational domains at one portal in ``window``."""

    limit: int = 12
    window: timedelta = timedelta(minutes=10)
    score: float = 4.0
    symbol: str = "NEW_DOMAIN_RUN"
    spoofable: bool = True
    scope: Scope = Scope.PORTAL

    def meters(self, event: Event) -> tuple[Meter, ...]:
        """One counter of first sights a portal; proven requesters teach it too."""
        if not isinstance(event, Submission):
            return ()
        key = by_portal(event.portal, "domains")
        return (Meter("domains", key, (self.window,), distinct=event.requester.organization, first=True, cap=128),)

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """Fires once the limit is reached, for every request of the portal while the run lasts."""
        if not readings:
            return None
        reading, usual = readings[0], min(readings[0].usual, self.limit)
        count = reading.counts[0] - reading.is_new
        if count < self.limit + usual:
            return None
        return Symbol(
            name=self.symbol,
            score=self.score,
            scope=self.scope,
            spoofable=self.spoofable,
            reason=N_("{count} requester domains never seen here came within {minutes} minutes"),
            evidence={"count": count, "minutes": int(self.window.total_seconds() // 60), "usual": usual},
        )
