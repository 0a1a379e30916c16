"""A default trigger of an older Zendesk is still in use.

## What it does
Recognizes the first-reply triggers that Zendesk gave new accounts of 2012 to 2017, which print the request's title.

## Why it is bad
Old accounts keep them for ever; that is why big brands relayed in 2026 and new accounts did not.

## What to do
Take over today's default: a constant subject and a constant text with the request's number.

## Rests on
Public copies of accounts of those years (read). Recognized by subject and recipient, not by the trigger's name.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

GENERATIONS = {
    "[{{ticket.account}}] Request received: {{ticket.title}}": "2012 to 2014",
    "Request received: {{ticket.title}}": "2013 to 2016",
    "[Request received] {{ticket.title}}": "2017",
}
MESSAGE = N_("trigger “{title}” is the default of {years}, which prints the request's title in the subject")
REMEDY = N_("use today's default: subject “[Request received]”, and a constant text with {{{{ticket.id}}}}")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    for exposure in of_kind(view, Kind.CONTENT):
        subject = exposure.notice.subject
        years = GENERATIONS.get(_squeezed(subject.source)) if subject is not None else None
        if years:
            values: dict[str, str | int] = {"years": years}
            yield told(
                exposure,
                Telling(rule="Z-LEGACY", message=MESSAGE, remedy=REMEDY, severity=Severity.MEDIUM, values=values),
            )


def _squeezed(source: str) -> str:
    """One blank between words, none inside a placeholder's braces."""
    return " ".join(source.split()).replace("{{ ", "{{").replace(" }}", "}}")


RULE = Rule(
    id="Z-LEGACY",
    title=N_("A default trigger of an older Zendesk is still in use"),
    products=("zendesk",),
    severity=Severity.MEDIUM,
    page=__doc__,
    check=check,
    needs=("triggers",),
)
