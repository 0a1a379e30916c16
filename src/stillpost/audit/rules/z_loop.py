"""A notice answers answers.

## What it does
Shows notices that also run when the requester himself writes again, so that an autoresponder at the other end and the
helpdesk can answer each other.

## Why it is bad
Zendesk suspends most automatic mail, but an autoresponder that does not mark its answers is not recognized.

## What to do
Let the first answer run on creation only (``update_type is Create``).

## Rests on
Zendesk's article on mail loops (read).
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{kind} “{title}” also answers what the requester writes later, so two automatic answers can loop")
REMEDY = N_("add the condition: ticket is created")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="Z-LOOP", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.LOOP))


RULE = Rule(
    id="Z-LOOP",
    title=N_("A notice answers answers"),
    products=("zendesk",),
    severity=Severity.LOW,
    page=__doc__,
    check=check,
    needs=("triggers",),
)
