"""Finds rows by their hashes: the newest in memory, the older ones in one table, merged into it in order.

An index per column would cost each commit five random pages. Here a commit costs five entries of a dictionary; when
enough have gathered, they are sorted and merged into the table in small steps, each a transaction of its own, so that a
page is touched once for many of them. After a crash the newest rows are read again (``meta.found`` says from where on).
"""

import sqlite3
from functools import partial
from typing import Final, TypeAlias, final

from stillpost.store.sqlite.batch import Batch

Found: TypeAlias = dict[int, "int | tuple[int, ...]"]

MERGE_AT: Final = 32_768  # hashes in memory: some megabytes, and a tenth of a second to read again
_STEP: Final = 2_048
_ROWS: Final = 256
_MOST: Final = 4_000  # rows that one hash may lead to; the newest; what lies beyond is found when those are gone


def number(digest: bytes) -> int:
    """The first 8 bytes of a hash as SQLite keeps a number."""
    return int.from_bytes(digest[:8], "big", signed=True)


@final
class Finder:
    """From hashes to nums. Written by the writer's thread only; the reader's may ask.

    ``merge_at``: how many hashes gather in memory; ``step``: how many of them one transaction merges.
    """

    def __init__(self, merge_at: int = MERGE_AT, step: int = _STEP) -> None:
        self._merge_at = merge_at
        self._step = step
        self._memory: tuple[Found, Found] = ({}, {})  # the newest, and those being merged: replaced together
        self._last = 0
        self._loaded_to = 0
        self._merging: list[int] = []
        self._merge_to = 0

    def add(self, batch: Batch, num: int, hashes: tuple[int, ...]) -> None:
        """Let these hashes lead to ``num``."""
        batch.undo(partial(self._take_out, num, hashes))
        self._put(num, hashes)

    def load(self, num: int, hashes: tuple[int, ...]) -> None:
        """The same, of a row that is on disk already; a merge that a crash stopped may have taken some of it."""
        self._loaded_to = max(self._loaded_to, num)
        self._put(num, hashes)

    def _put(self, num: int, hashes: tuple[int, ...]) -> None:
        newest = self._memory[0]
        self._last = max(self._last, num)
        for found in hashes:
            there = newest.get(found)
            newest[found] = num if there is None else (*_all(there), num)

    def remove(self, batch: Batch, num: int, hashes: tuple[int, ...]) -> None:
        """Let these hashes lead to ``num`` no more."""
        newest, leaving = self._memory
        for found in hashes:
            if num in _all(newest.get(found)):
                batch.undo(partial(self._put_back, 0, found, num))
                _drop(newest, found, num)
                if num > self._loaded_to:
                    continue  # it cannot be in the table
            elif num in _all(leaving.get(found)):
                batch.undo(partial(self._put_back, 1, found, num))
                _drop(leaving, found, num)
            batch.execute("DELETE FROM finder WHERE hash = ? AND num = ?", (found, num))

    def nums(self, connection: sqlite3.Connection, found: int) -> list[int]:
        """The nums that a hash leads to, in order; some may be of rows that are gone or of another key."""
        newest, leaving = self._memory  # before the table: what is in neither has been merged and is in it
        nums = {*_all(newest.get(found)), *_all(leaving.get(found))}
        rows = connection.execute("SELECT num FROM finder WHERE hash = ? ORDER BY num DESC LIMIT ?", (found, _MOST))
        nums.update(num for (num,) in rows.fetchall())
        return sorted(nums)

    @property
    def wants_merge(self) -> bool:
        """Whether enough has gathered, or a merge has begun."""
        return bool(self._merging) or len(self._memory[0]) >= self._merge_at

    def merge(self, batch: Batch) -> None:
        """Take one small step of a merge, in a transaction of its own."""
        if not self._merging:
            newest = self._memory[0]
            self._memory, self._merge_to = ({}, newest), self._last
            self._merging = sorted(newest, reverse=True)
        leaving = self._memory[1]
        step = self._merging[-self._step :]
        rows = [(found, num) for found in reversed(step) for num in _all(leaving.get(found))]
        for start in range(0, len(rows), _ROWS):
            part = rows[start : start + _ROWS]
            marks = ", ".join(["(?, ?)"] * len(part))
            values = tuple(value for row in part for value in row)
            batch.execute(f"INSERT OR IGNORE INTO finder (hash, num) VALUES {marks}", values)  # noqa: S608  # marks only
        if len(step) == len(self._merging):
            batch.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('found', ?)", (self._merge_to,))
        batch.after(partial(self._merged, len(step)))

    def _merged(self, count: int) -> None:
        del self._merging[-count:]
        if not self._merging:
            self._memory = (self._memory[0], {})

    def _take_out(self, num: int, hashes: tuple[int, ...]) -> None:
        for found in hashes:
            _drop(self._memory[0], found, num)

    def _put_back(self, which: int, found: int, num: int) -> None:
        memory = self._memory[which]
        memory[found] = (*_all(memory.get(found)), num)


def _all(there: int | tuple[int, ...] | None) -> tuple[int, ...]:
    if there is None:
        return ()
    return (there,) if isinstance(there, int) else there


def _drop(memory: Found, found: int, num: int) -> None:
    left = tuple(other for other in _all(memory.get(found)) if other != num)
    if not left:
        memory.pop(found, None)
    else:
        memory[found] = left[0] if len(left) == 1 else left
