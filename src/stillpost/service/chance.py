"""Unguessable bytes without asking the kernel for each request: a system call costs as much as a detector."""

import secrets
from collections.abc import Callable
from typing import Final, final

_DRAWN_BYTES: Final = 4_096


@final
class Chance:
    """Gives out the kernel's randomness, drawn in larger pieces; every byte once. Belongs to one thread of one process."""

    def __init__(self, draw: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._draw = draw
        self._drawn = b""
        self._at = 0

    def __call__(self, size_bytes: int) -> bytes:
        """``size_bytes`` unguessable bytes, at least 0."""
        if self._at + size_bytes > len(self._drawn):
            self._drawn, self._at = self._draw(max(size_bytes, _DRAWN_BYTES)), 0
        start = self._at
        self._at += size_bytes
        return self._drawn[start : self._at]
