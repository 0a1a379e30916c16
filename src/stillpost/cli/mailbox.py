"""The mailbox a command is about: a path, or an account whose password is asked for, read from a file, or in a keyring."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from stillpost.cli.asking import Trouble
from stillpost.cli.main import say
from stillpost.language import N_

if TYPE_CHECKING:
    from stillpost.mailboxes.account import Account
    from stillpost.mailboxes.opening import Mailbox
    from stillpost.mailboxes.place import Place

PASSWORD_MAX_LENGTH: Final = 10_000
SERVICE: Final = "stillpost"

_file = click.option(
    "--password-file",
    type=click.Path(path_type=Path),
    default=None,
    help=say(N_("File whose first line is the account's password; without it you are asked")),
)
_keyring = click.option(
    "--keyring",
    is_flag=True,
    help=say(N_("Take the account's password from the system's keyring (service stillpost, name user@host)")),
)


def password_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where the password is."""
    return _file(_keyring(command))


def account_of(path: str, password_file: Path | None, *, keyring: bool) -> "Account":
    """The account that ``path`` names, with its password. Raises MailboxError, and Trouble where there is no password."""
    from stillpost.mailboxes.account import Account  # loading takes a while
    from stillpost.mailboxes.place import place_of

    place = place_of(path)
    password = _password(place, password_file, keyring=keyring)
    if not password:
        raise Trouble(say(N_("the password is empty")))
    return Account(replace(place, password=password))


@contextmanager
def opened(path: str, password_file: Path | None, *, keyring: bool) -> "Iterator[Mailbox]":
    """The mailbox at a path or of an account, hung up afterwards. Raises MailboxError."""
    from stillpost.mailboxes.opening import open_path  # loading takes a while
    from stillpost.mailboxes.place import is_place

    if not is_place(path):
        yield open_path(Path(path))
        return
    from stillpost.mailboxes.imap import open_account

    account = account_of(path, password_file, keyring=keyring)
    try:
        yield open_account(account)
    finally:
        account.close()


def new_record(at: datetime) -> Path:
    """A name for the record of a move, in the folder where the command was typed; nobody else's."""
    return Path(f"stillpost-move-{at:%Y%m%d-%H%M%S}-{os.getpid()}.jsonl")


def owner_of(path: str) -> tuple[str, ...]:
    """Whose mailbox it is, where the account's user is an address."""
    from stillpost.mailboxes.place import is_place, place_of

    user = place_of(path).user if is_place(path) else ""
    return (user,) if "@" in user else ()


def _password(place: "Place", password_file: Path | None, *, keyring: bool) -> str:
    if password_file is not None:
        try:
            with password_file.open(encoding="utf-8") as file:
                return file.readline(PASSWORD_MAX_LENGTH).rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise Trouble(say(N_("{path} cannot be read: {why}"), path=password_file, why=error)) from error
    if keyring:
        return _from_keyring(place)
    if not sys.stdin.isatty():
        raise Trouble(say(N_("nobody is here to be asked for the password: use --password-file or --keyring")))
    question = say(N_("Password of {user} at {host}"), user=place.user, host=place.host)
    return str(click.prompt(question, hide_input=True, err=True))


def _from_keyring(place: "Place") -> str:
    try:
        import keyring  # an extra: most people type their password
        from keyring.errors import KeyringError
    except ImportError:
        raise Trouble(say(N_("this needs the keyring package: pip install 'stillpost[keyring]'"))) from None
    name = f"{place.user}@{place.host}"
    try:
        password = keyring.get_password(SERVICE, name)
    except KeyringError as error:
        raise Trouble(say(N_("the keyring does not open: {why}"), why=error)) from error
    if not password:
        hint = N_("the keyring has no password of {name}; put it there with: keyring set {service} {name}")
        raise Trouble(say(hint, name=name, service=SERVICE))
    return password
