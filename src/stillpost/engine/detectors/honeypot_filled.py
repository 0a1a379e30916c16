"""HONEYPOT_FILLED: a field that people neither see nor reach was filled in.

The field is hidden from sight, from the keyboard, from screen readers and from autofill, and says that it must stay
empty; what fills it is a program. A person whose browser did it anyway is not lost: the request waits for an agent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from stillpost.language import N_
from stillpost.model import Event, Meter, Reading, Scope, Submission, Symbol


@final
@dataclass(frozen=True, slots=True)
class HoneypotFilled:
    """The trap of the form holds something."""

    score: float = 12.0
    symbol: str = "HONEYPOT_FILLED"
    spoofable: bool = False
    scope: Scope = Scope.REQUEST

    def meters(self, event: Event) -> tuple[Meter, ...]:
        """None: the request itself tells."""
        return ()

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """Fires if the trap is filled."""
        if not isinstance(event, Submission) or not event.guards.honeypot:
            return None
        return Symbol(
            name=self.symbol,
            score=self.score,
            scope=self.scope,
            spoofable=self.spoofable,
            reason=N_("a field that must stay empty was filled in"),
        )
