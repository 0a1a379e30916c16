"""One request mails several strangers.

## What it does
Shows notices on new requests that also go to the addresses in copy, or print who is in copy, while people in copy are
allowed.

## Why it is bad
A request takes up to 48 addresses in copy: one POST, 49 mails.

## What to do
Let first answers go to the requester alone (``requester_id``); agents can still add people in copy later.

## Rests on
The Requests API's description of collaborators (read) and the account's collaboration settings.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{kind} “{title}” also mails every address the stranger puts in copy (up to 48 with one request)")
PRINTS = N_("{kind} “{title}” prints who is in copy ({placeholders})")
REMEDY = N_("let the notice go to the requester only, not to requester_and_ccs")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    for exposure in of_kind(view, Kind.COPIES):
        yield told(exposure, Telling(rule="Z-CC", message=MESSAGE, remedy=REMEDY))
    yield from view.content(Telling(rule="Z-CC", message=PRINTS, remedy="take {placeholders} out of the template"))


RULE = Rule(
    id="Z-CC",
    title=N_("One request mails several strangers"),
    products=("zendesk",),
    severity=Severity.HIGH,
    page=__doc__,
    check=check,
    needs=("triggers",),
)
