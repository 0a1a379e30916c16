"""Limits and the claims of one challenge."""

from datetime import timedelta

import pytest

from stillpost.intake.limits import CHALLENGE, DOMAIN, SOURCE, TOTAL, Limits, PortalLimits, claims
from stillpost.mail.addresses import parse
from stillpost.model import Rate, Source

V6 = Source("2001:db8:1:2::3", ("2001:db8:1:2::/64", "2001:db8:1::/56", "2001:db8:1::/48"))
HOUR = timedelta(hours=1)


def made(
    email: str = "ann@example.com",
    source: Source = V6,
    own: PortalLimits = PortalLimits(),  # noqa: B008  # frozen
    *,
    free_mail: bool = False,
    seen: bool = False,
    told: bool = False,
) -> dict[tuple[str, str], int]:
    claimed = claims(Limits(), own, "support", parse(email), source, free_mail=free_mail, seen=seen, told=told)
    return {(claim.name, claim.key): claim.limit for claim in claimed}


def test_challenge_claims_window_domain_total_and_three_networks() -> None:
    assert made() == {
        (CHALLENGE, "ann@example.com"): 1,
        (DOMAIN, "3/1h|example.com"): 3,
        (DOMAIN, "10/7d|example.com"): 10,
        (TOTAL, "*"): 200,
        (SOURCE, "*|2001:db8:1:2::/64"): 5,
        (SOURCE, "*|2001:db8:1::/56"): 10,
        (SOURCE, "*|2001:db8:1::/48"): 20,
    }


def test_five_spellings_of_one_mailbox_claim_the_same_window() -> None:
    spellings = [
        "v.ic.tim@gmail.com",
        "victim@gmail.com",
        "Victim+x@GMAIL.com",
        "vic.tim+y@googlemail.com",
        "VICTIM@gmail.com",
    ]
    assert {key for email in spellings for name, key in made(email, free_mail=True) if name == CHALLENGE} == {
        "victim@gmail.com"
    }


def test_free_mail_domains_have_no_budget_of_their_own() -> None:
    assert not [key for key in made("ann@gmail.com", free_mail=True) if key[0] == DOMAIN]


def test_half_of_the_address_budgets_is_kept_from_what_has_any_symbol() -> None:
    assert made(seen=True)[DOMAIN, "10/7d|example.com"] == 5
    assert made(seen=True)[TOTAL, "*"] == 200


def test_half_of_the_told_budgets_is_kept_only_from_symbols_that_are_not_about_the_address() -> None:
    claimed = made(seen=True, told=True)
    assert claimed[TOTAL, "*"] == 100
    assert claimed[SOURCE, "*|2001:db8:1:2::/64"] == 2


def test_portal_may_lower_and_is_counted_on_its_own() -> None:
    claimed = made(own=PortalLimits(challenges_total=Rate(20, HOUR)))
    assert claimed[TOTAL, "*"] == 200
    assert claimed[TOTAL, "support"] == 20


def test_portal_may_not_raise() -> None:
    own = PortalLimits(challenges_total=Rate(201, HOUR), challenges_per_source=Rate(5, timedelta(minutes=30)))
    assert [problem.split(" ")[0] for problem in own.problems(Limits())] == [
        "limits.challenges_total",
        "limits.challenges_per_source",
    ]


def test_unknown_source_claims_no_network() -> None:
    assert not [key for key in made(source=Source("", ())) if key[0] == SOURCE]


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        pytest.param(Limits(pending_for=timedelta(days=1)), "pending_for", id="link outlives the request"),
        pytest.param(Limits(challenges_total=Rate(1, timedelta(days=60))), "31 days", id="too far back"),
    ],
)
def test_limits_that_contradict_themselves_say_so(limits: Limits, word: str) -> None:
    assert any(word in problem for problem in limits.problems())
