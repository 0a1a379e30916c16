"""What is reserved: the one book of limits that both stores keep in memory, and how a decision is chosen by it.

Rules of this file. A row counts from its time on for the window of whoever asks, and rows that lie in the future (a
clock that jumped back) count too: jumping frees nothing. Rows go only by ``expire`` and by undoing a transaction that
failed, never to make room. Space (a reservation without a window) is held until its request is decided.

The SQLite store writes the same rows beside the request and reads them back at its start; asking the database for sums
would cost more than all the rest of a commit.
"""

from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeAlias, final

from stillpost.store.hashing import Hasher
from stillpost.store.moments import micros, span
from stillpost.store.protocol import Decision, Reservation

Row: TypeAlias = tuple[int, int, int]
"""A claim: when it was made, when it may go (both in microseconds), how much it takes."""

_FAR = 1 << 62


@final
class Claims:
    """Rows under hashed keys, oldest first, and the space held under hashed keys."""

    def __init__(self) -> None:
        self._rows: dict[bytes, list[Row]] = {}  # bounded by the limits themselves; expire() empties it
        self._weighted: set[bytes] = set()  # keys with a row of another amount than 1, which must be summed
        self._space: dict[bytes, int] = {}  # bounded by the requests that wait

    def used(self, key: bytes, after: int) -> int:
        """The sum of amounts of the rows made after this time."""
        rows = self._rows.get(key)
        if rows is None:
            return 0
        start = 0 if rows[0][0] > after else bisect_right(rows, (after, _FAR, _FAR))
        if key in self._weighted:
            return sum(row[2] for row in islice(rows, start, None))
        return len(rows) - start

    def space(self, key: bytes) -> int:
        """How much space is held under the key."""
        return self._space.get(key, 0)

    def add(self, key: bytes, row: Row) -> None:
        """Write a row down."""
        if row[2] != 1:
            self._weighted.add(key)
        rows = self._rows.get(key)
        if rows is None:
            self._rows[key] = [row]
        elif rows[-1] <= row:
            rows.append(row)
        else:
            insort(rows, row)

    def remove(self, key: bytes, row: Row) -> None:
        """Undo ``add``."""
        rows = self._rows.get(key, [])
        if row not in rows:
            return  # it expired in the meantime
        rows.remove(row)
        if not rows:
            del self._rows[key]
            self._weighted.discard(key)

    def hold(self, key: bytes, amount: int) -> None:
        """Hold space under the key; a negative amount gives it back."""
        held = self._space.get(key, 0) + amount
        if held > 0:
            self._space[key] = held
        else:
            self._space.pop(key, None)

    def expire(self, now: int, slice_size: int = 2_000) -> Iterator[int]:
        """Drop the rows whose time is over; yields how many went after each slice of keys, to give others a turn."""
        keys = list(self._rows)
        for start in range(0, len(keys), slice_size):
            dropped = 0
            for key in keys[start : start + slice_size]:
                rows = self._rows.get(key)
                if rows is None:
                    continue
                kept = [row for row in rows if row[1] > now]
                dropped += len(rows) - len(kept)
                if not kept:
                    del self._rows[key]
                    self._weighted.discard(key)
                elif len(kept) < len(rows):
                    self._rows[key] = kept
            yield dropped

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))


@final
@dataclass(frozen=True, slots=True)
class Choice:
    """Which decision of a chain can be taken, what was refused, and the rows and the space that this takes."""

    taken: Decision | None
    refused: tuple[str, ...]
    rows: tuple[tuple[bytes, Row], ...]
    space: tuple[tuple[bytes, int], ...]


def choose(claims: Claims, decision: Decision, at: datetime, hasher: Hasher) -> Choice:
    """Walk the chain to the first decision whose reservations are all granted. Changes nothing in ``claims``.

    Two reservations of one decision under one ``(name, key)`` (3 an hour and 10 a week) are one row with the longer
    window. An attempt is decided once in a commit: later decisions that name its key get the same answer, and what is
    taken under it is one row.
    """
    now = micros(at)
    made: dict[bytes, Row] = {}
    attempts: dict[bytes, bool] = {}
    refused: dict[str, None] = {}
    link: Decision | None = decision
    while link is not None:
        wanted = [(hasher.claim(claim.name, claim.key), claim) for claim in link.reservations]
        granted = [attempts[key] if key in attempts else _grants(claims, key, claim, now) for key, claim in wanted]
        every = all(granted)
        for (key, claim), grant in zip(wanted, granted, strict=True):
            if claim.attempt:
                attempts.setdefault(key, grant)
            if not grant:
                refused[claim.name] = None
            elif (every or claim.attempt) and claim.window is not None and claim.amount:
                made[key] = _wider(made.get(key), (now, now + span(claim.window), claim.amount))
        if every:
            space = tuple((key, claim.amount) for key, claim in wanted if claim.window is None and claim.amount)
            return Choice(link, tuple(refused), tuple(made.items()), space)
        link = link.otherwise
    return Choice(None, tuple(refused), tuple(made.items()), ())


def _wider(earlier: Row | None, row: Row) -> Row:
    return row if earlier is None else (row[0], max(row[1], earlier[1]), max(row[2], earlier[2]))


def _grants(claims: Claims, key: bytes, claim: Reservation, now: int) -> bool:
    """Whether there is room beside the others; what this very commit takes is in none of the sums."""
    if claim.window is None:
        return claims.space(key) + claim.amount <= claim.limit
    return claims.used(key, now - span(claim.window)) + claim.amount <= claim.limit
