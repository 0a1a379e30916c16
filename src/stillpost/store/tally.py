"""One counter: an array of doubles, because a million of them must fit in memory.

A head (``FIRST`` …), then the times of the last ``cap`` events, oldest first, then, if it counts distinct values, the
values they belong to. A plain counter keeps every event. A distinct one keeps each value once, with the time of its
latest sight: a value counts in a window if that lies in it, and an event always counts itself. Events may come out of
order; counts are exact while no more than ``cap`` lie within two widest windows. Beyond that the farthest from the one
just counted go first.

``usual`` is what the widest window held at its fullest on an ordinary past day. It moves once a day towards that day's
peak: up by at most one or a quarter, down by a fourteenth of the difference. So one bad day hardly moves it, two quiet
weeks do, and it is 0 until a first day is over.
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, TypeAlias

Tally: TypeAlias = "array[float]"

FIRST, USUAL, PEAK, DAY, DISTINCT, HEAD = 0, 1, 2, 3, 4, 5
"""Where the head keeps: the first event's time, what is usual, the day's peak so far, that day, distinct or not."""

DAY_SECONDS: Final = 86_400.0
_LEARNING_DAYS: Final = 14


def start(at: float, value: float | None = None) -> Tally:
    """A tally of one event; times are seconds since 1970, values are above every time."""
    if value is None:
        return array("d", (at, 0.0, 1.0, at // DAY_SECONDS, 0.0, at))
    return array("d", (at, 0.0, 1.0, at // DAY_SECONDS, 1.0, at, value))


def end_of_times(tally: Tally) -> int:
    """The place after the last time, which is that of the first value."""
    return (HEAD + len(tally)) >> 1 if tally[DISTINCT] else len(tally)


def add(tally: Tally, at: float, cap: int, spans: Sequence[float]) -> tuple[int, ...]:
    """Count an event in a plain tally; how many lie in each span up to ``at``."""
    end = len(tally)
    if at >= tally[-1]:
        if end - HEAD == cap:
            del tally[HEAD]
        tally.append(at)
        if end - HEAD > cap or tally[HEAD] < at - 2 * spans[-1]:
            _trim(tally, at, cap, spans[-1], end)
    else:
        place = bisect_right(tally, at, HEAD, end)
        tally.insert(place, at)
        _trim(tally, at, cap, spans[-1], place)
    return counts(tally, at, spans, len(tally))


def add_value(tally: Tally, at: float, value: float, cap: int, spans: Sequence[float]) -> tuple[tuple[int, ...], bool]:
    """Count a value in a distinct tally; how many lie in each span up to ``at``, and whether the value was known."""
    end = (HEAD + len(tally)) >> 1
    known = value in tally
    if known:
        place = tally.index(value, end) - end + HEAD
        if tally[place] > at:
            return tuple([count + 1 for count in counts(tally, at, spans, end)]), True
        del tally[end + place - HEAD], tally[place]
        end -= 1
    elif end - HEAD == cap and at >= tally[end - 1]:  # full: the oldest makes room
        del tally[end], tally[HEAD]
        end -= 1
    place = end if end == HEAD or at >= tally[end - 1] else bisect_right(tally, at, HEAD, end)
    tally.insert(place, at)
    end += 1
    tally.insert(end + place - HEAD, value)
    if end - HEAD > cap or tally[HEAD] < at - 2 * spans[-1] or at < tally[FIRST]:
        _trim(tally, at, cap, spans[-1], place)
        end = end_of_times(tally)
    return counts(tally, at, spans, end), known


def counts(tally: Tally, at: float, spans: Sequence[float], end: int) -> tuple[int, ...]:
    """How many lie in each span up to ``at``, given the end of the times."""
    if at < tally[end - 1]:
        end = bisect_right(tally, at, HEAD, end)
    if len(spans) == 1:
        return (end - bisect_right(tally, at - spans[0], HEAD, end),)
    return tuple([end - bisect_right(tally, at - span, HEAD, end) for span in spans])


def usual(tally: Tally, day: float) -> float:
    """What is usual on this day (days since 1970), the days before it learned."""
    gone = day - tally[DAY]
    if gone <= 0:
        return tally[USUAL]
    known, peak = tally[USUAL], tally[PEAK]
    if peak > known:
        known += min(peak - known, max(1.0, known / 4))
    else:
        known -= (known - peak) / _LEARNING_DAYS
    return float(known * (1 - 1 / _LEARNING_DAYS) ** (gone - 1))


def learn(tally: Tally, day: float, count: int) -> None:
    """Remember the fullest widest window of the day."""
    if day > tally[DAY]:
        tally[USUAL] = usual(tally, day)
        tally[PEAK] = count
        tally[DAY] = day
    elif day == tally[DAY] and count > tally[PEAK]:
        tally[PEAK] = count


def drop(tally: Tally, start: int, stop: int) -> None:
    """Take out the events at these places, and their values."""
    if tally[DISTINCT]:
        shift = end_of_times(tally) - HEAD
        del tally[start + shift : stop + shift]
    del tally[start:stop]


def _trim(tally: Tally, at: float, cap: int, widest: float, place: int) -> None:
    """Keep at most ``cap``, the nearest to ``at``, and nothing older than two widest windows.

    What was put at ``place`` stays.
    """
    end = end_of_times(tally)
    while end - HEAD > cap and end - HEAD > 1:
        later = place == HEAD or (place < end - 1 and tally[end - 1] - at > at - tally[HEAD])
        drop(tally, end - 1 if later else HEAD, end if later else HEAD + 1)
        place -= not later
        end -= 1
    if tally[HEAD] < at - 2 * widest:
        drop(tally, HEAD, bisect_right(tally, at - 2 * widest, HEAD, end))
    if at < tally[FIRST]:
        tally[FIRST] = at
