"""Writes the pages that are made from the code, or says which are out of date (``make docs``; a house test checks)."""

import inspect
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

os.environ["LC_ALL"] = "C"  # before the commands are loaded: their help is in the language of the terminal

from stillpost import model
from stillpost.audit.rules import RULES
from stillpost.cli.main import COMMANDS, cli
from stillpost.config import SECTIONS
from stillpost.config.reader import key_of
from stillpost.config.showing import written
from stillpost.doors.milter.options import MilterOptions
from stillpost.engine.detectors import PORTAL_DETECTORS, RECIPIENT_DETECTORS
from stillpost.engine.policy import Policy
from stillpost.helpdesks.audit_manuals import MANUALS
from stillpost.helpdesks.audit_options import AuditOptions
from stillpost.helpdesks.auditing import AUDITED, Audited
from stillpost.helpdesks.products import PRODUCTS
from stillpost.helpdesks.zendesk.export import RESOURCES
from stillpost.helpdesks.zendesk.live import ENDPOINTS
from stillpost.intake.limits import PortalLimits
from stillpost.intake.portal import PortalOptions
from stillpost.journal import COUNTERS, DECIDE, GAUGES
from stillpost.model import Rate

DOCS = Path(__file__).parent
MADE = "<!-- made by `make docs` from the code; edit the docstrings instead -->\n\n"


def pages() -> Iterator[tuple[Path, str]]:
    """Every generated page with its text."""
    yield DOCS / "config.md", config_page()
    yield DOCS / "glossary.md", glossary_page()
    yield DOCS / "metrics.md", metrics_page()
    yield DOCS / "commands.md", commands_page()
    yield DOCS / "detectors/README.md", detector_list()
    for detector in (*PORTAL_DETECTORS, *RECIPIENT_DETECTORS):
        yield DOCS / f"detectors/{detector.symbol}.md", detector_page(detector)
    for entry in AUDITED:
        yield DOCS / f"audit/{entry.name}.md", audit_page(entry)
    yield DOCS / "zendesk-export.md", export_page()


def config_page() -> str:
    """Every key of the configuration, from the dataclasses."""
    head = (
        f"{MADE}# Configuration\n\nOne TOML file, `stillpost serve --config stillpost.toml`. Unknown keys are refused with the nearest "
        "name. Times are written `30s`, `15m`, `2h`, `7d`; rates `200/1h`; sizes `5MB`. Secrets are files, never values.\n"
        "`stillpost config check` reads the file and says what is wrong; `stillpost config show --changed` shows what you set.\n"
    )
    parts = [head]
    parts += [f"\n## `[{name}]`\n\n{_table(kind)}" for name, kind in SECTIONS.items()]
    parts.append(f"\n## `[portals.NAME]`\n\nOne table a portal; NAME is in its address.\n\n{_table(PortalOptions)}")
    parts.append(f"\n## `[portals.NAME.limits]`\n\nMay only lower what `[limits]` says.\n\n{_table(PortalLimits)}")
    parts.append(
        "\n## `[milters.NAME]`\n\nOne table a listener for a mail server; [postfix.md](postfix.md) has the other half.\n\n"
        f"{_table(MilterOptions)}"
    )
    parts.append("\n## `[portals.NAME.helpdesk]`\n\n`product` is one of the following, `maildir` without it.\n")
    for product in PRODUCTS:
        parts.append(
            f'\n### `product = "{product.name}"`\n\n{product.quiet} {product.once}\n\n{_table(product.options)}'
        )
    parts.append(
        "\n## `[portals.NAME.audit]`\n\nAudits the portal's helpdesk at the start and `every` so often while `serve` runs; "
        "see [audit.md](audit.md).\n\n" + _table(AuditOptions)
    )
    return "".join(parts)


