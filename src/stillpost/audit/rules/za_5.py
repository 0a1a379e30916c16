"""A trigger answers what answers it.

## What it does
Shows triggers that mail on an update which an autoresponder can bring about.

## Why it is bad
Zammad skips mail that says it is automatic; what does not say so is answered, up to its caps.

## What to do
Let the trigger run on creation only.

## Rests on
The code of Zammad, its seeds and its administrator's documentation; no running copy was compared.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("trigger “{title}” also answers updates, and so what answers by itself")
REMEDY = N_("let it run on creation only")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="ZA-5", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.LOOP, Kind.COPIES))


RULE = Rule(
    id="ZA-5",
    title=N_("A trigger answers what answers it"),
    products=("zammad",),
    severity=Severity.LOW,
    page=__doc__,
    check=check,
)
