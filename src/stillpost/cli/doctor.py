"""``stillpost doctor``."""

import sys
from pathlib import Path
from typing import Any

import click

from stillpost.cli.asking import ask, config_option, format_option, show
from stillpost.cli.main import language, say
from stillpost.language import N_, translate


@click.command("doctor", help=say(N_("Look for what is wrong or still open; exit code 1 if anything is red.")))
@click.option("--closed", "door", default="", help=say(N_("Say that a helpdesk's other door is closed (PORTAL/DOOR)")))
@config_option
@format_option
def command(door: str, config_file: Path | None, form: str) -> None:
    """Print every check."""
    if door:
        until = ask(config_file, "attest", door=door)
        click.echo(say(N_("noted; doctor asks again after {until}"), until=until[:10]))
        return
    checks = ask(config_file, "doctor")
    show(checks, form, lines)
    sys.exit(1 if any(check["outcome"] == "red" for check in checks) else 0)


def lines(checks: list[dict[str, Any]]) -> list[str]:
    """Red first, then unknown, then green."""
    order = {"red": 0, "unknown": 1, "green": 2}
    words = {"red": say(N_("RED")), "unknown": say(N_("UNKNOWN")), "green": say(N_("green"))}
    ordered = sorted(checks, key=lambda check: order[check["outcome"]])
    return [f"{words[check['outcome']]:9} {say(check['text'], **_told(check))}" for check in ordered]


def _told(check: dict[str, Any]) -> dict[str, Any]:
    """The check's values; those that are sentences of a helpdesk product are marked texts themselves."""
    return {
        key: translate(value, language()) if key in {"what", "how", "found"} else value for key, value in check.items()
    }
