"""What a detector is: it names the meters it wants and says what it saw; it never chooses an action."""

from collections.abc import Sequence
from typing import Protocol

from stillpost.model import Event, Meter, Reading, Scope, Symbol


class Detector(Protocol):
    """One file of ``engine/detectors``, named like its symbol in lower case.

    ``spoofable``: the key it counts under is chosen by whoever sends the event. ``scope``: what its symbol is about;
    a symbol about the address never changes what the caller is told.
    """

    @property
    def symbol(self) -> str:
        """The name of its symbol, in upper case."""
        ...

    @property
    def score(self) -> float:
        """What its symbol adds to the score; 0 switches the detector off without hiding what it saw."""
        ...

    @property
    def spoofable(self) -> bool:
        """Whether an attacker chooses the key."""
        ...

    @property
    def scope(self) -> Scope:
        """What the symbol is about."""
        ...

    def meters(self, event: Event) -> tuple[Meter, ...]:
        """The meters this event asks for; none if the detector has no say about it."""
        ...

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        """What was seen, given the readings of exactly the meters named above, in their order."""
        ...
