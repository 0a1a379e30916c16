"""``stillpost audit``: the very mail a stranger can make a helpdesk send."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillpost.cli.asking import Trouble
from stillpost.cli.main import language, say
from stillpost.language import N_, translate

if TYPE_CHECKING:
    from stillpost.audit.drift import Drift
    from stillpost.audit.report import Report
    from stillpost.audit.snapshot import Snapshot

SEVERITIES = ("info", "low", "medium", "high", "critical")
_path = click.Path(path_type=Path)
_HELP = N_(
    "Judge a helpdesk's settings and show the mail that a stranger can make it send.\n\nPRODUCT is zendesk,"
    " django-helpdesk, roundup, request-tracker, osticket or zammad, a snapshot file that --save wrote, or demo.\n\n"
    "Exits with 0 if nothing is at or above --fail-on, 1 if something is, 2 if the audit could not run."
)


@click.command("audit", help=say(_HELP))
@click.argument("product", required=False, default="")
@click.option("--from", "source", type=_path, help=say(N_("Read the settings from here: a folder, a file, a tracker")))
@click.option("--name", default="", help=say(N_("The helpdesk's name in the report")))
@click.option("--subdomain", default="", help=say(N_("Zendesk: read the account over its API")))
@click.option("--url", default="", help=say(N_("Zendesk: the account's address, instead of --subdomain")))
@click.option("--token-file", default="", help=say(N_("Zendesk: file with an OAuth access token (scope read)")))
@click.option("--client-id", default="", help=say(N_("Zendesk: OAuth client that fetches its own tokens")))
@click.option("--client-secret-file", default="", help=say(N_("Zendesk: file with the OAuth client's secret")))
@click.option("--save", type=_path, help=say(N_("Write what was read to a snapshot file, without secrets")))
@click.option("--baseline", type=_path, help=say(N_("An earlier report (JSON): show only what changed since")))
@click.option("--fail-on", type=click.Choice(SEVERITIES), default="high", show_default=True)
@click.option("--attest", type=_path, help=say(N_("What no API shows, vouched for; asked for if the file is missing")))
@click.option("--fix", "fixes", multiple=True, help=say(N_("Write the smallest fix to this file; 'volume' stops all")))
@click.option("--apply", "plan", type=_path, help=say(N_("Zendesk: make the calls of a plan, asking for each")))
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif", "html"]), default="text")
def command(**given: Any) -> None:
    """Run the audit."""
    from stillpost.audit.attest import AttestationError
    from stillpost.audit.drift import BaselineError
    from stillpost.audit.snapshot import SnapshotError
    from stillpost.helpdesks.protocol import HelpdeskError, OptionError

    try:
        if given["product"] == "demo":
            _demo()
            return
        if given["plan"] is not None:
            _apply(given)
            return
        sys.exit(_audit(given))
    except BrokenPipeError:
        raise
    except (HelpdeskError, OptionError, SnapshotError, AttestationError, BaselineError, OSError) as error:
        raise Trouble(f"audit: {error}") from error


def _audit(given: dict[str, Any]) -> int:
    """Judge, tell, and give the exit code."""
    from stillpost.audit.exposure import Severity
    from stillpost.audit.report import worst
    from stillpost.audit.snapshot import dumped
    from stillpost.helpdesks.auditing import for_saving, report_of

    snapshot = _snapshot(given)
    if given["save"] is not None:
        _write(given["save"], dumped(for_saving(snapshot)))
    attested = _attested(given["attest"], snapshot.product)
    if given["fixes"]:
        _fix(given["fixes"], snapshot, attested)
    report = report_of(snapshot, attested, changes=given["form"] in ("text", "html"))
    drift = _drift(given["baseline"], report)
    click.echo(_told(report, drift, given["form"]), nl=False)
    weight = worst(report.outcomes) if drift is None else drift.weight
    return int(weight is not None and weight >= Severity[given["fail_on"].upper()])


def _snapshot(given: dict[str, Any]) -> "Snapshot":
    from stillpost.helpdesks.auditing import taken

    if not given["product"]:
        raise Trouble(say(N_("audit: say which product: stillpost audit PRODUCT --from PATH, or stillpost audit demo")))
    if given["product"] == "zendesk" and (given["subdomain"] or given["url"]):
        return _live(given)
    return taken(given["product"], given["source"], given["name"])


def _live(given: dict[str, Any]) -> "Snapshot":
    import asyncio

    from stillpost.helpdesks.zendesk.live import Live
    from stillpost.service.wiring import now

    async def read() -> "Snapshot":
        async with _session(given) as session:
            live = Live(session)
            snapshot = await live.snapshot(given["name"] or given["subdomain"] or "zendesk", now)
            click.echo(say(N_("{calls} calls were made, all of them reading"), calls=live.calls), err=True)
            return snapshot

    return asyncio.run(read())


def _session(given: dict[str, Any]) -> Any:
    from stillpost.helpdesks.zendesk.session import opened
    from stillpost.service.wiring import now

    return opened(
        given["url"] or f"https://{given['subdomain']}.zendesk.com/",
        clock=now,
        token_file=given["token_file"],
        client_id=given["client_id"],
        client_secret_file=given["client_secret_file"],
    )


def _attested(path: Path | None, product: str) -> dict[str, bool]:
    """What somebody vouches for; asked for on a terminal where the file is not there yet."""
    if path is None:
        return {}
    from stillpost.audit.attest import AttestationError, parsed, written
    from stillpost.helpdesks.auditing import audited
    from stillpost.service.wiring import now

    questions = audited(product).questions
    if not path.exists():
        if not sys.stdin.isatty():
            raise AttestationError(f"{path} is not there; run it on a terminal once, and it asks")
        answers = {name: _asked(say(question)) for name, question in questions.items()}
        by = click.prompt(say(N_("Who looked")), default="", show_default=False)
        _write(path, written(product, by, now().date(), answers, questions))
    attestation = parsed(path.read_text(encoding="utf-8"), product, questions)
    valid = attestation.valid(now())
    if attestation.settings and not valid:
        day = attestation.expires.date().isoformat()
        click.echo(
            say(N_("The attestation is not valid (it ends {day}); it is left out. Look again."), day=day), err=True
        )
    return dict(valid)


def _asked(question: str) -> bool | None:
    answer = click.prompt(question, type=click.Choice(["y", "n", "?"]), default="?")
    return None if answer == "?" else answer == "y"


def _fix(fixes: tuple[str, ...], snapshot: "Snapshot", attested: dict[str, bool]) -> None:
    """Work the fix out; write the plan to the files named, say on standard error what it comes to."""
    import json

    from stillpost.audit.product import Aim
    from stillpost.audit.report import escaped
    from stillpost.helpdesks.auditing import planned

    aim = Aim.VOLUME if "volume" in fixes else Aim.CONTENT
    made, document = planned(snapshot, attested, aim)
    for name in fixes:
        if name != "volume":
            _write(Path(name), json.dumps(document, indent=1, ensure_ascii=False) + "\n", private=True)
    click.echo(say(N_("The fix changes {count} fields:"), count=len(made.edits)), err=True)
    for edit in made.edits:
        click.echo(escaped(f"  {edit.path}: {edit.why}"), err=True)
    for loss in made.loses:
        click.echo(escaped(f"  {say(N_('lost by it'))}: {loss}"), err=True)
    for left in made.proof.left:
        click.echo(escaped(f"  {say(N_('not stopped by it'))}: {left.reaction.title} ({left.kind.value})"), err=True)


def _drift(path: Path | None, report: "Report") -> "Drift | None":
    if path is None:
        return None
    from stillpost.audit.drift import baseline, drift

    return drift(baseline(path.read_text(encoding="utf-8")), report.outcomes)


def _told(report: "Report", drift: "Drift | None", form: str) -> str:
    from stillpost import __version__
    from stillpost.audit import page, sarif
    from stillpost.audit import report as reports

    if form == "sarif":
        return sarif.as_sarif(report, __version__)
    if form == "html":
        return page.as_html(report, _translated, language())
    if drift is not None:
        plain = form == "json"
        return reports.drift_as_json(report, drift) if plain else reports.drift_as_text(report, drift, _translated)
    return reports.as_json(report) if form == "json" else reports.as_text(report, _translated)


def _translated(text: str) -> str:
    """A marked text in the reader's language, its placeholders left for the report to fill."""
    return translate(text, language())


