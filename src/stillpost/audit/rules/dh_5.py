"""A queue answers autoresponders.

## What it does
Shows queues whose update mail goes out when the submitter, or something that answers for him, writes again.

## Why it is bad
Only ``Auto-Submitted`` and three words of ``X-Auto-Response-Suppress`` are known to it; ``Return-Path: <>``,
``MAILER-DAEMON`` and ``Precedence`` are not (measured).

## What to do
List ``mailer-daemon@*`` and ``postmaster@*`` among the addresses to ignore.

## Rests on
The code of django-helpdesk 2.6.1, and the running product: the end-to-end tests compare every mail.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{title} answers what answers it, unless that marks itself")
REMEDY = N_("let the queue ignore mailer-daemon@* and postmaster@*")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="DH-5", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.LOOP))


RULE = Rule(
    id="DH-5",
    title=N_("A queue answers autoresponders"),
    products=("django-helpdesk",),
    severity=Severity.LOW,
    page=__doc__,
    check=check,
    needs=("templates",),
)
