"""Refused mail is sent back whole, to whoever it says it is from.

## What it does
Shows trackers whose mail gateway answers what it does not take (mail from people without an account, mail that asks for
help, names what is not there or cannot be read) with the whole mail that came.

## Why it is bad
The default sends every stranger's mail back to a From that anybody can forge: the words are the stranger's, the
mail is yours. No account and no setting of the attacker is needed.

## What to do
``error_messages_to = dispatcher`` in ``[main]`` of ``config.ini``.

## Rests on
The code of Roundup 2.6.0, and the running product: the end-to-end tests compare every mail.
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("{title}: the gateway sends it back, whole, to the From it names")
REMEDY = N_("set error_messages_to = dispatcher in [main]")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    telling = Telling(rule="RU-1", message=MESSAGE, remedy=REMEDY)
    return (told(exposure, telling) for exposure in of_kind(view, Kind.REJECTION))


RULE = Rule(
    id="RU-1",
    title=N_("Refused mail is sent back whole, to whoever it says it is from"),
    products=("roundup",),
    severity=Severity.HIGH,
    page=__doc__,
    check=check,
    needs=("permissions",),
)