def _write(path: Path, text: str, *, private: bool = False) -> None:
    path.touch(mode=0o600 if private else 0o644)
    path.write_text(text, encoding="utf-8")


def _apply(given: dict[str, Any]) -> None:
    """Make a plan's calls, asking for each; the way back is written before the first."""
    import asyncio
    import json

    from stillpost.helpdesks.zendesk.writing import Call, carry_out, read

    path: Path = given["plan"]
    if not (given["subdomain"] or given["url"]):
        raise Trouble(say(N_("audit --apply: say which account: --subdomain NAME --token-file FILE")))
    calls = read(_json(path))
    back = path.with_name(path.stem + ".undo.json")
    undone: list[dict[str, Any]] = []

    def agreed(call: Call) -> bool:
        click.echo(f"\nPUT /api/v2/{call.path}\n  " + "\n  ".join(call.why))
        for name, value in call.body.items():
            if value != call.original.get(name):
                click.echo(f"  - {name}: {json.dumps(call.original.get(name), ensure_ascii=True)}")
                click.echo(f"  + {name}: {json.dumps(value, ensure_ascii=True)}")
        return bool(click.confirm(say(N_("Make this change?")), default=False))

    async def done(call: Call) -> None:
        undone.insert(0, call.reversed().as_json())
        _write(back, json.dumps({"version": 1, "calls": undone}, indent=1) + "\n", private=True)

    async def run() -> int:
        async with _session(given) as session:
            return len(await carry_out(session, calls, agreed, done))

    count = asyncio.run(run())
    click.echo(say(N_("{count} of {all} changes were made."), count=count, all=len(calls)))
    if count:
        click.echo(say(N_("To take them back: stillpost audit --apply {path}"), path=back))


def _json(path: Path) -> Any:
    import json

    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise Trouble(say(N_("audit --apply: {path} is no plan; write one with --fix"), path=path)) from None


def _demo() -> None:
    import asyncio

    from stillpost.helpdesks.zendesk.demo import demo
    from stillpost.service.wiring import now

    def agreed() -> bool:
        return not sys.stdin.isatty() or click.confirm(say(N_("Apply it?")), default=True)

    asyncio.run(demo(click.echo, say, now, agreed))


if __name__ == "__main__":
    command()
