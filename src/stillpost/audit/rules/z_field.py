"""A free text field travels in a notice.

## What it does
Shows every notice on a new request that prints a custom field strangers can write into. Drop-downs are no free text
and are left out.

## Why it is bad
The field says what the stranger likes, in a mail with the operator's name.

## What to do
Take the field out of the first answer.

## Rests on
The field's type in ``ticket_fields``; a field that was not given is taken for free text.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Severity
from stillpost.audit.finding import Finding, Rule, Telling, View
from stillpost.language import N_

MESSAGE = N_("{kind} “{title}” prints a free text field ({placeholders})")
REMEDY = N_("take {placeholders} out of the template")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="Z-FIELD", message=MESSAGE, remedy=REMEDY)
    return view.content(telling)


RULE = Rule(
    id="Z-FIELD",
    title=N_("A free text field travels in a notice"),
    products=("zendesk",),
    severity=Severity.HIGH,
    page=__doc__,
    check=check,
    needs=("triggers",),
)
