"""The ledger over SQLite: each call is a job of the writer's thread or a question to the reader's."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Final, TypeVar, final

from stillpost.model import Address, Event, Meter, Reading, Request, RequestState, Verdict
from stillpost.store.moments import micros
from stillpost.store.protocol import (
    By,
    Case,
    Decision,
    Due,
    Entry,
    Holds,
    Kind,
    Receipt,
    Settlement,
    Standing,
    StoreError,
)
from stillpost.store.sqlite import housekeeping, outbox, reading
from stillpost.store.sqlite.behind import Behind
from stillpost.store.sqlite.books import Books
from stillpost.store.sqlite.committing import commit
from stillpost.store.sqlite.settling import settle
from stillpost.store.sqlite.writer import Writer, told

SHARDS_A_TIME: Final = 16
"""How much of the meters is written behind at each housekeeping; all of it at the end."""

_T = TypeVar("_T")


@final
class Reader:
    """A connection that only reads, in a thread of its own; it sees everything whose commit was awaited."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="stillpost-reader")

    async def ask(self, question: Callable[[sqlite3.Connection], _T]) -> _T:
        """The answer to a question. Raises StoreError."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, question, self._connection)
        except sqlite3.Error as error:
            raise told(error) from error
        except RuntimeError as error:
            message = "the store is closed"
            raise StoreError(message) from error

    def close(self) -> None:
        """Answer what was asked, then end."""
        self._thread.shutdown()
        self._connection.close()


@final
class SqliteLedger:
    """The ``Ledger``: what is awaited is on disk."""

    def __init__(self, books: Books, writer: Writer, reader: Reader, holds: Holds, behind: Behind) -> None:
        self._books = books
        self._writer = writer
        self._reader = reader
        self._holds = holds
        self._behind = behind

    async def commit(
        self, event: Event, verdict: Verdict, meters: Sequence[Meter], readings: Sequence[Reading], decision: Decision
    ) -> Receipt:
        """Write the first decision of the chain that has room for all its reservations, and the entry."""
        return await self._writer.submit(partial(commit, self._books, event, verdict, meters, readings, decision))

    async def settle(self, by: By, at: datetime, decide: Callable[[Case], Settlement]) -> Settlement:
        """Find the case, ask ``decide``, write what it says."""
        settlement, gone = await self._writer.submit(partial(settle, self._books, by, at, decide))
        await self._drop_files(gone)
        return settlement

    async def request(self, request_id: str) -> Request | None:
        """The request of this id, or None."""
        return await self._reader.ask(lambda connection: reading.request(connection, self._books, request_id))

    async def request_by_secret(self, secret: str) -> Request | None:
        """The request whose status page has this secret, or None."""
        return await self._reader.ask(lambda connection: reading.request_by_secret(connection, self._books, secret))

    async def requests(self, state: RequestState, limit: int = 100) -> list[Request]:
        """At most ``limit`` requests in this state, oldest first."""
        return await self._reader.ask(lambda connection: reading.requests(connection, state, limit))

    async def waiting(self, challenge: str, at: datetime, limit: int = 20) -> list[Request]:
        """What waits for the proof that this challenge's link gives, newest first."""
        return await self._reader.ask(lambda connection: reading.waiting(connection, self._books, challenge, at, limit))

    async def knows(self, browser: str, proof_key: str, at: datetime) -> bool:
        """Whether this browser proved this exact address and is still known by it."""
        return await self._reader.ask(lambda connection: reading.knows(connection, self._books, browser, proof_key, at))

    async def proven(self, proof_key: str, at: datetime) -> bool:
        """Whether this exact address is proven."""
        return await self._reader.ask(lambda connection: reading.proven(connection, self._books, proof_key, at))

    async def answer(self, idempotency_key: str, at: datetime) -> tuple[str, str] | None:
        """The body hash and the answer kept under this key."""
        return await self._reader.ask(lambda connection: reading.answer(connection, self._books, idempotency_key, at))

    async def entry(self, event_id: str) -> Entry | None:
        """The latest entry of this event."""
        return await self._reader.ask(lambda connection: reading.entry(connection, self._books, event_id))

    async def entries(self, since: datetime, limit: int = 1000) -> list[Entry]:
        """Entries from then on, oldest first."""
        return await self._reader.ask(lambda connection: reading.entries(connection, since, limit))

    async def due(self, at: datetime, limit: int = 32, only: Kind | None = None) -> list[Due]:
        """Outbox items whose time has come, those that wait longest first."""
        return await self._reader.ask(lambda connection: reading.due(connection, at, limit, only))

    async def spend(self, item: str) -> bool:
        """Mark a challenge as spent, durably; False if it was."""
        return await self._writer.submit(partial(outbox.spend, self._books, item))

    async def done(self, item: str, at: datetime, reference: str = "") -> None:
        """Take an item out of the outbox; a ticket's request is delivered."""
        if await self._writer.submit(partial(outbox.done, self._books, item, at, reference)):
            await self._drop_files((item,))

    async def retry(self, item: str, due: datetime, why: str) -> None:
        """Keep an item for later."""
        await self._writer.submit(partial(outbox.retry, self._books, item, due, why))

    async def expire(self, at: datetime) -> list[str]:
        """Drop everything whose time is over; ids of requests whose held bytes may go."""
        gone: list[str] = []
        more = True
        while more:
            expired, more = await self._writer.submit(partial(housekeeping.expire_requests, self._books, at))
            gone += expired
        for step in (housekeeping.expire_challenges, housekeeping.expire_entries, housekeeping.expire_small):
            while await self._writer.submit(partial(step, self._books, at)):
                pass
        claims = self._books.claims.expire(micros(at))
        while await self._writer.submit(lambda batch: next(claims, None)) is not None:
            pass
        await self._behind.write(SHARDS_A_TIME)
        return gone

    async def forget(self, address: Address) -> int:
        """Drop all that is kept about an address, but its suppression and what is reserved."""
        dropped = await self._writer.submit(partial(housekeeping.forget_grants, self._books, address))
        start: int | None = 0
        while start is not None:
            gone, start = await self._writer.submit(partial(housekeeping.forget_requests, self._books, address, start))
            await self._drop_files(gone)
            dropped += len(gone)
        for step in (housekeeping.forget_challenges, housekeeping.forget_entries):
            start = 0
            while start is not None:
                count, start = await self._writer.submit(partial(step, self._books, address, start))
                dropped += count
        self._books.hasher.clear()
        return dropped

    async def standing(self) -> Standing:
        """How full the ledger is."""
        oldest = await self._reader.ask(reading.oldest_outbox)
        counts = self._books.counts
        return Standing(
            waiting=counts.waiting,
            held=counts.held,
            pending_bytes=counts.pending_bytes,
            outbox=counts.outbox,
            oldest_outbox=oldest,
            entries=counts.entries,
        )

    async def _drop_files(self, owners: Sequence[str]) -> None:
        """The transaction is written, so a file that cannot be removed now is left for the next start."""
        for owner in owners:
            with contextlib.suppress(StoreError):
                await self._holds.drop(owner)
