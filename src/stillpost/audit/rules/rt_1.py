"""A scrip answers addresses that nobody has proven.

## What it does
Shows every scrip that mails the requestor when a mail by anybody makes a ticket or is added to one.

## Why it is bad
“On Create Autoreply To Requestors” is on by default, and RT has no limit of any kind. It answers Reply-To before From.

## What to do
Disable the scrip, or keep ``CreateTicket`` from Everyone and Unprivileged and let Stillpost make the tickets.

## Rests on
The code of RT 5.0.3, and the running product: the end-to-end tests compare the mails.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("“{title}” mails whoever is named as requestor, and nobody has proven the address")
REMEDY = N_("disable the scrip for queues that take mail from anybody")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="RT-1", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.VOLUME))


RULE = Rule(
    id="RT-1",
    title=N_("A scrip answers addresses that nobody has proven"),
    products=("request-tracker",),
    severity=Severity.MEDIUM,
    page=__doc__,
    check=check,
    needs=("acl", "templates", "groups"),
)
