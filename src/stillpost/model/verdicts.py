"""What is counted, what is seen, what is said: meters and readings, symbols and verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import final


@final
@dataclass(frozen=True, slots=True)
class Meter:
    """A counter the engine asks for: ``distinct`` values (or events) under ``key``, per window, narrow to wide.

    ``first`` counts a member only at its first sight (remembered 400 days). Counting stops at ``cap``, so that nothing
    an attacker can repeat grows without end. ``peek`` reads without counting this event. ``members``: answer with the
    names of the values, too.
    """

    name: str
    key: str
    windows: tuple[timedelta, ...]
    distinct: str | None = None
    first: bool = False
    cap: int = 64
    peek: bool = False
    members: bool = False


@final
@dataclass(frozen=True, slots=True)
class Reading:
    """The store's answer to one meter.

    ``counts`` per window (this event included unless the meter peeks); ``first_seen`` of the key; ``is_new``: the
    ``distinct`` value had not been seen under the key, as far as that is remembered; ``members``: the store's opaque
    names of at most ``cap`` distinct values, if the meter asked for them; ``usual``: how many the widest window holds
    at its fullest on an ordinary past day, learned slowly, 0 while unknown.
    """

    counts: tuple[int, ...]
    first_seen: datetime | None = None
    is_new: bool = False
    members: tuple[str, ...] = ()
    usual: int = 0


class Action(StrEnum):
    """What may happen to an event; each door translates every one of them, and there is no silent discard."""

    ACCEPT = "accept"
    TAG = "tag"
    QUIET = "quiet"
    CHALLENGE = "challenge"
    DEFER = "defer"
    HOLD = "hold"
    REJECT = "reject"


class Mode(StrEnum):
    """``observe`` withholds what detectors add and records what they advised; ``enforce`` acts on it."""

    OBSERVE = "observe"
    ENFORCE = "enforce"


class Scope(StrEnum):
    """What a symbol is about. ``ADDRESS`` must never change what a caller is told (it would tell of the address)."""

    ADDRESS = "address"
    SOURCE = "source"
    REQUEST = "request"
    TEXT = "text"
    PORTAL = "portal"
    MAILBOX = "mailbox"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """What one detector saw: name, score, a reason for people with the numbers of ``evidence`` in it.

    ``reason`` is an English sentence with ``{placeholders}`` filled from ``evidence`` when it is shown, in the
    reader's language. ``spoofable``: the key was chosen by whoever sent the event, so this may protect its owner and
    must never punish him.
    """

    name: str
    score: float
    scope: Scope
    reason: str
    evidence: Mapping[str, str | int | float] = field(default_factory=dict)
    spoofable: bool = True


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The engine's answer to one event: ``action`` happens, ``advised`` is what enforce mode would do."""

    event_id: str
    action: Action
    advised: Action
    score: float
    symbols: tuple[Symbol, ...] = ()
    policy: str = ""
