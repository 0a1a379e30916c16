"""What ``lab score`` found, for a terminal and for programs (the picture: ``lab.score_picture``)."""

from collections.abc import Callable, Mapping, Sequence
from math import inf, isinf
from typing import Any, Final

from stillpost.lab.peers import RULES
from stillpost.lab.score import Quiet, Run, Score, least
from stillpost.lab.series import Series
from stillpost.language import N_, translate

_ROWS: Final[tuple[tuple[str, Callable[[Score], str]], ...]] = (
    (N_("alarm at submission, median (95 %)"), lambda score: _both(score, _alarm)),
    (N_("  by organizations alone, whatever they wrote"), lambda score: _both(score, _burst)),
    (N_("  the least that any detector needs"), lambda score: f"{least(score.rate):.1f}"),
    (N_("  after how long, median"), lambda score: _lasting(score.quantile(0.5, lambda run: run.delay))),
    (N_("tag: three of one platform, median (95 %)"), lambda score: _both(score, lambda run: run.tag)),
    (N_("members found"), lambda score: _share(score, "found", "members")),
    (N_("tail found"), lambda score: _share(score, "tail_found", "tail")),
    (N_("other mail taken for members, an attack"), lambda score: f"{score.mean(lambda run: run.taken):.2f}"),
    (N_("hidden mail of known senders found"), lambda score: _share(score, "needles_found", "needles")),
    (N_("  and named first"), lambda score: _share(score, "needles_first", "needles")),
    (N_("hidden purchase of a new sender found"), lambda score: f"{score.mean(lambda run: run.purchase_found):.1%}"),
    (N_("mails named as hidden, an attack"), lambda score: f"{score.mean(lambda run: run.shown):.1f}"),
    (N_("waves where there are none"), lambda score: f"{sum(run.false_alarms for run in score.runs)}"),
)


def lines(series: Series, language: str) -> list[str]:
    """The tables for a terminal."""

    def say(text: str, **values: object) -> str:
        return translate(text, language).format(**values)

    scores, quiet = series.scores, series.quiet
    told = [_line(say(N_("submissions a minute")), [f"{score.rate:g}" for score in scores])]
    told += [_line(say(name), [cell(score) for score in scores]) for name, cell in _ROWS]
    told += ["", say(N_("Rules that others published, on the same mails: alarm at submission, median (attacks seen)"))]
    told += [_line("  " + name, [_peer(score, name) for score in scores]) for name, _ in RULES]
    told += [
        "",
        say(
            N_("Without an attack: {mails} mails in {years:.1f} mailbox-years; false alarms a mailbox-year"),
            mails=quiet.mails,
            years=quiet.years,
        ),
        _line("  Stillpost", [_a_year(quiet.waves, quiet)]),
    ]
    told += [_line("  " + name, [_a_year(count, quiet)]) for name, count in quiet.peers.items()]
    if series.busy:
        told += [
            "",
            say(N_("Busy days without an attack, a wave seen on: Stillpost, and the rules above in their order")),
        ]
    for busy in series.busy:
        shares = [busy.waves, *busy.peers.values()]
        told.append(_line("  " + say(busy.name), [f"{share / busy.days:.0%}" for share in shares]))
    return told


def as_json(series: Series) -> dict[str, Any]:
    """The same for programs; null where more than the share of runs had no alarm."""
    quiet = series.quiet
    return {
        "version": 1,
        "scores": [_score(score) for score in series.scores],
        "quiet": {
            "messages": quiet.mails,
            "days": round(quiet.days, 1),
            "waves": quiet.waves,
            "peers": dict(quiet.peers),
        },
        "busy": [
            {"day": each.name, "days": each.days, "waves": each.waves, "peers": dict(each.peers)}
            for each in series.busy
        ],
    }


def _alarm(run: Run) -> int:
    return run.alarm


def _burst(run: Run) -> int:
    return run.burst


def _of_peer(name: str) -> Callable[[Run], int]:
    return lambda run: run.peers[name]


def _both(score: Score, of: Callable[[Run], int]) -> str:
    return f"{_number(score.quantile(0.5, of))} ({_number(score.quantile(0.95, of))})"


def _number(value: float) -> str:
    return "–" if isinf(value) else f"{value:g}"


def _lasting(seconds: float) -> str:
    if isinf(seconds):
        return "–"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def _a_year(count: int, quiet: Quiet) -> str:
    return f"{count / quiet.years:.2f}" if quiet.years else "–"


def _share(score: Score, part: str, whole: str) -> str:
    return f"{score.share(lambda run: getattr(run, part), lambda run: getattr(run, whole)):.1%}"


def _peer(score: Score, name: str) -> str:
    seen = sum(run.peers[name] > 0 for run in score.runs) / len(score.runs)
    return f"{_number(score.quantile(0.5, _of_peer(name)))} ({seen:.0%})"


def _line(name: str, cells: Sequence[str]) -> str:
    return f"{name:<50}" + "".join(f"{cell:>12}" for cell in cells)


def _score(score: Score) -> dict[str, Any]:
    def quantiles(of: Callable[[Run], float]) -> Mapping[str, float | None]:
        values = {"median": score.quantile(0.5, of), "p95": score.quantile(0.95, of)}
        return {name: None if value == inf else value for name, value in values.items()}

    total = {
        name: sum(getattr(run, name) for run in score.runs)
        for name in (
            *("members", "found", "tail", "tail_found", "taken", "person_taken", "needles", "needles_found"),
            *("needles_first", "purchase_found", "shown", "false_alarms"),
        )
    }
    return {
        "rate": score.rate,
        "platform": score.platform,
        "runs": len(score.runs),
        "least": round(least(score.rate), 2),
        "alarm": quantiles(_alarm),
        "alarm_by_organizations": quantiles(_burst),
        "tag": quantiles(lambda run: run.tag),
        "delay_seconds": quantiles(lambda run: run.delay),
        **total,
        "peers": {name: quantiles(_of_peer(name)) for name, _ in RULES},
    }
