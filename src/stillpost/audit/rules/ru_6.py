"""The tracker answers autoresponders.

## What it does
Shows refusals and updates that go out again when what they reached answers by itself.

## Why it is bad
Only ``Auto-Submitted`` and ``Precedence: bulk`` stop it; many autoresponders send neither.

## What to do
``error_messages_to = dispatcher``, ``messages_to_author = no``.

## Rests on
The code of Roundup 2.6.0, and the running product: the end-to-end tests compare every mail.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{title} goes out again when it is answered by a machine that does not say so")
REMEDY = N_("set error_messages_to = dispatcher")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="RU-6", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.LOOP))


RULE = Rule(
    id="RU-6",
    title=N_("The tracker answers autoresponders"),
    products=("roundup",),
    severity=Severity.LOW,
    page=__doc__,
    check=check,
    needs=("permissions",),
)
