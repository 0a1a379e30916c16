"""One mail makes the queue write to everybody in copy.

## What it does
Shows queues with ``enable_notifications_on_email_events``: everybody in To and Cc of a mail is subscribed and mailed.

## Why it is bad
One forged mail with five strangers in copy gave six mails (measured).

## What to do
Switch it off for queues that take mail from anybody.

## Rests on
The code of django-helpdesk 2.6.1, and the running product: the end-to-end tests compare every mail.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{title} also mails everybody in To and Cc of a mail")
REMEDY = N_("switch enable_notifications_on_email_events off for this queue")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="DH-3", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.COPIES))


RULE = Rule(
    id="DH-3",
    title=N_("One mail makes the queue write to everybody in copy"),
    products=("django-helpdesk",),
    severity=Severity.HIGH,
    page=__doc__,
    check=check,
    needs=("queues",),
)
