"""How commands reach the store: through the running service, or, where none runs, by opening it themselves."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from stillpost.cli.main import say
from stillpost.language import N_

config_option = click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=None, help=say(N_("Configuration file (TOML)"))
)
format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help=say(N_("For people or for programs"))
)


class Trouble(click.ClickException):
    """One line on standard error, exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print the line."""
        click.echo(f"stillpost: {self.format_message()}", err=True)


def load(config_file: Path | None) -> Any:
    """The Config of a file, or the embedded default; ends the command with one line if it cannot be used."""
    from stillpost.config import embedded_default, load_config  # loading takes a while
    from stillpost.config.reader import ConfigError

    try:
        return load_config(config_file) if config_file else embedded_default()
    except ConfigError as error:
        raise Trouble(str(error)) from error


def ask(config_file: Path | None, operation: str, **arguments: Any) -> Any:
    """Do an operation in the running service, or on the store if no service runs; the answer as plain values."""
    from stillpost.config.reader import ConfigError
    from stillpost.service.control import ask_control
    from stillpost.service.operations import OperationError, Operations
    from stillpost.service.wiring import open_house
    from stillpost.store.protocol import StoreError

    config = load(config_file)

    async def do() -> Any:
        try:
            return await ask_control(config.state, operation, arguments)
        except (FileNotFoundError, ConnectionError):
            as_its_user(config.state)
            async with open_house(config, write=_quiet) as house:
                return await Operations(house).do(operation, arguments)

    try:
        return asyncio.run(do())
    except (OperationError, StoreError, ConfigError) as error:
        raise Trouble(str(error)) from error
    except OSError as error:
        message = say(N_("the running service cannot be asked: {why}"), why=error.strerror or error)
        raise Trouble(message) from error


def as_its_user(folder: Path) -> None:
    """End the command where root would write into a service's folder: what root makes there, the service cannot open."""
    if os.geteuid() == 0 and folder.exists() and (owner := folder.stat().st_uid) != 0:
        raise Trouble(
            say(
                N_("{folder} belongs to user {owner}: start the service first, or run this as that user (sudo -u)"),
                folder=folder,
                owner=name_of(owner),
            )
        )


def name_of(uid: int) -> str:
    """A user's name, or the number if it has none."""
    import pwd  # loading takes a while, and hardly any command needs it

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def show(answer: Any, form: str, lines: Callable[[Any], list[str]]) -> None:
    """Print an answer: as JSON with a version, or as lines with control characters escaped."""
    if form == "json":
        body = answer if isinstance(answer, dict) and "version" in answer else {"version": 1, "result": answer}
        click.echo(json.dumps(body, ensure_ascii=True, indent=1))
        return
    for line in lines(answer):
        click.echo(visible(line))


def visible(text: str) -> str:
    """Text with control, format and direction characters escaped, so that a stranger's words cannot steer a terminal."""
    return "".join(char if char == "\n" or char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def _quiet(line: str) -> None:
    """The journal of a command that acts on its own store goes nowhere; the service's own journal is not its to write."""
