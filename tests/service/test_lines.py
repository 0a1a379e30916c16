"""The journal's lines leave together, in order, and none is lost."""

import asyncio

from stillpost.service.lines import Lines


def test_lines_of_one_turn_leave_in_one_write() -> None:
    written: list[str] = []

    async def turns() -> None:
        lines = Lines(written.append)
        lines("a")
        lines("b")
        assert written == []
        await asyncio.sleep(0)
        lines("c")

    asyncio.run(turns())
    assert written == ["a\nb\n", "c\n"]


def test_a_line_outside_of_a_loop_leaves_at_once() -> None:
    written: list[str] = []
    Lines(written.append)("a")
    assert written == ["a\n"]


def test_a_flush_leaves_nothing_behind_and_writes_nothing_twice() -> None:
    written: list[str] = []

    async def turns() -> None:
        lines = Lines(written.append)
        lines("a")
        lines.flush()
        await asyncio.sleep(0)

    asyncio.run(turns())
    assert written == ["a\n"]
