"""The ledger in dictionaries.

Every transaction is one function without an ``await``, so what the contract means can be read here. Secrets, tokens and
keys are hashed all the same.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar, final

from stillpost.engine.record import write_event, write_meters, write_readings, write_verdict
from stillpost.model import Address, Event, Meter, Reading, Request, RequestState, Verdict
from stillpost.store.claims import Claims, choose
from stillpost.store.hashing import Hasher
from stillpost.store.keeping import (
    CASE_LIMIT,
    LONGEST_WAIT,
    SUPPRESSED,
    UNDECIDED,
    WAITING,
    WORDLESS,
    check,
    concealed,
    without_words,
)
from stillpost.store.memory.lists import MemoryLists
from stillpost.store.moments import micros
from stillpost.store.options import StoreOptions
from stillpost.store.protocol import (
    By,
    Case,
    ChallengeNote,
    Decision,
    Due,
    Entry,
    Holds,
    Keep,
    Kind,
    Receipt,
    Settlement,
    Standing,
    StoreError,
)

_Key = TypeVar("_Key")


@final
@dataclass(slots=True)
class _Kept:
    """A request and what finds it; ``space`` it holds while undecided."""

    request: Request
    secret: bytes
    token: bytes
    size_bytes: int
    space: tuple[tuple[bytes, int], ...]
    decided: datetime | None = None


@final
@dataclass(slots=True)
class _Asked:
    """A challenge, kept long after its link is over: its "not me" works for two years."""

    note: ChallengeNote
    spent: bool = False


@final
@dataclass(slots=True)
class _Item:
    """One line of the outbox."""

    since: datetime
    due: datetime
    attempts: int = 0


@final
class MemoryLedger:
    """The ``Ledger`` in dictionaries; bounded by what expires."""

    def __init__(self, hasher: Hasher, options: StoreOptions, holds: Holds, lists: "MemoryLists") -> None:
        self._hasher = hasher
        self._options = options
        self._holds = holds
        self._lists = lists
        self._claims = Claims()
        self._requests: dict[str, _Kept] = {}
        self._challenges: dict[str, _Asked] = {}
        self._outbox: dict[str, _Item] = {}
        self._proven: dict[str, datetime] = {}
        self._browsers: dict[tuple[bytes, str], datetime] = {}
        self._answers: dict[bytes, tuple[str, str, datetime]] = {}
        self._entries: list[Entry] = []
        self._by_event: dict[str, Entry] = {}
        self._by_secret: dict[bytes, str] = {}
        self._by_token: dict[bytes, dict[str, None]] = {}  # of what waits, as is the next
        self._by_proof: dict[str, dict[str, None]] = {}

    async def commit(
        self, event: Event, verdict: Verdict, meters: Sequence[Meter], readings: Sequence[Reading], decision: Decision
    ) -> Receipt:
        """Write the first decision of the chain that has room for all its reservations, and the entry."""
        choice = choose(self._claims, decision, event.at, self._hasher)
        taken = choice.taken
        if taken is not None and taken.keep is not None and taken.keep.request.id in self._requests:
            message = f"there is a request {taken.keep.request.id} already"
            raise StoreError(message)
        for key, row in choice.rows:
            self._claims.add(key, row)
        pseudonym = self._hasher.pseudonym
        entry = Entry(
            event_id=event.event_id,
            portal=event.portal,
            at=event.at,
            event=write_event(event, pseudonym),
            meters=write_meters(meters, pseudonym),
            readings=write_readings(readings, event.at),
            verdict=write_verdict(verdict),
            refused=choice.refused,
        )
        self._entries.append(entry)
        self._by_event[event.event_id] = entry
        if taken is not None:
            self._take(taken, choice.space, event.at)
        return Receipt(taken, choice.refused)

    def _take(self, decision: Decision, space: tuple[tuple[bytes, int], ...], at: datetime) -> None:
        keep, challenge = decision.keep, decision.challenge
        if keep is not None:
            self._keep(keep, space, at)
            if decision.deliver:
                self._outbox[keep.request.id] = _Item(at, at)
        if challenge is not None:
            self._challenges[challenge.id] = _Asked(challenge)
            self._outbox[challenge.id] = _Item(challenge.at, challenge.at)
        if decision.idempotency is not None:
            key, body, answer = decision.idempotency
            until = at + self._options.answers_for
            self._answers[self._hasher.digest("idempotency", key)] = (body, answer, until)

    def _keep(self, keep: Keep, space: tuple[tuple[bytes, int], ...], at: datetime) -> None:
        secret, token = self._hasher.digest("secret", keep.secret), self._hasher.digest("token", keep.token)
        kept = _Kept(keep.request, secret, token, keep.size_bytes, space)
        self._requests[keep.request.id] = kept
        self._by_secret[secret] = keep.request.id
        for key, amount in space:
            self._claims.hold(key, amount)
        self._change(kept, keep.request, at)

    def _change(self, kept: _Kept, request: Request, at: datetime) -> None:
        """A request comes into a state: what it may not keep there goes."""
        self._unindex(kept)
        if request.state not in UNDECIDED:
            for key, amount in kept.space:
                self._claims.hold(key, -amount)
            kept.space = ()
        if request.state in WORDLESS:
            kept.decided = kept.decided or at
            request = without_words(request, self._hasher.pseudonym)
        kept.request = request
        if request.state in WAITING:
            self._by_token.setdefault(kept.token, {})[request.id] = None
            self._by_proof.setdefault(request.requester.proof_key, {})[request.id] = None

    def _unindex(self, kept: _Kept) -> None:
        _take_out(self._by_token, kept.token, kept.request.id)
        _take_out(self._by_proof, kept.request.requester.proof_key, kept.request.id)

    async def settle(self, by: By, at: datetime, decide: Callable[[Case], Settlement]) -> Settlement:
        """Find the case, ask ``decide``, write what it says."""
        asked = self._challenges.get(by.challenge)
        settlement = check(decide(self._case(by, asked, at)))
        names = {request.id for request in settlement.changed}.union(settlement.deliver)
        if not names <= self._requests.keys():
            message = "a request that is not kept cannot change"
            raise ValueError(message)
        gone = []
        for request in settlement.changed:
            kept = self._requests[request.id]
            if kept.request.attachments and request.state in WORDLESS:
                gone.append(request.id)
            self._change(kept, request, at)
        for request_id in settlement.deliver:
            self._outbox[request_id] = _Item(at, at)
        if asked is not None and settlement.suppress_until is not None:
            await self._lists.add(SUPPRESSED, asked.note.to.limit_key, at, settlement.suppress_until, settlement.note)
        await self._prove(settlement)
        for request_id in gone:
            await self._holds.drop(request_id)
        return settlement

    def _case(self, by: By, asked: _Asked | None, at: datetime) -> Case:
        if by.request:
            kept = self._requests.get(by.request)
            return Case(requests=(kept.request,), portal=kept.request.portal) if kept else Case(requests=())
        if by.token:
            token = self._hasher.digest("token", by.token)
            requests = self._waiting(self._by_token.get(token, ()), at)
            return Case(requests=requests, portal=requests[0].portal if requests else "")
        if asked is None or asked.note.expires <= at:
            return Case(requests=())
        requests = self._waiting(self._by_proof.get(asked.note.to.proof_key, ()), at)
        return Case(requests=requests, challenge=asked.note.id, portal=asked.note.portal)

    def _waiting(self, ids: Iterable[str], at: datetime) -> tuple[Request, ...]:
        found = [self._requests[request_id].request for request_id in ids]
        waiting = [request for request in found if request.state in WAITING and request.expires > at]
        return tuple(sorted(waiting, key=lambda request: request.at)[: -CASE_LIMIT - 1 : -1])

    async def _prove(self, settlement: Settlement) -> None:
        proven, until = settlement.proven, settlement.proven_until
        if proven is None or until is None:
            return
        self._proven[proven.proof_key] = max(until, self._proven.get(proven.proof_key, until))
        if settlement.browser:
            known = (self._hasher.digest("browser", settlement.browser), proven.proof_key)
            self._browsers[known] = max(until, self._browsers.get(known, until))
        if settlement.lift:
            await self._lists.remove(SUPPRESSED, proven.limit_key)

    async def request(self, request_id: str) -> Request | None:
        """The request of this id, or None."""
        kept = self._requests.get(request_id)
        return kept.request if kept else None

    async def request_by_secret(self, secret: str) -> Request | None:
        """The request whose status page has this secret, or None."""
        return await self.request(self._by_secret.get(self._hasher.digest("secret", secret), ""))

    async def requests(self, state: RequestState, limit: int = 100) -> list[Request]:
        """At most ``limit`` requests in this state, oldest first."""
        found = [kept.request for kept in self._requests.values() if kept.request.state is state]
        return sorted(found, key=lambda request: request.at)[:limit]

    async def waiting(self, challenge: str, at: datetime, limit: int = 20) -> list[Request]:
        """What waits for the proof that this challenge's link gives, newest first."""
        return list(self._case(By(challenge=challenge), self._challenges.get(challenge), at).requests[:limit])

    async def knows(self, browser: str, proof_key: str, at: datetime) -> bool:
        """Whether this browser proved this exact address and is still known by it."""
        until = self._browsers.get((self._hasher.digest("browser", browser), proof_key))
        return until is not None and at < until

    async def proven(self, proof_key: str, at: datetime) -> bool:
        """Whether this exact address is proven."""
        until = self._proven.get(proof_key)
        return until is not None and at < until

    async def answer(self, idempotency_key: str, at: datetime) -> tuple[str, str] | None:
        """The body hash and the answer kept under this key."""
        kept = self._answers.get(self._hasher.digest("idempotency", idempotency_key))
        return kept[:2] if kept and at < kept[2] else None

    async def entry(self, event_id: str) -> Entry | None:
        """The latest entry of this event or request."""
        return self._by_event.get(event_id)

    async def entries(self, since: datetime, limit: int = 1000) -> list[Entry]:
        """Entries from then on, oldest first."""
        found = [entry for entry in self._entries if entry.at >= since]
        return sorted(found, key=lambda entry: entry.at)[:limit]

    async def due(self, at: datetime, limit: int = 32, only: Kind | None = None) -> list[Due]:
        """Outbox items whose time has come, those that wait longest first."""
        ready = [
            (name, item)
            for name, item in self._outbox.items()
            if not at < item.due <= at + LONGEST_WAIT
            and (only is None or (only is Kind.CHALLENGE) == (name in self._challenges))
        ]
        return [self._due(name, item) for name, item in sorted(ready, key=lambda pair: pair[1].due)[:limit]]

    def _due(self, name: str, item: _Item) -> Due:
        asked, kept = self._challenges.get(name), self._requests.get(name)
        note = None if asked is None else asked.note
        request = None if kept is None or note is not None else kept.request
        return Due(id=name, attempts=item.attempts, since=item.since, challenge=note, request=request)

    async def spend(self, item: str) -> bool:
        """Mark a challenge as spent; False if it was."""
        asked = self._challenges.get(item)
        if asked is None or asked.spent or item not in self._outbox:
            return False
        asked.spent = True
        del self._outbox[item]
        return True

    async def done(self, item: str, at: datetime, reference: str = "") -> None:
        """Take an item out of the outbox; a ticket's request is delivered."""
        if self._outbox.pop(item, None) is None:
            return
        kept = self._requests.get(item)
        if kept is not None and item not in self._challenges:
            with_files = bool(kept.request.attachments)
            self._change(kept, replace(kept.request, state=RequestState.DELIVERED), at)
            if with_files:
                await self._holds.drop(item)

    async def retry(self, item: str, due: datetime, why: str) -> None:
        """Keep an item for later."""
        if (line := self._outbox.get(item)) is not None:
            line.due, line.attempts = due, line.attempts + 1

    async def expire(self, at: datetime) -> list[str]:
        """Drop everything whose time is over; ids of requests whose held bytes may go."""
        gone = []
        for name, kept in list(self._requests.items()):
            if kept.request.state in UNDECIDED and kept.request.expires <= at:
                self._change(kept, replace(kept.request, state=RequestState.EXPIRED), at)
                gone.append(name)
            elif kept.decided is not None and kept.decided + self._options.decided_for <= at:
                self._remove(name)
        for name, asked in list(self._challenges.items()):
            if asked.note.expires <= at:
                self._outbox.pop(name, None)
            if asked.note.at + self._options.challenges_for <= at:
                del self._challenges[name]
        self._entries = [entry for entry in self._entries if entry.at + self._options.entries_for > at]
        self._by_event = {entry.event_id: entry for entry in self._entries}
        self._proven = {key: until for key, until in self._proven.items() if until > at}
        self._browsers = {key: until for key, until in self._browsers.items() if until > at}
        self._answers = {key: kept for key, kept in self._answers.items() if kept[2] > at}
        self._lists.expire(at)
        for _ in self._claims.expire(micros(at)):
            pass
        return gone

    async def forget(self, address: Address) -> int:
        """Drop all that is kept about an address, but its suppression and what is reserved."""
        pseudonym = self._hasher.pseudonym
        hidden = concealed(address, pseudonym)
        about = {address.proof_key, address.limit_key, hidden.proof_key, hidden.limit_key}
        dropped = 0
        for name, kept in list(self._requests.items()):
            if not about.isdisjoint((kept.request.requester.proof_key, kept.request.requester.limit_key)):
                self._remove(name)
                await self._holds.drop(name)
                dropped += 1
        for name, asked in list(self._challenges.items()):
            if not about.isdisjoint((asked.note.to.proof_key, asked.note.to.limit_key)):
                del self._challenges[name]
                self._outbox.pop(name, None)
                dropped += 1
        hashes = (pseudonym("proof", address.proof_key), pseudonym("limit", address.limit_key))
        kept_entries = [entry for entry in self._entries if not any(part in str(entry.event) for part in hashes)]
        dropped += len(self._entries) - len(kept_entries)
        self._entries = kept_entries
        self._by_event = {entry.event_id: entry for entry in kept_entries}
        known = [key for key in self._browsers if key[1] == address.proof_key]
        for key in known:
            del self._browsers[key]
        dropped += len(known) + (self._proven.pop(address.proof_key, None) is not None)
        self._hasher.clear()
        return dropped

    def _remove(self, name: str) -> None:
        kept = self._requests.pop(name)
        self._unindex(kept)
        self._outbox.pop(name, None)
        self._by_secret.pop(kept.secret, None)
        for key, amount in kept.space:
            self._claims.hold(key, -amount)

    async def standing(self) -> Standing:
        """How full the ledger is."""
        undecided = [kept for kept in self._requests.values() if kept.request.state in UNDECIDED]
        held = sum(kept.request.state is RequestState.HELD for kept in undecided)
        return Standing(
            waiting=len(undecided) - held,
            held=held,
            pending_bytes=sum(kept.size_bytes for kept in undecided),
            outbox=len(self._outbox),
            oldest_outbox=min((item.since for item in self._outbox.values()), default=None),
            entries=len(self._entries),
        )


def _take_out(index: dict[_Key, dict[str, None]], key: _Key, name: str) -> None:
    names = index.get(key, {})
    names.pop(name, None)
    if not names:
        index.pop(key, None)
