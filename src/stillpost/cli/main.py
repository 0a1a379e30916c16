"""The command ``stillpost``: a lazy group, so that ``--help`` loads nothing but the list below."""

import os
import sys
from importlib import import_module
from typing import final

import click

from stillpost import __version__
from stillpost.language import N_, of_environment, translate

COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("stillpost.cli.serve", N_("Run the form, the API and the listeners")),
    "audit": ("stillpost.cli.audit", N_("Show the mail a stranger can make a helpdesk send")),
    "scan": ("stillpost.cli.scan", N_("Say whether a mailbox was bombed, by whom, and what is hidden in it")),
    "watch": ("stillpost.cli.watch", N_("Watch an account live and move a wave out of the way")),
    "explain": ("stillpost.cli.explain", N_("Say why a request was answered as it was")),
    "replay": ("stillpost.cli.replay", N_("Judge recorded events again, a line in, a line out")),
    "holds": ("stillpost.cli.holds", N_("Look at what is held; release or drop it")),
    "lists": ("stillpost.cli.lists", N_("Look at lists; put something on them or take it off")),
    "sieve": ("stillpost.cli.sieve", N_("Print a Sieve rule that files the mail of waves")),
    "brake": ("stillpost.cli.brake", N_("Stop every challenge for a while")),
    "forget": ("stillpost.cli.forget", N_("Drop all that is kept about an address")),
    "config": ("stillpost.cli.config", N_("Check or show the configuration")),
    "doctor": ("stillpost.cli.doctor", N_("Look for what is wrong or still open")),
    "lab": ("stillpost.cli.lab", N_("Measure, in process and on loopback only")),
}
"""Every command with its module (which holds ``command``) and what it does; the house tests compare it with the files."""


def language() -> str:
    """The reader's language, from the environment of the terminal."""
    return of_environment(dict(os.environ))


def say(text: str, /, **values: object) -> str:
    """A marked text in the reader's language, filled."""
    return translate(text, language()).format(**values)


@final
class LazyGroup(click.Group):
    """Loads a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the list."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, loaded."""
        if cmd_name not in COMMANDS:
            return None
        loaded = import_module(COMMANDS[cmd_name][0]).command
        if not isinstance(loaded, click.Command):
            message = f"{cmd_name} is not a command"
            raise TypeError(message)
        return loaded

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list, without loading anything."""
        with formatter.section(say(N_("Commands"))):
            formatter.write_dl([(name, say(text)) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, help=say(N_("Stillpost keeps support portals from mailing people who never asked.")))
@click.version_option(__version__, prog_name="stillpost")
def cli() -> None:
    """Run the command line."""


def main() -> None:
    """Run; a traceback reaches nobody, an interrupt is no error."""
    from stillpost.cli.usage import speak  # not needed where others import the commands

    speak()
    try:
        code = cli.main(prog_name="stillpost", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:  # the last line of defense: one clear line, never a traceback
        if os.environ.get("STILLPOST_TRACEBACK"):
            raise
        line = say(
            N_("stillpost: a mistake of ours: {kind}: {text}. Set STILLPOST_TRACEBACK=1 and tell us what it shows."),
            kind=type(error).__name__,
            text=str(error)[:200],
        )
        click.echo(line, err=True)
        sys.exit(70)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
