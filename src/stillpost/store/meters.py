"""Counters in memory, for both stores: bounded, exact up to their cap, and quick.

A key hit once is a time (and its value) and nothing else, since most keys of an attack are never seen again; from the
second hit on it is a ``tally``. At the bound every new key costs the least recently used one. What keeps more weighs
more: ``max_keys`` bounds the memory, not only the number. First sights are remembered apart, by the same rule, for 400
days.
"""

from array import array
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, TypeAlias, final

from stillpost.model import Meter, Reading
from stillpost.store import tally
from stillpost.store.hashing import METER_BITS, Hasher, meter_number
from stillpost.store.options import StoreOptions
from stillpost.store.tally import Tally

Record: TypeAlias = "float | tuple[float, float] | Tally"
"""What is kept under a key. Hit once: the time, with the value if it counts distinct ones."""

SIGHTS_DAYS: Final = 400

_SHARD_BITS: Final = 6
_SMALLEST: Final = 512  # where a shard were smaller than this, one does
_VALUE_BITS: Final = 51
_SPREAD: Final = 0x9E3779B97F4A7C15  # odd, its bits without a pattern: 2**64 by the golden ratio
_NO_VALUE: Final = float(1 << _VALUE_BITS)
_NAMES: Final = 1_024  # names of meters are our own, and so are prefixes of keys; caps all the same
_PREFIXES: Final = 4_096
_READY: Final = 16_384  # raw values whose hash is kept ready, times kept ready


@final
class Shard:
    """Records in two generations, the least recently used of each first; ``changed`` since it was last written behind.

    What is used goes to the end of ``young``. What must make room comes from the front of ``old``; when that is used up,
    ``young`` becomes ``old``. (The front of a dictionary whose front is taken away again and again is slow to find, so
    ``queue`` lists the keys of ``old``, the last to go first.)
    """

    __slots__ = ("bound", "changed", "old", "queue", "weight", "young")

    def __init__(self, bound: int) -> None:
        self.bound = bound
        self.young: dict[int, Record] = {}
        self.old: dict[int, Record] = {}
        self.queue: list[int] = []
        self.weight = 0
        self.changed = False

    def take(self, key: int) -> "Record | None":
        """Take the record out; whoever does puts it back, into ``young``."""
        record = self.young.pop(key, None)
        return self.old.pop(key, None) if record is None else record

    def grow(self, weight: int) -> None:
        """Make room for so much more."""
        self.weight += weight
        while self.weight > self.bound and (self.old or self.young):
            if not self.queue:
                self.old, self.young = self.young, self.old
                self.queue = list(self.old)
                self.queue.reverse()
            record = self.old.pop(self.queue.pop(), None)
            if record is not None:
                self.weight -= weigh(record)

    def drop(self, key: int) -> int:
        """Forget a key; how many records went."""
        record = self.take(key)
        if record is None:
            return 0
        self.changed = True
        self.weight -= weigh(record)
        return 1

    def fill(self, young: dict[int, Record], old: dict[int, Record]) -> None:
        """Begin with these records."""
        self.young, self.old, self.queue = young, old, list(old)[::-1]
        self.weight = sum(map(weigh, young.values())) + sum(map(weigh, old.values()))

    def __len__(self) -> int:
        return len(self.young) + len(self.old)


def weigh(record: Record) -> int:
    """A record's weight; 1 is about a hundred bytes."""
    return 2 + (len(record) >> 3) if isinstance(record, array) else 1


@final
class Shards:
    """Shards by the highest bits of the key (a dictionary goes by the lowest): none is ever slow to grow."""

    def __init__(self, bound: int) -> None:
        bits = _SHARD_BITS if bound >> _SHARD_BITS >= _SMALLEST else 0
        self.shift = METER_BITS - bits
        self.all = tuple(Shard(bound >> bits) for _ in range(1 << bits))

    def of(self, key: int) -> Shard:
        """The shard that may keep this key."""
        return self.all[key >> self.shift]

    def __len__(self) -> int:
        return sum(map(len, self.all))


