"""The audit as one page to send to one's boss: no script, nothing loaded, everything escaped.

The mail comes first, with the stranger's words marked; then the request, the cause, the smallest change; then the rest.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from html import escape as html_escape

from stillpost.audit.desk import Sentence
from stillpost.audit.finding import Finding, Outcome, Status
from stillpost.audit.logic import Tri
from stillpost.audit.report import Report, Say, escaped, ranked, summary, utc
from stillpost.audit.style import STYLE
from stillpost.audit.witness import Witness
from stillpost.language import N_

WORDS = (
    N_("A stranger can make this helpdesk send this mail to anyone"),
    N_("Helpdesk audit"),
    N_("Judged from the settings of"),
    N_("More of them are in the JSON report"),
    N_("None of these was found"),
    N_("Not exact"),
    N_("Nothing is sure, but something could not be decided"),
    N_("Nothing was found that a stranger could make this helpdesk send"),
    N_("Show the mail"),
    N_("Subject"),
    N_("The mail"),
    N_("The request that causes it"),
    N_("The smallest change that stops it"),
    N_("The words marked are invented; the addresses are nobody’s."),
    N_("To"),
    N_("To stop it"),
    N_("What could not be checked, and how to find out"),
    N_("What else was found"),
    N_("What is fine"),
    N_("What is perhaps so"),
    N_("Where it comes from"),
    N_("address"),
    N_("because"),
    N_("by"),
    N_("critical"),
    N_("high"),
    N_("info"),
    N_("line"),
    N_("low"),
    N_("medium"),
    N_("name"),
    N_("not known"),
    N_("perhaps"),
    N_("subject"),
    N_("text"),
    N_("to find out"),
)
"""What is said below, marked for the catalogues here: their collector does not look into f-strings."""


MAX_FINDINGS = 200
"""Findings shown in full; a page of thousands is read by nobody. The rest is counted and is in the JSON report."""


def as_html(report: Report, say: Say, language: str) -> str:
    """The page. ``say`` translates; ``language`` is the page's language code."""
    allowed = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    title = f"{report.desk.product} {report.desk.name}"
    head = (
        f'<!doctype html>\n<html lang="{safe(language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="robots" content="noindex">\n'
        f"<title>{safe(say('Helpdesk audit'))}: {safe(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    )
    return head + "\n".join(_body(report, say)) + "\n</body>\n</html>\n"


def safe(text: str) -> str:
    """Escaped for HTML, control and bidirectional characters shown as what they are."""
    return html_escape(escaped(text), quote=True)


def _said(sentence: Sentence, say: Say) -> str:
    text = say(sentence.text)
    return text.format_map(sentence.values) if sentence.values else text


def _body(report: Report, say: Say) -> Iterator[str]:
    sure = ranked(report.outcomes, Tri.YES)
    perhaps = ranked(report.outcomes, Tri.PERHAPS)
    first = next((finding for finding in sure if finding.witness is not None), None)
    yield from _header(report, first, perhaps, say)
    yield "<main>"
    if first is not None and first.witness is not None:
        yield from _headline(report, first, first.witness, say)
    yield from _changes(report, say)
    yield from _findings(say("What else was found"), [f for f in sure if f is not first], say)
    yield from _findings(say("What is perhaps so"), perhaps, say)
    yield from _unknown(report.outcomes, say)
    yield from _fine(report.outcomes, say)
    yield "</main>"
    yield "<footer>"
    yield f"<p>{safe(say('Judged from the settings of'))} {utc(report.taken_at)}. "
    yield f"{safe(say('The words marked are invented; the addresses are nobody’s.'))}</p>"
    yield "</footer>"


def _header(report: Report, first: Finding | None, perhaps: list[Finding], say: Say) -> Iterator[str]:
    if first is not None:
        claim = say("A stranger can make this helpdesk send this mail to anyone")
    elif perhaps:
        claim = say("Nothing is sure, but something could not be decided")
    else:
        claim = say("Nothing was found that a stranger could make this helpdesk send")
    counts = summary(report.outcomes)
    yield "<header>"
    yield f'<p class="kicker">{safe(say("Helpdesk audit"))}: {safe(report.desk.product)} {safe(report.desk.name)}</p>'
    yield f"<h1>{safe(claim)}</h1>"
    words = ("critical", "high", "medium", "low")
    shown = [f"<li>{counts[word]} {safe(say(word))}</li>" for word in words if counts[word]]
    if counts["perhaps"]:
        shown.append(f"<li>{counts['perhaps']} {safe(say('perhaps'))}</li>")
    if counts["unknown"]:
        shown.append(f"<li>{counts['unknown']} {safe(say('not known'))}</li>")
    if shown:
        yield f'<ul class="tally">{"".join(shown)}</ul>'
    yield "</header>"


def _headline(report: Report, finding: Finding, witness: Witness, say: Say) -> Iterator[str]:
    yield _mail(witness, say)
    yield '<div class="two">'
    yield _request(report, witness, say)
    yield '<section class="card">'
    yield f"<h2>{safe(say('Where it comes from'))}</h2>"
    yield f"<p>“{safe(finding.title)}”</p>"
    line = f", {safe(say('line'))} {finding.line}" if finding.line else ""
    yield f'<p class="path">{safe(finding.path)}{line}</p>'
    yield f"<p>{_badge(finding, say)} {safe(finding.rule)}: {safe(_said(finding.message, say))}</p>"
    yield f'<p class="soft">{safe(say("To stop it"))}: {safe(_said(finding.remedy, say))}</p>'
    yield "</section></div>"


def _mail(witness: Witness, say: Say) -> str:
    mail = witness.mail
    rows = [f"<dt>{safe(say('To'))}</dt><dd>{safe(', '.join(mail.to))}</dd>"]
    if mail.cc:
        rows.append(f"<dt>Cc</dt><dd>{safe(', '.join(mail.cc))}</dd>")
    rows.append(f'<dt>{safe(say("Subject"))}</dt><dd class="subject">{_marked(mail.subject, witness)}</dd>')
    inexact = ""
    if not witness.exact:
        inexact = f'<p class="inexact">{safe(say("Not exact"))}: {safe("; ".join(witness.why))}</p>'
    body = _marked(mail.text, witness)
    label = safe(say("The mail"))
    return f'<section class="mail" aria-label="{label}"><dl>{"".join(rows)}</dl><pre>{body}</pre>{inexact}</section>'


def _marked(text: str, witness: Witness) -> str:
    """The text with the stranger's invented words marked."""
    shown = safe(text)
    request = witness.request
    for word in {safe(word) for part in (request.name, request.subject, request.text) for word in part.split()}:
        if len(word) > 3:
            shown = shown.replace(word, f"<mark>{word}</mark>")
    return shown


def _request(report: Report, witness: Witness, say: Say) -> str:
    request = witness.request
    channel = next((c.title for c in report.desk.channels if c.id == witness.channel), witness.channel)
    rows = [(say("by"), channel), (say("name"), request.name), (say("address"), request.email)]
    rows += [(say("subject"), request.subject), (say("text"), request.text), ("cc", ", ".join(request.cc))]
    rows += list(request.fields.items())
    shown = "".join(f"<dt>{safe(name)}</dt><dd>{safe(value)}</dd>" for name, value in rows if value)
    return f'<section class="card"><h2>{safe(say("The request that causes it"))}</h2><dl>{shown}</dl></section>'


def _badge(finding: Finding, say: Say) -> str:
    word = finding.severity.word
    return f'<span class="badge {word}">{safe(say(word))}</span>'


def _findings(title: str, findings: list[Finding], say: Say) -> Iterator[str]:
    if not findings:
        return
    yield f"<section><h2>{safe(title)}</h2>"
    for finding in findings[:MAX_FINDINGS]:
        yield f'<article class="finding {finding.severity.word}">'
        yield f"<p>{_badge(finding, say)} {safe(finding.rule)}: {safe(_said(finding.message, say))}</p>"
        for why in finding.why[:3]:
            yield f'<p class="soft">{safe(say("because"))}: {safe(why)}</p>'
        yield f'<p class="soft">{safe(say("To stop it"))}: {safe(_said(finding.remedy, say))}</p>'
        if finding.witness is not None:
            yield f"<details><summary>{safe(say('Show the mail'))}</summary>{_mail(finding.witness, say)}</details>"
        yield "</article>"
    if len(findings) > MAX_FINDINGS:
        yield f"<p>{safe(say('More of them are in the JSON report'))}: {len(findings) - MAX_FINDINGS}</p>"
    yield "</section>"


def _changes(report: Report, say: Say) -> Iterator[str]:
    if not report.changes:
        return
    yield f"<section><h2>{safe(say('The smallest change that stops it'))}</h2>"
    for path, old, new in report.changes:
        yield f'<div class="change"><p class="path">{safe(path)}</p>'
        yield f"<del>{safe(old)}</del><ins>{safe(new)}</ins></div>"
    yield "</section>"


def _unknown(outcomes: Iterable[Outcome], say: Say) -> Iterator[str]:
    unknown = [o for o in outcomes if o.status is Status.UNKNOWN and not o.findings]
    if not unknown:
        return
    yield f"<section><h2>{safe(say('What could not be checked, and how to find out'))}</h2>"
    for outcome in unknown:
        yield f'<article class="finding"><p>{safe(outcome.rule.id)}: {safe(say(outcome.rule.title))}</p>'
        yield "".join(f'<p class="soft">{safe(_said(why, say))}</p>' for why in outcome.why)
        if outcome.how is not None:
            yield f'<p class="soft">{safe(say("to find out"))}: {safe(_said(outcome.how, say))}</p>'
        yield "</article>"
    yield "</section>"


def _fine(outcomes: Iterable[Outcome], say: Say) -> Iterator[str]:
    fine = [o for o in outcomes if o.status is Status.PASS]
    if not fine:
        return
    yield f"<section><h2>{safe(say('What is fine'))}</h2>"
    yield f'<p class="soft">{safe(say("None of these was found"))}:</p><ul class="fine">'
    yield "".join(f"<li>{safe(o.rule.id)}: {safe(say(o.rule.title))}</li>" for o in fine)
    yield "</ul></section>"
