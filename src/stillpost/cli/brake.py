"""``stillpost brake on|off``: break the glass."""

from pathlib import Path

import click

from stillpost.cli.asking import ask, config_option
from stillpost.cli.duration import DURATION
from stillpost.cli.main import say
from stillpost.language import N_


@click.command("brake", help=say(N_("Stop every challenge for a while: all portals ask for the first mail instead.")))
@click.argument("switch", type=click.Choice(["on", "off"]))
@click.option("--for", "how_long", type=DURATION, default="2h", show_default=True, help=say(N_("How long, such as 2h")))
@click.option("--portal", default="*", help=say(N_("One portal; without: all")))
@config_option
def command(switch: str, how_long: int, portal: str, config_file: Path | None) -> None:
    """Switch the brake."""
    until = ask(config_file, "brake", portal=portal, on=switch == "on", seconds=how_long)
    click.echo(say(N_("no challenge is mailed until {until}"), until=until) if until else say(N_("the brake is off")))
