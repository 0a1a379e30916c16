"""Nothing caps tickets, or the cap itself mails.

## What it does
Looks at ``max_open_tickets`` and shows the notice that is mailed when it is reached.

## Why it is bad
Without a cap one address gets as many answers as there are forms. With one, reaching it mails once more: five allowed
tickets were six mails (measured).

## What to do
Set ``max_open_tickets`` and switch ``overlimit_notice_active`` off.

## Rests on
osTicket 1.18 as it was measured, and its code; no running copy is compared in the tests.
"""

from collections.abc import Iterator

from stillpost.audit.desk import Sentence
from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, View, noted, of_kind
from stillpost.language import N_


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    config = view.resource("config")
    if str(config.get("max_open_tickets") or "0") == "0":
        message = Sentence(N_("one address may have any number of open tickets, each of them confirmed"))
        yield noted(RULE, "config/max_open_tickets", message, Sentence(N_("set it to 3, say")), Severity.LOW, "cap")
    for _ in of_kind(view, Kind.LIMIT):
        message = Sentence(N_("reaching max_open_tickets mails the victim once more"))
        path = "config/overlimit_notice_active"
        yield noted(RULE, path, message, Sentence(N_("switch it off")), Severity.MEDIUM, "limit-notice")


RULE = Rule(
    id="OT-2",
    title=N_("Nothing caps tickets, or the cap itself mails"),
    products=("osticket",),
    severity=Severity.MEDIUM,
    page=__doc__,
    check=check,
)
