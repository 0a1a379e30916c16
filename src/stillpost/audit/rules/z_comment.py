"""The stranger's text stands in a notice that only suppression keeps quiet.

## What it does
Shows notices on a new request that print comments or the description. Where Zendesk blanks them today it is a medium
finding; where suppression is off (closed instance, registration, service tokens) the text travels.

## Why it is bad
Suppression holds only while five things hold together: anybody may submit, registration is off, recipient and author
are end users, and the trigger fires on creation. Nobody can see in Zendesk that one of them changed. Tickets made
through the Tickets API (a portal with a service token) are never suppressed.

## What to do
Take the placeholders out of first answers. Blanked, they leave only their lead-in behind anyway.

## Rests on
Zendesk's article on suppression (read).
"""

from collections.abc import Iterator

from stillpost.audit.exposure import Confidence, Exposure, Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

TRAVELS = N_("{kind} “{title}” prints the stranger's text ({placeholders}), and suppression is off here")
BLANKED = N_(
    "{kind} “{title}” prints {placeholders}; Zendesk blanks it today, but only while anybody may submit, registration"
    " is off, and no portal makes tickets through the Tickets API"
)
REMEDY = N_("take {placeholders} out of the template")


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    yield from view.content(Telling(rule="Z-COMMENT", message=TRAVELS, remedy=REMEDY))
    for exposure in of_kind(view, Kind.VOLUME):
        if exposure.blanked:
            yield _blanked(exposure)


def _blanked(exposure: Exposure) -> Finding:
    names = dict.fromkeys(leak.placeholder for leak in exposure.blanked)
    values: dict[str, str | int] = {"placeholders": ", ".join("{{" + name + "}}" for name in names)}
    telling = Telling(
        rule="Z-COMMENT",
        message=BLANKED,
        remedy=REMEDY,
        severity=min(Severity.MEDIUM, exposure.severity),
        values=values,
    )
    finding = told(exposure, telling)
    first = exposure.blanked[0]
    return Finding(
        id=f"Z-COMMENT:{exposure.notice.id}:blanked",
        rule="Z-COMMENT",
        exposure=Kind.CONTENT.value,
        severity=finding.severity,
        confidence=Confidence.MEDIUM,
        reach=finding.reach,
        provenance=finding.provenance,
        path=first.path,
        title=finding.title,
        message=finding.message,
        remedy=finding.remedy,
        tri=finding.tri,
        why=finding.why,
        line=first.line,
        placeholders=tuple(names),
        witness=finding.witness,
    )


RULE = Rule(
    id="Z-COMMENT",
    title=N_("The stranger's text stands in a notice that only suppression keeps quiet"),
    products=("zendesk",),
    severity=Severity.MEDIUM,
    page=__doc__,
    check=check,
    needs=("triggers",),
)
