"""A durable store for one machine: one SQLite file, one process, one writing thread."""

import asyncio
import contextlib
import os
import sqlite3
import struct
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from stillpost.store.hashing import Hasher
from stillpost.store.keeping import WORDLESS
from stillpost.store.meters import CountingMeters
from stillpost.store.options import StoreOptions
from stillpost.store.protocol import Store, StoreError
from stillpost.store.sqlite import reading
from stillpost.store.sqlite.batch import Batch
from stillpost.store.sqlite.behind import Behind, read_meters
from stillpost.store.sqlite.books import Books, read_books
from stillpost.store.sqlite.files import FileHolds
from stillpost.store.sqlite.ledger import Reader, SqliteLedger
from stillpost.store.sqlite.listing import SqliteLists
from stillpost.store.sqlite.lock import take_lock
from stillpost.store.sqlite.schema import MIGRATIONS, check_key, connect, migrate
from stillpost.store.sqlite.writer import Writer, told

DATABASE_NAME: Final = "stillpost.db"
HOLDS_NAME: Final = "holds"


@asynccontextmanager
async def open_sqlite(state: Path, store_key: bytes, options: StoreOptions | None = None) -> AsyncIterator[Store]:
    """Take the store in the state directory (made if missing, 0700), bring its schema up to date, close it at the end.

    Raises StoreInUseError if another process has it; StoreError if it cannot be written, is damaged or of a newer
    Stillpost; ValueError for a store key that is too short.
    """
    hasher, options = Hasher(store_key), options or StoreOptions()
    meters = CountingMeters(hasher, options)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(os.close, await asyncio.to_thread(take_lock, state))
        connection, books = await asyncio.to_thread(_open, state / DATABASE_NAME, hasher, options, meters)
        stack.callback(connection.close)
        writer = Writer(connection, books.begin, options.queue, partial(_chore, books))
        stack.push_async_callback(writer.close)
        reader = Reader(await asyncio.to_thread(connect, state / DATABASE_NAME, reading=True))
        stack.callback(reader.close)
        behind, holds = Behind(meters, writer), FileHolds(state / HOLDS_NAME)
        stack.push_async_callback(_write_all, behind)
        await _sweep(holds, reader, books)
        ledger = SqliteLedger(books, writer, reader, holds, behind)
        yield Store(meters=meters, ledger=ledger, holds=holds, lists=SqliteLists(books, writer))


def _open(
    path: Path, hasher: Hasher, options: StoreOptions, meters: CountingMeters
) -> tuple[sqlite3.Connection, Books]:
    """The writer's connection and what it keeps in memory, meters included."""
    connection = None
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        connection = connect(path)
        migrate(connection, MIGRATIONS)
        check_key(connection, hasher)
        books = read_books(connection, hasher, options)
        read_meters(connection, meters)
    except BaseException as error:
        if connection is not None:
            connection.close()
        if not isinstance(error, StoreError | sqlite3.Error | OSError | ValueError | struct.error):
            raise
        message = f"{path} cannot be opened: {told(error)}"
        raise StoreError(message) from error
    return connection, books


def _chore(books: Books) -> Callable[[Batch], None] | None:
    return books.finder.merge if books.finder.wants_merge else None


async def _write_all(behind: Behind) -> None:
    with contextlib.suppress(StoreError):  # the disk is full, say: meters may be lost
        await behind.write(sys.maxsize)


async def _sweep(holds: FileHolds, reader: Reader, books: Books) -> None:
    """Remove what a crash left of files: those of requests that are over, and those that no commit followed."""
    for owner in await holds.owners():
        if await reader.ask(partial(_is_over, books, owner)):
            await holds.drop(owner)


def _is_over(books: Books, owner: str, connection: sqlite3.Connection) -> bool:
    request = reading.request(connection, books, owner)
    if request is None:
        return reading.entry(connection, books, owner) is None
    return request.state in WORDLESS or not request.attachments
