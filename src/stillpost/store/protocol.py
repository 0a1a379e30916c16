"""What a store is: four small protocols, and the words of a transaction.

Rules of this file. Raw keys (addresses, networks, tokens) go in; every store turns them into keyed hashes before they
are kept (``store.hashing``), so that a copied store names nobody. Nothing here decides: what a transaction should do
comes in as a ``Decision`` or is computed by a pure function inside the transaction (``settle``). What is awaited here
has reached the disk when it returns; a ``StoreError`` means that nothing was written. A caller that is cancelled while
it awaits knows neither: the transaction may still be written. Ids are the caller's, random, and never used twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, final

from stillpost.model import Address, Event, Meter, Reading, Request, RequestState, Verdict


class StoreError(Exception):
    """The store could not do it (disk full, read-only, closed, damaged). Nothing of the transaction was written."""


class StoreInUseError(StoreError):
    """Another process owns this store; the message names the lock file."""


# --- meters ---------------------------------------------------------------------------------------------------------


class Meters(Protocol):
    """Counters that inform. They may be evicted (least recently used first) or lost; nothing binding rests on them."""

    async def hit(self, meters: Sequence[Meter], at: datetime, *, count: bool = True) -> list[Reading]:
        """Count the event under every meter (unless ``count`` is False) and answer all, in the order asked.

        ``at`` may lie before an earlier hit (mail is replayed, clocks jump); windows end at ``at`` and begin after
        ``at`` less the window. Counts are exact up to ``cap``; a distinct value counts at its latest sight. Raises
        ValueError for a time without a zone, or windows that are not narrow to wide.
        """
        ...

    async def forget(self, key: str) -> int:
        """Drop every meter whose key is ``key`` or ends in it behind a ``|``, and every value equal to it; how many."""
        ...

    def size(self) -> int:
        """How many keys are tracked now (bounded by the store's ``max_keys``)."""
        ...


# --- the ledger: everything that binds ------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A claim on a limit: at most ``limit`` (sum of ``amount``) under ``(name, key)`` in ``window``, this one included.

    ``window`` None: held only as long as the decision's request waits for proof (bytes on disk). A one-use thing
    (voucher, puzzle solution, idempotency key) is a limit of 1 for its lifetime. ``attempt``: counts even if another
    reservation of the same decision is refused, so that being refused is not free of charge and tells nothing; it is
    decided once in a commit, and later decisions of the chain that name its key get the same answer and take nothing
    more. An ``amount`` of 0 asks for room and takes none. Reservations are never evicted early. A clock that jumps back
    frees nothing.
    """

    name: str
    key: str
    limit: int
    window: timedelta | None
    amount: int = 1
    attempt: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeNote:
    """One challenge to be mailed: its opaque id, whom it asks, and how long its link works.

    The address is kept in the clear only until the mail is spent; the tokens are never kept (``intake.token`` signs the
    id).
    """

    id: str
    portal: str
    to: Address
    locale: str
    at: datetime
    expires: datetime


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """A request to write, with the raw secrets that find it again (kept as keyed hashes) and its caller's network."""

    request: Request
    secret: str
    token: str
    source: str
    size_bytes: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one commit writes, all or nothing; ``otherwise`` is tried when a reservation is refused.

    ``idempotency`` is ``(key, body hash, answer)``: the answer is kept for a day beside the event.
    ``deliver``: put the kept request's ticket into the outbox.
    """

    reservations: tuple[Reservation, ...] = ()
    keep: Keep | None = None
    deliver: bool = False
    challenge: ChallengeNote | None = None
    idempotency: tuple[str, str, str] | None = None
    otherwise: "Decision | None" = None


@final
@dataclass(frozen=True, slots=True)
class Receipt:
    """Which decision was written (None: every one was refused, only the entry was) and the refused reservations."""

    taken: Decision | None
    refused: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger: the event with every address and network as a keyed hash, what was read, what was said.

    ``event``, ``meters``, ``readings`` and ``verdict`` are plain JSON values (``engine.record`` reads them back).
    """

    event_id: str
    portal: str
    at: datetime
    event: dict[str, object]
    meters: list[object]
    readings: list[object]
    verdict: dict[str, object]
    refused: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What ``settle`` found: the requests it is about, and the challenge if it was asked by one."""

    requests: tuple[Request, ...]
    challenge: str = ""
    portal: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What to write after a proof, a release, a delivery or a refusal.

    ``changed``: requests in their new state (``dropped``, ``refused``, ``expired`` and ``delivered`` lose their words
    and files, and their requester becomes a pseudonym);
    ``deliver``: ids whose tickets go into the outbox; ``proven``: the address now proven and until when; ``browser``:
    an opaque browser id that from now on knows ``proven``; ``suppress_until``: suppress the challenge's address until
    then, even if its link is over; ``lift``: lift the suppression of ``proven``; ``note``: a word for the journal.
    """

    changed: tuple[Request, ...] = ()
    deliver: tuple[str, ...] = ()
    proven: Address | None = None
    proven_until: datetime | None = None
    browser: str = ""
    suppress_until: datetime | None = None
    lift: bool = False
    note: str = ""


@final
@dataclass(frozen=True, slots=True)
class By:
    """How ``settle`` finds its case: exactly one of a challenge id, a mail-first token, or a request id."""

    challenge: str = ""
    token: str = ""
    request: str = ""


class Kind(StrEnum):
    """What waits in the outbox."""

    CHALLENGE = "challenge"
    TICKET = "ticket"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One outbox item whose time has come: a challenge to mail or a request whose ticket goes to the helpdesk."""

    id: str
    attempts: int
    since: datetime
    challenge: ChallengeNote | None = None
    request: Request | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How full the ledger is, for doctor, metrics and the 503."""

    waiting: int = 0
    held: int = 0
    pending_bytes: int = 0
    outbox: int = 0
    oldest_outbox: datetime | None = None
    entries: int = 0


class Ledger(Protocol):
    """Requests, reservations, challenges, proofs, the outbox and the decision log: everything that binds, durable."""

    async def commit(
        self, event: Event, verdict: Verdict, meters: Sequence[Meter], readings: Sequence[Reading], decision: Decision
    ) -> Receipt:
        """Write the first decision of the chain whose reservations are all granted, and the entry: one transaction."""
        ...

    async def settle(self, by: By, at: datetime, decide: Callable[[Case], Settlement]) -> Settlement:
        """Find the waiting or held requests, ask the pure ``decide`` inside the transaction, write what it says.

        By challenge or token: only what still waits and has not expired (an unknown or expired one: an empty case).
        By request: whatever its state. At most 1,000 requests, newest first. ``decide`` may be called more than once,
        in another thread, and must not keep anything; what it raises is raised here, and nothing is written. Raises
        ValueError for a settlement that changes a request it does not know, or grants to nobody.
        """
        ...

    async def request(self, request_id: str) -> Request | None:
        """The request of this id, or None."""
        ...

    async def request_by_secret(self, secret: str) -> Request | None:
        """The request whose status page has this secret, or None."""
        ...

    async def requests(self, state: RequestState, limit: int = 100) -> list[Request]:
        """At most ``limit`` requests in this state, oldest first."""
        ...

    async def waiting(self, challenge: str, at: datetime, limit: int = 20) -> list[Request]:
        """What waits for the proof that this challenge's link gives, newest first.

        So that somebody who was just told to look into his mailbox finds his own request first, however many were made in
        his name before it.
        """
        ...

    async def knows(self, browser: str, proof_key: str, at: datetime) -> bool:
        """Whether this browser proved this exact address, and not longer than ``proven_for`` ago."""
        ...

    async def proven(self, proof_key: str, at: datetime) -> bool:
        """Whether this exact address is proven at ``at``; lets mail leaving the helpdesk reach it, nothing else."""
        ...

    async def answer(self, idempotency_key: str, at: datetime) -> tuple[str, str] | None:
        """The ``(body hash, answer)`` kept under an idempotency key, or None."""
        ...

    async def entry(self, event_id: str) -> Entry | None:
        """The decision log's latest entry of this event; the event of a request has the request's id."""
        ...

    async def entries(self, since: datetime, limit: int = 1000) -> list[Entry]:
        """At most ``limit`` entries from ``since`` on, oldest first."""
        ...

    async def due(self, at: datetime, limit: int = 32, only: Kind | None = None) -> list[Due]:
        """Outbox items whose time has come, those due first first; an item stays until ``done`` (or ``spend``).

        ``only``: of this kind, so that a pile of one never hides the other. What is due in more than two days is due
        now: nothing is put off for so long, but a clock may have run ahead.
        """
        ...

    async def spend(self, item: str) -> bool:
        """Mark a challenge as spent, durably, before its first byte leaves. False: spent before, send nothing."""
        ...

    async def done(self, item: str, at: datetime, reference: str = "") -> None:
        """Take an item out of the outbox; a ticket's request becomes delivered and loses its words and files.

        ``reference`` is the product's name for the ticket.
        """
        ...

    async def retry(self, item: str, due: datetime, why: str) -> None:
        """Keep an item for later."""
        ...

    async def expire(self, at: datetime) -> list[str]:
        """Drop everything whose time is over; returns ids of requests whose held bytes may go."""
        ...

    async def forget(self, address: Address) -> int:
        """Drop all that is kept about an address but its suppression and its reservations; how many things went.

        Both are keyed hashes that only protect it; the last reservation is over with its window.
        """
        ...

    async def standing(self) -> Standing:
        """How full the ledger is."""
        ...


# --- holds and lists ------------------------------------------------------------------------------------------------


class Holds(Protocol):
    """Bytes that wait: attachments now, mails later. On disk (fsync) before ``put`` returns."""

    async def put(self, owner: str, name: str, content: bytes) -> None:
        """Keep ``content`` under ``(owner, name)``: our own ids, never a stranger's words. Raises StoreError."""
        ...

    async def get(self, owner: str, name: str) -> bytes | None:
        """What was kept, or None."""
        ...

    async def drop(self, owner: str) -> None:
        """Remove all of an owner's bytes; nothing happens if there are none."""
        ...

    async def owners(self) -> list[str]:
        """Everybody who still has bytes here, to find what a crash left behind."""
        ...


@final
@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a list: the keyed hash of its key, until when, why, and since when."""

    name: str
    key_hash: str
    until: datetime | None
    note: str
    since: datetime


class Lists(Protocol):
    """Durable sets with an expiry: ``suppressed`` (limit keys), ``brake`` (portal names or ``*``), relations and more.

    All of them are kept in memory, some 400 bytes a line, so a list that mail fills is given a bound where it is filled.
    """

    async def has(self, name: str, key: str, at: datetime) -> bool:
        """Whether ``key`` is on the list ``name`` at ``at``."""
        ...

    async def add(
        self, name: str, key: str, at: datetime, until: datetime | None, note: str = "", at_most: int | None = None
    ) -> bool:
        """Put ``key`` on the list until then (None: until removed).

        False, and nothing is put, where the list has ``at_most`` other lines already: newcomers evict nobody.
        """
        ...

    async def remove(self, name: str, key: str) -> bool:
        """Take ``key`` off the list; whether it was there."""
        ...

    async def listed(self, name: str, limit: int = 1000) -> list[Listed]:
        """The list's lines; keys only as hashes."""
        ...

    async def size(self, name: str) -> int:
        """How many lines the list has, those included whose time is over but that were not swept yet."""
        ...


@final
@dataclass(frozen=True, slots=True)
class Store:
    """The four together, as a door gets them."""

    meters: Meters
    ledger: Ledger
    holds: Holds
    lists: Lists
