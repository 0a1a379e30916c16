"""A trigger's mail prints what a stranger typed.

## What it does
Shows every placeholder in a trigger's subject or text that carries a stranger's words: the ticket's title, the
article, the customer's name; a placeholder that is not known here is perhaps.

## Why it is bad
The seeded trigger's subject is ``Thanks for your inquiry (#{ticket.title})``: the stranger writes your subject.

## What to do
Take the placeholders out; a constant subject with ``#{ticket.number}`` is enough.

## Rests on
The code of Zammad, its seeds and its administrator's documentation; no running copy was compared.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("trigger “{title}” prints the stranger's {what} ({placeholders})")
REMEDY = N_("take the placeholders out of the trigger")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="ZA-2", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.CONTENT))


RULE = Rule(
    id="ZA-2",
    title=N_("A trigger's mail prints what a stranger typed"),
    products=("zammad",),
    severity=Severity.CRITICAL,
    page=__doc__,
    check=check,
    needs=("dump",),
)
