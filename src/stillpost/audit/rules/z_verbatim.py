"""The stranger's text travels by a placeholder Zendesk does not list as blanked.

## What it does
Shows notices on a new request that print ``ticket.verbatim_description``, members of a comment loop
(``comment.value``, author, files), or a placeholder nobody taught us.

## Why it is bad
Zendesk blanks a published list of placeholders on creation. These are not on it.

## What to do
Take them out of every notice that a new request can set off.

## Rests on
The list is read; how Zendesk treats loop members under suppression is *not* documented, so those are *perhaps*, with
an inexact witness.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Severity
from stillpost.audit.finding import Finding, Rule, Telling, View
from stillpost.language import N_

MESSAGE = N_("{kind} “{title}” prints the stranger's text through {placeholders}")
REMEDY = N_("take {placeholders} out of the template")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="Z-VERBATIM", message=MESSAGE, remedy=REMEDY)
    return view.content(telling)


RULE = Rule(
    id="Z-VERBATIM",
    title=N_("The stranger's text travels by a placeholder Zendesk does not list as blanked"),
    products=("zendesk",),
    severity=Severity.HIGH,
    page=__doc__,
    check=check,
    needs=("triggers",),
)
