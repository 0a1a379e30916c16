"""``stillpost serve``."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillpost.cli.asking import Trouble, config_option, load
from stillpost.cli.main import say
from stillpost.language import N_

if TYPE_CHECKING:
    from stillpost.service.wiring import House


@click.command("serve", help=say(N_("Run the form, the API and the listeners until stopped.")))
@config_option
def command(config_file: Path | None) -> None:
    """Serve until SIGTERM or SIGINT; exit code 2 if it cannot start."""
    import uvloop  # loading takes a while, and only this command needs it

    from stillpost.config.reader import ConfigError
    from stillpost.service.running import serve
    from stillpost.store.protocol import StoreError

    config = load(config_file)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(config, announce))
    except* (ConfigError, StoreError) as errors:
        raise Trouble(str(first_of(errors))) from None


def first_of(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first plain exception in a group."""
    inner = errors.exceptions[0]
    return first_of(inner) if isinstance(inner, BaseExceptionGroup) else inner


def announce(house: "House") -> None:
    """Tell the addresses to open and the folders to look into."""
    config = house.config
    for portal in house.portals.values():
        click.echo(say(N_("form      {url}"), url=f"{portal.proof_base}/p/{portal.name}"))
    first = next(iter(house.portals.values()))
    click.echo(say(N_("API       {url}"), url=f"{first.proof_base}/api/v1/openapi.json"))
    if config.inbound.listen:
        click.echo(
            say(
                N_("mail      {address}, taken on {listen}"),
                address=config.inbound.address,
                listen=config.inbound.listen,
            )
        )
    if not config.relay.smtp:
        click.echo(
            say(N_("outgoing  {folder} (a Maildir: open the newest mail to confirm)"), folder=config.state / "outgoing")
        )
    if config.embedded:
        click.echo(say(N_("tickets   {folder} (a Maildir)"), folder=config.state / "tickets"))
    click.echo(say(N_("stop with Ctrl-C")))
