"""``stillpost holds``: what waits for an agent."""

from pathlib import Path
from typing import Any

import click

from stillpost.cli.asking import ask, config_option, format_option, show
from stillpost.cli.main import say
from stillpost.language import N_


@click.group("holds", help=say(N_("Look at what is held; release or drop it.")))
def command() -> None:
    """Group of what can be done with held requests."""


@command.command("list", help=say(N_("List what is held, oldest first.")))
@config_option
@format_option
def list_held(config_file: Path | None, form: str) -> None:
    """Print a line for each held request."""

    def lines(held: list[dict[str, Any]]) -> list[str]:
        if not held:
            return [say(N_("nothing is held"))]
        return [
            f"{item['id']}  {item['at'][:16]}  {item['portal']}  {item['subject']}  {' '.join(item['symbols'])}"
            for item in held
        ]

    show(ask(config_file, "holds"), form, lines)


@command.command("show", help=say(N_("Show a held request with its words.")))
@click.argument("request_id", metavar="ID")
@config_option
@format_option
def show_held(request_id: str, config_file: Path | None, form: str) -> None:
    """Print one request."""

    def lines(item: dict[str, Any]) -> list[str]:
        head = [f"{key:10} {item[key]}" for key in ("id", "portal", "state", "at", "requester", "name", "subject")]
        return [*head, f"{'symbols':10} {' '.join(item['symbols'])}", *item["attachments"], "", item["text"]]

    show(ask(config_file, "show", request_id=request_id), form, lines)


@command.command(
    "release", help=say(N_("Take a held request in: quietly, so that nothing is mailed to its requester."))
)
@click.argument("request_id", metavar="ID")
@click.option("--vouched", is_flag=True, help=say(N_("You know that the requester is who he says: he may be mailed")))
@config_option
@format_option
def release(request_id: str, *, vouched: bool, config_file: Path | None, form: str) -> None:
    """Release one request."""
    done = ask(config_file, "release", request_id=request_id, vouched=vouched)
    show(done, form, lambda item: [say(N_("{id} is on its way to the helpdesk"), **item)])


@command.command("drop", help=say(N_("Delete a held request.")))
@click.argument("request_id", metavar="ID")
@config_option
@format_option
def drop(request_id: str, config_file: Path | None, form: str) -> None:
    """Drop one request."""
    show(ask(config_file, "drop", request_id=request_id), form, lambda item: [say(N_("{id} is deleted"), **item)])
