"""FORM_TOO_FAST: the form came back sooner than anybody can fill it in.

The page carries the signed time at which it was given out. A person with everything ready in the clipboard needs a few
seconds; a program posts at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import final

from stillpost.language import N_
from stillpost.model import Event, Meter, Reading, Scope, Submission, Symbol


@final
@dataclass(frozen=True, slots=True)
class FormTooFast:
    """Filled in faster than ``limit``."""

    limit: timedelta = timedelta(seconds=3)
    score: float = 4.0
    symbol: str = "FORM_TOO_FAST"
    spoofable: bool = False
    scope: Scope = Scope.REQUEST

    def meters(self, event: Event) -> tuple[Meter, ...]:
        """None: the request itself tells."""
        return ()

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """Fires below the limit; an unknown fill time says nothing."""
        if not isinstance(event, Submission) or event.guards.fill_time is None:
            return None
        if event.guards.fill_time >= self.limit:
            return None
        return Symbol(
            name=self.symbol,
            score=self.score,
            scope=self.scope,
            spoofable=self.spoofable,
            reason=N_("the form was filled in within {seconds} seconds"),
            evidence={"seconds": round(event.guards.fill_time.total_seconds(), 1)},
        )
