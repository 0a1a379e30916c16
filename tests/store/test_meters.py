"""Meters: what they count, what they remember, and what they let go of."""

import sys
from datetime import datetime, timedelta

import pytest

from stillpost.model import Meter, Reading
from stillpost.store.hashing import Hasher
from stillpost.store.meters import CountingMeters
from stillpost.store.options import StoreOptions
from stillpost.store.protocol import Store
from tests.store.making import DAY, HOUR, MINUTE, NOON, SECOND, STORE_KEY

pytestmark = pytest.mark.anyio

PLAIN = Meter("requester", "*|requester|ann@example.com", (10 * MINUTE, DAY))


def text(value: str, cap: int = 64, *, first: bool = False, members: bool = True) -> Meter:
    return Meter("text", "support|text|5f2c", (10 * MINUTE, HOUR), value, first=first, cap=cap, members=members)


async def hit(store: Store, meter: Meter, at: datetime = NOON, *, count: bool = True) -> Reading:
    (reading,) = await store.meters.hit([meter], at, count=count)
    return reading


async def test_readings_come_in_the_order_asked(store: Store) -> None:
    other = Meter("source", "*|source|192.0.2.0/24", (HOUR,))
    await store.meters.hit([PLAIN], NOON)
    readings = await store.meters.hit([other, PLAIN, other], NOON)
    assert [reading.counts for reading in readings] == [(1,), (2, 2), (2,)]
    assert await store.meters.hit([], NOON) == []


async def test_an_event_counts_in_every_window_it_lies_in(store: Store) -> None:
    assert await hit(store, PLAIN) == Reading((1, 1), NOON)
    assert await hit(store, PLAIN, NOON + 10 * MINUTE - SECOND) == Reading((2, 2), NOON)
    assert await hit(store, PLAIN, NOON + 10 * MINUTE) == Reading((2, 3), NOON), "a window begins after its border"
    assert (await hit(store, PLAIN, NOON + DAY)).counts == (1, 3)


async def test_reading_without_counting_changes_nothing(store: Store) -> None:
    peek = Meter(PLAIN.name, PLAIN.key, PLAIN.windows, peek=True)
    assert await hit(store, peek) == Reading((0, 0))
    assert await hit(store, PLAIN, count=False) == Reading((0, 0))
    await hit(store, PLAIN)
    for _ in range(3):
        assert await hit(store, peek, NOON + MINUTE) == Reading((1, 1), NOON)
        assert await hit(store, PLAIN, NOON + MINUTE, count=False) == Reading((1, 1), NOON)
    await hit(store, PLAIN, NOON + MINUTE)
    assert await hit(store, peek, NOON + 10 * MINUTE) == Reading((1, 2), NOON)
    assert (await hit(store, text("ann"), count=False)).is_new
    assert (await hit(store, text("ann"))).is_new


async def test_distinct_values_count_once_at_their_latest_sight(store: Store) -> None:
    assert (await hit(store, text("ann"))).counts == (1, 1)
    assert (await hit(store, text("bob"), NOON + MINUTE)).counts == (2, 2)
    again = await hit(store, text("ann"), NOON + 9 * MINUTE)
    assert (again.counts, again.is_new) == ((2, 2), False)
    reading = await hit(store, text("eve"), NOON + 11 * MINUTE)
    assert (reading.counts, reading.is_new) == ((2, 3), True)
    assert len(set(reading.members)) == 3
    assert not any(name in reading.members for name in ("ann", "bob", "eve"))
    seen = await hit(store, text("bob"), NOON + 12 * MINUTE, count=False)
    assert (seen.counts, seen.is_new) == ((2, 3), False)


async def test_members_come_only_where_they_were_asked_for(store: Store) -> None:
    assert (await hit(store, text("ann"))).members != ()
    assert (await hit(store, text("bob", members=False))).members == ()
    assert len((await hit(store, text("bob"), count=False)).members) == 2


