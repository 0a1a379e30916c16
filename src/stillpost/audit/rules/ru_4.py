"""Whoever stands in copy is put on the list and mailed.

## What it does
Shows trackers that put the To and Cc of a mail on the issue's list, or let the maker of an issue choose the list.

## Why it is bad
Everybody on the list is mailed everything that follows: one mail with five in copy, and every further one goes to five.

## What to do
``add_recipients = no`` in ``[nosy]``; no ``Create`` on issues for Anonymous; no ``instant_registration``.

## Rests on
The code of Roundup 2.6.0, and the running product: the end-to-end tests compare every mail.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{title} also mails everybody the stranger put in copy")
REMEDY = N_("set add_recipients = no in [nosy]")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="RU-4", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.COPIES))


RULE = Rule(
    id="RU-4",
    title=N_("Whoever stands in copy is put on the list and mailed"),
    products=("roundup",),
    severity=Severity.HIGH,
    page=__doc__,
    check=check,
    needs=("permissions",),
)
