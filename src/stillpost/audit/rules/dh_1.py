"""A queue confirms tickets to any address.

## What it does
Shows every queue whose form or mailbox mails a confirmation to the address that was typed, or to the From of a mail.

## Why it is bad
Fifteen forms gave fifteen mails (measured). There is no limit and no setting that makes one.

## What to do
Put Stillpost in front and close the public form, or take the template ``newticket_submitter`` away: without it no
mail is sent.

## Rests on
The code of django-helpdesk 2.6.1, and the running product: the end-to-end tests compare every mail.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{title} mails whoever is named as submitter, and nobody has proven the address")
REMEDY = N_("put Stillpost in front, or rename the template (a missing template means no mail)")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="DH-1", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.VOLUME))


RULE = Rule(
    id="DH-1",
    title=N_("A queue confirms tickets to any address"),
    products=("django-helpdesk",),
    severity=Severity.MEDIUM,
    page=__doc__,
    check=check,
    needs=("templates", "settings"),
)
