"""Meters written behind: shard by shard into the database, read again at the start. Losing them does no harm.

A shard is a few thousand counters in one blob: writing it is a handful of copies, not a row per counter. A blob that is
damaged, or of a store with other bounds, is left alone and its counters begin anew.
"""

import json
import sqlite3
import struct
import zlib
from array import array
from functools import partial
from typing import Final, final

from stillpost.store.meters import CountingMeters, Record, Shard, Shards
from stillpost.store.sqlite.batch import Batch
from stillpost.store.sqlite.writer import Writer

_HEAD: Final = struct.Struct("=4sIQ")
_SIZES: Final = struct.Struct("=QQQ")
_MAGIC: Final = b"SPM1"
_EIGHT: Final = 8


@final
class Behind:
    """Writes meters behind; remembers where it stopped, so that every shard has its turn."""

    def __init__(self, meters: CountingMeters, writer: Writer) -> None:
        self._meters = meters
        self._writer = writer
        self._next = 0

    async def write(self, most: int) -> None:
        """Write at most so many of the shards that changed since they were written. Raises StoreError."""
        places = [
            (part, index, shard) for part, shards in _parts(self._meters) for index, shard in enumerate(shards.all)
        ]
        changed = [number for number, (_, _, shard) in enumerate(places) if shard.changed]
        turn = sorted(changed, key=lambda number: (number < self._next, number))[:most]
        for number in turn:
            part, index, shard = places[number]
            blob = dump_shard(shard)  # here, where nobody counts meanwhile
            shard.changed = False
            await self._writer.submit(partial(_write, part, index, blob))
            self._next = number + 1
        if turn:
            about = json.dumps([sorted(self._meters.names), sorted(self._meters.prefixes)])
            await self._writer.submit(partial(_write_about, about))


def read_meters(connection: sqlite3.Connection, meters: CountingMeters) -> None:
    """Fill empty meters with what was written behind. Raises sqlite3.Error."""
    parts = dict(_parts(meters))
    for part, index, blob in connection.execute("SELECT part, shard, body FROM meters"):
        if part in parts and 0 <= index < len(parts[part].all):
            load_shard(parts[part].all[index], blob)
    about = connection.execute("SELECT value FROM meta WHERE name = 'meters'").fetchone()
    if about is not None:
        names, prefixes = json.loads(about[0])
        meters.names.update(names)
        meters.prefixes.update(prefixes)


def _parts(meters: CountingMeters) -> tuple[tuple[str, Shards], ...]:
    return ("keys", meters.keys), ("sights", meters.sights)


def _write(part: str, index: int, blob: bytes, batch: Batch) -> None:
    batch.execute("INSERT OR REPLACE INTO meters (part, shard, body) VALUES (?, ?, ?)", (part, index, blob))


def _write_about(about: str, batch: Batch) -> None:
    batch.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('meters', ?)", (about,))


def dump_shard(shard: Shard) -> bytes:
    """A shard as bytes: both generations, under a checksum."""
    body = _dump(shard.young) + _dump(shard.old)
    return _HEAD.pack(_MAGIC, zlib.crc32(body), shard.bound) + body


def load_shard(shard: Shard, blob: bytes) -> bool:
    """Fill an empty shard; False if the blob is not of such a shard."""
    if len(blob) < _HEAD.size + 2 * _SIZES.size:
        return False
    magic, checksum, bound = _HEAD.unpack_from(blob)
    body = memoryview(blob)[_HEAD.size :]
    if magic != _MAGIC or bound != shard.bound or zlib.crc32(body) != checksum:
        return False
    young, rest = _load(body)
    shard.fill(young, _load(rest)[0])
    return True


def _dump(records: dict[int, Record]) -> bytes:
    once: list[tuple[int, float]] = []
    pairs: list[tuple[int, tuple[float, float]]] = []
    many: list[tuple[int, array[float]]] = []
    for key, record in records.items():
        if isinstance(record, float):
            once.append((key, record))
        elif isinstance(record, tuple):
            pairs.append((key, record))
        else:
            many.append((key, record))
    columns = (
        array("Q", [key for key, _ in once]),
        array("d", [at for _, at in once]),
        array("Q", [key for key, _ in pairs]),
        array("d", [pair[0] for _, pair in pairs]),
        array("d", [pair[1] for _, pair in pairs]),
        array("Q", [key for key, _ in many]),
        array("Q", [len(kept) for _, kept in many]),
    )
    head = _SIZES.pack(len(once), len(pairs), len(many))
    return b"".join((head, *(column.tobytes() for column in columns), *(kept.tobytes() for _, kept in many)))


def _load(body: memoryview) -> tuple[dict[int, Record], memoryview]:
    once, pairs, many = _SIZES.unpack_from(body)
    rest = body[_SIZES.size :]
    columns = []
    for code, length in (("Q", once), ("d", once), ("Q", pairs), ("d", pairs), ("d", pairs), ("Q", many), ("Q", many)):
        column = array(code)
        column.frombytes(rest[: length * _EIGHT])
        columns.append(column)
        rest = rest[length * _EIGHT :]
    keys, times, pair_keys, pair_times, values, many_keys, lengths = columns
    records: dict[int, Record] = dict(zip(keys, times, strict=True))
    records.update(zip(pair_keys, zip(pair_times, values, strict=True), strict=True))
    for key, length in zip(many_keys, lengths, strict=True):
        kept = array("d")
        kept.frombytes(rest[: length * _EIGHT])
        records[key] = kept
        rest = rest[length * _EIGHT :]
    return records, rest