async def test_counting_stops_at_the_cap(store: Store) -> None:
    for index in range(20):
        plain = await hit(store, Meter("m", "k", (HOUR,), cap=5), NOON + index * SECOND)
        distinct = await hit(store, text(f"ann{index}", cap=5), NOON + index * SECOND)
        assert plain.counts == (min(index + 1, 5),)
        assert distinct.counts == (min(index + 1, 5),) * 2
        assert len(distinct.members) == min(index + 1, 5)
    assert (await hit(store, Meter("m", "k", (HOUR,), cap=3, peek=True), NOON + MINUTE)).counts == (3,)


async def test_a_value_counts_at_its_first_sight_only(store: Store) -> None:
    assert await hit(store, text("ann", first=True, members=False)) == Reading((1, 1), NOON, is_new=True)
    for _ in range(3):
        seen = await hit(store, text("ann", first=True, members=False), NOON + MINUTE)
        assert seen == Reading((1, 1), NOON, is_new=False)
    reading = await hit(store, text("bob", first=True, members=False), NOON + 10 * MINUTE)
    assert reading == Reading((1, 2), NOON, is_new=True)
    assert (await hit(store, text("ann", first=True), NOON + 2 * HOUR)).counts == (0, 0)


async def test_first_sights_are_remembered_for_400_days_since_the_last(store: Store) -> None:
    assert (await hit(store, text("ann", first=True))).is_new
    assert not (await hit(store, text("ann", first=True), NOON + 400 * DAY)).is_new
    assert not (await hit(store, text("ann", first=True), NOON + 800 * DAY)).is_new
    assert (await hit(store, text("ann", first=True), NOON + 1201 * DAY)).is_new


async def test_events_may_come_out_of_order(store: Store) -> None:
    for minutes, counts in ((0, (1, 1)), (30, (1, 2)), (5, (2, 2)), (31, (2, 4)), (-3, (1, 1)), (6, (4, 4))):
        assert (await hit(store, PLAIN, NOON + minutes * MINUTE)).counts == counts, minutes
    assert (await hit(store, PLAIN, NOON + 31 * MINUTE)).first_seen == NOON - 3 * MINUTE


async def test_a_value_seen_later_still_counts_itself_when_the_clock_jumps_back(store: Store) -> None:
    await hit(store, text("ann"), NOON + HOUR)
    await hit(store, text("bob"), NOON)
    assert (await hit(store, text("ann"), NOON + MINUTE)).counts == (2, 2)
    assert (await hit(store, text("bob"), NOON + HOUR)).counts == (2, 2), "the later sight was kept"


async def test_a_clock_far_in_the_future_does_not_stop_the_count(store: Store) -> None:
    meter = Meter("m", "k", (HOUR,), cap=4)
    for index in range(10):
        await hit(store, meter, NOON + 365 * DAY + index * SECOND)
    counts = [(await hit(store, meter, NOON + index * SECOND)).counts[0] for index in range(6)]
    assert counts == [1, 2, 3, 4, 4, 4]


async def test_what_is_usual_is_learned_slowly(store: Store) -> None:
    meter = Meter("m", "k", (HOUR,))

    async def day(number: int, events: int) -> int:
        for index in range(events):
            reading = await hit(store, meter, NOON + number * DAY + index * SECOND)
        return reading.usual

    assert await day(0, 5) == 0, "unknown on the first day"
    assert [await day(number, 5) for number in range(1, 8)] == [1, 2, 3, 4, 5, 5, 5]
    assert await day(8, 60) == 5, "a bad day says nothing on the day itself"
    assert await day(9, 5) == 6, "and hardly anything afterwards"
    assert await day(40, 1) == 0, "a month of nothing, and it is forgotten"


async def test_keys_of_two_names_are_apart(store: Store) -> None:
    await hit(store, Meter("a", "key", (HOUR,)))
    assert (await hit(store, Meter("b", "key", (HOUR,)))).counts == (1,)


