"""Anybody can make the tracker mail an account key.

## What it does
Shows registration and password reset: a page that mails a key to the address typed in.

## Why it is bad
One page, one mail; ``registration_delay`` slows a form down by seconds, and 0 not even that.

## What to do
Take ``Register`` from Anonymous in ``schema.py``, keep ``registration_delay`` at 4 or more, or have the address
proven first.

## Rests on
The code of Roundup 2.6.0, and the running product: the end-to-end tests compare every mail.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{title} mails a key to any address that is typed in")
REMEDY = N_("take Register from Anonymous in schema.py")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="RU-3", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.ACCOUNT))


RULE = Rule(
    id="RU-3",
    title=N_("Anybody can make the tracker mail an account key"),
    products=("roundup",),
    severity=Severity.MEDIUM,
    page=__doc__,
    check=check,
    needs=("permissions",),
)
