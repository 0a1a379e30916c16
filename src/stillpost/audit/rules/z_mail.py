"""Forged mail is answered.

## What it does
Looks at how mail is taken in while a first answer covers mail: whether senders are checked (SPF, DKIM, DMARC), how
strictly, and whether any address at the subdomain makes a ticket.

## Why it is bad
The verification of 2026 covers the help center's form, not mail: a forged From still makes a ticket and an answer.

## What to do
Switch sender authentication on, with the enhanced profile, and wildcard addresses off.

## Rests on
The account settings' description and Zendesk's announcement (read); that mail stays open is inferred from them.
"""

from collections.abc import Iterator, Mapping

from stillpost.audit.desk import Provenance, Reach, Sentence
from stillpost.audit.exposure import Confidence, Exposure, Severity
from stillpost.audit.finding import Finding, NotApplicable, Rule, Unknown, View
from stillpost.language import N_

FAULTS = {
    ("email_sender_authentication", False): (
        "mail with a forged From is taken in unchecked (sender authentication is off)",
        "switch on authentication of senders (SPF, DKIM, DMARC) in Admin Center, Channels, Email",
        Severity.MEDIUM,
    ),
    ("email_sender_authentication_profile", "default"): (
        "senders are checked by the default profile, which lets mail of unprotected domains pass",
        "choose the enhanced profile",
        Severity.LOW,
    ),
    ("accept_wildcard_emails", True): (
        "any address at the subdomain makes a ticket (wildcard mail is on)",
        "switch wildcard mail off",
        Severity.LOW,
    ),
}


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    answering = [exposure for exposure in view.exposures if "mail" in exposure.channels]
    if not answering:
        raise NotApplicable(Sentence(N_("no notice answers mail from strangers")))
    settings = view.resource("settings")
    email = settings.get("email") if isinstance(settings, Mapping) else None
    if not isinstance(email, Mapping):
        raise Unknown(Sentence(N_("the account settings hold no block on mail")))
    for (name, bad), (message, remedy, severity) in FAULTS.items():
        if email.get(name) == bad and isinstance(email.get(name), type(bad)):
            yield _finding(name, message, remedy, severity, answering[0])


def _finding(name: str, message: str, remedy: str, severity: Severity, exposure: Exposure) -> Finding:
    return Finding(
        id=f"Z-MAIL:{name}",
        rule="Z-MAIL",
        exposure=exposure.kind.value,
        severity=severity,
        confidence=Confidence.MEDIUM,
        reach=Reach.ANYONE,
        provenance=Provenance.READ,
        path=f"settings/email/{name}",
        title=name,
        message=Sentence(message),
        remedy=Sentence(remedy),
    )


RULE = Rule(
    id="Z-MAIL",
    title=N_("Forged mail is answered"),
    products=("zendesk",),
    severity=Severity.MEDIUM,
    page=__doc__,
    check=check,
)
