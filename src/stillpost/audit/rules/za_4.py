"""Zammad's brakes are off, or its answers go where the sender says.

## What it does
Looks at ``postmaster_sender_based_on_reply_to`` and at the total cap of triggers.

## Why it is bad
With the first, a mail with its own good From is answered to a Reply-To of somebody else. The second caps mail to one
address at 30 in 10 minutes; raised, it caps nothing.

## What to do
Leave both at their defaults.

## Rests on
The code of Zammad, its seeds and its administrator's documentation; no running copy was compared.
"""

from collections.abc import Iterator

from stillpost.audit.desk import Sentence
from stillpost.audit.exposure import Severity
from stillpost.audit.finding import Finding, Rule, Unknown, View, noted
from stillpost.language import N_

DEFAULTS = {"10": 30, "30": 60, "60": 120, "180": 240, "600": 360}


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    settings = view.resource("settings")
    if not isinstance(settings, dict):
        raise Unknown(Sentence(N_("the settings were not read")))
    if settings.get("postmaster_sender_based_on_reply_to"):
        message = Sentence(N_("answers go to Reply-To, which nobody has to own"))
        path = "settings/postmaster_sender_based_on_reply_to"
        yield noted(RULE, path, message, Sentence(N_("empty it")), Severity.MEDIUM, "reply-to")
    caps = settings.get("ticket_trigger_loop_protection_articles_total")
    given: dict[str, object] = caps if isinstance(caps, dict) else {}
    for minutes, default in DEFAULTS.items():
        value = given.get(minutes, default)
        if isinstance(value, int) and value > default:
            values: dict[str, str | int] = {"minutes": minutes, "value": value, "default": default}
            message = Sentence(
                N_("triggers may mail one address {value} times in {minutes} minutes (default {default})"), values
            )
            path = f"settings/ticket_trigger_loop_protection_articles_total/{minutes}"
            yield noted(RULE, path, message, Sentence(N_("lower it")), Severity.MEDIUM, "caps")


RULE = Rule(
    id="ZA-4",
    title=N_("Zammad's brakes are off, or its answers go where the sender says"),
    products=("zammad",),
    severity=Severity.MEDIUM,
    page=__doc__,
    check=check,
)
