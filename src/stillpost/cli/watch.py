"""``stillpost watch``: watch an account live; say when a wave begins, and move it out of the way."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from stillpost.cli.asking import Trouble, visible
from stillpost.cli.mailbox import account_of, new_record, owner_of, password_options
from stillpost.cli.main import say
from stillpost.language import N_


@click.command("watch", help=say(N_("Watch an account live: say when a wave begins and what is hidden in it.")))
@click.argument("account")
@click.option(
    "--me", multiple=True, metavar="ADDRESS", help=say(N_("Your address, if it is not found; may be repeated"))
)
@click.option(
    "--move",
    "folder",
    metavar="FOLDER",
    default="",
    help=say(N_("Move a wave's mails into a folder as they come; scan --undo takes it back")),
)
@password_options
def command(*, account: str, me: tuple[str, ...], folder: str, password_file: Path | None, keyring: bool) -> None:
    """Watch until stopped."""
    from stillpost.mail.addresses import AddressError, parse  # loading takes a while
    from stillpost.mailboxes.protocol import MailboxError
    from stillpost.scan.watching import Watched, watch
    from stillpost.service.wiring import now

    try:
        there = account_of(account, password_file, keyring=keyring)
        addresses = tuple(parse(address) for address in me or owner_of(account))
        wanted = Watched(
            now=now, tell=teller(now), record=new_record(now()), folder=folder, me=addresses, again=time.sleep
        )
        try:
            watch(there, wanted)
        finally:
            there.close()
    except (MailboxError, AddressError) as error:
        raise Trouble(str(error)) from error


def teller(now: Callable[[], datetime]) -> Callable[..., None]:
    """What is told, in the reader's language, a line each with the time."""
    from stillpost.scan.needle import Reason
    from stillpost.scan.text import reasons

    def tell(text: str, **values: Any) -> None:
        why = values.get("why")
        if isinstance(why, tuple):
            if why and isinstance(why[0], Reason):
                values["why"] = reasons(why, say)
            else:
                values["why"] = say(why[0], **why[1])
        moment: datetime = now()
        click.echo(visible(f"{moment:%Y-%m-%d %H:%M:%S} {say(text, **values)}"))

    return tell
