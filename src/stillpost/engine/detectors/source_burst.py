"""SOURCE_BURST: one network sends far too many requests.

Counted over all portals by /24 or /64. A source address cannot be forged over TCP, but an office or a provider's
gateway shares one, so this alone asks for mail-first and holds nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import final

from stillpost.engine.keys import by_source
from stillpost.language import N_
from stillpost.model import Event, Meter, Reading, Scope, Submission, Symbol


@final
@dataclass(frozen=True, slots=True)
class SourceBurst:
    """More than ``limit`` unproven requests from one network in ``window``."""

    limit: int = 10
    window: timedelta = timedelta(minutes=10)
    score: float = 4.0
    symbol: str = "SOURCE_BURST"
    spoofable: bool = False
    scope: Scope = Scope.SOURCE

    def meters(self, event: Event) -> tuple[Meter, ...]:
        """One counter a network; a site that calls with its key and passes no client address is not counted."""
        if not isinstance(event, Submission) or event.proven or not event.source.networks:
            return ()
        return (Meter("source", by_source(event), (self.window,), cap=4 * self.limit),)

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """Fires above the limit."""
        if not readings or (count := readings[0].counts[0]) <= self.limit:
            return None
        return Symbol(
            name=self.symbol,
            score=self.score,
            scope=self.scope,
            spoofable=self.spoofable,
            reason=N_("{count} requests in {minutes} minutes come from this network"),
            evidence={"count": count, "minutes": int(self.window.total_seconds() // 60)},
        )
