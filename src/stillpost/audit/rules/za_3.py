"""The form has nothing that slows a program down.

## What it does
Looks at the embeddable form: whether it is on, has a captcha or a honeypot, and whether its limits were raised.

## Why it is bad
Without them a program fills it in as fast as it likes, up to 20 in an hour from each address.

## What to do
Switch the honeypot and a captcha on, leave the limits at their defaults, or use Stillpost's form instead.

## Rests on
The code of Zammad, its seeds and its administrator's documentation; no running copy was compared.
"""

from collections.abc import Iterator

from stillpost.audit.desk import Sentence
from stillpost.audit.exposure import Severity
from stillpost.audit.finding import Finding, Rule, Unknown, View, noted
from stillpost.language import N_

DEFAULTS = {
    "form_ticket_create_by_ip_per_hour": 20,
    "form_ticket_create_by_ip_per_day": 240,
    "form_ticket_create_per_day": 5000,
}


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    settings = view.resource("settings")
    if not isinstance(settings, dict) or "form_ticket_create" not in settings:
        raise Unknown(Sentence(N_("whether the form is on was not read")))
    if settings["form_ticket_create"] is not True:
        return
    remedy = Sentence(N_("switch a captcha and the honeypot on, or use Stillpost's form"))
    if (
        not settings.get("form_ticket_create_captcha_provider")
        and settings.get("form_ticket_create_honeypot") is not True
    ):
        message = Sentence(N_("the form has neither captcha nor honeypot"))
        yield noted(RULE, "settings/form_ticket_create_captcha_provider", message, remedy, Severity.LOW, "form")
    for name, default in DEFAULTS.items():
        value = settings.get(name, default)
        if isinstance(value, int) and value > default:
            message = Sentence(
                N_("{name} is {value} (default {default})"), {"name": name, "value": value, "default": default}
            )
            yield noted(RULE, f"settings/{name}", message, Sentence(N_("lower it")), Severity.LOW, "form")


RULE = Rule(
    id="ZA-3",
    title=N_("The form has nothing that slows a program down"),
    products=("zammad",),
    severity=Severity.LOW,
    page=__doc__,
    check=check,
)
