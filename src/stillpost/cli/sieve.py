"""``stillpost sieve``: a rule for the mailbox server that files what the milter only marked."""

import re

import click

from stillpost.cli.main import say
from stillpost.language import N_

_FOLDER = re.compile(r"[^\x00-\x1f\x7f\"\\]{1,200}")

SCRIPT = """\
require ["fileinto", "mailbox"];
# Stillpost's milter writes this field, and takes out what a stranger wrote into it.
if header :matches "Stillpost-Advice" "hold;*" {{
    fileinto :create "{folder}";
}}
"""


def script(folder: str) -> str:
    """The rule (RFC 5228, 5490). Raises ValueError for a name that would break out of its quotes."""
    if not _FOLDER.fullmatch(folder):
        message = "a folder's name has 1 to 200 characters, none of them a quote, a backslash or a control character"
        raise ValueError(message)
    return SCRIPT.format(folder=folder)


@click.command(
    "sieve", help=say(N_("Print a Sieve rule that files the mail of waves, where the milter only marks it."))
)
@click.option("--folder", default="Stillpost", show_default=True, help=say(N_("Where to file it")))
def command(folder: str) -> None:
    """Print the rule."""
    try:
        click.echo(script(folder), nl=False)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--folder") from error
