"""One thread writes: whatever is queued shares one transaction, and nobody is answered before it is on disk.

A transaction that fails is taken back, in memory too, and its jobs are tried one by one, so that a bad one fails alone
and a full disk fails exactly those who wait; the next job finds the store as it was and may well succeed.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar, final

from stillpost.store.protocol import StoreError
from stillpost.store.sqlite.batch import Batch

MOST_JOBS: Final = 256  # in one transaction: what is behind them waits for a few milliseconds at most

_T = TypeVar("_T")
Work: TypeAlias = Callable[[Batch], _T]
_Job: TypeAlias = "tuple[Work[Any], asyncio.Future[Any]]"
_Outcome: TypeAlias = "tuple[asyncio.Future[Any], Any, BaseException | None]"


@final
class Writer:
    """A queue of jobs and the thread that does them. Belongs to the event loop it was made in.

    ``chore`` is asked after each transaction for something small to do in one of its own (None: nothing).
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        begin: Callable[[sqlite3.Connection], Batch],
        most_queued: int,
        chore: Callable[[], "Work[None] | None"],
    ) -> None:
        self._connection = connection
        self._begin = begin
        self._chore = chore
        self._most_queued = most_queued
        self._queued = 0
        self._closed = ""
        self._gathered: list[_Job] = []  # in this turn of the loop; with the others bounded by most_queued
        self._jobs: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._left: list[_Job] = []  # taken by the thread, too many for one transaction
        self._ended = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="stillpost-writer", daemon=True)
        self._thread.start()

    def submit(self, work: "Work[_T]") -> "asyncio.Future[_T]":
        """Do this in the next transaction; the future is done when it is on disk. Raises StoreError."""
        if self._closed:
            raise StoreError(self._closed)
        if self._queued >= self._most_queued:
            message = f"{self._queued} writes wait for the disk already"
            raise StoreError(message)
        self._queued += 1
        future: asyncio.Future[_T] = self._loop.create_future()
        self._gathered.append((work, future))
        if len(self._gathered) == 1:
            self._loop.call_soon(self._hand_over)
        return future

    def _hand_over(self) -> None:
        """Give the thread what one turn of the loop has asked for: it is woken once, not once for each request."""
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            self._jobs.put(gathered)

    async def close(self) -> None:
        """Do what is queued, then end."""
        if not self._closed:
            self._closed = "the store is closed"
            self._hand_over()
            self._jobs.put(None)
        await self._loop.run_in_executor(None, self._thread.join)

    def _run(self) -> None:
        while jobs := self._next():
            outcomes = self._do(jobs)
            self._loop.call_soon_threadsafe(self._tell, outcomes)
            self._chores()

    def _next(self) -> list[_Job]:
        """What is queued, at least one job; nothing at the end."""
        jobs = self._left
        while len(jobs) < MOST_JOBS and not self._ended:
            try:
                more = self._jobs.get(block=not jobs)
            except queue.Empty:
                break
            if more is None:
                self._ended = True
            else:
                jobs += more
        self._left = jobs[MOST_JOBS:]
        return jobs[:MOST_JOBS]

    def _do(self, jobs: list[_Job]) -> list[_Outcome]:
        try:
            return self._together(jobs)
        except Exception as error:  # noqa: BLE001  # told to whoever waits for it
            if len(jobs) == 1:
                return [(jobs[0][1], None, told(error))]
        return [outcome for job in jobs for outcome in self._do([job])]

    def _together(self, jobs: list[_Job]) -> list[_Outcome]:
        batch = self._begin(self._connection)
        outcomes: list[_Outcome] = []
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for work, future in jobs:
                touched = batch.touched
                try:
                    outcomes.append((future, work(batch), None))
                except Exception as error:
                    if batch.touched != touched:
                        raise  # it wrote something: the transaction goes, and the others are done again
                    outcomes.append((future, None, told(error)))
            batch.flush()
            self._connection.execute("COMMIT")
        except BaseException:
            batch.failed()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        batch.succeeded()
        return outcomes

    def _chores(self) -> None:
        """One small thing after each transaction, all of them while nobody waits."""
        while (work := self._chore()) is not None:
            outcomes = self._do([(work, self._loop.create_future())])
            if outcomes[0][2] is not None or not self._jobs.empty():
                return

    def _tell(self, outcomes: list[_Outcome]) -> None:
        self._queued -= len(outcomes)
        for future, value, error in outcomes:
            if future.cancelled():
                continue
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)


def told(error: Exception) -> Exception:
    """What a caller is told: what the database says as a StoreError, anything else as it is."""
    if not isinstance(error, sqlite3.Error):
        return error
    message = _SAID.get(str(error), str(error))
    return StoreError(message)


_DAMAGED: Final = "the database is damaged: stop Stillpost, then bring back a copy of it or move it away"

_SAID: Final = {
    "database or disk is full": "the disk is full: nothing was written",
    "attempt to write a readonly database": "the database cannot be written: the file or its directory is read-only",
    "database disk image is malformed": _DAMAGED,
    "file is not a database": _DAMAGED,
    "disk I/O error": "the disk failed or is full: nothing was written",
}
