"""Account mail goes to any address typed in.

## What it does
Shows the mails that need no ticket and no trigger: the welcome mail of sign-up and forgotten passwords, the
verification mail of a held request, and welcome mails for users that agents or tokens create.

## Why it is bad
"Activate your account" in hundreds of copies was the wave of February 2026. The text is the operator's; the flood is
not.

## What to do
Hide sign-up, use single sign-on, switch off welcome mail for users created by agents.

## Rests on
Zendesk's articles on these mails (read); which page sends which is inferred. Their texts are in no API.
"""

from collections.abc import Iterator, Mapping

from stillpost.audit.desk import Provenance, Reach, Sentence
from stillpost.audit.exposure import Confidence, Kind, Severity
from stillpost.audit.finding import Finding, Rule, Telling, View, of_kind, told
from stillpost.language import N_

MESSAGE = N_("“{title}” goes to any address typed into a public page; no ticket and no trigger is involved")
REMEDY = N_("hide sign-up or use single sign-on; attest what your pages show with --attest")
AGENTS = N_(
    "users that an agent or a token creates get a welcome mail, also those of a portal that makes tickets by token"
)


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    for exposure in of_kind(view, Kind.ACCOUNT):
        yield told(exposure, Telling(rule="Z-WELCOME", message=MESSAGE, remedy=REMEDY))
    settings = view.snapshot.resources.get("settings")
    user = settings.get("user") if isinstance(settings, Mapping) else None
    if isinstance(user, Mapping) and user.get("agent_created_welcome_emails") is True:
        yield Finding(
            id="Z-WELCOME:agent_created_welcome_emails",
            rule="Z-WELCOME",
            exposure=Kind.ACCOUNT.value,
            severity=Severity.LOW,
            confidence=Confidence.MEDIUM,
            reach=Reach.ANYONE,
            provenance=Provenance.READ,
            path="settings/user/agent_created_welcome_emails",
            title="agent_created_welcome_emails",
            message=Sentence(AGENTS),
            remedy=Sentence(N_("switch it off (settings.user.agent_created_welcome_emails)")),
        )


RULE = Rule(
    id="Z-WELCOME",
    title=N_("Account mail goes to any address typed in"),
    products=("zendesk",),
    severity=Severity.MEDIUM,
    page=__doc__,
    check=check,
    needs=("triggers",),
)
