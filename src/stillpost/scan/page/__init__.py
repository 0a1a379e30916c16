"""The scan as one page to keep, to print, to show: no script, nothing loaded, no link out of a mail, everything escaped.

First what happened, in one sentence; then the mails that matter; then when, who, what, and what to do now.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence

from stillpost.language import N_
from stillpost.mailboxes.protocol import Where
from stillpost.scan.needle import Needle
from stillpost.scan.page.chart import chart_of, length, svg
from stillpost.scan.page.style import STYLE
from stillpost.scan.page.words import Say, safe, saying, theirs
from stillpost.scan.result import Finding, Result
from stillpost.scan.text import day, moment, reasons, who
from stillpost.scan.wave import Sender

SENDERS_AT_ONCE = 12
SENDERS_SHOWN = 500
HIDDEN_SHOWN = 100
TEXTS_SHOWN = 20
UNREADABLE_SHOWN = 100
SAMPLE_SHOWN = 400
"""A page of thousands is read by nobody; the rest is counted, and is in the JSON report."""


def as_html(result: Result, language: str) -> str:
    """The page. ``language`` is the page's language code."""
    say = saying(language)
    title = say(N_("Was this mailbox bombed?"))
    allowed = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    head = (
        f'<!doctype html>\n<html lang="{safe(language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex"><meta name="referrer" content="no-referrer">\n'
        f"<title>{safe(title)}: {safe(result.mailbox)}</title>\n"
        f"<style>{STYLE}</style>\n</head>\n<body>\n"
    )
    return head + "\n".join(_body(result, say)) + "\n</body>\n</html>\n"


def _body(result: Result, say: Say) -> Iterator[str]:
    yield from _header(result, say)
    yield "<main>"
    for finding in result.findings:
        yield from _finding(result, finding, say)
    yield from _doubts(result, say)
    yield "</main>"
    footer = say(N_("All times are UTC. This page loads nothing and sends nothing. It holds private mail."))
    yield f"<footer><p>{safe(footer)}</p></footer>"


def _header(result: Result, say: Say) -> Iterator[str]:
    counts = result.counts
    findings = result.findings
    if len(findings) == 1:
        claim = say(N_("This mailbox was bombed on {day}."), day=day(findings[0].wave.first))
    elif findings:
        claim = say(N_("This mailbox was bombed {count} times."), count=len(findings))
    elif counts.first is None or counts.last is None:
        claim = say(N_("No mail in it could be read."))
    else:
        claim = say(N_("No wave was found."))
    kicker = say(N_("Mailbox"))
    yield f'<header><p class="kicker">{safe(kicker)}: {theirs(result.mailbox)}</p><h1>{safe(claim)}</h1>'
    if not findings:
        lead = N_("No wave: at no time did many senders that are new to this mailbox write to it at once.")
        yield f'<p class="lead">{safe(say(lead))}</p>'
    if counts.first is not None and counts.last is not None:
        looked = say(
            N_("{messages} mails from {first} to {last} were looked at, {sent} of them sent by you."),
            messages=counts.messages,
            first=day(counts.first),
            last=day(counts.last),
            sent=counts.sent,
        )
        yield f'<p class="soft">{safe(looked)}</p>'
    yield "</header>"


def _finding(result: Result, finding: Finding, say: Say) -> Iterator[str]:
    wave = finding.wave
    if len(result.findings) > 1:
        heading = say(N_("Wave {number}, {day}"), number=wave.number, day=day(wave.first))
        yield f'<h2 id="wave{wave.number}">{safe(heading)}</h2>'
    facts = (
        ("bad", wave.messages, say(N_("mails you never asked for"))),
        ("bad", wave.organizations, say(N_("senders you never wrote to"))),
        ("", length(max(1.0, wave.dense_end - wave.first), say), say(N_("from the first to the last of the flood"))),
        ("needle", len(finding.hidden), say(N_("mails hidden in it that may matter"))),
    )
    shown = (f'<li class="{name}"><strong>{safe(str(value))}</strong> {safe(what)}</li>' for name, value, what in facts)
    yield f'<ul class="facts">{"".join(shown)}</ul>'
    yield from _hidden(result, finding, say)
    yield from _picture(finding, say)
    if finding is result.findings[0]:
        yield from _steps(say)
    yield from _senders(finding, say)
    yield from _texts(finding, say)


