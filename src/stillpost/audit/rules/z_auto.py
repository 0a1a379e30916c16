"""An automation mails a stranger's words.

## What it does
Shows automations that mail the requester, hours later, about a request no person has touched, with the stranger's
words.

## Why it is bad
Zendesk never blanks anything in automations.

## What to do
Mail only what an agent has touched (a status a stranger cannot set), or take the words out.

## Rests on
Zendesk's article on suppression (read). Reminders that need a person of the helpdesk to act first are not counted.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Severity
from stillpost.audit.finding import Finding, Rule, Telling, View
from stillpost.language import N_

MESSAGE = N_("automation “{title}” mails the stranger's {what} ({placeholders}) hours later")
REMEDY = N_("take {placeholders} out, or mail only requests an agent has answered")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="Z-AUTO", message=MESSAGE, remedy=REMEDY)
    return view.content(telling)


RULE = Rule(
    id="Z-AUTO",
    title=N_("An automation mails a stranger's words"),
    products=("zendesk",),
    severity=Severity.CRITICAL,
    page=__doc__,
    check=check,
    needs=("automations",),
)
