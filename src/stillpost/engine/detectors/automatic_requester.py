"""AUTOMATIC_REQUESTER: the requester's address belongs to a machine.

A ticket in the name of ``notifications@`` or ``bounce+…@`` makes two machines answer each other, or makes a mailing
list the victim. The address is typed by whoever fills in the form, so this only keeps mail from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from stillpost.language import N_
from stillpost.mail.roles import is_automatic
from stillpost.model import Event, Meter, Reading, Scope, Submission, Symbol


@final
@dataclass(frozen=True, slots=True)
class AutomaticRequester:
    """The local part is one that machines write from."""

    score: float = 4.0
    symbol: str = "AUTOMATIC_REQUESTER"
    spoofable: bool = True
    scope: Scope = Scope.ADDRESS

    def meters(self, event: Event) -> tuple[Meter, ...]:
        """None: the address itself tells."""
        return ()

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """Fires for a machine's address."""
        if not isinstance(event, Submission) or not is_automatic(event.requester):
            return None
        return Symbol(
            name=self.symbol,
            score=self.score,
            scope=self.scope,
            spoofable=self.spoofable,
            reason=N_("the requester's address is one that machines write from"),
        )