def _hidden(result: Result, finding: Finding, say: Say) -> Iterator[str]:
    yield _section(say(N_("Look at these first")))
    if not finding.hidden:
        nothing = say(N_("Nothing that looks important is hidden in the flood."))
        yield f"<p>{safe(nothing)}</p></section>"
        return
    why = N_(
        "A flood often hides one mail that matters: an order, a changed password, a transfer. These came while it lasted. "
        "Open them in your mail program; this page has no links on purpose."
    )
    yield f'<p class="soft">{safe(say(why))}</p><ol class="needles">'
    for number, needle in enumerate(finding.hidden[:HIDDEN_SHOWN], 1):
        yield _needle(result, needle, number, say)
    yield "</ol>"
    yield from _more(len(finding.hidden) - HIDDEN_SHOWN, say)
    yield "</section>"


def _needle(result: Result, needle: Needle, number: int, say: Say) -> str:
    detail = needle.detail
    subject = detail.subject or say(N_("(no subject)"))
    return (
        f'<li><span class="number">{number}</span><h3>{theirs(subject)}</h3>'
        f"<p>{theirs(detail.sender)}, {moment(needle.note.at)}</p>"
        f'<p class="soft">{safe(reasons(needle.reasons, say))}</p>'
        f'<p class="where">{theirs(result.source(Where(*needle.note.where)))}</p></li>'
    )


def _picture(finding: Finding, say: Say) -> Iterator[str]:
    wave, chart = finding.wave, chart_of(finding)
    yield _section(say(N_("When it happened")))
    when = say(
        N_("The first mail came {first}. The alarm would have come {alarm}, after {before} mails: {why}"),
        first=moment(wave.first),
        alarm=moment(wave.alarm),
        before=wave.before_alarm,
        why=say(wave.reason, **wave.evidence),
    )
    yield f"<p>{safe(when)}</p>"
    scroll = safe(say(N_("The picture can be scrolled sideways")))
    yield f'<figure><div class="wide" tabindex="0" role="group" aria-label="{scroll}">{svg(chart, wave.number, say)}</div>'
    legend = (
        ("flood", N_("mails of the flood")),
        ("other", N_("other mail at that time")),
        ("mark", N_("hidden mails, by their number above")),
        ("alarm", N_("alarm")),
    )
    shown = "".join(f'<li><span class="{name}"></span>{safe(say(text))}</li>' for name, text in legend)
    yield f'<figcaption><ul class="legend">{shown}</ul>'
    bar = say(N_("One bar is {step}."), step=length(chart.step, say))
    yield f'<p class="soft">{safe(bar)} '
    if chart.later:
        later = N_("{count} more came later from the same senders, the last one {last}.")
        yield safe(say(later, count=chart.later, last=moment(wave.last)))
    yield "</p></figcaption></figure></section>"


def _senders(finding: Finding, say: Say) -> Iterator[str]:
    yield _section(say(N_("Who sent it")))
    note = N_(
        "Most of them are companies whose support portal was misused: a stranger typed your address into their form. "
        "“Sure” means that somebody vouches for the name: a signature, or the platform that sent it."
    )
    yield f'<p class="soft">{safe(say(note))}</p>'
    label = safe(say(N_("Who sent it")))
    columns = (("", N_("sender")), ("count", N_("mails")), ("", N_("first mail")), ("", N_("sure")))
    head = "".join(f'<th scope="col" class="{name}">{safe(say(text))}</th>' for name, text in columns)
    rest = len(finding.senders) - SENDERS_AT_ONCE
    yield from _table(finding.senders[:SENDERS_AT_ONCE], head, label, say)
    if rest > 0:
        summary = say(N_("Show {count} more"), count=rest)
        yield f"<details><summary>{safe(summary)}</summary>"
        yield from _table(finding.senders[SENDERS_AT_ONCE:SENDERS_SHOWN], head, label, say)
        yield from _more(len(finding.senders) - SENDERS_SHOWN, say)
        yield "</details>"
    yield "</section>"


