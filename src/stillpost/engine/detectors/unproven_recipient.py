"""UNPROVEN_RECIPIENT: the helpdesk is about to mail somebody who never asked for it, as far as anybody knows.

A helpdesk mails whatever address a stranger typed. Its mail may leave to an address that was proven lately (and had not
too many of them already), as an answer to a proven mail of this very address, to the portal's own staff, and where an
agent wrote it. Everything else is what relay spam is made of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from stillpost.language import N_
from stillpost.model import Direction, Event, Mail, Meter, Reading, Scope, Symbol


@final
@dataclass(frozen=True, slots=True)
class UnprovenRecipient:
    """A mail that leaves a helpdesk for an address that proved nothing."""

    score: float = 4.0
    symbol: str = "UNPROVEN_RECIPIENT"
    spoofable: bool = True
    scope: Scope = Scope.ADDRESS

    def meters(self, event: Event) -> tuple[Meter, ...]:
        """None: whoever makes the event looks the address up."""
        return ()

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """Fires for every recipient who may not be mailed."""
        if not isinstance(event, Mail) or event.direction is not Direction.PORTAL_OUT or event.known:
            return None
        return Symbol(
            name=self.symbol,
            score=self.score,
            scope=self.scope,
            spoofable=self.spoofable,
            reason=N_("the recipient is not known to have asked for this mail ({why})"),
            evidence={"why": event.reason},
        )
