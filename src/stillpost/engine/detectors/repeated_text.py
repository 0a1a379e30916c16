"""REPEATED_TEXT: one text arrives for many requesters.

Relay spam carries one message to many victims; names, numbers and links differ, so texts are compared by the masked
keys of ``mail.fingerprint``. A campaign of real people may share a text too, therefore it only asks them for the first
mail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import final

from stillpost.engine.keys import by_text
from stillpost.language import N_
from stillpost.model import Event, Meter, Reading, Scope, Submission, Symbol


@final
@dataclass(frozen=True, slots=True)
class RepeatedText:
    """The same masked subject or paragraph for more than ``limit`` different requesters in ``window``."""

    limit: int = 4
    window: timedelta = timedelta(hours=1)
    score: float = 4.0
    symbol: str = "REPEATED_TEXT"
    spoofable: bool = True
    scope: Scope = Scope.TEXT

    def meters(self, event: Event) -> tuple[Meter, ...]:
        """One counter of different requesters for each key of the text (at most nine)."""
        if not isinstance(event, Submission) or event.proven:
            return ()
        requester, windows, cap = event.requester.limit_key, (self.window,), 2 * self.limit
        return tuple(
            Meter("text", by_text(event, key), windows, distinct=requester, cap=cap) for key in event.fingerprint
        )

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """Fires if any of the keys was seen for too many requesters."""
        count = max((reading.counts[0] for reading in readings), default=0)
        if count <= self.limit:
            return None
        return Symbol(
            name=self.symbol,
            score=self.score,
            scope=self.scope,
            spoofable=self.spoofable,
            reason=N_("the same text came for {count} requesters within {minutes} minutes"),
            evidence={"count": count, "minutes": int(self.window.total_seconds() // 60)},
        )
