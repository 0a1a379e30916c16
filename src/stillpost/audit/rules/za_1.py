"""A trigger answers addresses that nobody has proven.

## What it does
Shows every active trigger that mails the customer, or who wrote last, when a ticket is made or answered by a stranger.

## Why it is bad
The seeded trigger ``auto reply (on new tickets)`` answers every form and every mail. Zammad's caps (30 mails to an
address in 10 minutes) stop loops, not floods from hundreds of helpdesks.

## What to do
A condition on a tag that only proven addresses have: ``--fix=volume`` adds it. Customers who write past Stillpost get
no confirmation then.

## Rests on
The code of Zammad, its seeds and its administrator's documentation; no running copy was compared.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("trigger “{title}” mails whoever is named as customer, and nobody has proven the address")
REMEDY = N_("let it run only for tickets with the tag of proven addresses")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="ZA-1", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.VOLUME, Kind.ACCOUNT, Kind.LIMIT))


RULE = Rule(
    id="ZA-1",
    title=N_("A trigger answers addresses that nobody has proven"),
    products=("zammad",),
    severity=Severity.MEDIUM,
    page=__doc__,
    check=check,
    needs=("dump",),
)
