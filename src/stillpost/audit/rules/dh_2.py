"""A template prints what the submitter typed.

## What it does
Shows every mail to the submitter whose subject, text or HTML prints the ticket's title, its description or a comment.

## Why it is bad
The subject's default prints the title. A mail whose subject names a ticket becomes a comment whoever sends it, and
the comment is mailed to the submitter: a stranger needs only to count ticket numbers.

## What to do
A constant ``HELPDESK_EMAIL_SUBJECT_TEMPLATE`` (it must keep ``ticket.ticket``), and templates without title,
description and comment.

## Rests on
The code of django-helpdesk 2.6.1, and the running product: the end-to-end tests compare every mail.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{title} prints the stranger's {what} ({placeholders})")
REMEDY = N_("take {placeholders} out of the template")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="DH-2", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.CONTENT))


RULE = Rule(
    id="DH-2",
    title=N_("A template prints what the submitter typed"),
    products=("django-helpdesk",),
    severity=Severity.CRITICAL,
    page=__doc__,
    check=check,
    needs=("templates", "settings"),
)
