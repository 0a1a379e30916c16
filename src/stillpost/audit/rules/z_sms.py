"""A text message carries a stranger's words.

## What it does
Shows triggers that send a text message to the requester of a new request with the stranger's words.

## Why it is bad
The number is the stranger's choice as the address is; a text message has no spam folder.

## What to do
Send text messages only to proven customers.

## Rests on
The shape of this action's value is not documented; confidence is medium.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Severity
from stillpost.audit.finding import Finding, Rule, Telling, View
from stillpost.language import N_

MESSAGE = N_("{kind} “{title}” sends a text message with the stranger's {what} ({placeholders})")
REMEDY = N_("send text messages only where an agent has acted")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="Z-SMS", message=MESSAGE, remedy=REMEDY)
    return view.content(telling)


RULE = Rule(
    id="Z-SMS",
    title=N_("A text message carries a stranger's words"),
    products=("zendesk",),
    severity=Severity.HIGH,
    page=__doc__,
    check=check,
    needs=("triggers",),
)