@pytest.mark.parametrize(
    "windows", [(), (DAY, HOUR), (timedelta(0),), (-HOUR, HOUR)], ids=["none", "wide to narrow", "empty", "negative"]
)
async def test_windows_that_make_no_sense_are_refused(store: Store, windows: tuple[timedelta, ...]) -> None:
    with pytest.raises(ValueError, match="narrow to wide"):
        await store.meters.hit([Meter("m", "k", windows)], NOON)


async def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        await store.meters.hit([PLAIN], datetime(2026, 1, 1))


async def test_a_detector_that_counts_otherwise_from_now_on_is_answered_all_the_same(store: Store) -> None:
    for first, second in ((None, "ann"), ("ann", None)):
        name = f"from {first}"
        meters = [Meter(name, "k", (HOUR,), distinct) for distinct in (first, second, second, first)]
        assert [(await hit(store, meter)).counts[0] >= 1 for meter in meters] == [True] * 4


async def test_forget_drops_keys_that_end_in_it_and_values_equal_to_it(store: Store) -> None:
    ann = "ann@example.com"
    await store.meters.hit([PLAIN, Meter("bare", ann, (HOUR,))], NOON)
    for value in (ann, "bob@example.org"):
        await store.meters.hit([text(value), Meter("seen", "support|seen|", (HOUR,), value, first=True)], NOON)
    await store.meters.hit([Meter("once", "x", (HOUR,), distinct=ann)], NOON)
    assert await store.meters.forget(ann) == 5
    assert await store.meters.forget(ann) == 0
    assert (await hit(store, PLAIN)).counts == (1, 1)
    assert (await hit(store, text(ann), count=False)).is_new
    assert (await hit(store, text("bob@example.org"), count=False)).counts == (1, 1)
    assert (await hit(store, Meter("seen", "support|seen|", (HOUR,), ann, first=True))).is_new


@pytest.mark.parametrize("bound", [2, 10, 1000, 40_000])
async def test_no_more_keys_are_tracked_than_allowed(bound: int) -> None:
    meters = CountingMeters(Hasher(STORE_KEY), StoreOptions(max_keys=bound, max_sights=bound))
    for index in range(3 * min(bound, 40_000)):
        seen = Meter("seen", "k", (HOUR,), f"example{index}.com", first=True)
        await meters.hit([Meter("m", f"key {index}", (HOUR,)), seen], NOON + index * SECOND)
        assert meters.size() <= bound
        assert len(meters.sights) <= bound
    assert meters.size() > 0.9 * bound - 9, "the one key that keeps much takes the room of ten"
    assert len(meters.sights) > 0.9 * bound


async def test_the_least_recently_used_keys_go_first() -> None:
    meters = CountingMeters(Hasher(STORE_KEY), StoreOptions(max_keys=1000))
    kept = Meter("m", "kept", (DAY,), cap=10_000)
    for index in range(5000):
        await meters.hit([Meter("m", f"key {index}", (DAY,))], NOON + index * SECOND)
        if index % 400 == 0:
            reading = (await meters.hit([kept], NOON + index * SECOND))[0]
    assert reading.counts == (13,)
    assert (await meters.hit([Meter("m", "key 10", (DAY,), peek=True)], NOON))[0].first_seen is None
    assert (await meters.hit([Meter("m", "key 4999", (DAY,), peek=True)], NOON + DAY))[0].first_seen is not None


async def test_keys_that_keep_much_count_for_more() -> None:
    meters = CountingMeters(Hasher(STORE_KEY), StoreOptions(max_keys=10_000))
    for index in range(60_000):
        await meters.hit([Meter("m", f"key {index % 3_000}", (DAY,), f"{index}")], NOON + index * SECOND)
    generations = [generation for shard in meters.keys.all for generation in (shard.young, shard.old)]
    used = sum(
        sys.getsizeof(generation) + sum(map(sys.getsizeof, (*generation, *generation.values())))
        for generation in generations
    )
    assert 100_000 < used < 10_000 * 150, f"{used} bytes where 10,000 keys hit once have room"
