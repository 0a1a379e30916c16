"""``stillpost lab``: measure, in process and on loopback only."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillpost.cli.asking import Trouble, format_option, show
from stillpost.cli.lab_wave import wave
from stillpost.cli.main import language, say
from stillpost.language import N_

if TYPE_CHECKING:
    from stillpost.lab.score import Plan
    from stillpost.lab.series import Series


@click.group("lab", help=say(N_("Measure with made-up people and a made-up forger; nothing leaves this process.")))
def command() -> None:
    """Group of what can be measured."""


command.add_command(wave)


_HALVES = ["development", "test"]
SHAPES = [
    "zendesk",
    "intercom",
    "helpscout",
    "salesforce",
    "jira",
    "freshdesk",
    "osticket",
    "rt",
    "zammad",
    "freescout",
    "form",
    "wordpress",
]
half_option = click.option(
    "--half", type=click.Choice(_HALVES), default="test", show_default=True, help=say(N_("Which half of the texts"))
)
platform_option = click.option(
    "--platform", type=click.Choice(["", *SHAPES]), default="", help=say(N_("Only one platform's mails"))
)


@command.command("inject", help=say(N_("Mix a made-up wave into a copy of a mailbox, with the truth beside it.")))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--into", metavar="PATH", default=None, help=say(N_("The mailbox to copy; a made-up one without it")))
@click.option(
    "--start", metavar="TIME", default=None, help=say(N_("First submission (RFC 3339); by chance without it"))
)
@click.option(
    "--submissions", type=click.IntRange(1, 100_000), default=120, show_default=True, help=say(N_("How many companies"))
)
@click.option(
    "--rate", type=click.FloatRange(0.01, 1_000), default=12.0, show_default=True, help=say(N_("Submissions a minute"))
)
@click.option("--seed", type=click.IntRange(0, 9_999), default=1, show_default=True, help=say(N_("Seed of the chance")))
@half_option
@platform_option
@click.option("--different-words", is_flag=True, help=say(N_("Every company is told something else")))
def inject(
    *,
    folder: Path,
    into: str | None,
    start: str | None,
    submissions: int,
    rate: float,
    seed: int,
    half: str,
    platform: str,
    different_words: bool,
) -> None:
    """Write the files and say what they hold."""
    from datetime import timedelta  # loading takes a while

    from stillpost.lab.injection import Attack
    from stillpost.lab.mixing import TRUTH, mix, moment_in
    from stillpost.mailboxes.opening import open_path
    from stillpost.mailboxes.protocol import MailboxError
    from stillpost.service.wiring import now

    try:
        mailbox = open_path(Path(into)) if into else None
        begins = _time(start) if start else moment_in(mailbox, seed, now()) if mailbox else now() - timedelta(days=60)
        attack = Attack(
            start=begins,
            submissions=submissions,
            rate=rate,
            seed=seed,
            half=half,
            platform=platform,
            same_words=not different_words,
        )
        mixed = mix(mailbox, attack, folder, now())
    except MailboxError as error:
        raise Trouble(str(error)) from error
    click.echo(
        say(
            N_("{kept} mails copied, {injected} added from {start} on; the truth is in {truth}"),
            kept=mixed.kept,
            injected=len(mixed.injected),
            start=begins.strftime("%Y-%m-%d %H:%M UTC"),
            truth=folder / TRUTH,
        )
    )
    if mixed.unreadable:
        click.echo(say(N_("{count} could not be read and were left out"), count=mixed.unreadable), err=True)


def _time(text: str) -> Any:
    from datetime import UTC, datetime

    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is no time: write 2026-10-20T18:00:00Z"
        raise Trouble(message) from error
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


@command.command("score", help=say(N_("Attack a mailbox many times and say what is seen, beside others' rules.")))
@click.argument("path", required=False)
@click.option(
    "--seeds", type=click.IntRange(1, 10_000), default=50, show_default=True, help=say(N_("Attacks at each rate"))
)
@click.option(
    "--rate",
    "rates",
    type=click.FloatRange(0.01, 1_000),
    multiple=True,
    help=say(N_("Submissions a minute; may be repeated")),
)
@half_option
@platform_option
@click.option(
    "--picture", type=click.Path(path_type=Path, dir_okay=False), default=None, help=say(N_("Write a picture (SVG)"))
)
@click.option("--different-words", is_flag=True, help=say(N_("Every company is told something else")))
@format_option
def score(
    *,
    path: str | None,
    seeds: int,
    rates: tuple[float, ...],
    half: str,
    platform: str,
    picture: Path | None,
    different_words: bool,
    form: str,
) -> None:
    """Score and print."""
    from stillpost.lab.score import RATES, Plan  # loading takes a while
    from stillpost.lab.score_picture import picture as drawn
    from stillpost.lab.score_report import as_json, lines
    from stillpost.mailboxes.protocol import MailboxError

    plan = Plan(half=half, platform=platform, same_words=not different_words)
    try:
        found = _series(path, tuple(sorted(set(rates))) or RATES, seeds, plan)
        if picture is not None:
            picture.write_text(drawn(found.scores, language()), encoding="utf-8")
    except MailboxError as error:
        raise Trouble(str(error)) from error
    except OSError as error:
        message = f"{picture} cannot be written: {error.strerror}"
        raise Trouble(message) from error
    show(as_json(found) if form == "json" else found, form, lambda given: lines(given, language()))


def _series(path: str | None, rates: tuple[float, ...], seeds: int, plan: "Plan") -> "Series":
    from rich.progress import Progress  # loading takes a while

    from stillpost.lab.background import of_mailbox
    from stillpost.lab.series import series
    from stillpost.mailboxes.opening import open_path
    from stillpost.service.wiring import now

    real = of_mailbox(open_path(Path(path)), now()) if path else None
    with Progress(transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=seeds)
        return asyncio.run(series(real, rates, seeds, plan, now(), lambda: bar.advance(task)))
