"""From symbols to an action: scores add up, thresholds give the action, and a few rules keep it on a leash.

The leash, in the order it is applied (``explain`` prints it):

1. Spoofable evidence alone can quieten or challenge, never hold or reject: whoever chose the key is not its owner.
2. What is about the address never holds or rejects, nor helps to: both are told to the caller.
3. In observe mode nothing that detectors say happens; what would have happened is kept as ``advised``.

Proof is not policy: an unproven request is never accepted or tagged, in either mode (``reception``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from stillpost.model import Action, Direction, Event, Mail, Mode, Scope, Submission, Symbol, Verdict


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Thresholds (a score at or above gives the action) and the mode."""

    mode: Mode = Mode.ENFORCE
    tag: float = 1.0
    challenge: float = 4.0
    hold: float = 12.0
    reject: float = 24.0

    @property
    def name(self) -> str:
        """The policy in one line, for the ledger: a verdict can be given again from it."""
        return f"{self.mode} tag={self.tag!r} challenge={self.challenge!r} hold={self.hold!r} reject={self.reject!r}"

    @classmethod
    def named(cls, name: str) -> "Policy":
        """The policy that ``name`` describes. Raises ValueError for anything ``name`` never wrote."""
        mode, *pairs = name.split(" ")
        values = dict(pair.split("=", 1) for pair in pairs)
        if set(values) != {"tag", "challenge", "hold", "reject"}:
            message = f"not a policy: {name!r}"
            raise ValueError(message)
        return cls(mode=Mode(mode), **{key: float(value) for key, value in values.items()})

    def decide(self, event: Event, symbols: Sequence[Symbol]) -> Verdict:
        """The verdict on an event in which these symbols were seen."""
        score = round(sum(symbol.score for symbol in symbols), 3)
        advised = self._advise(event, symbols, score)
        action = Action.ACCEPT if self.mode is Mode.OBSERVE else advised
        return Verdict(
            event_id=event.event_id,
            action=action,
            advised=advised,
            score=score,
            symbols=tuple(symbols),
            policy=self.name,
        )

    def _advise(self, event: Event, symbols: Sequence[Symbol], score: float) -> Action:
        others = [symbol for symbol in symbols if symbol.scope is not Scope.ADDRESS]
        told = round(sum(symbol.score for symbol in others), 3)
        hard = round(sum(symbol.score for symbol in others if not symbol.spoofable), 3)
        if hard > 0 and told >= self.reject:
            return Action.REJECT
        if hard > 0 and told >= self.hold:
            return Action.HOLD
        if score >= self.challenge:
            return Action.TAG if _is_proven(event) else Action.CHALLENGE
        return Action.TAG if score >= self.tag else Action.ACCEPT


def _is_proven(event: Event) -> bool:
    """Whether there is nothing left to ask: the requester, the author or the recipient is proven."""
    if isinstance(event, Submission):
        return event.proven
    if not isinstance(event, Mail):
        return False
    return (event.direction is Direction.PORTAL_IN and event.authenticated) or (
        event.direction is Direction.PORTAL_OUT and event.known
    )
