"""A later notice mails what the first one kept back.

## What it does
Follows what happens after the first answer: a trigger or webhook that comments publicly sets off the notices for
updates; an address the stranger put in copy can answer, and that is an update too.

## Why it is bad
Zendesk blanks on creation only. The update carries the title and all comments.

## What to do
Let no trigger comment publicly on creation; let the update notice run only for comments by agents.

## Rests on
That such comments run the triggers again is inferred, not documented: confidence medium. A second mail by a
participant the stranger chose is *perhaps*.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Severity
from stillpost.audit.finding import Finding, Rule, Telling, View
from stillpost.language import N_

MESSAGE = N_("{kind} “{title}” mails the stranger's {what} ({placeholders}) on an update a stranger can bring about")
REMEDY = N_("let it run only for comments by agents (condition: current user is agent)")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="Z-CHAIN", message=MESSAGE, remedy=REMEDY)
    return view.content(telling)


RULE = Rule(
    id="Z-CHAIN",
    title=N_("A later notice mails what the first one kept back"),
    products=("zendesk",),
    severity=Severity.CRITICAL,
    page=__doc__,
    check=check,
    needs=("triggers",),
)
