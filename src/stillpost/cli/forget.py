"""``stillpost forget ADDRESS``."""

from pathlib import Path

import click

from stillpost.cli.asking import ask, config_option
from stillpost.cli.main import say
from stillpost.language import N_


@click.command("forget", help=say(N_("Drop all that is kept about an address; a suppression stays, as a keyed hash.")))
@click.argument("address")
@config_option
def command(address: str, config_file: Path | None) -> None:
    """Forget one address."""
    dropped = ask(config_file, "forget", address=address)
    click.echo(say(N_("{dropped} things dropped; tickets in the helpdesk are its own to delete"), dropped=dropped))
