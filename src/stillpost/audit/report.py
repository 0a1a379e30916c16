"""The audit told: text for people, JSON for programs. Everything a stranger or a setting could hold is escaped."""

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, final

from stillpost.audit.desk import Desk, Sentence
from stillpost.audit.drift import Drift
from stillpost.audit.exposure import Severity
from stillpost.audit.finding import Finding, Outcome, Status
from stillpost.audit.logic import Tri
from stillpost.audit.witness import Witness
from stillpost.language import N_

WORDS = (
    N_("A stranger can make this helpdesk send this mail to anyone:"),
    N_("Also found"),
    N_("Could not be checked"),
    N_("Finding"),
    N_("Fine"),
    N_("Gone"),
    N_("It comes from"),
    N_("New"),
    N_("No longer known"),
    N_("Not applicable"),
    N_("Nothing changed."),
    N_("Nothing was found that a stranger could make this helpdesk send."),
    N_("Perhaps (could not be decided)"),
    N_("The request that causes it"),
    N_("The smallest change that stops it"),
    N_("To stop it"),
    N_("Worse"),
    N_("because"),
    N_("line"),
    N_("not exact"),
    N_("since"),
    N_("to find out"),
    N_("to stop it"),
)
"""What is said below, marked for the catalogues here: their collector does not look into f-strings."""


VERSION = 1
Say = Callable[[str], str]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is told: the desk, when its settings were taken (aware UTC), one outcome for every rule, the fix's edits.

    ``changes`` maps a place in the settings to what the smallest fix makes of it (old, new), where there is one.
    """

    desk: Desk
    taken_at: datetime
    outcomes: tuple[Outcome, ...]
    changes: tuple[tuple[str, str, str], ...] = ()
    hidden: int = 0


def escaped(text: str) -> str:
    """The text with control and bidirectional characters shown as ``\\u…``; line breaks stay."""
    return "".join(
        char if char in "\n\t" or unicodedata.category(char)[0] != "C" else f"\\u{ord(char):04x}" for char in text
    )


def worst(outcomes: Iterable[Outcome]) -> Severity | None:
    """The severity that ``--fail-on`` compares: the worst finding or unknown."""
    return max((o.weight for o in outcomes if o.weight is not None), default=None)


def ranked(outcomes: Sequence[Outcome], tri: Tri) -> list[Finding]:
    """The findings that are sure (YES) or only perhaps, the worst first, exact witnesses before others."""
    found = [finding for outcome in outcomes for finding in outcome.findings if finding.tri is tri]
    return sorted(found, key=lambda f: (-f.severity, f.witness is None or not f.witness.exact, f.rule, f.id))


def utc(moment: datetime) -> str:
    """RFC 3339 in UTC."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def summary(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many outcomes of each status and findings of each severity."""
    counts = {status.value: sum(o.status is status for o in outcomes) for status in Status}
    for severity in reversed(Severity):
        counts[severity.word] = sum(f.severity is severity for f in ranked(outcomes, Tri.YES))
    counts["perhaps"] = len(ranked(outcomes, Tri.PERHAPS))
    return counts


