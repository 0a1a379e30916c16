"""``stillpost scan``: was this mailbox bombed, by whom, and what is hidden in it."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from stillpost.cli.asking import Trouble, format_option, show, visible
from stillpost.cli.mailbox import new_record, opened, owner_of, password_options
from stillpost.cli.main import language, say
from stillpost.language import N_

if TYPE_CHECKING:
    from rich.console import Console

    from stillpost.mailboxes.moves import Moved
    from stillpost.mailboxes.opening import Mailbox
    from stillpost.scan.result import Result
    from stillpost.scan.scanning import Wish

RULES = ("rspamd", "sieve", "exchange")
PROCESSES_MAX = 8


@click.command("scan", help=say(N_("Say whether a mailbox was bombed, when, by whom, and what is hidden in it.")))
@click.argument("path")
@click.option(
    "--me", multiple=True, metavar="ADDRESS", help=say(N_("Your address, if it is not found; may be repeated"))
)
@click.option(
    "--reports",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help=say(N_("Write a report on each sender (ARF, XARF and the mail) into a new folder; nothing is sent")),
)
@click.option("--redact", is_flag=True, help=say(N_("Leave your address and the mails' texts out of the reports")))
@click.option(
    "--rules",
    type=click.Choice(RULES),
    help=say(N_("Print a rule for a mail server that files away what these senders send")),
)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=say(N_("Write the report as a page for a browser, which works offline")),
)
@click.option(
    "--move",
    "folder",
    metavar="FOLDER",
    help=say(N_("Say what would be moved into a folder; with --yes, move it (Maildir and IMAP; what is hidden stays)")),
)
@click.option(
    "--undo",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=say(N_("Say what would be moved back by the record of a move; with --yes, move it back")),
)
@click.option("--yes", is_flag=True, help=say(N_("Really move")))
@click.option("--fail-on-wave", is_flag=True, help=say(N_("Exit with 1 if there was a wave")))
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=lambda: min(len(os.sched_getaffinity(0)), PROCESSES_MAX),
    show_default=say(N_("as many as there are processors, 8 at most")),
    help=say(N_("How many read a large mailbox at once")),
)
@password_options
@format_option
def command(
    *,
    path: str,
    me: tuple[str, ...],
    reports: Path | None,
    redact: bool,
    rules: str | None,
    page: Path | None,
    folder: str | None,
    undo: Path | None,
    yes: bool,
    fail_on_wave: bool,
    processes: int,
    password_file: Path | None,
    keyring: bool,
    form: str,
) -> None:
    """Scan and print."""
    from stillpost.mail.addresses import AddressError, parse  # loading takes a while
    from stillpost.mailboxes.protocol import MailboxError
    from stillpost.scan.result import as_json
    from stillpost.scan.scanning import Wish, scan
    from stillpost.scan.text import lines
    from stillpost.service.wiring import now

    if undo is not None:
        _undo(path, undo, password_file, keyring=keyring, yes=yes)
        return
    try:
        owner = tuple(parse(address) for address in me or owner_of(path))
        wish = Wish(latest=now(), me=owner, processes=processes)
        if reports is not None and not wish.me:
            raise Trouble(say(N_("reports say whose they are: give your address with --me")))
        with opened(path, password_file, keyring=keyring) as mailbox:
            with _progress() as told:
                result = scan(mailbox, wish, told)
            if reports is not None:
                _report(result, mailbox, reports, wish, redact=redact)
            if folder is not None:
                _move(result, mailbox, folder, wish, yes=yes)
        if page is not None:
            _write_page(result, page)
    except (MailboxError, AddressError) as error:
        raise Trouble(str(error)) from error
    if rules is not None:
        _print_rules(result, rules, wish)
    else:
        show(as_json([result]) if form == "json" else result, form, lambda found: lines(found, language()))
    if not result.counts.messages:
        sys.exit(2)
    if fail_on_wave and result.findings:
        sys.exit(1)


def _move(result: "Result", mailbox: "Mailbox", folder: str, wish: "Wish", *, yes: bool) -> None:
    """Move the waves' mails, or say what would be moved."""
    from stillpost.scan.moving import move, planned

    record = planned(result, mailbox, folder)
    count = len(record.entries)
    if not yes:
        would = N_("{count} mails would be moved to {folder}; nothing was moved. Add --yes to move them.")
        click.echo(visible(say(would, count=count, folder=folder)), err=True)
        return
    if not count:
        click.echo(visible(say(N_("There is nothing to move."))), err=True)
        return
    path = new_record(wish.latest)
    click.echo(visible(say(N_("To take it back: --undo {path} --yes"), path=path)), err=True)
    moved = move(record, mailbox, path, wish.latest)
    _tell(moved, say(N_("{count} mails were moved to {folder}."), count=moved.done, folder=folder))


