"""What an exposure is: one thing a stranger can make one notice do, how bad it is, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple, final

from stillpost.audit.desk import (
    Notice,
    Occasion,
    Provenance,
    Reach,
    Reaction,
)
from stillpost.audit.logic import Tri
from stillpost.audit.product import Leak
from stillpost.audit.witness import Witness


class Kind(StrEnum):
    """What a stranger gets out of a notice."""

    CONTENT = "content"
    VOLUME = "volume"
    COPIES = "copies"
    ACCOUNT = "account-mail"
    REJECTION = "rejection"
    LIMIT = "limit-notice"
    LOOP = "loop"


class Severity(IntEnum):
    """How bad it is; ``--fail-on`` compares."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """The value as people and JSON read it."""
        return self.name.lower()


class Confidence(StrEnum):
    """How sure the judgement is: documented and rendered exactly, resting on inference, or hearsay."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """One thing a stranger can (or perhaps can) make one notice do. ``channels``: all ways in that work.

    ``fires`` and ``unsure``: whether the notice goes out at all, and why not surely; ``tri`` and ``why`` add the words.
    """

    id: str
    kind: Kind
    tri: Tri
    severity: Severity
    confidence: Confidence
    reach: Reach
    provenance: Provenance
    reaction: Reaction
    notice: Notice
    occasion: Occasion
    channels: tuple[str, ...]
    fires: Tri
    unsure: tuple[str, ...]
    leaks: tuple[Leak, ...]
    blanked: tuple[Leak, ...]
    why: tuple[str, ...]
    witness: Witness

    @property
    def sources(self) -> tuple[str, ...]:
        """Which parts of the request travel."""
        return tuple(dict.fromkeys(leak.source for leak in self.leaks))


class Grade(NamedTuple):  # thousands are made for a big desk, and a tuple is made ten times faster
    """How bad and how sure the content exposure of some leaks is."""

    tri: Tri
    severity: Severity
    confidence: Confidence
    why: tuple[str, ...]


def graded(
    notice: Notice, occasion: Occasion, reach: Reach, leaks: Sequence[Leak], fires: Tri, unsure: tuple[str, ...]
) -> Grade:
    """Words in the Subject are critical, elsewhere high; what rests on inference is of medium confidence."""
    sure = max([leak.tri for leak in leaks], default=Tri.NO)
    tri = min(fires, sure)
    subject = notice.subject.path if notice.subject is not None else ""
    heads = any(leak.template == subject and leak.tri is sure for leak in leaks)
    inferred = [leak.inferred for leak in leaks if leak.inferred]
    doubtful = inferred or tri is not Tri.YES or notice.inferred or occasion.inferred
    why = unsure if tri is Tri.YES else tuple(dict.fromkeys((*unsure, *inferred)))
    severity = lowered(Severity.CRITICAL if heads else Severity.HIGH, reach)
    return Grade(tri, severity, Confidence.MEDIUM if doubtful else Confidence.HIGH, why)


def lowered(severity: Severity, reach: Reach) -> Severity:
    """The severity, less where a person has to act first, or where only the helpdesk's own customers can be reached."""
    if reach in (Reach.WITH_AGENT, Reach.STAFF):
        return Severity.LOW
    return Severity(max(1, severity - 1)) if reach is Reach.CUSTOMERS else severity
