"""A deadline that costs nothing where nothing waits, and ends what waits too long."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from stillpost.deadline import within

Step = Callable[[], Awaitable[str]]


async def steps(*each: Step) -> list[str]:
    return [await step() for step in each]


async def ready() -> str:
    return "ready"


async def later() -> str:
    await asyncio.sleep(0)
    return "later"


async def never() -> str:
    await asyncio.Event().wait()
    return "never"


async def failing() -> str:
    message = "on purpose"
    raise LookupError(message)


FIRST = pytest.mark.parametrize("first", [pytest.param(ready, id="at once"), pytest.param(later, id="after a turn")])


@FIRST
def test_what_is_done_in_time_gives_its_result(first: Step) -> None:
    async def main() -> list[str]:
        return await within(30, steps(first, later, ready, later))

    assert asyncio.run(main())[1:] == ["later", "ready", "later"]


@FIRST
def test_what_fails_fails_as_itself(first: Step) -> None:
    async def main() -> None:
        await within(30, steps(first, failing))

    with pytest.raises(LookupError):
        asyncio.run(main())


@FIRST
def test_what_waits_too_long_is_cancelled_and_can_tidy_up(first: Step) -> None:
    tidied: list[str] = []

    async def waiting() -> None:
        try:
            await steps(first, never)
        finally:
            tidied.append(await later())

    async def main() -> None:
        await within(0, waiting())

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    assert tidied == ["later"]


def test_a_cancellation_from_outside_stays_one() -> None:
    async def main() -> None:
        task = asyncio.create_task(within(30, steps(never)))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())


def test_nothing_is_scheduled_for_what_does_not_wait() -> None:
    async def main() -> list[object]:
        loop = asyncio.get_running_loop()
        scheduled: list[object] = []
        loop.call_later = loop.call_at = lambda *call: scheduled.append(call)  # type: ignore[assignment,method-assign]
        await within(30, steps(ready, ready))
        return scheduled

    assert asyncio.run(main()) == []
