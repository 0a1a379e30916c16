"""The request's title travels in a notice.

## What it does
Shows every notice, sent when a request is made, whose subject or text prints ``ticket.title``. Zendesk never blanks
the title.

## Why it is bad
Whoever fills in the form writes the subject of a genuine, signed mail to anybody. This made the waves of 2025 and 2026.

## What to do
Use a constant subject and name the request by ``{{ticket.id}}``. If the subject field is hidden from end users, the
title is the first comment.

## Rests on
Zendesk's placeholder reference and its list of suppressed placeholders (read).
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Severity
from stillpost.audit.finding import Finding, Rule, Telling, View
from stillpost.language import N_

MESSAGE = N_("{kind} “{title}” prints the request's title ({placeholders}) in a mail to whoever is named as requester")
REMEDY = N_("take {placeholders} out of the template and use a constant text with {{{{ticket.id}}}}")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="Z-TITLE", message=MESSAGE, remedy=REMEDY)
    return view.content(telling)


RULE = Rule(
    id="Z-TITLE",
    title=N_("The request's title travels in a notice"),
    products=("zendesk",),
    severity=Severity.CRITICAL,
    page=__doc__,
    check=check,
    needs=("triggers",),
)
