"""The picture of ``lab score``: at which submission each rule alarms, over the attack's rate. SVG, without script."""

from collections.abc import Callable, Iterator, Sequence
from html import escape
from math import isinf, log
from typing import Final

from stillpost.lab.peers import RULES
from stillpost.lab.score import Run, Score, least
from stillpost.language import N_, translate

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 800, 380, 50, 270, 40, 50
_LEAST, _MOST = 2.0, 128.0  # submissions at the lower and upper edge
_MARKS: Final = (2, 3, 5, 8, 13, 20, 32, 50, 80)
_COLORS: Final = ("#1a7f37", "#24292f", "#4ac26b", "#9a6700", "#bc4c00", "#8250df", "#0969da", "#cf222e")


def picture(scores: Sequence[Score], language: str) -> str:
    """Medians of submissions at the alarm, both axes logarithmic; Stillpost's band reaches to its 95 %."""

    def say(text: str) -> str:
        return escape(translate(text, language))

    rates = [score.rate for score in scores]
    curves = [
        ("Stillpost", [score.quantile(0.5, _alarm) for score in scores]),
        (say(N_("least possible (theory)")), [least(score.rate) for score in scores]),
        (say(N_("Stillpost, without texts")), [score.quantile(0.5, lambda run: run.burst) for score in scores]),
        *((escape(name), [score.quantile(0.5, _peer(name)) for score in scores]) for name, _ in RULES),
    ]
    drawn = list(_axes(rates, say(N_("submissions a minute")), say(N_("alarm at submission (median)"))))
    drawn.append(_band(rates, scores))
    for place, (name, values) in enumerate(curves):
        drawn += _curve(rates, values, place, name)
    x, y = _WIDTH - _RIGHT + 24, _TOP + 14 + 24 * len(curves)
    unseen = say(N_("× more than half go unseen"))
    drawn.append(f'<text x="{x}" y="{y}" fill="#24292f">{unseen}</text>')
    head = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12"'
    paper = f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {head}>', paper, *drawn, "</svg>", ""])


def _alarm(run: Run) -> float:
    return run.alarm


def _peer(name: str) -> Callable[[Run], float]:
    return lambda run: run.peers[name]


def _x(rate: float, rates: Sequence[float]) -> float:
    low, high = log(min(rates)), log(max(rates))
    share = (log(rate) - low) / (high - low) if high > low else 0.5
    return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(submission: float) -> float:
    share = log(min(max(submission, _LEAST), _MOST) / _LEAST) / log(_MOST / _LEAST)
    return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)


def _axes(rates: Sequence[float], below: str, above: str) -> Iterator[str]:
    right, foot = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    yield f'<text x="6" y="{_TOP - 18}" fill="#24292f">{above}</text>'
    for mark in _MARKS:
        yield f'<line x1="{_LEFT}" y1="{_y(mark)}" x2="{right}" y2="{_y(mark)}" stroke="#d0d7de"/>'
        yield f'<text x="{_LEFT - 10}" y="{_y(mark) + 4}" text-anchor="end" fill="#24292f">{mark}</text>'
    for rate in rates:
        yield f'<text x="{_x(rate, rates)}" y="{foot + 18}" text-anchor="middle" fill="#24292f">{rate:g}</text>'
    yield f'<text x="{(_LEFT + right) / 2}" y="{foot + 38}" text-anchor="middle" fill="#24292f">{below}</text>'


def _band(rates: Sequence[float], scores: Sequence[Score]) -> str:
    low = [f"{_x(score.rate, rates)},{_y(score.quantile(0.5, _alarm))}" for score in scores]
    high = [f"{_x(score.rate, rates)},{_y(score.quantile(0.95, _alarm))}" for score in scores]
    return f'<polygon points="{" ".join([*low, *reversed(high)])}" fill="{_COLORS[0]}" opacity="0.18"/>'


def _curve(rates: Sequence[float], values: Sequence[float], place: int, name: str) -> Iterator[str]:
    """A curve where it alarms; a cross on the upper edge where more than half of the attacks went unseen."""
    color = _COLORS[place % len(_COLORS)]
    dash = ' stroke-dasharray="4 4"' if place in {1, 2} else ""
    seen = [(rate, value) for rate, value in zip(rates, values, strict=True) if not isinf(value)]
    points = [f"{_x(rate, rates)},{_y(value)}" for rate, value in seen]
    width = 3 if place == 0 else 1.5
    yield f'<polyline points="{" ".join(points)}" fill="none" stroke="{color}" stroke-width="{width}"{dash}/>'
    for rate, value in seen:
        yield f'<circle cx="{_x(rate, rates)}" cy="{_y(value)}" r="{width}" fill="{color}"/>'
    for rate, value in zip(rates, values, strict=True):
        if isinf(value):
            yield f'<text x="{_x(rate, rates) + 9 * (place - 5)}" y="{_TOP - 4}" text-anchor="middle" fill="{color}">×</text>'
    x, y = _WIDTH - _RIGHT + 24, _TOP + 10 + 24 * place
    yield f'<line x1="{x}" y1="{y}" x2="{x + 22}" y2="{y}" stroke="{color}" stroke-width="{width}"{dash}/>'
    yield f'<text x="{x + 30}" y="{y + 4}" fill="#24292f">{name}</text>'
