"""A tracker mails people what strangers write in their name.

## What it does
Shows mail that passes on a stranger's subject, text or name: a copy to the author, what is added to an issue, the
returned mail, the user name in a registration.

## Why it is bad
A forged From makes the victim the author of an issue and puts him on its list; from then on, everything that anybody
adds is mailed to him, whole.

## What to do
``messages_to_author = no``; keep ``Email Access`` from Anonymous, or ``add_author = no`` and ``add_recipients = no``;
or let Stillpost prove the address first.

## Rests on
The code of Roundup 2.6.0, and the running product: the end-to-end tests compare every mail.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{title} passes on the stranger's {what}")
REMEDY = N_("see the smallest fix: audit --fix FILE")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="RU-2", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.CONTENT))


RULE = Rule(
    id="RU-2",
    title=N_("A tracker mails people what strangers write in their name"),
    products=("roundup",),
    severity=Severity.CRITICAL,
    page=__doc__,
    check=check,
    needs=("permissions",),
)
