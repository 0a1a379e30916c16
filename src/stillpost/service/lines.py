"""The journal's lines on their way out: those of one turn of the event loop leave in one write.

Each write is a system call that gives the interpreter away; under a flood hundreds of requests are answered in one turn.
"""

import asyncio
import sys
from collections.abc import Callable
from typing import final


def to_stderr(text: str) -> None:
    """Where the journal goes: standard error, for the service manager to keep."""
    sys.stderr.write(text)
    sys.stderr.flush()


@final
class Lines:
    """Takes lines without their end and hands them to ``write``, together and in order; at once where no loop runs."""

    def __init__(self, write: Callable[[str], None] = to_stderr) -> None:
        self._write = write
        self._waiting: list[str] = []  # bounded by one turn of the loop

    def __call__(self, line: str) -> None:
        """Write a line before the loop's next turn is over."""
        self._waiting.append(line)
        if len(self._waiting) == 1:
            try:
                asyncio.get_running_loop().call_soon(self.flush)
            except RuntimeError:
                self.flush()

    def flush(self) -> None:
        """Write what waits now."""
        if self._waiting:
            lines, self._waiting = self._waiting, []
            self._write("\n".join(lines) + "\n")
