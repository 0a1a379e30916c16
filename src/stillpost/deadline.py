"""Waiting for something, but not for long: nothing is paid for a deadline where nothing has to be waited for."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar, final

_T = TypeVar("_T")


async def within(seconds: float, doing: Coroutine[Any, Any, _T]) -> _T:
    """What the coroutine returns, if it does so within ``seconds``; otherwise it is cancelled. Raises TimeoutError.

    It runs in this task. The clock is started only when it first waits: a timer that is set and taken back costs as
    much as counting an event under a meter, and most of what could wait does not.
    """
    try:
        awaited = doing.send(None)
    except StopIteration as done:
        result: _T = done.value
        return result
    async with asyncio.timeout(seconds):
        return await _Rest(doing, awaited)


@final
class _Rest(Generic[_T]):
    """The rest of a coroutine that waits for ``awaited``."""

    __slots__ = ("_awaited", "_doing")

    def __init__(self, doing: Coroutine[Any, Any, _T], awaited: object) -> None:
        self._doing = doing
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, _T]:
        awaited = self._awaited
        while True:
            step: Callable[[Any], Any] = self._doing.send
            try:
                what = yield awaited
            except GeneratorExit:
                self._doing.close()
                raise
            except BaseException as error:  # noqa: BLE001  # a cancellation, handed on to who waits
                step, what = self._doing.throw, error
            try:
                awaited = step(what)
            except StopIteration as done:
                result: _T = done.value
                return result
