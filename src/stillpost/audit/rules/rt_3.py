"""One mail makes RT write to everybody in copy.

## What it does
Shows RTs with ``$ParseNewMessageForTicketCcs`` and scrips that notify Ccs.

## Why it is bad
One forged mail mailed its whole text to five strangers (measured).

## What to do
``Set($ParseNewMessageForTicketCcs, undef);``

## Rests on
The code of RT 5.0.3, and the running product: the end-to-end tests compare the mails.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("“{title}” also mails everybody in To and Cc of a mail")
REMEDY = N_("leave ParseNewMessageForTicketCcs undefined")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="RT-3", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.COPIES))


RULE = Rule(
    id="RT-3",
    title=N_("One mail makes RT write to everybody in copy"),
    products=("request-tracker",),
    severity=Severity.HIGH,
    page=__doc__,
    check=check,
    needs=("acl", "templates", "groups"),
)
