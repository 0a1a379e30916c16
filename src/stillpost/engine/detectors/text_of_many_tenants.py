"""TEXT_OF_MANY_TENANTS: newcomers that have nothing to do with one another write the same text.

Relay spam puts one stranger's words through the forms of many companies, and companies of one platform answer with one
template. So the same masked paragraph from several tenants within an hour is a wave, however slow. A subject counts
only where a helpdesk sent it: there somebody typed it, while "Please verify your address" is what every shop writes.
Alone it tags; only a burst of newcomers holds mail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import final

from stillpost.engine.keys import by_mailbox_text
from stillpost.engine.mailbox import history, is_cold, is_for_a_person, is_newcomer, raised
from stillpost.language import N_
from stillpost.model import Event, Mail, Meter, Reading, Scope, Symbol


@final
@dataclass(frozen=True, slots=True)
class TextOfManyTenants:
    """The same masked paragraph (or a helpdesk's subject) from at least ``limit`` newcomers in ``window``."""

    limit: int = 3
    window: timedelta = timedelta(hours=1)
    score: float = 1.5
    symbol: str = "TEXT_OF_MANY_TENANTS"
    spoofable: bool = True
    scope: Scope = Scope.MAILBOX

    def meters(self, event: Event) -> tuple[Meter, ...]:
        """One counter of newcomers for each key of the text (at most nine)."""
        if not isinstance(event, Mail) or not is_for_a_person(event) or not is_newcomer(event):
            return ()
        windows, cap = (self.window,), 2 * self.limit
        keys = [key for key in event.fingerprint if key.startswith("p") or event.tenant is not None]
        if not keys:
            return ()
        return (
            history(event),
            *(
                Meter("text to a mailbox", by_mailbox_text(event, key), windows, distinct=event.identity, cap=cap)
                for key in keys
            ),
        )

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """Fires if any of the keys was seen from enough newcomers."""
        if not isinstance(event, Mail) or not readings:
            return None
        cold = is_cold(event, readings[0])
        for reading in readings[1:]:
            needed = raised(self.limit, reading.usual, cold=cold)
            if reading.counts[0] >= needed:
                return Symbol(
                    name=self.symbol,
                    score=self.score,
                    scope=self.scope,
                    spoofable=self.spoofable,
                    reason=N_(
                        "at least {count} senders new to this mailbox wrote the same text within {minutes} minutes"
                    ),
                    evidence={
                        "count": reading.counts[0],
                        "minutes": int(self.window.total_seconds() // 60),
                        "limit": needed,
                        "cold": int(cold),
                    },
                )
        return None