def _table(senders: Sequence[Sender], head: str, label: str, say: Say) -> Iterator[str]:
    yes, no = safe(say(N_("yes"))), safe(say(N_("no")))
    yield f'<div class="wide" tabindex="0" role="group" aria-label="{label}"><table><thead><tr>{head}</tr></thead><tbody>'
    for sender in senders:
        sure = f'<span class="sure">{yes}</span>' if sender.detail.authenticated else no
        yield (
            f'<tr><td>{theirs(who(sender, say))}</td><td class="count">{sender.messages}</td>'
            f"<td>{moment(sender.first)}</td><td>{sure}</td></tr>"
        )
    yield "</tbody></table></div>"


def _texts(finding: Finding, say: Say) -> Iterator[str]:
    texts = finding.texts
    if not texts:
        return
    yield _section(say(N_("The same text from several senders")))
    for text in texts[:TEXTS_SHOWN]:
        source = say(N_("{messages} mails of {senders} senders"), messages=text.messages, senders=len(text.senders))
        yield f'<blockquote><p>{theirs(text.sample[:SAMPLE_SHOWN])}</p><p class="soft">{safe(source)}</p></blockquote>'
    yield from _more(len(texts) - TEXTS_SHOWN, say)
    yield "</section>"


def _steps(say: Say) -> Iterator[str]:
    steps = (
        N_(
            "Read the mails above that may matter. If one is about money or a password, call the bank or the shop by a number you know."
        ),
        N_("Do not click “unsubscribe” and do not answer: it tells strangers that you read it."),
        N_(
            "Put the rest out of the way. `--move Wave` shows what it would move, and can take it back; nothing is deleted."
        ),
        N_(
            "Tell those who can stop it. `--reports DIR` writes a report on each sender that you can send to its abuse desk."
        ),
        N_("Change the passwords of your mail, bank and shops if one of the hidden mails was not from you."),
    )
    yield _section(say(N_("What to do now"))) + '<ol class="steps">'
    for step in steps:
        words = safe(say(step)).split("`")
        yield (
            "<li>"
            + "".join(f"<code>{word}</code>" if place % 2 else word for place, word in enumerate(words))
            + "</li>"
        )
    yield "</ol></section>"


def _doubts(result: Result, say: Say) -> Iterator[str]:
    """How far to trust this."""
    said = []
    if result.cold:
        said.append(
            say(
                N_(
                    "Less than two weeks of this mailbox's past are known before it mattered, so only large waves were looked for."
                )
            )
        )
    if result.claimed_times:
        said.append(
            say(
                N_(
                    "{count} mails are placed in time only by what their senders claim (no server of yours dated them)."
                ),
                count=result.claimed_times,
            )
        )
    if not said and not result.unreadable_count:
        return
    yield _section(say(N_("How sure is this")))
    yield from (f"<p>{safe(text)}</p>" for text in said)
    if result.unreadable_count:
        unreadable = say(N_("{count} things could not be read:"), count=result.unreadable_count)
        yield f"<p>{safe(unreadable)}</p><ul>"
        for each in result.unreadable[:UNREADABLE_SHOWN]:
            yield f'<li><span class="where">{theirs(each.source)}</span>: {theirs(say(each.why))}</li>'
        yield "</ul>"
        yield from _more(result.unreadable_count - UNREADABLE_SHOWN, say)
    yield "</section>"


def _more(count: int, say: Say) -> Iterator[str]:
    if count > 0:
        more = say(N_("and {count} more, in the report for programs (--format json)"), count=count)
        yield f'<p class="soft">{safe(more)}</p>'


def _section(heading: str) -> str:
    return f"<section><h2>{safe(heading)}</h2>"
