"""An e-mail target mails a stranger's words.

## What it does
Shows e-mail targets whose address the stranger chooses (through a placeholder) and whose subject or text prints his
words.

## Why it is bad
E-mail targets are exempt from suppression.

## What to do
Give the target a constant address, or take the placeholders out.

## Rests on
Zendesk's article on suppression (read).
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Severity
from stillpost.audit.finding import Finding, Rule, Telling, View
from stillpost.language import N_

MESSAGE = N_("{kind} “{title}” mails the stranger's {what} ({placeholders}) through an e-mail target")
REMEDY = N_("give the target a constant address")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="Z-TARGET", message=MESSAGE, remedy=REMEDY)
    yield from view.content(telling)
    if any("notification_target" in str(trigger.get("actions")) for trigger in view.objects("triggers")):
        view.resource("targets")  # Unknown where the targets that triggers use were not read


RULE = Rule(
    id="Z-TARGET",
    title=N_("An e-mail target mails a stranger's words"),
    products=("zendesk",),
    severity=Severity.HIGH,
    page=__doc__,
    check=check,
    needs=("triggers",),
)
