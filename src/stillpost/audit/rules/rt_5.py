"""RT refuses by mail, with the whole mail in it.

## What it does
Shows queues in which nobody without an account may make tickets, or reply: RT answers “Permission Denied” to the
Reply-To or From, and attaches what came.

## Why it is bad
Refusing by mail is the attack again: the stranger's words, your name. No setting switches it off.

## What to do
Hold RT's refusals with Stillpost's milter on outgoing mail, or let only Stillpost hand mail to ``rt-mailgate``.

## Rests on
The code of RT 5.0.3, and the running product: the end-to-end tests compare the mails.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("“{title}” goes to whoever the mail says it is from, with the whole mail in it")
REMEDY = N_("hold RT's refusals with Stillpost's milter, or let nobody but Stillpost reach rt-mailgate")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="RT-5", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.REJECTION))


RULE = Rule(
    id="RT-5",
    title=N_("RT refuses by mail, with the whole mail in it"),
    products=("request-tracker",),
    severity=Severity.HIGH,
    page=__doc__,
    check=check,
    needs=("acl", "templates", "groups"),
)
