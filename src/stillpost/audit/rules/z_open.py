"""Who may come in is shown in no API.

## What it does
Lists the settings that only Admin Center shows (anybody can submit, registration, authentication of the Requests API,
verification, sign-up) and that nobody attested, and compares attestations with what suspended tickets prove.

## Why it is bad
Everything else here is judged under these settings. Assumed ones make every answer an assumption.

## What to do
Look them up in Admin Center, People, Configuration, End users, and attest them: ``--attest FILE``.

## Rests on
The settings schema of the API (read: they are not in it) and Zendesk's list of suspension causes.
"""

from collections.abc import Iterator

from stillpost.audit.desk import Provenance, Reach, Sentence
from stillpost.audit.exposure import Confidence, Severity
from stillpost.audit.finding import Finding, Rule, Unknown, View
from stillpost.language import N_

NAMES = (
    "anybody_can_submit",
    "ask_to_register",
    "api_authentication_required",
    "anonymous_requests_verified",
    "sign_up_shown",
    "copies_may_comment",
)
PROOFS = {"signup_required": ("ask_to_register", True), "unverified": ("ask_to_register", True)}


def check(view: View) -> Iterator[Finding]:
    """See the page above."""
    yield from _contradictions(view)
    open_questions = [name for name in NAMES if view.desk.fact(name).provenance is not Provenance.ATTESTED]
    if open_questions:
        raise Unknown(
            Sentence(
                N_("nobody attested: {names}; Zendesk's defaults are assumed"), {"names": ", ".join(open_questions)}
            ),
            Sentence(N_("look them up in Admin Center and attest them with --attest FILE")),
        )


def _contradictions(view: View) -> Iterator[Finding]:
    suspended = view.snapshot.resources.get("suspended_tickets")
    causes = (
        {str(t.get("cause", "")) for t in suspended if isinstance(t, dict)} if isinstance(suspended, list) else set()
    )
    for cause, (name, value) in PROOFS.items():
        fact = view.desk.fact(name)
        if cause in causes and fact.provenance is Provenance.ATTESTED and fact.value is not value:
            yield Finding(
                id=f"Z-OPEN:{name}",
                rule="Z-OPEN",
                exposure="attestation",
                severity=Severity.MEDIUM,
                confidence=Confidence.MEDIUM,
                reach=Reach.ANYONE,
                provenance=Provenance.READ,
                path="suspended_tickets",
                title=name,
                message=Sentence(
                    N_("{name} is attested otherwise, but suspended tickets have the cause “{cause}”"),
                    {"name": name, "cause": cause},
                ),
                remedy=Sentence(N_("look the setting up again and correct the attestation")),
            )


RULE = Rule(
    id="Z-OPEN",
    title=N_("Who may come in is shown in no API"),
    products=("zendesk",),
    severity=Severity.MEDIUM,
    page=__doc__,
    check=check,
)
