"""``stillpost lists``: suppressed addresses and braked portals."""

from pathlib import Path
from typing import Any

import click

from stillpost.cli.asking import ask, config_option, format_option, show
from stillpost.cli.duration import DURATION
from stillpost.cli.main import say
from stillpost.language import N_


@click.group("lists", help=say(N_("Look at lists (suppressed, brake); put something on them or take it off.")))
def command() -> None:
    """Group of what can be done with lists."""


@command.command("show", help=say(N_("Show a list; addresses are kept as keyed hashes and cannot be read back.")))
@click.argument("name")
@config_option
@format_option
def show_list(name: str, config_file: Path | None, form: str) -> None:
    """Print a line for each entry."""

    def lines(listed: list[dict[str, Any]]) -> list[str]:
        if not listed:
            return [say(N_("the list is empty"))]
        return [f"{line['key']}  {line['since'][:16]}  {line['until'] or '-'}  {line['note']}" for line in listed]

    show(ask(config_file, "listed", name=name), form, lines)


@command.command("add", help=say(N_("Put an address (or a portal) on a list.")))
@click.argument("name")
@click.argument("key")
@click.option(
    "--for",
    "how_long",
    type=DURATION,
    default=None,
    help=say(N_("How long, such as 2h or 30d; without: until removed")),
)
@click.option("--note", default="", help=say(N_("Why, for whoever looks later")))
@config_option
def add(name: str, key: str, how_long: int | None, note: str, config_file: Path | None) -> None:
    """Add one entry."""
    ask(config_file, "list-add", name=name, key=key, seconds=how_long, note=note)
    click.echo(say(N_("done")))


@command.command("remove", help=say(N_("Take an address (or a portal) off a list.")))
@click.argument("name")
@click.argument("key")
@config_option
def remove(name: str, key: str, config_file: Path | None) -> None:
    """Remove one entry."""
    click.echo(say(N_("done") if ask(config_file, "list-remove", name=name, key=key) else N_("it was not on the list")))