@final
class _Kind:
    """What all meters of one name have in common, worked out once."""

    __slots__ = ("number", "ones", "spans", "windows", "zeros")

    def __init__(self, number: int, windows: tuple[timedelta, ...]) -> None:
        self.number = number
        self.windows = windows
        self.spans = tuple(window.total_seconds() for window in windows)
        if not windows or min(self.spans) <= 0 or list(self.spans) != sorted(self.spans):
            message = "the windows of a meter are at least one, longer than nothing, narrow to wide"
            raise ValueError(message)
        self.ones = (1,) * len(windows)
        self.zeros = (0,) * len(windows)


@final
class CountingMeters:
    """The ``Meters`` of both stores. Belongs to one event loop; nothing in it waits."""

    def __init__(self, hasher: Hasher, options: StoreOptions) -> None:
        self.keys = Shards(options.max_keys)
        self.sights = Shards(options.max_sights)
        self._hasher = hasher
        self._number = hasher.meter
        self._value = hasher.numbers("value", _value)
        self._moment = lru_cache(_READY)(lambda seconds: datetime.fromtimestamp(seconds, UTC))
        self._kinds: dict[str, _Kind] = {}
        self.names: set[str] = set()  # of all meters hit, in this life or an earlier one
        self.prefixes: set[str] = set()  # of their keys, up to the last "|"
        self._name = hasher.numbers("meter name", meter_number)
        self._today = 0.0
        self._pair = (0.0, 0.0)
        self._fresh: dict[int, Reading] = {}  # what this event reads under keys it hits first

    async def hit(self, meters: Sequence[Meter], at: datetime, *, count: bool = True) -> list[Reading]:
        """Count the event under every meter and answer all of them. Raises ValueError for a time without a zone."""
        if at.tzinfo is None:
            message = "a time without a zone"
            raise ValueError(message)
        now = at.timestamp()
        if now // tally.DAY_SECONDS != self._today:
            self._today = now // tally.DAY_SECONDS  # one object, shared by all that is kept of a day
        self._fresh.clear()
        return [self._hit(meter, now, at, count and not meter.peek) for meter in meters]

    def _hit(self, meter: Meter, now: float, at: datetime, count: bool) -> Reading:
        kind = self._kinds.get(meter.name)
        if kind is None or kind.windows != meter.windows:
            kind = self._kind(meter.name, meter.windows)
        key = self._number(meter.key) ^ kind.number
        value, is_new = None, False
        if meter.distinct is not None:
            value, is_new = self._value(meter.distinct), True
            if meter.first:
                is_new = self._see(_sight(key, value), count)
                count = count and is_new
                if not meter.members:
                    value = None  # the sight tells new from known
        shard = self.keys.all[key >> self.keys.shift]
        record = shard.take(key)
        if not count:
            if record is not None:
                shard.young[key] = record
            return self._peek(kind, meter, record, now, value, is_new)
        shard.changed = True
        if record is None:
            self._note_prefix(meter.key)
            shard.grow(1)
            shard.young[key] = now if value is None else self._single(now, value)
            return self._first(kind, meter, at, value, is_new)
        if type(record) is not array:
            record = _tally(record)
            shard.grow(1)
        shard.young[key] = record
        before = len(record)
        if record[tally.DISTINCT]:
            counts, known = tally.add_value(record, now, value or _NO_VALUE, meter.cap, kind.spans)
            is_new = is_new and (meter.first or not known)
        else:
            counts = tally.add(record, now, meter.cap, kind.spans)
        if len(record) >> 3 > before >> 3:
            shard.grow(1)
        if self._today != record[tally.DAY] or counts[-1] > record[tally.PEAK]:
            tally.learn(record, self._today, counts[-1])
        members = _names_of(record) if meter.members else ()
        return Reading(counts, self._moment(record[tally.FIRST]), is_new, members, int(record[tally.USUAL]))

    def _peek(
        self, kind: _Kind, meter: Meter, record: "Record | None", now: float, value: float | None, is_new: bool
    ) -> Reading:
        if record is None:
            return Reading(kind.zeros, None, is_new)
        kept = _tally(record)
        end = tally.end_of_times(kept)
        counts = tuple([min(count, meter.cap) for count in tally.counts(kept, now, kind.spans, end)])
        is_new = is_new and (meter.first or value not in kept)
        members = _names_of(kept)[-meter.cap :] if meter.members else ()
        usual = int(tally.usual(kept, self._today))
        return Reading(counts, self._moment(kept[tally.FIRST]), is_new, members, usual)

    def _first(self, kind: _Kind, meter: Meter, at: datetime, value: float | None, is_new: bool) -> Reading:
        """What is read under a key hit for the first time: the same object wherever this event does so."""
        if meter.members and value is not None:
            return Reading(kind.ones, at, is_new, (_name_of(value),))
        like = 2 * len(kind.ones) + is_new
        fresh = self._fresh.get(like)
        if fresh is None:
            fresh = self._fresh[like] = Reading(kind.ones, at, is_new)
        return fresh

    def _single(self, now: float, value: float) -> tuple[float, float]:
        """One object for all the keys of this event."""
        if self._pair[0] != now or self._pair[1] != value:
            self._pair = (now, value)
        return self._pair

    def _see(self, sight: int, count: bool) -> bool:
        """Whether this was not seen within ``SIGHTS_DAYS``; remembers the day of the latest sight."""
        shard = self.sights.of(sight)
        seen = shard.take(sight)
        if not isinstance(seen, float):
            if count:
                shard.grow(1)
                shard.young[sight] = self._today
                shard.changed = True
            return True
        shard.young[sight] = max(seen, self._today) if count else seen
        shard.changed = True
        return self._today - seen > SIGHTS_DAYS

    def _kind(self, name: str, windows: tuple[timedelta, ...]) -> _Kind:
        kind = _Kind(self._name(name), windows)
        if len(self._kinds) < _NAMES:
            self._kinds[name] = kind
            self.names.add(name)
        return kind

    def _note_prefix(self, key: str) -> None:
        prefix = key.rpartition("|")[0]
        if prefix not in self.prefixes and len(self.prefixes) < _PREFIXES:
            self.prefixes.add(prefix)

    async def forget(self, key: str) -> int:
        """Drop every meter whose key is ``key`` or ends in it behind a ``|``, and every value equal to it."""
        value = self._value(key)
        whole = (key, *(f"{prefix}|{key}" for prefix in self.prefixes))
        keys = [self._number(raw) ^ self._name(name) for raw in whole for name in self.names]
        dropped = sum(self.keys.of(key).drop(key) for key in keys)
        for shard in self.keys.all:
            for generation in (shard.young, shard.old):
                dropped += sum(self._forget_value(shard, generation, found, value) for found in list(generation))
        self._hasher.clear()
        return dropped

    def _forget_value(self, shard: Shard, generation: dict[int, Record], key: int, value: float) -> int:
        sight = _sight(key, value)
        dropped = self.sights.of(sight).drop(sight)
        record = generation[key]
        if isinstance(record, float) or value not in record:
            return dropped
        shard.changed = True
        if isinstance(record, tuple) or len(record) == tally.HEAD + 2:
            shard.drop(key)
        else:
            place = record.index(value) - tally.end_of_times(record) + tally.HEAD
            tally.drop(record, place, place + 1)
        return dropped + 1

    def size(self) -> int:
        """How many keys are tracked now."""
        return len(self.keys)


def _value(hashed: int) -> float:
    """Exact as a double, and above every time in seconds."""
    return float(hashed >> (64 - _VALUE_BITS) | 1 << _VALUE_BITS)


def _sight(key: int, value: float) -> int:
    """What a value's first sight under a key is kept under; spread over all bits, since the highest choose the shard."""
    return (key + int(value) * _SPREAD) & ((1 << METER_BITS) - 1)


def _tally(record: Record) -> Tally:
    if isinstance(record, array):
        return record
    return tally.start(record) if isinstance(record, float) else tally.start(*record)


def _names_of(record: Tally) -> tuple[str, ...]:
    if not record[tally.DISTINCT]:
        return ()
    return tuple(map(_name_of, record[tally.end_of_times(record) :]))


def _name_of(value: float) -> str:
    return f"{int(value) & ((1 << _VALUE_BITS) - 1):013x}"
