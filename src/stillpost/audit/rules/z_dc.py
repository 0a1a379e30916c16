"""Dynamic content brings a stranger's words into a notice.

## What it does
Follows ``{{dc.…}}`` recursively through every active variant and shows the stranger's words that stand in any of them.

## Why it is bad
Zendesk blanks nothing inside dynamic content: even placeholders it blanks elsewhere travel, and one forgotten
language is enough.

## What to do
Clean the variants, or take the item out of the notice; the fix chooses whichever changes fewer fields.

## Rests on
Zendesk's article on suppression (read). An item that could not be read, or that refers to itself, is *perhaps*.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Severity
from stillpost.audit.finding import Finding, Rule, Telling, View
from stillpost.language import N_

MESSAGE = N_("{kind} “{title}” prints the stranger's {what} through dynamic content ({placeholders})")
REMEDY = N_("take {placeholders} out of the dynamic content, in every language")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="Z-DC", message=MESSAGE, remedy=REMEDY)
    return view.content(telling)


RULE = Rule(
    id="Z-DC",
    title=N_("Dynamic content brings a stranger's words into a notice"),
    products=("zendesk",),
    severity=Severity.CRITICAL,
    page=__doc__,
    check=check,
    needs=("triggers",),
)
