"""A mailbox's past in order: notes sorted by arrival, however many, in a bounded stretch of memory.

Folders are in no order (Takeout's least of all), and every rule here is about time. So notes are sorted in runs; a run
that is full goes to a file without a name, gone when the past is closed, and the runs are merged as they are read back.
"""

import heapq
import marshal
import os
from collections.abc import Iterator, Sequence
from tempfile import TemporaryFile
from types import TracebackType
from typing import Final, final

from stillpost.scan.note import Note

RUN_NOTES: Final = 20_000
_CHUNK_NOTES: Final = 200
_LENGTH_BYTES: Final = 4


@final
class Past:
    """Notes go in in any order and come out in order of arrival."""

    def __init__(self, run_notes: int = RUN_NOTES) -> None:
        self._run_notes = run_notes
        self._run: list[Note] = []
        self._file = TemporaryFile(buffering=0)  # noqa: SIM115  # closed by close
        self._ends = [0]  # of the runs in the file

    def __enter__(self) -> "Past":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, note: Note) -> None:
        """Put a note in."""
        self._run.append(note)
        if len(self._run) >= self._run_notes:
            self.add_packed(packed(self._run))
            self._run = []

    def add_packed(self, run: bytes) -> None:
        """Put in a run that ``packed`` made, here or in another process."""
        self._file.write(run)
        self._ends.append(self._ends[-1] + len(run))

    def in_order(self) -> Iterator[Note]:
        """Every note, by arrival, then by digest, so that copies of one mail follow one another."""
        self._run.sort()
        descriptor = self._file.fileno()
        runs = [_unpacked(descriptor, at, end) for at, end in zip(self._ends, self._ends[1:], strict=False)]
        return heapq.merge(self._run, *runs) if runs else iter(self._run)


def packed(notes: Sequence[Note]) -> bytes:
    """A sorted run as bytes, for ``Past.add_packed``."""
    ordered = sorted(notes)
    pieces: list[bytes] = []
    for start in range(0, len(ordered), _CHUNK_NOTES):
        chunk = marshal.dumps([tuple(note) for note in ordered[start : start + _CHUNK_NOTES]])
        pieces += [len(chunk).to_bytes(_LENGTH_BYTES), chunk]
    return b"".join(pieces)


def _unpacked(descriptor: int, at: int, end: int) -> Iterator[Note]:
    while at < end:
        size = int.from_bytes(os.pread(descriptor, _LENGTH_BYTES, at))
        at += _LENGTH_BYTES
        chunk = marshal.loads(os.pread(descriptor, size, at))  # noqa: S302  # our own file, which has no name
        at += size
        for values in chunk:
            yield Note._make(values)
