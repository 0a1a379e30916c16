"""A first answer runs for everybody.

## What it does
Shows notices on new requests whose trigger says neither who the current user is nor by which channel the request came.

## Why it is bad
One text then serves customers, agents who write to a customer, and strangers. That is why the placeholders agents need
(title, comments) stay in a text that strangers can set off.

## What to do
Two triggers: one for end users (``Current user is (end user)``) with constant text, one for agents.

## Rests on
Zendesk's own guidance on spam by web service (read).
"""

from collections.abc import Iterator

from stillpost.audit.desk import Trigger
from stillpost.audit.exposure import Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("trigger “{title}” says neither who the current user is nor by which channel a request came")
REMEDY = N_("add the condition: current user is (end user); keep a second trigger for tickets that agents make")
NARROWING = ("role", "via_id", "current_via_id")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    for exposure in of_kind(view, Kind.VOLUME):
        first = exposure.occasion.trigger is Trigger.REQUEST and exposure.reaction.kind == "trigger"
        if first and not any(term.variable in NARROWING for term in exposure.reaction.when.terms()):
            yield told(exposure, Telling(rule="Z-ROLE", message=MESSAGE, remedy=REMEDY, severity=Severity.LOW))


RULE = Rule(
    id="Z-ROLE",
    title=N_("A first answer runs for everybody"),
    products=("zendesk",),
    severity=Severity.LOW,
    page=__doc__,
    check=check,
    needs=("triggers",),
)
