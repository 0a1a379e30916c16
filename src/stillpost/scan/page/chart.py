"""The wave over time as a picture (SVG): how many mails came when, where the alarm was, where the hidden mails lie."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Final, final

from stillpost.language import N_
from stillpost.scan.page.words import Say
from stillpost.scan.result import Finding
from stillpost.scan.waves import MARGIN

WIDTH: Final = 920
HEIGHT: Final = 260
LEFT, RIGHT, TOP, BOTTOM = 44, 16, 44, 40
BARS_MAX: Final = 92
STEPS: Final = (1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400, 604_800, 2_592_000)
LABELS_MAX: Final = 6
NUMBERS_MAX: Final = 3  # of hidden mails that share a mark
TOGETHER: Final = 26  # hidden mails nearer than this share one

_EDGE = 90.0  # seconds before and after the wave, at least


@final
@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of ``step`` seconds from ``start`` on: the wave's mails and others; hidden mails by number; later ones."""

    start: float
    step: int
    flood: tuple[int, ...]
    other: tuple[int, ...]
    alarm: float
    hidden: tuple[tuple[int, float], ...]
    later: int

    @property
    def end(self) -> float:
        """Where the last bar ends."""
        return self.start + self.step * len(self.flood)


def chart_of(finding: Finding) -> Chart:
    """What there is to draw. Mail after the dense part of the wave is counted as ``later``, not drawn."""
    wave = finding.wave
    first, last = wave.first, max(wave.dense_end, wave.first)
    edge = min(MARGIN, max(_EDGE, (last - first) / 6))
    first, last = first - edge, last + edge
    step = next((step for step in STEPS if (last - first) / step <= BARS_MAX), STEPS[-1])
    start = first // step * step
    count = min(BARS_MAX + 2, int((last - start) // step) + 1)
    end = start + step * count
    members = [member.note.at for member in wave.members]
    others = {note.where: note.at for note, _ in (*wave.between, *wave.by_hand)}
    others |= {needle.note.where: needle.note.at for needle in finding.hidden}
    hidden = [
        (number, needle.note.at) for number, needle in enumerate(finding.hidden, 1) if start <= needle.note.at < end
    ]
    return Chart(
        start,
        step,
        tuple(_bars(members, start, step, count)),
        tuple(_bars(others.values(), start, step, count)),
        wave.alarm,
        tuple(hidden),
        sum(at >= end for at in members),
    )


def _bars(times: Iterable[float], start: float, step: int, count: int) -> list[int]:
    bars = [0] * count
    for at in times:
        place = int((at - start) // step)
        if 0 <= place < count:
            bars[place] += 1
    return bars


def svg(chart: Chart, number: int, say: Say) -> str:
    """The picture, with words for those who cannot see it. ``number``: the wave's, for ids."""
    most = max((a + b for a, b in zip(chart.flood, chart.other, strict=True)), default=0) or 1
    title = say(N_("Mails that came, by time"))
    words = say(
        N_("The most in one bar: {most} mails in {step}. The alarm is at {alarm}. {hidden} hidden mails are marked."),
        most=most,
        step=length(chart.step, say),
        alarm=_clock(chart.alarm, 1),
        hidden=len(chart.hidden),
    )
    lines = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="chart{number} words{number}">',
        f'<title id="chart{number}">{escape(title)}</title><desc id="words{number}">{escape(words)}</desc>',
        *_axes(chart, most),
        *_drawn(chart, most),
        *_alarm(chart, say),
        *_marks(chart),
        "</svg>",
    ]
    return "\n".join(lines)


def _x(chart: Chart, at: float) -> float:
    return LEFT + (at - chart.start) / (chart.end - chart.start) * (WIDTH - LEFT - RIGHT)


def _drawn(chart: Chart, most: int) -> Iterator[str]:
    ground, height = HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP
    width = (WIDTH - LEFT - RIGHT) / len(chart.flood)
    for place, (flood, other) in enumerate(zip(chart.flood, chart.other, strict=True)):
        y = float(ground)
        for count, name in ((flood, "flood"), (other, "other")):
            if count:
                tall = max(1.5, count / most * height)
                y -= tall
                x = LEFT + place * width
                yield f'<rect class="{name}" x="{x:.1f}" y="{y:.1f}" width="{max(1.0, width - 1):.1f}" height="{tall:.1f}"/>'


def _axes(chart: Chart, most: int) -> Iterator[str]:
    ground = HEIGHT - BOTTOM
    yield f'<line class="axis" x1="{LEFT}" y1="{ground}" x2="{WIDTH - RIGHT}" y2="{ground}"/>'
    yield f'<line class="axis" x1="{LEFT}" y1="{TOP}" x2="{WIDTH - RIGHT}" y2="{TOP}"/>'
    yield f'<text x="{LEFT - 6}" y="{TOP + 4}" text-anchor="end">{most}</text>'
    yield f'<text x="{LEFT - 6}" y="{ground + 4}" text-anchor="end">0</text>'
    span = chart.end - chart.start
    step = next((step for step in STEPS if span / step <= LABELS_MAX), STEPS[-1])
    at = -(-chart.start // step) * step
    while at <= chart.end:
        x = _x(chart, at)
        yield f'<line class="axis" x1="{x:.1f}" y1="{ground}" x2="{x:.1f}" y2="{ground + 5}"/>'
        yield f'<text x="{x:.1f}" y="{ground + 20}" text-anchor="middle">{_clock(at, step)}</text>'
        at += step


def _alarm(chart: Chart, say: Say) -> Iterator[str]:
    x = _x(chart, chart.alarm)
    anchor = "start" if x < WIDTH / 2 else "end"
    yield f'<line class="alarm" x1="{x:.1f}" y1="{TOP - 18}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}"/>'
    yield f'<text class="said" x="{x + (6 if anchor == "start" else -6):.1f}" y="{TOP - 24}" text-anchor="{anchor}">'
    alarm = say(N_("alarm"))
    yield f"{escape(alarm)} {_clock(chart.alarm, 1)}</text>"


def _marks(chart: Chart) -> Iterator[str]:
    """A mark for each hidden mail; those too near to one another share one."""
    groups: list[list[tuple[int, float]]] = []
    for number, at in sorted(chart.hidden, key=lambda each: each[1]):
        if groups and _x(chart, at) - _x(chart, groups[-1][0][1]) < TOGETHER:
            groups[-1].append((number, at))
        else:
            groups.append([(number, at)])
    for group in groups:
        x = sum(_x(chart, at) for _, at in group) / len(group)
        numbers = sorted(number for number, _ in group)
        shown = ", ".join(map(str, numbers[:NUMBERS_MAX])) + ("…" if len(numbers) > NUMBERS_MAX else "")
        yield f'<circle class="mark" cx="{x:.1f}" cy="{TOP - 2}" r="5"/>'
        yield f'<text class="number" x="{x:.1f}" y="{TOP - 11}" text-anchor="middle">{shown}</text>'


def _clock(at: float, step: int) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return moment.strftime(
        "%Y-%m-%d" if step >= 86_400 else "%m-%d %H:%M" if step >= 7_200 else "%H:%M:%S" if step < 60 else "%H:%M"
    )


def length(seconds: float, say: Say) -> str:
    """A stretch of time in words, rounded."""
    units: Sequence[tuple[float, str, str]] = (
        (86_400, N_("{count} days"), N_("1 day")),
        (3_600, N_("{count} hours"), N_("1 hour")),
        (60, N_("{count} minutes"), N_("1 minute")),
        (1, N_("{count} seconds"), N_("1 second")),
    )
    for size, many, one in units:
        if seconds >= 2 * size or size == 1 or seconds == size:
            count = max(1, round(seconds / size))
            return say(one) if count == 1 else say(many, count=count)
    raise AssertionError
