"""Meters against a model that keeps everything."""

import asyncio
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from stillpost.model import Meter
from stillpost.store.hashing import Hasher
from stillpost.store.meters import CountingMeters
from stillpost.store.options import StoreOptions
from tests.store.making import NOON, STORE_KEY

WINDOWS = (timedelta(seconds=10), timedelta(seconds=60), timedelta(seconds=300))
steps = st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abcdef")), max_size=60)
jumps = st.lists(st.tuples(st.integers(0, 300), st.sampled_from("abcdef")), max_size=60)


def fresh() -> CountingMeters:
    return CountingMeters(Hasher(STORE_KEY), StoreOptions(max_keys=100))


def within(times: list[int], at: int) -> tuple[int, ...]:
    return tuple(sum(at - window.total_seconds() < time <= at for time in times) for window in WINDOWS)


@given(steps, st.integers(1, 70))
def test_plain_counts_are_exact_up_to_the_cap(events: list[tuple[int, str]], cap: int) -> None:
    meters, now, times = fresh(), 0, []
    for pause, _ in events:
        now += pause
        times.append(now)
        (reading,) = asyncio.run(meters.hit([Meter("m", "k", WINDOWS, cap=cap)], NOON + timedelta(seconds=now)))
        assert reading.counts == tuple(min(count, cap) for count in within(times, now))


@given(steps, st.integers(1, 8))
def test_distinct_counts_are_exact_up_to_the_cap(events: list[tuple[int, str]], cap: int) -> None:
    meters, now, latest = fresh(), 0, dict[str, int]()
    for pause, value in events:
        now += pause
        known = value in latest
        latest[value] = now
        meter = Meter("m", "k", WINDOWS, value, cap=cap, members=True)
        (reading,) = asyncio.run(meters.hit([meter], NOON + timedelta(seconds=now)))
        assert reading.counts == tuple(min(count, cap) for count in within(list(latest.values()), now))
        assert len(reading.members) <= cap
        assert reading.is_new or known


@given(steps)
def test_first_counts_are_those_of_first_sights(events: list[tuple[int, str]]) -> None:
    meters, now, first = fresh(), 0, dict[str, int]()
    for pause, value in events:
        now += pause
        new = value not in first
        first.setdefault(value, now)
        meter = Meter("m", "k", WINDOWS, value, first=True)
        (reading,) = asyncio.run(meters.hit([meter], NOON + timedelta(seconds=now)))
        assert reading.counts == within(list(first.values()), now)
        assert reading.is_new is new


@given(jumps)
def test_plain_counts_are_exact_in_any_order_within_a_window(events: list[tuple[int, str]]) -> None:
    meters, times = fresh(), []
    for at, _ in events:
        times.append(at)
        (reading,) = asyncio.run(meters.hit([Meter("m", "k", WINDOWS)], NOON + timedelta(seconds=at)))
        assert reading.counts == within(times, at)


@given(jumps, st.integers(1, 5))
def test_in_any_order_and_above_the_cap_an_event_counts_itself(events: list[tuple[int, str]], cap: int) -> None:
    meters = fresh()
    for at, value in events:
        both = [Meter("plain", "k", WINDOWS, cap=cap), Meter("distinct", "k", WINDOWS, value, cap=cap, members=True)]
        for reading in asyncio.run(meters.hit(both, NOON + timedelta(seconds=300 * at))):
            assert all(1 <= count <= cap for count in reading.counts)
            assert list(reading.counts) == sorted(reading.counts)


@given(jumps)
def test_peeking_never_changes_what_is_counted(events: list[tuple[int, str]]) -> None:
    quiet, curious = fresh(), fresh()
    for at, value in events:
        meters = [
            Meter("m", "k", WINDOWS, value, cap=3),
            Meter("f", "k", WINDOWS, value, first=True),
            Meter("p", "k", WINDOWS),
        ]
        when = NOON + timedelta(seconds=at)
        asyncio.run(curious.hit(meters, when + timedelta(seconds=77), count=False))
        assert asyncio.run(quiet.hit(meters, when)) == asyncio.run(curious.hit(meters, when))
