"""The pictures of ``lab wave``: plain SVG in the colors of the page around it."""

from collections.abc import Callable, Sequence
from html import escape
from math import log10
from typing import TypeAlias

from stillpost.lab.people import Kind
from stillpost.lab.wave_report import KINDS
from stillpost.lab.wave_score import Score
from stillpost.language import N_
from stillpost.model import ProofMode

Say: TypeAlias = Callable[[str], str]

COLORS = {ProofMode.ADAPTIVE: "#0b66c3", ProofMode.MAIL_FIRST: "#1a7f37", ProofMode.LINK: "#b35900"}
_INK, _SOFT = "#24292f", "#6b7280"
_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 64, 132, 40, 44
_FONT = "font-family='system-ui,-apple-system,Segoe UI,Roboto,sans-serif' font-size='13'"


def mails_over_time(scores: Sequence[Score], say: Say) -> str:
    """How many mails strangers got so far, mode by mode, beside a helpdesk that confirms every request.

    Up the side every line is ten times as many: what Stillpost lets through would not be seen otherwise.
    """
    height, hours = 330, max(score.lasts.total_seconds() for score in scores) / 3600
    forged = max(score.forged for score in scores)
    decades = max(1, len(str(max(forged, 1) - 1)))

    def x(hour: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * hour / hours

    def y(count: float) -> float:
        return height - _BOTTOM - (height - _TOP - _BOTTOM) * _logarithm(count) / (decades + 1)

    parts = [_text(_LEFT, 20, say(N_("Mails to people who never asked, so far")), weight=600)]
    for step in range(-1, decades + 1):
        count = 0 if step < 0 else 10**step
        parts.append(
            f"<line x1='{_LEFT}' x2='{_WIDTH - _RIGHT}' y1='{y(count):.1f}' y2='{y(count):.1f}' stroke='#d0d7de'/>"
        )
        parts.append(_text(_LEFT - 8, y(count) + 4, f"{count:,}".replace(",", " "), anchor="end", color=_SOFT))
    marks = range(0, round(hours) + 1, max(1, round(hours / 6)))
    parts += [_text(x(hour), height - 20, str(hour), anchor="middle", color=_SOFT) for hour in marks]
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, height - 4, say(N_("hours")), anchor="middle", color=_SOFT))
    everybody = [(hours * (step / 60) ** 4, forged * (step / 60) ** 4) for step in range(61)]
    parts.append(_path([(x(hour), y(count)) for hour, count in everybody], _SOFT, dashed=True))
    labels = [(y(forged), say(N_("without")), forged, _SOFT)]
    for score in scores:
        points = [(0.0, 0.0), *((minute / 60, float(count)) for minute, count in _thin(score.curve))]
        points.append((hours, float(score.to_unproven)))
        parts.append(_path(_stairs([(x(min(hour, hours)), y(count)) for hour, count in points]), COLORS[score.proof]))
        labels.append((y(score.to_unproven), score.proof.value, score.to_unproven, COLORS[score.proof]))
    parts += _beside(labels)
    return _svg(height, say(N_("Mails to people who never asked, by mode of proof, over time")), parts)


def through_by_group(rows: Sequence[tuple[str, Score]], say: Say) -> str:
    """The share of each group of honest visitors that came through: a row a run, a column a group."""
    columns = [kind for kind in Kind if any(kind in score.groups for _, score in rows)]
    left, top, line = 190, 58, 34
    height, width = top + line * len(rows) + 8, (_WIDTH - left - 8) / (len(columns) + 1)
    parts = [_text(0, 18, say(N_("Honest visitors who came through")), weight=600)]
    for place, name in enumerate([say(N_("all")), *(say(KINDS[kind]) for kind in columns)]):
        parts += _wrapped(left + width * place, 34, name, width)
    for row, (name, score) in enumerate(rows):
        at = top + line * row
        parts.append(_text(left - 12, at + 20, name, anchor="end"))
        groups = [score.groups.get(kind) for kind in columns]
        shares = [score.through, *(group.through / group.came if group and group.came else None for group in groups)]
        for place, share in enumerate(shares):
            if share is not None:
                parts += _bar(left + width * place, at, width - 10, share, COLORS[score.proof])
    return _svg(height, say(N_("The share of honest visitors who came through, by group")), parts)


def _bar(x: float, y: float, width: float, share: float, color: str) -> list[str]:
    return [
        f"<rect x='{x:.1f}' y='{y + 4}' width='{width:.1f}' height='24' rx='3' fill='#eaeef2'/>",
        f"<rect x='{x:.1f}' y='{y + 4}' width='{width * share:.1f}' height='24' rx='3' fill='{color}' fill-opacity='.35'/>",
        _text(x + 6, y + 21, f"{share:.0%}" if share in {0, 1} else f"{share:.1%}"),
    ]


def _wrapped(x: float, y: float, text: str, width: float) -> list[str]:
    """Two short lines."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) > width / 6.4:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [_text(x, y + 14 * place, line, color=_SOFT, size=11) for place, line in enumerate(lines[:2])]


def _beside(labels: Sequence[tuple[float, str, int, str]]) -> list[str]:
    """Names at the right end of the lines, moved apart where they would lie on one another."""
    parts, last = [], float("-inf")
    for at, name, count, color in sorted(labels):
        last = max(at + 4, last + 17)
        said = f"{name} {count:,}".replace(",", " ")
        parts.append(_text(_WIDTH - _RIGHT + 8, last, said, color=color, weight=600))
    return parts


def _logarithm(count: float) -> float:
    """0 at 0, 1 at 1, 2 at 10, and so on."""
    return 1 + log10(count) if count > 1 else count


def _thin(curve: Sequence[tuple[float, int]], most: int = 400) -> Sequence[tuple[float, int]]:
    """At most so many points of a curve, its last among them."""
    step = max(1, len(curve) // most)
    return [*curve[::step], *curve[-1:]]


def _stairs(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Counts stay until the next mail."""
    stairs = list(points[:1])
    for (x, y), (_, before) in zip(points[1:], points, strict=False):
        stairs += [(x, before), (x, y)]
    return stairs


def _path(points: Sequence[tuple[float, float]], color: str, *, dashed: bool = False) -> str:
    dash = " stroke-dasharray='5 4'" if dashed else ""
    at = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f"<polyline fill='none' stroke='{color}' stroke-width='2.5' stroke-linejoin='round'{dash} points='{at}'/>"


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", color: str = _INK, weight: int = 400, size: int = 13
) -> str:
    style = f"text-anchor='{anchor}' fill='{color}' font-weight='{weight}' font-size='{size}'"
    return f"<text x='{x:.1f}' y='{y:.1f}' {style}>{escape(text)}</text>"


def _svg(height: float, name: str, parts: Sequence[str]) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {height:.0f}' role='img' {_FONT} "
        f"aria-label='{escape(name, quote=True)}'><rect width='100%' height='100%' fill='#fff'/>{''.join(parts)}</svg>"
    )
