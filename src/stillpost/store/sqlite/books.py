"""What the writer keeps in memory beside the database: read once at the start, changed with each commit."""

import sqlite3
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, final

from stillpost.model import RequestState
from stillpost.store.claims import Claims, Row
from stillpost.store.hashing import Hasher
from stillpost.store.keeping import UNDECIDED, WAITING
from stillpost.store.memory.lists import MemoryLists
from stillpost.store.moments import moment
from stillpost.store.options import StoreOptions
from stillpost.store.protocol import Listed
from stillpost.store.sqlite.batch import Batch
from stillpost.store.sqlite.finder import Finder, number

_ROW: Final = struct.Struct("<16sqqq")
_SPACE: Final = struct.Struct("<16sq")
_NUMBERED: Final = ("entries", "requests", "challenges", "claims", "space")


@final
@dataclass(slots=True)
class Counts:
    """How many there are of what."""

    waiting: int = 0
    held: int = 0
    pending_bytes: int = 0
    outbox: int = 0
    entries: int = 0

    def undecided(self, state: RequestState, size_bytes: int, by: int) -> None:
        """A request of this state and size comes (``by`` 1) or goes (-1)."""
        if state in UNDECIDED:
            self.pending_bytes += by * size_bytes
            if state is RequestState.HELD:
                self.held += by
            else:
                self.waiting += by


@final
@dataclass(slots=True)
class Books:
    """Claims, lists, the finder, the counts and the last number given. The writer's thread changes them."""

    hasher: Hasher
    options: StoreOptions
    lists: MemoryLists
    claims: Claims = field(default_factory=Claims)
    finder: Finder = field(default_factory=Finder)
    counts: Counts = field(default_factory=Counts)
    num: int = 0

    def begin(self, connection: sqlite3.Connection) -> Batch:
        """A transaction that takes the counts back if it fails (everything else is undone by whoever does it)."""
        batch, counts = Batch(connection), self.counts
        self.counts = Counts(counts.waiting, counts.held, counts.pending_bytes, counts.outbox, counts.entries)
        batch.undo(partial(setattr, self, "counts", counts))
        return batch

    def next_num(self) -> int:
        """The next number of the one sequence."""
        self.num += 1
        return self.num

    def find(self, kind: str, raw: str) -> int:
        """The hash under which the finder keeps a key of this kind."""
        return number(self.hasher.digest(kind, raw))

    def claim(self, batch: Batch, num: int, rows: Iterable[tuple[bytes, Row]]) -> None:
        """Write claims down, here and in the database."""
        packed, until = [], 0
        for key, row in rows:
            self.claims.add(key, row)
            batch.undo(partial(self.claims.remove, key, row))
            packed.append(_ROW.pack(key, *row))
            until = max(until, row[1])
        if packed:
            batch.insert("claims", (num, until, b"".join(packed)))

    def hold_space(self, batch: Batch, num: int, space: Iterable[tuple[bytes, int]]) -> None:
        """Hold space for a request that is not decided."""
        packed = []
        for key, amount in space:
            self.claims.hold(key, amount)
            batch.undo(partial(self.claims.hold, key, -amount))
            packed.append(_SPACE.pack(key, amount))
        if packed:
            batch.insert("space", (num, b"".join(packed)))

    def free_space(self, batch: Batch, num: int) -> None:
        """Give back the space of a request that is decided."""
        for (packed,) in batch.select("SELECT body FROM space WHERE num = ?", (num,)):
            batch.execute("DELETE FROM space WHERE num = ?", (num,))
            for key, amount in _SPACE.iter_unpack(packed):
                self.claims.hold(key, -amount)
                batch.undo(partial(self.claims.hold, key, amount))


def read_books(connection: sqlite3.Connection, hasher: Hasher, options: StoreOptions) -> Books:
    """The books as the database has them. Raises sqlite3.Error."""
    books = Books(hasher, options, MemoryLists(hasher))
    _read_claims(connection, books.claims)
    for name, key, until, note, since in connection.execute("SELECT name, key, until, note, since FROM lists"):
        ends = None if until is None else moment(until)
        books.lists.put((name, key), Listed(name, key.hex(), ends, note, moment(since)))
    for state, count, size in connection.execute("SELECT state, count(*), sum(size) FROM requests GROUP BY state"):
        if state in UNDECIDED:
            books.counts.pending_bytes += size
            if state == RequestState.HELD:
                books.counts.held += count
            else:
                books.counts.waiting += count
    (books.counts.outbox,) = connection.execute("SELECT count(*) FROM outbox").fetchone()
    (books.counts.entries,) = connection.execute("SELECT count(*) FROM entries").fetchone()
    last = " UNION ALL ".join(f"SELECT max(num) FROM {table}" for table in _NUMBERED)  # noqa: S608  # our own names
    books.num = max(num or 0 for (num,) in connection.execute(last))
    _read_newest(connection, books)
    return books


def _read_newest(connection: sqlite3.Connection, books: Books) -> None:
    """What was not merged into the finder's table yet."""
    found = connection.execute("SELECT value FROM meta WHERE name = 'found'").fetchone() or (0,)
    add = books.finder.load
    for num, event_id in connection.execute("SELECT num, event_id FROM entries WHERE num > ?", found):
        add(num, (books.find("id", event_id),))
    for num, challenge_id in connection.execute("SELECT num, id FROM challenges WHERE num > ?", found):
        add(num, (books.find("challenge", challenge_id),))
    for num, name, secret, token, proof, state in connection.execute(
        "SELECT num, id, secret, token, proof, state FROM requests WHERE num > ?", found
    ):
        add(num, (books.find("id", name), number(secret)))
        if state in WAITING:
            add(num, (number(token), number(proof)))


def _read_claims(connection: sqlite3.Connection, claims: Claims) -> None:
    expired = connection.execute("SELECT value FROM meta WHERE name = 'expired'").fetchone() or (0,)
    for (packed,) in connection.execute("SELECT body FROM claims ORDER BY num"):
        for key, *row in _ROW.iter_unpack(packed):
            if row[1] > expired[0]:
                claims.add(key, (row[0], row[1], row[2]))
    for (packed,) in connection.execute("SELECT body FROM space"):
        for key, amount in _SPACE.iter_unpack(packed):
            claims.hold(key, amount)
