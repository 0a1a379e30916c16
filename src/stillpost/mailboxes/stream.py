"""A compressed stream that ends quietly: what is broken or a bomb ends it, and says so, and nothing is raised.

So the mails before the break are all read, and the break is told once.
"""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final, final
from zipfile import BadZipFile

from stillpost.language import N_

BOMB_RATIO: Final = (
    250  # mail packs 2 to 20 times smaller, even one mail many times over seldom more than a hundred times
)
BOMB_FROM_BYTES: Final = 67_108_864  # below it any ratio is fine
SKIP_BYTES: Final = 1_048_576

BROKEN: Final = N_("the archive is broken or cut off; what comes after could not be read")
BOMB: Final = N_("it unpacks to far more than mail does; it was not unpacked further")

_MAGIC: Final = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_ERRORS: Final = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    BadZipFile,
    ValueError,
    RuntimeError,
    NotImplementedError,
)


@final
class Budget:
    """How much may still be unpacked out of one archive of ``packed_bytes``."""

    def __init__(self, packed_bytes: int) -> None:
        self.left = max(BOMB_FROM_BYTES, BOMB_RATIO * packed_bytes)


@final
class Quiet(io.RawIOBase):
    """A stream to read forward; ``trouble`` says why it ended before its end, empty where it did not."""

    def __init__(self, file: IO[bytes], budget: Budget) -> None:
        super().__init__()
        self._file = file
        self._read1: Callable[[int], bytes] = file.read1  # type: ignore[attr-defined]  # else a break takes with it what came before
        self._budget = budget
        self.at = 0
        self.trouble = ""

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes (none given: what comes in one go); empty at the end, whatever ended it."""
        if self.trouble:
            return b""
        wanted = SKIP_BYTES if size < 0 else size
        pieces: list[bytes] = []
        try:
            while wanted > 0 and (piece := self._read1(min(wanted, SKIP_BYTES))):
                pieces.append(piece)
                wanted -= len(piece)
                self._budget.left -= len(piece)
                if self._budget.left < 0:
                    self.trouble = BOMB
                    break
        except _ERRORS:
            self.trouble = BROKEN
        found = b"".join(pieces)
        self.at += len(found)
        return found

    def skip_to(self, place: int) -> bool:
        """Read on until ``place``, a number of bytes from the beginning; whether it was reached."""
        while self.at < place and self.read(min(SKIP_BYTES, place - self.at)):
            pass
        return self.at == place

    def close(self) -> None:
        """Close the file below."""
        self._file.close()
        super().close()


def is_compressed(beginning: bytes) -> bool:
    """True for gzip, bzip2 and xz."""
    return any(beginning.startswith(magic) for magic in _MAGIC)


def unpacked(path: Path) -> Quiet:
    """The file's content, unpacked where it is gzip, bzip2 or xz. Raises OSError where it cannot be opened."""
    with path.open("rb") as file:
        beginning = file.read(8)
    budget = Budget(path.stat().st_size)
    opener = next((opener for magic, opener in _MAGIC.items() if beginning.startswith(magic)), None)
    if opener is None:
        return Quiet(path.open("rb"), budget)
    return Quiet(opener(path, "rb"), budget)  # type: ignore[operator]  # each of them opens a path
