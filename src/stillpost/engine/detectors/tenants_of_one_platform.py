"""TENANTS_OF_ONE_PLATFORM: several customers of one ticket platform write for the first time within minutes.

Somebody who works through the portals of one platform is seen after three of them, before the organizations of a bomb
are five. A person who writes to three helpdesks is known to each of them, since he wrote first. It only tags: three are
few, and holding needs a burst of newcomers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import final

from stillpost.engine.keys import by_mailbox
from stillpost.engine.mailbox import history, is_cold, is_for_a_person, is_newcomer, raised
from stillpost.language import N_
from stillpost.model import Event, Mail, Meter, Reading, Scope, Symbol


@final
@dataclass(frozen=True, slots=True)
class TenantsOfOnePlatform:
    """At least ``limit`` newcomers that show the marks of one platform or product in ``window``."""

    limit: int = 3
    window: timedelta = timedelta(minutes=10)
    score: float = 1.0
    symbol: str = "TENANTS_OF_ONE_PLATFORM"
    spoofable: bool = True
    scope: Scope = Scope.MAILBOX

    def meters(self, event: Event) -> tuple[Meter, ...]:
        """One counter of first sights a platform; the platforms' names are our own table."""
        if not isinstance(event, Mail) or not is_for_a_person(event) or event.tenant is None or not is_newcomer(event):
            return ()
        key = by_mailbox(event, f"tenants of {event.tenant.platform}")
        counter = Meter("tenants", key, (self.window,), distinct=event.identity, first=True, cap=2 * self.limit)
        return history(event), counter

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """Fires for every newcomer of the platform while the window is full."""
        if not isinstance(event, Mail) or event.tenant is None or not readings:
            return None
        cold = is_cold(event, readings[0])
        needed = raised(self.limit, readings[1].usual, cold=cold)
        count = readings[1].counts[0]
        if count < needed:
            return None
        return Symbol(
            name=self.symbol,
            score=self.score,
            scope=self.scope,
            spoofable=self.spoofable,
            reason=N_("at least {count} customers of {platform} new to this mailbox wrote within {minutes} minutes"),
            evidence={
                "count": count,
                "platform": event.tenant.platform,
                "minutes": int(self.window.total_seconds() // 60),
                "limit": needed,
                "cold": int(cold),
            },
        )
