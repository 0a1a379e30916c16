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

MAX_FINDINGS = 200
"""Findings shown in full; a page of thousands is read by nobody. The rest is counted and is in the JSON report."""


def as_html(report: Report, say: Say, language: str) -> str:
    """The page. ``say`` translates; ``language`` is the page's language code."""
    allowed = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    title = f"{report.desk.product} {report.desk.name}"
    head = (
        f'<!doctype html>\n<html lang="{_(language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="robots" content="noindex">\n'
        f"<title>{_(say('Helpdesk audit'))}: {_(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    )
    return head + "\n".join(_body(report, say)) + "\n</body>\n</html>\n"


def _(text: str) -> str:
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
    yield from _findings(say("What else was found"), [f for f in sure if f is not first], say)
    yield from _findings(say("What is perhaps so"), perhaps, say)
    yield from _changes(report, say)
    yield from _unknown(report.outcomes, say)
    yield from _fine(report.outcomes, say)
    yield "</main>"
    yield "<footer>"
    yield f"<p>{_(say('Judged from the settings of'))} {utc(report.taken_at)}. "
    yield f"{_(say('The words marked are invented; the addresses are nobody’s.'))}</p>"
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
    yield f'<p class="kicker">{_(say("Helpdesk audit"))}: {_(report.desk.product)} {_(report.desk.name)}</p>'
    yield f"<h1>{_(claim)}</h1>"
    words = ("critical", "high", "medium", "low")
    shown = [f"<li>{counts[word]} {_(say(word))}</li>" for word in words if counts[word]]
    if counts["perhaps"]:
        shown.append(f"<li>{counts['perhaps']} {_(say('perhaps'))}</li>")
    if counts["unknown"]:
        shown.append(f"<li>{counts['unknown']} {_(say('not known'))}</li>")
    if shown:
        yield f'<ul class="tally">{"".join(shown)}</ul>'
    yield "</header>"


def _headline(report: Report, finding: Finding, witness: Witness, say: Say) -> Iterator[str]:
    yield _mail(witness, say)
    yield '<div class="two">'
    yield _request(report, witness, say)
    yield '<section class="card">'
    yield f"<h3>{_(say('Where it comes from'))}</h3>"
    yield f"<p>“{_(finding.title)}”</p>"
    line = f", {_(say('line'))} {finding.line}" if finding.line else ""
    yield f'<p class="path">{_(finding.path)}{line}</p>'
    yield f"<p>{_badge(finding, say)} {_(finding.rule)}: {_(_said(finding.message, say))}</p>"
    yield f'<p class="soft">{_(say("To stop it"))}: {_(_said(finding.remedy, say))}</p>'
    yield "</section></div>"


def _mail(witness: Witness, say: Say) -> str:
    mail = witness.mail
    rows = [f"<dt>{_(say('To'))}</dt><dd>{_(', '.join(mail.to))}</dd>"]
    if mail.cc:
        rows.append(f"<dt>Cc</dt><dd>{_(', '.join(mail.cc))}</dd>")
    rows.append(f'<dt>{_(say("Subject"))}</dt><dd class="subject">{_marked(mail.subject, witness)}</dd>')
    inexact = ""
    if not witness.exact:
        inexact = f'<p class="inexact">{_(say("Not exact"))}: {_("; ".join(witness.why))}</p>'
    body = _marked(mail.text, witness)
    label = _(say("The mail"))
    return f'<section class="mail" aria-label="{label}"><dl>{"".join(rows)}</dl><pre>{body}</pre>{inexact}</section>'


def _marked(text: str, witness: Witness) -> str:
    """The text with the stranger's invented words marked."""
    shown = _(text)
    request = witness.request
    for word in {_(word) for part in (request.name, request.subject, request.text) for word in part.split()}:
        if len(word) > 3:
            shown = shown.replace(word, f"<mark>{word}</mark>")
    return shown


def _request(report: Report, witness: Witness, say: Say) -> str:
    request = witness.request
    channel = next((c.title for c in report.desk.channels if c.id == witness.channel), witness.channel)
    rows = [(say("by"), channel), (say("name"), request.name), (say("address"), request.email)]
    rows += [(say("subject"), request.subject), (say("text"), request.text), ("cc", ", ".join(request.cc))]
    rows += list(request.fields.items())
    shown = "".join(f"<dt>{_(name)}</dt><dd>{_(value)}</dd>" for name, value in rows if value)
    return f'<section class="card"><h3>{_(say("The request that causes it"))}</h3><dl>{shown}</dl></section>'


def _badge(finding: Finding, say: Say) -> str:
    word = finding.severity.word
    return f'<span class="badge {word}">{_(say(word))}</span>'


def _findings(title: str, findings: list[Finding], say: Say) -> Iterator[str]:
    if not findings:
        return
    yield f"<section><h2>{_(title)}</h2>"
    for finding in findings[:MAX_FINDINGS]:
        yield f'<article class="finding {finding.severity.word}">'
        yield f"<p>{_badge(finding, say)} {_(finding.rule)}: {_(_said(finding.message, say))}</p>"
        for why in finding.why[:3]:
            yield f'<p class="soft">{_(say("because"))}: {_(why)}</p>'
        yield f'<p class="soft">{_(say("To stop it"))}: {_(_said(finding.remedy, say))}</p>'
        if finding.witness is not None:
            yield f"<details><summary>{_(say('Show the mail'))}</summary>{_mail(finding.witness, say)}</details>"
        yield "</article>"
    if len(findings) > MAX_FINDINGS:
        yield f"<p>{_(say('More of them are in the JSON report'))}: {len(findings) - MAX_FINDINGS}</p>"
    yield "</section>"


def _changes(report: Report, say: Say) -> Iterator[str]:
    if not report.changes:
        return
    yield f"<section><h2>{_(say('The smallest change that stops it'))}</h2>"
    for path, old, new in report.changes:
        yield f'<div class="change"><p class="path">{_(path)}</p>'
        yield f"<del>{_(old)}</del><ins>{_(new)}</ins></div>"
    yield "</section>"


def _unknown(outcomes: Iterable[Outcome], say: Say) -> Iterator[str]:
    unknown = [o for o in outcomes if o.status is Status.UNKNOWN and not o.findings]
    if not unknown:
        return
    yield f"<section><h2>{_(say('What could not be checked, and how to find out'))}</h2>"
    for outcome in unknown:
        yield f'<article class="finding"><p>{_(outcome.rule.id)}: {_(say(outcome.rule.title))}</p>'
        yield "".join(f'<p class="soft">{_(_said(why, say))}</p>' for why in outcome.why)
        if outcome.how is not None:
            yield f'<p class="soft">{_(say("to find out"))}: {_(_said(outcome.how, say))}</p>'
        yield "</article>"
    yield "</section>"


def _fine(outcomes: Iterable[Outcome], say: Say) -> Iterator[str]:
    fine = [o for o in outcomes if o.status is Status.PASS]
    if not fine:
        return
    yield f"<section><h2>{_(say('What is fine'))}</h2>"
    yield f'<p class="soft">{_(say("None of these was found"))}:</p><ul class="fine">'
    yield "".join(f"<li>{_(o.rule.id)}: {_(say(o.rule.title))}</li>" for o in fine)
    yield "</ul></section>"
