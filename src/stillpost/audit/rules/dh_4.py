"""A confirmation does not say that it is automatic.

## What it does
Shows queues whose public form is answered: the mail has no ``Auto-Submitted``, ``Precedence`` or
``X-Auto-Response-Suppress`` (the answer to a mail has them).

## Why it is bad
Other machines cannot tell that a machine is writing, and answer it; filters cannot tell it either.

## What to do
Let Stillpost's milter add ``Auto-Submitted: auto-replied`` to what the helpdesk sends.

## Rests on
The running product: the end-to-end tests look at the header (RFC 3834 asks for it).
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{title} answers a form without a word in its header that says it is automatic")
REMEDY = N_("let Stillpost's milter mark the helpdesk's mail")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="DH-4", message=MESSAGE, remedy=REMEDY, severity=Severity.LOW)
    for exposure in of_kind(view, Kind.VOLUME):
        if exposure.witness.channel.startswith("form-") and exposure.occasion.id == "created":
            yield told(exposure, telling)


RULE = Rule(
    id="DH-4",
    title=N_("A confirmation does not say that it is automatic"),
    products=("django-helpdesk",),
    severity=Severity.LOW,
    page=__doc__,
    check=check,
    needs=("templates", "settings"),
)
