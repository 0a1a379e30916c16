"""CONFIRMATIONS_COLLAPSED: hardly anybody answers the challenges this portal mails.

Most people who ask for something click the link; victims of a forged request do not. When the share of answered
challenges collapses, the portal is being used against strangers, whatever else looks normal. Challenges of the last
quarter of an hour do not count yet: their owners may still be reading. Only where they are very many must some of them
be answered by now.

Who answers a challenge by a mail of his own counts once, and then no more for 400 days: else an attacker would prove
requests of his own, again and again, until the share looks healthy. What was proven without any challenge tells nothing
about challenges, and does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import final

from stillpost.engine.keys import by_portal
from stillpost.language import N_
from stillpost.model import Event, Feedback, FeedbackKind, Meter, Reading, Scope, Submission, Symbol

_CAP = 2048
_MINUTE = timedelta(minutes=1)
_COUNTED = frozenset({FeedbackKind.CHALLENGED, FeedbackKind.CONFIRMED})


@final
@dataclass(frozen=True, slots=True)
class ConfirmationsCollapsed:
    """Less than ``share`` of at least ``enough`` challenges, older than ``patience``, were confirmed in ``window``.

    Or less than ``soon_share`` of at least ``many`` that are younger.
    """

    enough: int = 20
    share: float = 0.2
    many: int = 60
    soon_share: float = 0.1
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
        if isinstance(event, Feedback) and event.about and event.kind in _COUNTED:
            name, key = event.kind.value, by_portal(event.portal, event.kind.value)
            return (Meter(name, key, windows, distinct=event.about, first=True, cap=_CAP),)
        return ()

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """Fires for every request of the portal while the share is that low."""
        if not isinstance(event, Submission):
            return None
        (new, all_challenged), (soon, confirmed) = readings[0].counts, readings[1].counts
        challenged, minutes = all_challenged - new, self.window // _MINUTE
        if challenged < self.enough or confirmed >= self.share * challenged:
            if new < self.many or soon >= self.soon_share * new:
                return None
            challenged, confirmed, minutes = new, soon, self.patience // _MINUTE
        return Symbol(
            name=self.symbol,
            score=self.score,
            scope=self.scope,
            spoofable=self.spoofable,
            reason=N_("only {confirmed} of {challenged} challenges were answered within {minutes} minutes"),
            evidence={"confirmed": confirmed, "challenged": challenged, "minutes": minutes},
        )
