"""The published rules of others, run over the same mails: what they count, and how much of it is an alarm.

As published, each in its own words' sense: INKY's example (20 mails in 300 s), Microsoft Sentinel's hunting query (more
than 5 mails of first contacts in a bin of 5 minutes, a sender being known by an answer more than 4 hours old), df00tech's
T1667 rule (100 in 30 minutes), grom-lab's (more than 50 in 30 minutes), Rspamd's commented sample of a bucket per
recipient (100, leaking one a minute).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias, final

Seen: TypeAlias = tuple[float, str, bool]
"""One mail: when (seconds), its author's address, whether it says that it is an answer or sent on."""

Rule: TypeAlias = Callable[[Iterable[Seen]], Iterator[float]]
"""When a rule alarms: the time of every mail that is one too many."""

_FOUR_HOURS: Final = 4 * 3600.0


@final
class _Window:
    """The mails of the last so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque()

    def count(self, at: float) -> int:
        """How many there are with this one."""
        self._times.append(at)
        while self._times[0] <= at - self._seconds:
            self._times.popleft()
        return len(self._times)


def inky(mails: Iterable[Seen]) -> Iterator[float]:
    """20 mails in 5 minutes."""
    window = _Window(300)
    return (at for at, _, _ in mails if window.count(at) >= 20)


def df00tech(mails: Iterable[Seen]) -> Iterator[float]:
    """100 mails in 30 minutes."""
    window = _Window(1800)
    return (at for at, _, _ in mails if window.count(at) >= 100)


def grom_lab(mails: Iterable[Seen]) -> Iterator[float]:
    """More than 50 mails in 30 minutes."""
    window = _Window(1800)
    return (at for at, _, _ in mails if window.count(at) > 50)


def sentinel(mails: Iterable[Seen]) -> Iterator[float]:
    """More than 5 mails of first contacts in a bin of 5 minutes."""
    answered: dict[str, float] = {}
    now, count = -1.0, 0
    for at, author, is_answer in mails:
        if at // 300 != now:
            now, count = at // 300, 0
        if at - answered.get(author, at) < _FOUR_HOURS:
            count += 1
            if count > 5:
                yield at
        if is_answer:
            answered.setdefault(author, at)


def rspamd(mails: Iterable[Seen]) -> Iterator[float]:
    """A bucket of 100 that leaks one a minute."""
    level, last = 0.0, 0.0
    for at, _, _ in mails:
        level, last = max(0.0, level - (at - last) / 60) + 1, at
        if level > 100:
            yield at
            level = 100.0


RULES: Final[tuple[tuple[str, Rule], ...]] = (
    ("INKY, 20 in 5 min", inky),
    ("Sentinel, > 5 first contacts in 5 min", sentinel),
    ("df00tech, 100 in 30 min", df00tech),
    ("grom-lab, > 50 in 30 min", grom_lab),
    ("Rspamd, bucket of 100", rspamd),
)
"""Every rule with its name."""