def as_json(report: Report) -> str:
    """The report as JSON (version 1); times RFC 3339 UTC."""
    document = {
        "version": VERSION,
        "helpdesk": {"product": report.desk.product, "name": report.desk.name},
        "taken_at": utc(report.taken_at),
        "outcomes": [_outcome(outcome) for outcome in report.outcomes],
        "summary": summary(report.outcomes),
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "rule": outcome.rule.id,
        "title": outcome.rule.title,
        "status": outcome.status.value,
        "why": [str(why) for why in outcome.why],
        "findings": [_finding(finding) for finding in outcome.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "exposure": finding.exposure,
        "holds": finding.tri.word,
        "severity": finding.severity.word,
        "confidence": finding.confidence.value,
        "reach": finding.reach.value,
        "provenance": finding.provenance.word,
        "path": finding.path,
        "line": finding.line,
        "message": str(finding.message),
        "remedy": str(finding.remedy),
        "why": list(finding.why),
        "witness": _witness(finding.witness) if finding.witness is not None else None,
    }


def _witness(witness: Witness) -> dict[str, Any]:
    request, mail = witness.request, witness.mail
    return {
        "channel": witness.channel,
        "request": {
            "channel": witness.channel,
            "name": request.name,
            "email": request.email,
            "subject": request.subject,
            "text": request.text,
            "cc": list(request.cc),
            "fields": dict(request.fields),
        },
        "mail": {"to": list(mail.to), "cc": list(mail.cc), "subject": mail.subject, "text": mail.text},
        "steps": list(witness.steps),
        "exact": witness.exact,
        "why": list(witness.why),
    }


def as_text(report: Report, say: Say) -> str:
    """The report for a terminal: the mail first, then the rest by severity, what is unknown, what is fine."""
    return escaped("\n".join(_lines(report, say))) + "\n"


def drift_as_text(report: Report, drift: Drift, say: Say) -> str:
    """What changed since the baseline, for a terminal."""
    return escaped("\n".join(_drift_lines(report, drift, say))) + "\n"


def _drift_lines(report: Report, drift: Drift, say: Say) -> Iterator[str]:
    yield f"{report.desk.product} {report.desk.name}, {utc(report.taken_at)}, {say('since')} {drift.since}"
    yield ""
    if drift.nothing:
        yield say("Nothing changed.")
        return
    for title, findings in ((say("New"), drift.new), (say("Worse"), drift.worse)):
        if findings:
            yield title
            for finding in findings:
                yield from _item(finding, say)
                if finding.witness is not None:
                    yield from _mail(finding.witness, say)
            yield ""
    if drift.unknown:
        yield say("No longer known")
        for outcome in drift.unknown:
            yield f"  {outcome.rule.id:10} {'; '.join(_said(why, say) for why in outcome.why)}"
        yield ""
    if drift.gone:
        yield say("Gone")
        for held in drift.gone.values():
            yield f"  {held.severity:8} {held.message}"


def drift_as_json(report: Report, drift: Drift) -> str:
    """What changed since the baseline, as JSON (version 1)."""
    document = {
        "version": VERSION,
        "helpdesk": {"product": report.desk.product, "name": report.desk.name},
        "taken_at": utc(report.taken_at),
        "since": drift.since,
        "new": [_finding(finding) for finding in drift.new],
        "worse": [_finding(finding) for finding in drift.worse],
        "unknown": [_outcome(outcome) for outcome in drift.unknown],
        "gone": [{"id": i, "severity": held.severity, "message": held.message} for i, held in drift.gone.items()],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _lines(report: Report, say: Say) -> Iterator[str]:
    yield f"{report.desk.product} {report.desk.name}, {utc(report.taken_at)}"
    yield ""
    sure = ranked(report.outcomes, Tri.YES)
    first = next((finding for finding in sure if finding.witness is not None), None)
    if first is not None and first.witness is not None:
        yield from _headline(first, first.witness, report, say)
    elif not ranked(report.outcomes, Tri.PERHAPS):
        yield say("Nothing was found that a stranger could make this helpdesk send.")
        yield ""
    rest = [finding for finding in sure if finding is not first]
    if rest:
        yield say("Also found")
        for finding in rest:
            yield from _item(finding, say)
        yield ""
    perhaps = ranked(report.outcomes, Tri.PERHAPS)
    if perhaps:
        yield say("Perhaps (could not be decided)")
        for finding in perhaps:
            yield from _item(finding, say)
        yield ""
    yield from _ends(report, say)


def _headline(finding: Finding, witness: Witness, report: Report, say: Say) -> Iterator[str]:
    yield say("A stranger can make this helpdesk send this mail to anyone:")
    yield ""
    yield from _mail(witness, say)
    yield ""
    yield from _cause(witness, report, say)
    where = f"{finding.path}, {say('line')} {finding.line}" if finding.line else finding.path
    yield f"{say('It comes from')}: “{finding.title}” ({where})"
    yield f"{say('Finding')}: {finding.rule}, {finding.severity.word}: {_said(finding.message, say)}"
    change = next((c for c in report.changes if finding.path.startswith(c[0]) or c[0].startswith(finding.path)), None)
    if change is not None:
        yield f"{say('The smallest change that stops it')}: {change[0]}"
        for sign, text in (("-", change[1]), ("+", change[2])):
            for line in text.splitlines():
                yield f"    {sign} {line}"
    else:
        yield f"{say('To stop it')}: {_said(finding.remedy, say)}"
    yield ""


def _mail(witness: Witness, say: Say) -> Iterator[str]:
    mail = witness.mail
    yield f"    To: {', '.join(mail.to)}"
    if mail.cc:
        yield f"    Cc: {', '.join(mail.cc)}"
    yield f"    Subject: {mail.subject}"
    yield "    "
    for line in mail.text.splitlines() or [""]:
        yield f"    {line}"
    if not witness.exact:
        yield f"    ({say('not exact')}: {'; '.join(witness.why)})"


def _cause(witness: Witness, report: Report, say: Say) -> Iterator[str]:
    request = witness.request
    channel = next((c.title for c in report.desk.channels if c.id == witness.channel), witness.channel)
    yield f"{say('The request that causes it')} ({channel}):"
    yield f"    name: {request.name}   address: {request.email}"
    if request.subject:
        yield f"    subject: {request.subject}"
    if request.text:
        yield f"    text: {request.text}"
    if request.cc:
        yield f"    cc: {', '.join(request.cc)}"
    for name, value in request.fields.items():
        yield f"    {name}: {value}"


def _item(finding: Finding, say: Say) -> Iterator[str]:
    yield f"  {finding.severity.word:8} {finding.rule:10} {_said(finding.message, say)}"
    for why in finding.why[:3]:
        yield f"           {say('because')}: {why}"
    yield f"           {say('to stop it')}: {_said(finding.remedy, say)}"


def _ends(report: Report, say: Say) -> Iterator[str]:
    unknown = [o for o in report.outcomes if o.status is Status.UNKNOWN and not o.findings]
    if unknown:
        yield say("Could not be checked")
        for outcome in unknown:
            yield f"  {outcome.rule.id:10} {say(outcome.rule.title)}: {'; '.join(_said(why, say) for why in outcome.why)}"
            if outcome.how is not None:
                yield f"           {say('to find out')}: {_said(outcome.how, say)}"
        yield ""
    fine = [o.rule.id for o in report.outcomes if o.status is Status.PASS]
    if fine:
        yield f"{say('Fine')}: {', '.join(fine)}"
    other = [o.rule.id for o in report.outcomes if o.status is Status.NOT_APPLICABLE]
    if other:
        yield f"{say('Not applicable')}: {', '.join(other)}"


def _said(sentence: Sentence, say: Say) -> str:
    text = say(sentence.text)
    return text.format_map(sentence.values) if sentence.values else text
