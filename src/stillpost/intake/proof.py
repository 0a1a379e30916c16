"""The three ways of proof: which are open to a caller, and what he is told.

The rule of this file: an answer depends on the portal's mode and on what the caller has shown, never on the address.
So everything here is computed from what is not about the address; that an address is suppressed, was challenged
before, or belongs to a domain whose budget is spent only decides whether a mail leaves, silently.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

from stillpost.model import Guards, Mode, ProofMode, ProofOfWork, Scope, Symbol


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How a portal asks for proof just now: its settings, and whether the brake is on."""

    proof: ProofMode
    proof_of_work: ProofOfWork
    mode: Mode
    threshold: float
    braked: bool = False


def shown(symbols: Iterable[Symbol], asking: Asking) -> tuple[Symbol, ...]:
    """The symbols that may change an answer: not about the address, and none at all in observe mode."""
    if asking.mode is Mode.OBSERVE:
        return ()
    return tuple(symbol for symbol in symbols if symbol.scope is not Scope.ADDRESS)


def link_is_open(asking: Asking, guards: Guards, symbols: Sequence[Symbol]) -> bool:
    """Whether this caller may have a link mailed, as far as anything but the address decides.

    ``symbols``: those of ``shown``. Adaptive: only through our own page or with the portal's key, with no wave over the
    portal, and while what he has shown stays below the challenge threshold. A puzzle, where one is asked for, must be
    solved; without script mail-first stands in for it.
    """
    if asking.braked or asking.proof is ProofMode.MAIL_FIRST:
        return False
    asks_puzzle = asking.proof_of_work is ProofOfWork.ON or (
        asking.proof_of_work is ProofOfWork.ADAPTIVE and bool(symbols or not guards.guarded)
    )
    if asks_puzzle and not (guards.solved or guards.keyed):
        return False
    if asking.proof is ProofMode.LINK:
        return True
    wave = any(symbol.scope is Scope.PORTAL for symbol in symbols)
    return guards.guarded and not wave and sum(symbol.score for symbol in symbols) < asking.threshold
