"""WAVE_TAIL: somebody who took part in a wave on this mailbox writes again.

After the flood come weeks of its tail: reminders, "your request was solved", surveys, newsletters nobody ordered. The
rate is ordinary by then, so the memory is per tenant and per ticket thread: whoever makes the event looks it up (it is
dropped as soon as the owner writes to them or releases their mail).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from stillpost.engine.mailbox import is_by_a_program, is_for_a_person
from stillpost.language import N_
from stillpost.model import Event, Mail, Meter, Reading, Scope, Symbol


@final
@dataclass(frozen=True, slots=True)
class WaveTail:
    """A mail whose tenant or thread took part in a wave lately and that is known from nothing else."""

    score: float = 4.0
    by_hand: float = 1.0
    symbol: str = "WAVE_TAIL"
    spoofable: bool = True
    scope: Scope = Scope.MAILBOX

    def meters(self, event: Event) -> tuple[Meter, ...]:
        """None: what it needs is in the event."""
        del event
        return ()

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """Fires for what is in a wave and not known."""
        del readings
        if not isinstance(event, Mail) or not is_for_a_person(event) or not event.in_wave or event.known:
            return None
        return Symbol(
            name=self.symbol,
            score=self.score if is_by_a_program(event) else self.by_hand,
            scope=self.scope,
            spoofable=self.spoofable,
            reason=N_("the sender took part in a wave of unasked mail to this mailbox"),
        )
