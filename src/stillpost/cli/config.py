"""``stillpost config check|show``."""

import json
from pathlib import Path

import click

from stillpost.cli.asking import Trouble, as_its_user, config_option, load
from stillpost.cli.main import say
from stillpost.language import N_


@click.group("config", help=say(N_("Check or show the configuration.")))
def command() -> None:
    """Group of what can be done with the configuration."""


@command.command("check", help=say(N_("Say whether the configuration can be used; exit code 2 if not.")))
@config_option
def check(config_file: Path | None) -> None:
    """Check the file, and the files it names."""
    import asyncio  # loading takes a while

    from stillpost.config.reader import ConfigError
    from stillpost.service.wiring import check_files

    config = load(config_file)
    try:
        asyncio.run(check_files(config))
    except ConfigError as error:
        raise Trouble(str(error)) from error
    click.echo(say(N_("good: {portals}"), portals=", ".join(config.portals)))


@command.command("show", help=say(N_("Show every key with its value.")))
@click.option("--changed", is_flag=True, help=say(N_("Only what differs from the default")))
@config_option
def show_all(*, changed: bool, config_file: Path | None) -> None:
    """Show."""
    from stillpost.config.showing import shown  # loading takes a while

    for key, value in shown(load(config_file), changed_only=changed):
        click.echo(f"{key} = {json.dumps(value, ensure_ascii=False)}")


@command.command("rotate", help=say(N_("Put a new signing key in front; links already mailed keep working.")))
@config_option
def rotate(config_file: Path | None) -> None:
    """Rotate the signing keys; a running service takes the new one at its next start."""
    import secrets  # loading takes a while

    from stillpost.config.reader import ConfigError
    from stillpost.config.secrets import load_secrets, rotated, save_secrets
    from stillpost.service.wiring import now

    config = load(config_file)
    as_its_user(config.secret_file.parent)
    try:
        kept = load_secrets(config.secret_file, secrets.token_bytes, now())
        save_secrets(config.secret_file, rotated(kept, secrets.token_bytes, now()))
    except ConfigError as error:
        raise Trouble(str(error)) from error
    click.echo(say(N_("done; restart the service to use it")))
