"""Deletes what is over and measures how full we are, every minute; never by a clock that has just jumped."""

import asyncio
from datetime import datetime, timedelta
from typing import Final, final

from stillpost.service.wiring import House
from stillpost.store.protocol import StoreError

EVERY: Final = timedelta(seconds=60)
SETTLED: Final = timedelta(hours=1)
"""So long the clock must have run evenly before anything is deleted by it."""
_UNEVEN: Final = timedelta(minutes=5)


@final
class Pace:
    """Whether the clock runs evenly: beside one that nobody can set, whose readings are seconds since some moment.

    A machine that starts with a wrong clock, or a time server that is wrong for a minute, must not make us delete what
    people wait for. So nothing is deleted in the first hour, nor in the hour after a jump of more than five minutes.
    """

    def __init__(self, at: datetime, steady: float) -> None:
        self._at = at
        self._steady = self._since = steady

    def jump(self, at: datetime, steady: float) -> timedelta:
        """How far the clock jumped since the last look; zero if it did not."""
        by = at - self._at - timedelta(seconds=steady - self._steady)
        self._at, self._steady = at, steady
        if abs(by) <= _UNEVEN:
            return timedelta(0)
        self._since = steady
        return by

    @property
    def settled(self) -> bool:
        """Whether it has run evenly for long enough."""
        return self._steady - self._since >= SETTLED.total_seconds()


async def keep_house(house: House, trouble: list[str]) -> None:
    """Keep house until cancelled; ``trouble`` holds what ``/healthz`` says."""
    steady = asyncio.get_running_loop().time
    pace = Pace(house.clock(), steady())
    while True:
        try:
            await keep_house_once(house, pace, steady())
            trouble.clear()
        except StoreError as error:
            house.journal.failed("store", error)
            trouble[:] = ["the store cannot be written"]
        await asyncio.sleep(EVERY.total_seconds())


async def keep_house_once(house: House, pace: Pace, steady: float) -> None:
    """Look once. Raises StoreError."""
    at = house.clock()
    if by := pace.jump(at, steady):
        house.journal.clock_jumped(by)
    if pace.settled:
        gone = await house.store.ledger.expire(at)
        for owner in gone:
            await house.store.holds.drop(owner)
        house.journal.expired(len(gone))
    standing = await house.store.ledger.standing()
    house.journal.standing(standing.waiting, standing.held, standing.pending_bytes, standing.outbox)
