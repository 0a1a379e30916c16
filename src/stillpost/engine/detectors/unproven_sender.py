"""UNPROVEN_SENDER: nothing shows that the person named in From wrote this mail to the portal just now.

Anybody can put any address into From, and the helpdesk answers that address. A passed DKIM, SPF or DMARC check of
exactly that domain, by a server we trust, shows otherwise, unless a program wrote the mail, the answer would go
somewhere else, or the mail was seen before. The From is the forger's choice, so this keeps the helpdesk's answer from it
and never punishes its owner.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from stillpost.language import N_
from stillpost.model import Direction, Event, Mail, Meter, Reading, Scope, Symbol


@final
@dataclass(frozen=True, slots=True)
class UnprovenSender:
    """A mail into a portal that is not proven to be from its From."""

    score: float = 4.0
    symbol: str = "UNPROVEN_SENDER"
    spoofable: bool = True
    scope: Scope = Scope.ADDRESS

    def meters(self, event: Event) -> tuple[Meter, ...]:
        """None: the checks were made at the border."""
        return ()

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """Fires for every mail into a portal without proof."""
        if not isinstance(event, Mail) or event.direction is not Direction.PORTAL_IN or event.authenticated:
            return None
        return Symbol(
            name=self.symbol,
            score=self.score,
            scope=self.scope,
            spoofable=self.spoofable,
            reason=N_("nothing proves that the author of this mail wrote it ({why})"),
            evidence={"why": event.reason},
        )
