"""A notice goes to any address a stranger names.

## What it does
Shows every notice that a request by nobody in particular makes the helpdesk send, whatever stands in it.

## Why it is bad
Constant text cures the message, never the flood: hundreds of portals sending one mail each is how people are bombed.
A limit at one portal does not help; only proof before the first mail does.

## What to do
Let the notice run only for requests whose address is proven (a condition on the tag that Stillpost adds), and show the
reference number on the page instead. ``--fix=volume`` writes this, and says what customers lose.

## Rests on
Zendesk's description of open help desks (read). Who may submit is shown in no API: assumed open until attested.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{kind} “{title}” mails whoever is named as requester, and nobody has proven the address")
REMEDY = N_("let it run only for proven addresses: put Stillpost's form in front, and a condition on its tag")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="Z-VOLUME", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.VOLUME))


RULE = Rule(
    id="Z-VOLUME",
    title=N_("A notice goes to any address a stranger names"),
    products=("zendesk",),
    severity=Severity.MEDIUM,
    page=__doc__,
    check=check,
    needs=("triggers",),
)
