"""The requester's name travels in a notice.

## What it does
Shows every notice on a new request that prints a name the stranger typed: requester, submitter or current user.

## Why it is bad
The name field takes a whole sentence. Zendesk does not blank names.

## What to do
Greet without a name in the first answer; names are safe once the address is proven.

## Rests on
Zendesk's placeholder reference (read). The address itself is not counted: it is the victim's own.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Severity
from stillpost.audit.finding import Finding, Rule, Telling, View
from stillpost.language import N_

MESSAGE = N_("{kind} “{title}” prints a name the stranger typed ({placeholders})")
REMEDY = N_("take {placeholders} out of the template")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="Z-NAME", message=MESSAGE, remedy=REMEDY)
    return view.content(telling)


RULE = Rule(
    id="Z-NAME",
    title=N_("The requester's name travels in a notice"),
    products=("zendesk",),
    severity=Severity.HIGH,
    page=__doc__,
    check=check,
    needs=("triggers",),
)
