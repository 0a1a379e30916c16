"""A first answer runs far more often than usual.

## What it does
Compares how often the triggers that mail strangers ran in the last hour and day with their own month (Zendesk counts
this where the plan has it: ``include=usage_1h,usage_24h,usage_7d,usage_30d``).

## Why it is bad
It is the sight of a running abuse: agents see spam, the victims see mail.

## What to do
Put the brake on: Stillpost's ``brake on``, or switch the trigger off for the hour; then close what the other rules
show.

## Rests on
Zendesk's usage counts (read). The thresholds are ours: 10 times the hourly and 5 times the daily mean, from 20 and 50
on.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stillpost.audit.desk import Provenance, Reach, Sentence
from stillpost.audit.exposure import Confidence, Kind, Severity
from stillpost.audit.finding import Finding, NotApplicable, Rule, Unknown, View, of_kind
from stillpost.language import N_

HOURS_A_MONTH, DAYS_A_MONTH = 720, 30
MESSAGE = N_(
    "trigger “{title}” ran {hour} times in the last hour and {day} times in the last day; its mean is {mean} a day"
)


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    mailing = {exposure.reaction.id for exposure in of_kind(view, Kind.VOLUME)}
    triggers = [t for t in view.objects("triggers") if f"triggers/{t['id']}" in mailing]
    if not triggers:
        raise NotApplicable(Sentence(N_("no trigger mails strangers")))
    counted = [t for t in triggers if isinstance(t.get("usage_30d"), int)]
    if not counted:
        raise Unknown(
            Sentence(N_("the triggers were read without their usage counts")),
            Sentence(N_("open triggers.json?include=usage_1h,usage_24h,usage_7d,usage_30d (not on every plan)")),
        )
    for trigger in counted:
        if flooded(trigger):
            yield _finding(trigger)


def flooded(trigger: Mapping[str, Any]) -> bool:
    """Whether the counts are far above the trigger's own month."""
    month = _count(trigger, "usage_30d")
    hour, day = _count(trigger, "usage_1h"), _count(trigger, "usage_24h")
    return hour >= max(20, 10 * month / HOURS_A_MONTH) or day >= max(50, 5 * month / DAYS_A_MONTH)


def _count(trigger: Mapping[str, Any], name: str) -> int:
    value = trigger.get(name)
    return value if isinstance(value, int) else 0


def _finding(trigger: Mapping[str, Any]) -> Finding:
    values: dict[str, str | int] = {
        "title": str(trigger.get("title", "")),
        "hour": _count(trigger, "usage_1h"),
        "day": _count(trigger, "usage_24h"),
        "mean": _count(trigger, "usage_30d") // DAYS_A_MONTH,
    }
    return Finding(
        id=f"Z-FLOOD:triggers/{trigger['id']}",
        rule="Z-FLOOD",
        exposure=Kind.VOLUME.value,
        severity=Severity.HIGH,
        confidence=Confidence.MEDIUM,
        reach=Reach.ANYONE,
        provenance=Provenance.READ,
        path=f"triggers/{trigger['id']}",
        title=str(trigger.get("title", "")),
        message=Sentence(MESSAGE, values),
        remedy=Sentence(N_("stop it for the hour (stillpost brake on), then close what the other rules show")),
    )


RULE = Rule(
    id="Z-FLOOD",
    title=N_("A first answer runs far more often than usual"),
    products=("zendesk",),
    severity=Severity.MEDIUM,
    page=__doc__,
    check=check,
    needs=("triggers",),
)
