"""A template prints what a stranger typed.

## What it does
Shows every placeholder in the templates of automatic mail that carries a stranger's words: subject, message, name.

## Why it is bad
The name greets: what a stranger typed as his name is the first thing read. (It also stands in the To line of every
automatic mail, whatever the template says.)

## What to do
Take ``%{ticket.subject}``, ``%{message}`` and ``%{recipient.name…}`` out of the templates.

## Rests on
osTicket 1.18 as it was measured, and its code; no running copy is compared in the tests.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{title} prints the stranger's {what} ({placeholders})")
REMEDY = N_("take the placeholders out of the template")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="OT-3", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.CONTENT))


RULE = Rule(
    id="OT-3",
    title=N_("A template prints what a stranger typed"),
    products=("osticket",),
    severity=Severity.CRITICAL,
    page=__doc__,
    check=check,
    needs=("email_template", "department", "help_topic", "email"),
)
