"""Whom the owners of mailboxes know, and who took part in a wave on them: durable lists, one line a pair.

What an owner wrote is kept apart from what only arrived, and every list has a bound that newcomers cannot push others out
of. An earlier mail makes its sender known only ``ACCEPTED_AFTER`` it, since the first mails of a wave look as harmless as
any; who waits for that is kept in memory alone.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, final

from stillpost.mail.domains import is_free_mail
from stillpost.model import Address, Mail
from stillpost.store.protocol import Lists

WROTE, SENT_ID, ACCEPTED, IN_WAVE = "wrote-to", "sent-id", "accepted", "in-wave"
ACCEPTED_AFTER: Final = timedelta(hours=4)
KNOWN_FOR: Final = timedelta(days=400)
THREAD_FOR: Final = timedelta(days=90)
TAIL: Final = timedelta(days=30)
_LINES_MAX: Final = 200_000  # of each list, 400 bytes a line; what comes beyond is not learned
_PENDING_MAX: Final = 100_000
_THREAD_MAX: Final = 8


@final
@dataclass(frozen=True, slots=True)
class Pending:
    """A newcomer's mail that was let through: whose mailbox, who, and when he is known."""

    due: datetime
    mailbox: str
    identity: str


@final
@dataclass(frozen=True, slots=True)
class Acquaintance:
    """Who is known to whom. ``pending`` belongs to one event loop."""

    lists: Lists
    pending: deque[Pending] = field(default_factory=lambda: deque(maxlen=_PENDING_MAX))

    async def wrote(self, owner: Address, to: Address, message_id: str, at: datetime) -> None:
        """The owner wrote to somebody: he is known, his organization is, and so is who answers. Raises StoreError."""
        keys = [to.limit_key] if is_free_mail(to.domain) else [to.limit_key, to.organization]
        for key in keys:
            await self._add(WROTE, owner.limit_key, key, at, at + KNOWN_FOR)
        if message_id:
            await self._add(SENT_ID, owner.limit_key, message_id, at, at + THREAD_FOR)

    async def knows(self, event: Mail) -> str:
        """Why the sender of a mail is known to its recipient, in one word; empty for a newcomer. Raises StoreError."""
        owner = event.recipient.limit_key
        author = event.header_from
        for key in (event.identity, author.limit_key if author else "", author.organization if author else ""):
            if key and await self._has(WROTE, owner, key, event.at):
                return "written-to"
        for answered in event.thread[:_THREAD_MAX]:
            if await self._has(SENT_ID, owner, answered, event.at):
                return "thread"
        return "accepted" if event.identity and await self._has(ACCEPTED, owner, event.identity, event.at) else ""

    async def is_in_wave(self, event: Mail) -> bool:
        """Whether the sender, or the thread, took part in a wave on this mailbox lately. Raises StoreError."""
        owner = event.recipient.limit_key
        keys = (event.identity, *event.thread[:_THREAD_MAX])
        for key in keys:
            if key and await self._has(IN_WAVE, owner, key, event.at):
                return True
        return False

    async def took_part(self, mailbox: str, identity: str, message_id: str, at: datetime) -> None:
        """Somebody took part in a wave on this mailbox; he does not become known by that. Raises StoreError."""
        for key in (identity, message_id):
            if key:
                await self._add(IN_WAVE, mailbox, key, at, at + TAIL)
        for each in [one for one in self.pending if (one.mailbox, one.identity) == (mailbox, identity)]:
            self.pending.remove(each)

    async def came(self, event: Mail) -> None:
        """A newcomer's mail was let through; in a few hours he is known. Raises StoreError."""
        await self.settle(event.at)
        if event.identity:
            self.pending.append(Pending(event.at + ACCEPTED_AFTER, event.recipient.limit_key, event.identity))

    async def settle(self, at: datetime) -> None:
        """Whoever was let through long enough ago is known. Raises StoreError."""
        while self.pending and self.pending[0].due <= at:
            one = self.pending.popleft()
            await self._add(ACCEPTED, one.mailbox, one.identity, at, at + KNOWN_FOR)

    async def welcome(self, mailbox: str, identity: str, at: datetime) -> None:
        """The owner released a mail of his: he is known, and no part of a wave any more. Raises StoreError."""
        await self._add(WROTE, mailbox, identity, at, at + KNOWN_FOR)
        await self.lists.remove(IN_WAVE, f"{mailbox}|{identity}")

    async def _has(self, name: str, mailbox: str, key: str, at: datetime) -> bool:
        return await self.lists.has(name, f"{mailbox}|{key[:998]}", at)

    async def _add(self, name: str, mailbox: str, key: str, at: datetime, until: datetime) -> None:
        """One line; nothing is written where it is there already and good for half of its time."""
        line = f"{mailbox}|{key[:998]}"
        if not await self.lists.has(name, line, at + (until - at) / 2):
            await self.lists.add(name, line, at, until, at_most=_LINES_MAX)
