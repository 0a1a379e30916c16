"""How much a store keeps and for how long; ``config`` is built from this."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, final

_LEAST: Final = 2


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """Caps and expiries of everything that has none of its own. Raises ValueError for what makes no sense."""

    max_keys: int = field(
        default=1_000_000, metadata={"help": "counters tracked in memory; beyond it the least recently used go"}
    )
    max_sights: int = field(
        default=1_000_000,
        metadata={"help": "values remembered as seen before (a requester domain, a sender), for 400 days"},
    )
    entries_for: timedelta = field(
        default=timedelta(days=30), metadata={"help": "how long the decision log is kept, for explain and replay"}
    )
    decided_for: timedelta = field(
        default=timedelta(days=30),
        metadata={"help": "how long a decided request's status page works; its words are gone at once"},
    )
    challenges_for: timedelta = field(
        default=timedelta(days=730), metadata={"help": "how long the not-me link of a challenge works"}
    )
    answers_for: timedelta = field(
        default=timedelta(days=1), metadata={"help": "how long an Idempotency-Key gives the same answer"}
    )
    queue: int = field(
        default=20_000, metadata={"help": "writes that may wait for the disk; beyond it a request is told 503"}
    )

    def __post_init__(self) -> None:
        for name in ("max_keys", "max_sights", "queue"):
            if getattr(self, name) < _LEAST:
                message = f"{name} must be at least {_LEAST}"
                raise ValueError(message)
        for name in ("entries_for", "decided_for", "challenges_for", "answers_for"):
            if getattr(self, name) <= timedelta(0):
                message = f"{name} must be longer than nothing"
                raise ValueError(message)
