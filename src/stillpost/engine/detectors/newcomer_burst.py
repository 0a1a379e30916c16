"""NEWCOMER_BURST: many organizations that never wrote to this mailbox write to it at once.

A mail bomb is a mail or two from each of hundreds of companies; nothing else brings so many strangers in so short a
time. Mails are not counted: a mailing list or a build server sends hundreds, and is one. Four windows, since the same
bomb comes in five minutes or is spread over an afternoon. A window of an hour or more is full long after the bomb is
over; it counts only while newcomers keep coming. The recipient is chosen by whoever attacks, so this holds
newcomers' automatic mail for its owner and never punishes him; what a person wrote is only tagged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, final

from stillpost.engine.keys import by_mailbox
from stillpost.engine.mailbox import history, is_by_a_program, is_cold, is_for_a_person, is_newcomer, raised
from stillpost.language import N_
from stillpost.model import Event, Mail, Meter, Reading, Scope, Symbol

_LONG: Final = timedelta(hours=1)


@final
@dataclass(frozen=True, slots=True)
class NewcomerBurst:
    """At least ``limits[n]`` newcomers within ``windows[n]``, and in a window of an hour or more at least ``still``
    within the next narrower one. ``by_hand`` is the score of a newcomer's mail without any sign of a program.
    """

    limits: tuple[int, ...] = (5, 6, 8, 12)
    windows: tuple[timedelta, ...] = (
        timedelta(minutes=5),
        timedelta(minutes=15),
        timedelta(hours=1),
        timedelta(hours=4),
    )
    still: int = 2
    score: float = 4.0
    by_hand: float = 1.0
    symbol: str = "NEWCOMER_BURST"
    spoofable: bool = True
    scope: Scope = Scope.MAILBOX

    def meters(self, event: Event) -> tuple[Meter, ...]:
        """Every mail is part of the mailbox's history; a counter a window for newcomers, since each has its usual."""
        if not isinstance(event, Mail) or not is_for_a_person(event):
            return ()
        since = history(event, peek=False)
        if not is_newcomer(event):
            return (since,)
        key = by_mailbox(event, "newcomers")
        return (
            since,
            *(
                Meter(f"newcomers in {window}", key, (window,), distinct=event.identity, first=True, cap=2 * limit)
                for limit, window in zip(self.limits, self.windows, strict=True)
            ),
        )

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """Fires for every newcomer's mail while one of the windows is full; the narrowest one is the reason."""
        if not isinstance(event, Mail) or len(readings) <= 1:
            return None
        cold = is_cold(event, readings[0])
        narrower = 0
        for limit, window, reading in zip(self.limits, self.windows, readings[1:], strict=True):
            needed = raised(limit, reading.usual, cold=cold)
            count = reading.counts[0]
            goes_on = window < _LONG or narrower >= self.still
            narrower = count
            if count >= needed and goes_on:
                return Symbol(
                    name=self.symbol,
                    score=self.score if is_by_a_program(event) else self.by_hand,
                    scope=self.scope,
                    spoofable=self.spoofable,
                    reason=N_(
                        "at least {count} organizations new to this mailbox wrote within {minutes} minutes; {limit} are an alarm"
                    ),
                    evidence={
                        "count": count,
                        "minutes": int(window.total_seconds() // 60),
                        "limit": needed,
                        "cold": int(cold),
                    },
                )
        return None
