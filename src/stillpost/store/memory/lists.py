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
    """The ``Lists`` in dictionaries. The SQLite store answers from them, too, so ``has`` never waits for the disk."""

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher
        self._lines: dict[str, dict[bytes, Listed]] = {}  # lines expire, or an operator's hand put them here

    def key(self, name: str, key: str) -> LineKey:
        """What a line is kept under."""
        return name, self._hasher.remembered(f"list {name}", key)

    def line(self, name: str, key: str, at: datetime, until: datetime | None, note: str) -> tuple[LineKey, Listed]:
        """The line to keep for a raw key, and under what."""
        place = self.key(name, key)
        return place, Listed(name, place[1].hex(), until, note, at)

    def at(self, place: LineKey) -> Listed | None:
        """The line at this place."""
        return self._lines.get(place[0], {}).get(place[1])

    def put(self, place: LineKey, line: Listed) -> None:
        """Keep a line."""
        self._lines.setdefault(place[0], {})[place[1]] = line

    def take(self, place: LineKey) -> bool:
        """Drop a line; whether it was there."""
        return self._lines.get(place[0], {}).pop(place[1], None) is not None

    def admits(self, place: LineKey, line: Listed, at_most: int | None) -> bool:
        """Whether a line may be put: it is there already, or there is room for one more."""
        lines = self._lines.get(place[0], {})
        return at_most is None or place[1] in lines or len(lines) < at_most

    def says(self, place: LineKey, line: Listed) -> bool:
        """Whether the line is there already, with the same end and the same note."""
        there = self.at(place)
        return there is not None and there.until == line.until and there.note == line.note

    async def has(self, name: str, key: str, at: datetime) -> bool:
        """Whether ``key`` is on the list at this time."""
        line = self.at(self.key(name, key))
        return line is not None and (line.until is None or at < line.until)

    async def add(
        self, name: str, key: str, at: datetime, until: datetime | None, note: str = "", at_most: int | None = None
    ) -> bool:
        """Put ``key`` on the list, or change its line."""
        place, line = self.line(name, key, at, until, note)
        if not self.admits(place, line, at_most):
            return False
        if not self.says(place, line):
            self.put(place, line)
        return True

    async def remove(self, name: str, key: str) -> bool:
        """Take ``key`` off the list; whether it was there."""
        return self.take(self.key(name, key))

    async def listed(self, name: str, limit: int = 1000) -> list[Listed]:
        """The list's lines, oldest first."""
        lines = list(self._lines.get(name, {}).values())
        return sorted(lines, key=lambda line: (line.since, line.key_hash))[:limit]

    async def size(self, name: str) -> int:
        """How many lines the list has."""
        return len(self._lines.get(name, {}))

    def expire(self, at: datetime) -> None:
        """Drop the lines whose time is over."""
        for lines in list(self._lines.values()):
            over = [key for key, line in list(lines.items()) if line.until is not None and line.until <= at]
            for key in over:
                lines.pop(key, None)
