"""``stillpost scan``: was this mailbox bombed, by whom, and what is hidden in it."""

import sys
from pathlib import Path

import click

from stillpost.cli.asking import Trouble, format_option, show
from stillpost.cli.mailbox import opened, owner_of, password_options
from stillpost.cli.main import language, say
from stillpost.language import N_


@click.command("scan", help=say(N_("Say whether a mailbox was bombed, when, by whom, and what is hidden in it.")))
@click.argument("path")
@click.option(
    "--me", multiple=True, metavar="ADDRESS", help=say(N_("Your address, if it is not found; may be repeated"))
)
@click.option("--fail-on-wave", is_flag=True, help=say(N_("Exit with 1 if there was a wave")))
@password_options
@format_option
def command(
    *, path: str, me: tuple[str, ...], fail_on_wave: bool, password_file: Path | None, keyring: bool, form: str
) -> None:
    """Scan and print."""
    from stillpost.mail.addresses import AddressError, parse  # loading takes a while
    from stillpost.mailboxes.protocol import MailboxError
    from stillpost.scan.result import as_json
    from stillpost.scan.scanning import Wish, scan
    from stillpost.scan.text import lines
    from stillpost.service.wiring import now

    try:
        wish = Wish(latest=now(), me=tuple(parse(address) for address in me or owner_of(path)))
        with opened(path, password_file, keyring=keyring) as mailbox:
            result = scan(mailbox, wish)
    except (MailboxError, AddressError) as error:
        raise Trouble(str(error)) from error
    show(as_json([result]) if form == "json" else result, form, lambda found: lines(found, language()))
    if not result.counts.messages:
        sys.exit(2)
    if fail_on_wave and result.findings:
        sys.exit(1)
