"""osTicket answers addresses that nobody has proven.

## What it does
Shows the auto responses that are on, for the departments and help topics a stranger can reach, canned answers by
filters, and public registration.

## Why it is bad
One form, one mail, to any address; a captcha slows programs down, not people, and mail has none.

## What to do
Switch the auto response off and let Stillpost prove the address first, or open tickets through its API.

## Rests on
osTicket 1.18 as it was measured, and its code; no running copy is compared in the tests.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{title} mails whoever is named as its owner, and nobody has proven the address")
REMEDY = N_("switch it off, or put Stillpost in front")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="OT-1", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.VOLUME, Kind.ACCOUNT))


RULE = Rule(
    id="OT-1",
    title=N_("osTicket answers addresses that nobody has proven"),
    products=("osticket",),
    severity=Severity.MEDIUM,
    page=__doc__,
    check=check,
    needs=("email_template", "department", "help_topic", "email"),
)
