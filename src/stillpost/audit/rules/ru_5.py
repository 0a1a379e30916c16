"""The tracker confirms or passes on mail to any address.

## What it does
Shows mail that goes to addresses nobody has proven, whatever stands in it.

## Why it is bad
There is no limit on how many.

## What to do
Let Stillpost prove the address first, and let only Stillpost's account make issues.

## Rests on
The code of Roundup 2.6.0, and the running product: the end-to-end tests compare every mail.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{title} mails whoever is named as author, and nobody has proven the address")
REMEDY = N_("let only proven addresses in")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="RU-5", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.VOLUME))


RULE = Rule(
    id="RU-5",
    title=N_("The tracker confirms or passes on mail to any address"),
    products=("roundup",),
    severity=Severity.MEDIUM,
    page=__doc__,
    check=check,
    needs=("permissions",),
)
