"""A template prints what a stranger wrote.

## What it does
Shows every template (and refusal) that prints the subject, the text or the name; a template without a Subject gets
the mail's own.

## Why it is bad
The default autoreply sends the whole request back: subject and body. So does a refusal.

## What to do
A constant Subject, and a text with ``{$Ticket->SubjectTag}`` only.

## Rests on
The code of RT 5.0.3, and the running product: the end-to-end tests compare the mails.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("“{title}” prints the stranger's {what} ({placeholders})")
REMEDY = N_("take the placeholders out of the template, and give it a constant Subject")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="RT-2", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.CONTENT))


RULE = Rule(
    id="RT-2",
    title=N_("A template prints what a stranger wrote"),
    products=("request-tracker",),
    severity=Severity.CRITICAL,
    page=__doc__,
    check=check,
    needs=("acl", "templates", "groups"),
)
