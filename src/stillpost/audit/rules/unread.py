"""Something in the settings could not be understood.

## What it does
Lists what was not read, has another shape than Zendesk documents, or uses fields, operators and actions nobody taught
the audit.

## Why it is bad
What was not understood is not fine; it is not known.

## What to do
Export again, or read the named trigger by eye.

## Rests on
Nothing but what the settings say.
"""

from collections.abc import Iterator

from stillpost.audit.desk import Sentence
from stillpost.audit.exposure import Severity
from stillpost.audit.finding import Finding, Rule, Unknown, View
from stillpost.language import N_

PRODUCTS = ("zendesk", "django-helpdesk", "roundup", "request-tracker", "osticket", "zammad")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    if view.desk.gaps:
        told = "; ".join(str(gap.what) for gap in view.desk.gaps[:20])
        more = len(view.desk.gaps) - 20
        rest = f"; and {more} more" if more > 0 else ""
        raise Unknown(Sentence("{what}", {"what": told + rest}), view.desk.gaps[0].how)
    yield from ()


RULE = Rule(
    id="UNREAD",
    title=N_("Something in the settings could not be understood"),
    products=PRODUCTS,
    severity=Severity.MEDIUM,
    page=__doc__,
    check=check,
)
