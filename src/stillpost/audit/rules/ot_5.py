"""An auto response answers what answers it.

## What it does
Shows auto responses to new messages.

## Why it is bad
osTicket's test for ``X-Auto-Response-Suppress`` never matches (measured), and ``auto-notified`` passes it.

## What to do
Switch ``message_autoresponder`` off.

## Rests on
osTicket 1.18 as it was measured, and its code; no running copy is compared in the tests.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{title} answers messages, and so what answers by itself")
REMEDY = N_("switch message_autoresponder off")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="OT-5", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.LOOP, Kind.COPIES))


RULE = Rule(
    id="OT-5",
    title=N_("An auto response answers what answers it"),
    products=("osticket",),
    severity=Severity.LOW,
    page=__doc__,
    check=check,
    needs=("email_template", "department"),
)
