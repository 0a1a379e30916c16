"""``stillpost lab``: measure, in process and on loopback only."""

import asyncio
import sys
from pathlib import Path

import click

from stillpost.cli.asking import Trouble, show
from stillpost.cli.main import language, say
from stillpost.language import N_


@click.group("lab", help=say(N_("Measure with made-up people and a made-up forger; nothing leaves this process.")))
def command() -> None:
    """Group of what can be measured."""


@command.command("wave", help=say(N_("Play a relay-spam wave against a portal, with honest visitors in it.")))
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
    help=say(N_("Mode of proof")),
)
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), default=None, help=say(N_("Write a page with pictures"))
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help=say(N_("For people or for programs"))
)
def wave(
    *, requests: int, addresses: int, honest: int, hourly: int, seed: int, proof: str, html: Path | None, form: str
) -> None:
    """Play and print."""
    from datetime import timedelta  # loading takes a while

    from rich.progress import Progress, TaskID

    from stillpost.lab.wave import Plan, Score, play
    from stillpost.lab.wave_report import lines, page
    from stillpost.model import ProofMode, Rate

    plan = Plan(
        requests=requests, addresses=addresses, honest=honest, total=Rate(hourly, timedelta(hours=1)), seed=seed
    )
    modes = list(ProofMode) if proof == "all" else [ProofMode(proof)]
    scores: list[Score] = []
    with Progress(transient=True, disable=not sys.stderr.isatty()) as bar:
        for mode in modes:
            for in_wave in (False, True):
                task = bar.add_task(f"{mode.value} {'wave' if in_wave else 'quiet'}", total=1.0)

                def progress(share: float, task: TaskID = task) -> None:
                    bar.update(task, completed=share)

                scores.append(asyncio.run(play(plan, mode, progress, wave=in_wave)))
    if html is not None:
        try:
            html.write_text(page(plan, scores, language()), encoding="utf-8")
        except OSError as error:
            message = f"{html} cannot be written: {error.strerror}"
            raise Trouble(message) from error
    counts = {"requests": requests, "addresses": addresses, "honest": honest, "seed": seed}
    answer = {"version": 1, "plan": counts, "runs": [score.as_json() for score in scores]}
    show(answer, form, lambda _: lines(plan, scores, language()))
