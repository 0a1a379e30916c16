"""``stillpost audit``: the very mail a stranger can make a helpdesk send."""

import sys
from pathlib import Path

import click


@click.command(short_help="Show the mail a stranger can make your helpdesk send.")
@click.argument("product")
@click.option("--from", "folder", type=click.Path(path_type=Path), help="A folder of saved replies, one per endpoint.")
@click.option("--name", default="", help="The helpdesk's name (a Zendesk's subdomain).")
@click.option("--save", type=click.Path(path_type=Path), help="Write what was read to a snapshot file.")
@click.option("--fail-on", type=click.Choice(["info", "low", "medium", "high", "critical"]), default="high")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def audit(product: str, folder: Path | None, name: str, save: Path | None, fail_on: str, form: str) -> None:
    """Judge a helpdesk's settings and show the mail that a stranger can make it send.

    PRODUCT is the helpdesk's product (zendesk), or a snapshot file that --save wrote.
    Exits with 0 if nothing is at or above --fail-on, 1 if something is, 2 if the audit could not run.
    """
    from stillpost.audit.exposure import Severity
    from stillpost.audit.report import as_json, as_text, worst
    from stillpost.audit.snapshot import SnapshotError, dumped
    from stillpost.helpdesks.auditing import audited, taken
    from stillpost.helpdesks.protocol import HelpdeskError

    try:
        snapshot = taken(product, folder, name)
        report = audited(snapshot, {})
    except (HelpdeskError, SnapshotError, OSError) as error:
        click.echo(f"stillpost audit: {error}", err=True)
        sys.exit(2)
    if save is not None:
        save.write_text(dumped(snapshot), encoding="utf-8")
    click.echo(as_json(report) if form == "json" else as_text(report, str), nl=False)
    found = worst(report.outcomes)
    sys.exit(1 if found is not None and found >= Severity[fail_on.upper()] else 0)


command = audit
"""What ``cli.main`` loads."""

if __name__ == "__main__":
    audit()
