"""Lists: lines in the database, answered from memory."""

from datetime import datetime
from functools import partial
from typing import final

from stillpost.store.memory.lists import LineKey
from stillpost.store.moments import micros
from stillpost.store.protocol import Listed
from stillpost.store.sqlite.batch import Batch
from stillpost.store.sqlite.books import Books
from stillpost.store.sqlite.writer import Writer


def put_line(books: Books, batch: Batch, key: LineKey, line: Listed) -> None:
    """Put a line on its list, or change it."""
    until = None if line.until is None else micros(line.until)
    batch.execute(
        "INSERT OR REPLACE INTO lists (name, key, until, note, since) VALUES (?, ?, ?, ?, ?)",
        (*key, until, line.note, micros(line.since)),
    )
    batch.after(partial(books.lists.put, key, line))


def take_line(books: Books, batch: Batch, key: LineKey) -> bool:
    """Take a line off its list; whether it was there."""
    gone = batch.execute("DELETE FROM lists WHERE name = ? AND key = ?", key).rowcount > 0
    batch.after(partial(books.lists.take, key))
    return gone


@final
class SqliteLists:
    """The ``Lists``: durable when ``add`` and ``remove`` return; ``has`` never waits."""

    def __init__(self, books: Books, writer: Writer) -> None:
        self._books = books
        self._writer = writer
        self.has = books.lists.has
        self.listed = books.lists.listed
        self.size = books.lists.size

    async def add(
        self, name: str, key: str, at: datetime, until: datetime | None, note: str = "", at_most: int | None = None
    ) -> bool:
        """Put ``key`` on the list, or change its line; a line that says the same already is not written again."""
        lists = self._books.lists
        place, line = lists.line(name, key, at, until, note)
        if not lists.admits(place, line, at_most):
            return False
        if not lists.says(place, line):
            await self._writer.submit(lambda batch: put_line(self._books, batch, place, line))
        return True

    async def remove(self, name: str, key: str) -> bool:
        """Take ``key`` off the list; whether it was there."""
        place = self._books.lists.key(name, key)
        return await self._writer.submit(lambda batch: take_line(self._books, batch, place))
