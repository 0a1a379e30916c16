"""CONFIRMATIONS_COLLAPSED: hardly anybody answers the challenges this portal mails.

Most people who ask for something click the link; victims of a forged request do not. When the share of answered
challenges collapses, the portal is being used against strangers, whatever else looks normal. Challenges of the last
quarter of an hour do not count yet: their owners may still be reading.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import final

from stillpost.engine.keys import by_portal
from stillpost.language import N_
from stillpost.model import Event, Feedback, FeedbackKind, Meter, Reading, Scope, Submission, Symbol

_CAP = 2048


@final
@dataclass(frozen=True, slots=True)
class ConfirmationsCollapsed:
    """Less than ``share`` of at least ``enough`` challenges, older than ``patience``, were confirmed in ``window``."""

    enough: int = 20
    share: float = 0.2
    patience: timedelta = timedelta(minutes=15)
    window: timedelta = timedelta(hours=6)
    score: float = 4.0
    symbol: str = "CONFIRMATIONS_COLLAPSED"
    spoofable: bool = True
    scope: Scope = Scope.PORTAL

    def meters(self, event: Event) -> tuple[Meter, ...]:
        """Feedback counts; submissions only read."""
        windows = (self.patience, self.window)
        if isinstance(event, Submission):
            return (
                Meter("challenged", by_portal(event.portal, "challenged"), windows, cap=_CAP, peek=True),
                Meter("confirmed", by_portal(event.portal, "confirmed"), windows, cap=_CAP, peek=True),
            )
        if isinstance(event, Feedback) and event.kind in {FeedbackKind.CHALLENGED, FeedbackKind.CONFIRMED}:
            name, key = event.kind.value, by_portal(event.portal, event.kind.value)
            return (Meter(name, key, windows, distinct=event.about, cap=_CAP),)
        return ()

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """Fires for every request of the portal while the share is that low."""
        if not isinstance(event, Submission):
            return None
        challenged = readings[0].counts[1] - readings[0].counts[0]
        confirmed = readings[1].counts[1]
        if challenged < self.enough or confirmed >= self.share * challenged:
            return None
        return Symbol(
            name=self.symbol,
            score=self.score,
            scope=self.scope,
            spoofable=self.spoofable,
            reason=N_("only {confirmed} of {challenged} challenges were answered within {hours} hours"),
            evidence={
                "confirmed": confirmed,
                "challenged": challenged,
                "hours": int(self.window.total_seconds() // 3600),
            },
        )