def _table(kind: type[Any]) -> str:
    rows = ["| key | default | what |", "|---|---|---|"]
    for field in fields(kind):
        if is_dataclass(field.default) and not isinstance(field.default, Rate):
            continue
        default = "(needed)" if field.default is MISSING else f"`{_toml(written(field.default))}`"
        rows.append(f"| `{key_of(field)}` | {default} | {field.metadata.get('help', '')} |")
    return "\n".join(rows) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def glossary_page() -> str:
    """The words, from the docstrings of ``model``."""
    parts = [
        f"{MADE}# Glossary\n\nOne word a thing. These are the words of the code, the configuration and the pages.\n"
    ]
    for name in sorted(model.__all__):
        word = getattr(model, name)
        if not inspect.isclass(word):
            continue
        text = " ".join((inspect.getdoc(word) or "").split())
        parts.append(f"\n**{name}**: {text}\n")
        if issubclass(word, Enum):
            parts.append(f"({', '.join(f'`{member.value}`' for member in word)})\n")
    return "".join(parts)


def metrics_page() -> str:
    """Every metric, from the journal's table."""
    rows = ["| metric | labels | what |", "|---|---|---|"]
    for metric in (*COUNTERS, *GAUGES, DECIDE):
        suffix = "_total" if metric in COUNTERS else ""
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "-"
        rows.append(f"| `stillpost_{metric.name}{suffix}` | {labels} | {metric.help} |")
    return (
        f"{MADE}# Metrics\n\n`GET /metrics` from this machine, in Prometheus' text format. No address is ever a label.\n\n"
        + "\n".join(rows)
        + "\n"
    )


def commands_page() -> str:
    """Every command with its help, as the program prints it."""
    parts = [f"{MADE}# Command line\n\nErrors are one line on standard error, with exit code 2.\n"]
    for words, _ in _commands():
        shown = CliRunner().invoke(
            cli, [*words, "--help"], prog_name="stillpost", env={"LC_ALL": "C"}, terminal_width=100
        )
        parts.append(f"\n## `{' '.join(('stillpost', *words))}`\n\n```\n{shown.output.rstrip()}\n```\n")
    return "".join(parts)


def _commands() -> Iterator[tuple[list[str], click.Command]]:
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if command is None:
            continue
        yield [name], command
        if isinstance(command, click.Group):
            for sub in command.list_commands(context):
                inner = command.get_command(context, sub)
                if inner is not None:
                    yield [name, sub], inner


def detector_list() -> str:
    """All detectors in two tables, with the policy's thresholds."""
    policy = Policy()
    return (
        f"{MADE}# Detectors\n\nDetectors say what they saw; policy chooses what to do: the scores add up, and from "
        f"{policy.tag:g} on a request is tagged, from {policy.challenge:g} on it is asked for the first mail, from {policy.hold:g} on held, from "
        f"{policy.reject:g} on refused. Evidence whose key an attacker chooses never holds or refuses. A symbol about the *address* "
        "never changes what the caller is told.\n\n## At a portal\n\n"
        + _detectors(PORTAL_DETECTORS)
        + f"\n## At a mailbox\n\nMail to a person, live or in a mailbox's past. From {policy.tag:g} on a mail is tagged; from "
        f"{policy.challenge:g} on, where a portal would ask for the first mail, it is held for its recipient.\n\n"
        + _detectors(RECIPIENT_DETECTORS)
    )


def _detectors(detectors: tuple[Any, ...]) -> str:
    rows = ["| symbol | score | about | an attacker chooses the key | what |", "|---|---|---|---|---|"]
    for detector in detectors:
        first = _module_doc(detector).splitlines()[0].partition(": ")[2]
        chosen = "yes" if detector.spoofable else "no"
        rows.append(
            f"| [{detector.symbol}]({detector.symbol}.md) | {detector.score:g} | {detector.scope} | {chosen} | {first} |"
        )
    return "\n".join(rows) + "\n"


