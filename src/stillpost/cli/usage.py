"""The command-line library's own words: marked, so that our catalogues have them, and looked up there."""

import gettext
from importlib import resources
from typing import Final

from stillpost.language import N_


def NN_(one: str, many: str) -> tuple[str, str]:  # noqa: N802  # known to the extraction tool, as N_ is
    """Mark a text that has a plural."""
    return one, many


TEXTS: Final = (
    N_("Usage:"),
    N_("Options"),
    N_("Show this message and exit."),
    N_("Show the version and exit."),
    N_("%(prog)s, version %(version)s"),
    N_("default: {default}"),
    N_("required"),
    N_("Try '{command} {option}' for help."),
    N_("Error: {message}"),
    N_("Invalid value: {message}"),
    N_("Invalid value for {param_hint}: {message}"),
    N_("Missing argument"),
    N_("Missing option"),
    N_("Missing parameter"),
    N_("Missing command."),
    N_("No such option {name!r}."),
    N_("No such command {name!r}."),
    N_("Option {name!r} does not take a value."),
    N_("{value!r} is not a valid {number_type}."),
    N_("{value} is not in the range {range}."),
    N_("Choose from:\n\t{choices}"),
    N_("Could not open file {filename!r}: {message}"),
    N_("{name} {filename!r} does not exist."),
)
PLURALS: Final = (
    NN_("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    NN_("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
    NN_("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."),
    NN_("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
)
"""What a user of ours can meet; the library asks ``gettext``'s current domain for them."""


def speak() -> None:
    """Let the library find its words in our catalogues, for the rest of the process; it takes no other way."""
    with resources.as_file(resources.files("stillpost") / "locale") as folder:
        gettext.bindtextdomain("stillpost", str(folder))
    gettext.textdomain("stillpost")
