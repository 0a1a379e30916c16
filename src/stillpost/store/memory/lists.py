"""Holds and lists in dictionaries."""

from datetime import datetime
from typing import TypeAlias, final

from stillpost.store.hashing import Hasher
from stillpost.store.naming import check_name
from stillpost.store.protocol import Listed

LineKey: TypeAlias = tuple[str, bytes]
"""What a line is kept under: the list's name and the hash of its key."""


@final
class MemoryHolds:
    """The ``Holds`` in a dictionary; bounded by whoever puts."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, bytes]] = {}

    async def put(self, owner: str, name: str, content: bytes) -> None:
        """Keep ``content`` under ``(owner, name)``."""
        owner, name = check_name(owner), check_name(name)
        self._held.setdefault(owner, {})[name] = bytes(content)

    async def get(self, owner: str, name: str) -> bytes | None:
        """What was kept, or None."""
        return self._held.get(check_name(owner), {}).get(check_name(name))

    async def drop(self, owner: str) -> None:
        """Remove all of an owner's bytes."""
        self._held.pop(check_name(owner), None)

    async def owners(self) -> list[str]:
        """Everybody who has bytes here."""
        return sorted(self._held)


@final
class MemoryLists:
    """The ``Lists`` in a dictionary. The SQLite store answers from one, too, so ``has`` never waits for the disk."""

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher
        self.lines: dict[LineKey, Listed] = {}  # each line has an expiry, or an operator's hand put it here

    def key(self, name: str, key: str) -> LineKey:
        """What a line is kept under."""
        return name, self._hasher.remembered(f"list {name}", key)

    def line(self, name: str, key: str, at: datetime, until: datetime | None, note: str) -> tuple[LineKey, Listed]:
        """The line to keep for a raw key, and under what."""
        place = self.key(name, key)
        return place, Listed(name, place[1].hex(), until, note, at)

    async def has(self, name: str, key: str, at: datetime) -> bool:
        """Whether ``key`` is on the list at this time."""
        line = self.lines.get(self.key(name, key))
        return line is not None and (line.until is None or at < line.until)

    async def add(self, name: str, key: str, at: datetime, until: datetime | None, note: str = "") -> None:
        """Put ``key`` on the list, or change its line."""
        place, line = self.line(name, key, at, until, note)
        self.lines[place] = line

    async def remove(self, name: str, key: str) -> bool:
        """Take ``key`` off the list; whether it was there."""
        return self.lines.pop(self.key(name, key), None) is not None

    async def listed(self, name: str, limit: int = 1000) -> list[Listed]:
        """The list's lines, oldest first."""
        lines = [line for line in list(self.lines.values()) if line.name == name]
        return sorted(lines, key=lambda line: (line.since, line.key_hash))[:limit]

    def expire(self, at: datetime) -> list[LineKey]:
        """Drop the lines whose time is over; their keys."""
        over = [key for key, line in list(self.lines.items()) if line.until is not None and line.until <= at]
        for key in over:
            del self.lines[key]
        return over
