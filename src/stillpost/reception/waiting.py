"""What both halves of the outbox share: how long to wait after a failure, and finishing what was begun."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, Final, TypeVar

BATCH: Final = 32
IDLE_SECONDS: Final = 5.0
FINISH_SECONDS: Final = 8.0
"""How long a mail or ticket on its way may hold up a stop."""

_FIRST_RETRY = timedelta(seconds=5)
_LAST_RETRY = timedelta(hours=1)

_T = TypeVar("_T")


def retry_delay(attempts: int, chance: float) -> timedelta:
    """How long to wait after ``attempts`` failures: doubling from 5 s to an hour, with ``chance`` (0 to 1) as jitter."""
    doubled = _FIRST_RETRY * (1 << min(attempts, 16))
    return min(doubled, _LAST_RETRY) * (0.75 + chance / 2)


async def unhurried(work: Coroutine[Any, Any, _T]) -> _T:
    """Do it. Cancelled meanwhile, finish it first, if it takes no more than 8 seconds: a stop must not lose a mail."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=FINISH_SECONDS)
        task.cancel()
        raise
