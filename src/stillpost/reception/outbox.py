"""The outbox: challenges go to the relay at most once, tickets to the helpdesk at least once.

Both wait in the ledger from the commit on, so a crash loses neither. The two halves work beside each other: a helpdesk
that hangs keeps no challenge waiting, nor a relay a ticket.
"""

import asyncio
from dataclasses import dataclass, field
from typing import final

from stillpost.journal import Journal
from stillpost.reception.challenging import Challenging
from stillpost.reception.delivering import Delivering
from stillpost.reception.waiting import IDLE_SECONDS
from stillpost.store.protocol import StoreError


@final
@dataclass(frozen=True, slots=True)
class Wake:
    """Tells both halves that something was put into the outbox."""

    challenges: asyncio.Event = field(default_factory=asyncio.Event)
    tickets: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self) -> None:
        """Wake both."""
        self.challenges.set()
        self.tickets.set()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Works the ledger's outbox."""

    challenging: Challenging
    delivering: Delivering
    journal: Journal
    wake: Wake

    async def run(self) -> None:
        """Work until cancelled; what was begun is finished first."""
        async with asyncio.TaskGroup() as halves:
            halves.create_task(self._challenges())
            halves.create_task(self.delivering.run(self.wake.tickets))

    async def work(self) -> int:
        """Work on what is due, once; how many items left the outbox or were put off. Raises StoreError."""
        return await self.challenging.work() + await self.delivering.work()

    async def _challenges(self) -> None:
        """A failing store is waited for, not given up."""
        while True:
            self.wake.challenges.clear()
            try:
                worked = await self.challenging.work()
            except StoreError as error:
                self.journal.failed("outbox", error)
                worked = 0
            if not worked:
                try:
                    async with asyncio.timeout(IDLE_SECONDS):
                        await self.wake.challenges.wait()
                except TimeoutError:
                    continue
