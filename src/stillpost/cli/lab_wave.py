"""``stillpost lab wave``: there is nothing to aim it at; portal, relay and helpdesk live in this process."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillpost.cli.asking import Trouble, format_option, show
from stillpost.cli.main import language, say
from stillpost.language import N_

if TYPE_CHECKING:
    from stillpost.lab.wave import Plan
    from stillpost.lab.wave_score import Score

_FORGERS = ["flood", "same-words", "few", "ahead", "api", "slow", "feigned"]


@click.command("wave", help=say(N_("Play a relay-spam wave against a portal, with honest visitors in it.")))
@click.option(
    "--requests", type=click.IntRange(1, 1_000_000), default=20_000, show_default=True, help=say(N_("Forged requests"))
)
@click.option(
    "--addresses", type=click.IntRange(1, 1_000_000), default=5_000, show_default=True, help=say(N_("Victims"))
)
@click.option(
    "--honest", type=click.IntRange(1, 100_000), default=300, show_default=True, help=say(N_("Honest visitors"))
)
@click.option(
    "--total",
    "hourly",
    type=click.IntRange(1),
    default=10_000,
    show_default=True,
    help=say(N_("challenges_total an hour")),
)
@click.option("--seed", type=int, default=1, show_default=True, help=say(N_("Seed of the chance")))
@click.option(
    "--proof",
    type=click.Choice(["all", "adaptive", "mail-first", "link"]),
    default="all",
    show_default=True,
    help=say(N_("Mode of proof")),
)
@click.option(
    "--forger",
    type=click.Choice(["all", *_FORGERS]),
    default="flood",
    show_default=True,
    help=say(N_("How the forger goes about it")),
)
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), default=None, help=say(N_("Write a page with pictures"))
)
@click.option(
    "--picture", type=click.Path(path_type=Path, dir_okay=False), default=None, help=say(N_("Write a picture (SVG)"))
)
@format_option
def wave(
    *,
    requests: int,
    addresses: int,
    honest: int,
    hourly: int,
    seed: int,
    proof: str,
    forger: str,
    html: Path | None,
    picture: Path | None,
    form: str,
) -> None:
    """Play and print."""
    from stillpost.lab.wave import Plan  # loading takes a while
    from stillpost.lab.wave_page import page
    from stillpost.lab.wave_plot import mails_over_time
    from stillpost.lab.wave_report import lines
    from stillpost.language import translate
    from stillpost.model import Rate

    plan = Plan(
        requests=requests, addresses=addresses, honest=honest, total=Rate(hourly, timedelta(hours=1)), seed=seed
    )
    for file in (html, picture):
        if file is not None:
            _write(file, "")  # before minutes of work
    scores = _played(plan, proof, _FORGERS if forger == "all" else [forger])
    if html is not None:
        _write(html, page(plan, scores, language()))
    if picture is not None:
        first = [score for score in scores if score.strategy is not None and score.strategy is scores[1].strategy]
        _write(picture, mails_over_time(first, lambda text: translate(text, language())))
    counts = {"requests": requests, "addresses": addresses, "honest": honest, "total_an_hour": hourly, "seed": seed}
    answer = {"version": 1, "plan": counts, "runs": [score.as_json() for score in scores]}
    show(answer, form, lambda _: lines(plan, scores, language()))


def _played(plan: "Plan", proof: str, forgers: list[str]) -> "list[Score]":
    from rich.progress import Progress, TaskID  # loading takes a while

    from stillpost.lab.forger import Strategy
    from stillpost.lab.wave import play
    from stillpost.model import ProofMode

    modes = list(ProofMode) if proof == "all" else [ProofMode(proof)]
    scores = []
    with Progress(transient=True, disable=not sys.stderr.isatty()) as bar:
        for mode in modes:
            for strategy in (None, *map(Strategy, forgers)):
                task = bar.add_task(f"{mode.value} {strategy.value if strategy else ''}", total=1.0)

                def progress(share: float, task: TaskID = task) -> None:
                    bar.update(task, completed=share)

                scores.append(asyncio.run(play(plan, mode, strategy, progress)))
    return scores


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}"
        raise Trouble(message) from error
