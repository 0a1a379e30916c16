"""Strangers may open tickets and register.

## What it does
Lists which of the ways in are open: the form, mail from unregistered people, public registration.

## Why it is bad
Each is a way to have somebody else's address mailed, or to be one. Choose which you need.

## What to do
``clients_only``, ``accept_unregistered_email``, ``client_registration``; or Stillpost in front.

## Rests on
osTicket 1.18 as it was measured, and its code; no running copy is compared in the tests.
"""

from collections.abc import Iterator

from stillpost.audit.desk import Sentence
from stillpost.audit.exposure import Severity
from stillpost.audit.finding import Finding, Rule, View, noted
from stillpost.language import N_

OPEN = {
    "clients_only": ("0", "the form takes people without an account"),
    "accept_unregistered_email": ("1", "mail by people without an account becomes a ticket"),
    "client_registration": ("public", "anybody may register"),
}


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    config = view.resource("config")
    for name, (value, told) in OPEN.items():
        if str(config.get(name, value if name != "client_registration" else "")) == value:
            remedy = Sentence(N_("close it if you do not need it"))
            yield noted(RULE, f"config/{name}", Sentence(told), remedy, Severity.INFO, "way-in")


RULE = Rule(
    id="OT-4",
    title=N_("Strangers may open tickets and register"),
    products=("osticket",),
    severity=Severity.INFO,
    page=__doc__,
    check=check,
)