def _undo(path: str, undo: Path, password_file: Path | None, *, keyring: bool, yes: bool) -> None:
    """Move back what a record says, or say what would be moved back."""
    from stillpost.mailboxes.protocol import MailboxError
    from stillpost.scan.moving import read_record
    from stillpost.scan.moving import undo as take_back

    try:
        record = read_record(undo)
        if not yes:
            would = N_("{count} mails would be moved back from {folder}; nothing was moved. Add --yes to move them.")
            click.echo(visible(say(would, count=len(record.entries), folder=record.folder)))
            return
        with opened(path, password_file, keyring=keyring) as mailbox:
            moved = take_back(record, mailbox)
    except MailboxError as error:
        raise Trouble(str(error)) from error
    _tell(moved, say(N_("{count} mails were moved back from {folder}."), count=moved.done, folder=record.folder))


def _tell(moved: "Moved", done: str) -> None:
    click.echo(visible(done), err=True)
    if moved.missing:
        gone = N_("{count} were not there any more: moved before, or deleted.")
        click.echo(visible(say(gone, count=moved.missing)), err=True)
    if moved.marked:
        marked = N_("{count} are only marked as deleted where they came from: the server cannot do more.")
        click.echo(visible(say(marked, count=moved.marked)), err=True)


def _write_page(result: "Result", path: Path) -> None:
    """Write the page, and never half of one; it is private mail, and only its owner may read it."""
    from stillpost.scan.page import as_html

    half = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(as_html(result, language()))
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise Trouble(say(N_("{path} cannot be written: {why}"), path=path, why=error.strerror)) from error
    click.echo(visible(say(N_("The page is in {path}; open it in a browser."), path=path)), err=True)


def _report(result: "Result", mailbox: "Mailbox", folder: Path, wish: "Wish", *, redact: bool) -> None:
    """Write the reports, and say so where it does not disturb a program."""
    from stillpost.mail.abuse import Reporter
    from stillpost.scan.reports import Wanted, write_reports

    wanted = Wanted(
        reporter=Reporter("", wish.me[0].mailbox), at=wish.latest, new_id=uuid4, redact=redact, language=language()
    )
    written = write_reports(result, mailbox, folder, wanted)
    line = say(
        N_("{count} reports in {folder}; README.txt there says what to do with them."),
        count=len(written),
        folder=folder,
    )
    click.echo(visible(line), err=True)


def _print_rules(result: "Result", rules: str, wish: "Wish") -> None:
    from stillpost.scan.rules import exchange, marks_of, rspamd, sieve

    marks = marks_of([result])
    if rules == "exchange":
        found = exchange(marks, language(), wish.me[0].mailbox if wish.me else "")
    else:
        found = (sieve if rules == "sieve" else rspamd)(marks, language())
    for line in found:
        click.echo(visible(line))


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """A line on a terminal that says how many mails are read."""
    from rich.progress import Progress, SpinnerColumn, TextColumn  # loading takes a while

    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, transient=True, disable=not sys.stderr.isatty(), console=_errors()) as bar:
        task = bar.add_task("")
        yield lambda count: bar.update(task, description=say(N_("{count} mails read"), count=count))


def _errors() -> "Console":
    from rich.console import Console

    return Console(stderr=True)
