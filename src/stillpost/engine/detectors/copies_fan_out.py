"""COPIES_FAN_OUT: the request wants many others in copy.

Helpdesks mail those in copy as well: five strangers in Cc made six mails out of one request. Stillpost never mails
them; a request that asks for many is asked for its own first mail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from stillpost.language import N_
from stillpost.model import Event, Meter, Reading, Scope, Submission, Symbol


@final
@dataclass(frozen=True, slots=True)
class CopiesFanOut:
    """More than ``limit`` addresses in copy."""

    limit: int = 3
    score: float = 4.0
    symbol: str = "COPIES_FAN_OUT"
    spoofable: bool = False
    scope: Scope = Scope.REQUEST

    def meters(self, event: Event) -> tuple[Meter, ...]:
        """None: the request itself tells."""
        return ()

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """Fires above the limit."""
        if not isinstance(event, Submission) or event.copies <= self.limit:
            return None
        return Symbol(
            name=self.symbol,
            score=self.score,
            scope=self.scope,
            spoofable=self.spoofable,
            reason=N_("{count} others are to get a copy"),
            evidence={"count": event.copies},
        )