def detector_page(detector: Any) -> str:
    """One detector's page, from its module and its numbers."""
    numbers = [
        f"| `{field.name}` | {getattr(detector, field.name)} |"
        for field in fields(detector)
        if field.name not in {"symbol", "spoofable", "scope"}
    ]
    body = _module_doc(detector).partition("\n\n")
    return (
        f"{MADE}# {detector.symbol}\n\n{body[0].partition(': ')[2].capitalize()}\n\n{body[2].strip()}\n\n{inspect.getdoc(type(detector))}\n\n"
        "| number | value |\n|---|---|\n"
        + "\n".join(numbers)
        + f"\n\nAbout: {detector.scope}. An attacker chooses the key: "
        f"{'yes' if detector.spoofable else 'no'}. Cases: `tests/cases/detectors/{detector.symbol}/`.\n"
    )


def _module_doc(detector: Any) -> str:
    return inspect.getdoc(sys.modules[type(detector).__module__]) or ""


def audit_page(entry: Audited) -> str:
    """One product that can be audited: what is read, how to get it, what cannot be known, which rules apply."""
    manual = MANUALS[entry.name]
    asked = "".join(f"- `{name}`: {question}\n" for name, question in entry.questions.items())
    attested = f"\n## What `--attest` asks\n\n{asked}" if asked else ""
    rules = [rule for rule in RULES if entry.name in rule.products]
    rows = "".join(f"| [{rule.id}](#{rule.id.lower()}) | {rule.severity.word} | {rule.title} |\n" for rule in rules)
    pages = "".join(f"\n### {rule.id}\n\n{_rule(rule)}\n" for rule in rules)
    return (
        f"{MADE}# Audit: {manual.title}\n\n## Get the settings\n\n{manual.get}\n\n## What is read\n\n{_bullets(manual.reads)}\n"
        f"## What cannot be known\n\n{_bullets(manual.unknown)}{attested}\n## How it was proven\n\n{manual.proof}\n\n"
        f"## Rules\n\n| rule | at worst | what it finds |\n|---|---|---|\n{rows}{pages}"
    )


def _bullets(items: tuple[str, ...]) -> str:
    return "".join(f"- {item}\n" for item in items)


def _rule(rule: Any) -> str:
    """A rule's docstring, its headings one step smaller and as bold words."""
    text = inspect.cleandoc(rule.page).replace("``", "`")
    return re.sub(r"(?m)^## (.*)\n", r"**\1.** ", text)


def export_page() -> str:
    """Which addresses of a Zendesk to open in a browser, and under which names to save what they show."""
    rows = ""
    for name, (_key, files, needed) in RESOURCES.items():
        endpoint = ENDPOINTS.get(name)
        path = endpoint.path if endpoint is not None else {"mailed": "ticket_audits"}.get(name, name)
        also = "&".join(f"{key}={value}" for key, value in endpoint.also.items()) if endpoint is not None else ""
        size = "page[size]=100" if endpoint is None or endpoint.paged else ""
        query = "&".join(part for part in (size, also) if part)
        address = f"/api/v2/{path}.json" + (f"?{query}" if query else "")
        rows += f"| `{address}` | `{files[0].replace('/', '_')}.json` | {'yes' if needed else 'if you can'} |\n"
    return (
        f"{MADE}# Zendesk's settings without API rights\n\nSign in to your Zendesk as somebody who may see the settings, open each address "
        "(behind `https://NAME.zendesk.com`) in the same browser, and save what it shows under the name beside it, all into one folder. "
        'Where an answer ends with `"has_more": true`, open its `links.next` and save it as `triggers-2.json`, and so on.\n\n'
        f"| address | save as | needed |\n|---|---|---|\n{rows}\n"
        "Then `stillpost audit zendesk --from FOLDER`. A file that is missing or damaged is said to be, and what rests on it is unknown, "
        "never fine. Secrets in webhooks and targets are left out of snapshots and reports; delete the folder afterwards. What no address shows "
        "is asked for by `--attest FILE` ([audit/zendesk.md](audit/zendesk.md)).\n"
    )


def main() -> None:
    """Write every page that changed."""
    for path, text in pages():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    main()
