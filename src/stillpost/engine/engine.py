"""Ask and judge: the pure half of every decision.

``ask`` names the meters of an event, the store reads them in one round trip, ``judge`` turns the readings into a
verdict. The same event, readings and policy give the same verdict again: ``explain`` and ``replay`` rest on that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from stillpost.engine.detector import Detector
from stillpost.engine.policy import Policy
from stillpost.model import Event, Meter, Reading, Symbol, Verdict


@final
@dataclass(frozen=True, slots=True)
class Question:
    """An event with the meters that its detectors want, in order, and how many belong to each detector."""

    event: Event
    meters: tuple[Meter, ...]
    shares: tuple[int, ...]


@final
@dataclass(frozen=True, slots=True)
class Engine:
    """An explicit list of detectors. Two engines with equal lists are equal."""

    detectors: tuple[Detector, ...]

    def ask(self, event: Event) -> Question:
        """Name the meters this event needs."""
        meters: list[Meter] = []
        shares: list[int] = []
        for detector in self.detectors:
            wanted = detector.meters(event)
            meters += wanted
            shares.append(len(wanted))
        return Question(event, tuple(meters), tuple(shares))

    def symbols(self, question: Question, readings: Sequence[Reading]) -> tuple[Symbol, ...]:
        """What the detectors saw; ``readings`` answer ``question.meters`` one to one (ValueError otherwise)."""
        if len(readings) != len(question.meters):
            message = f"{len(question.meters)} meters were asked, {len(readings)} readings came"
            raise ValueError(message)
        seen: list[Symbol] = []
        start = 0
        for detector, share in zip(self.detectors, question.shares, strict=True):
            symbol = detector.judge(question.event, readings[start : start + share])
            start += share
            if symbol is not None:
                seen.append(symbol)
        return tuple(seen)

    def judge(self, question: Question, readings: Sequence[Reading], policy: Policy) -> Verdict:
        """The verdict of ``policy`` on what was seen."""
        return policy.decide(question.event, self.symbols(question, readings))
