"""The audit's answer against brute force: every concrete request, run by an interpreter that knows nothing of it.

Agreement is with our reading of Zendesk's articles (both were written by us), not with Zendesk.
"""

from copy import deepcopy
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillpost.audit.exposure import Kind
from stillpost.audit.logic import Tri
from stillpost.audit.walk import exposures
from stillpost.audit.witness import Words
from stillpost.helpdesks.zendesk import mailing
from stillpost.helpdesks.zendesk.behavior import Account
from stillpost.helpdesks.zendesk.settings import Zendesk, zendesk
from tests.audit import generated
from tests.audit.zendesks import OPEN, snapshot

ATTESTED = {**OPEN, "anonymous_requests_verified": False, "sign_up_shown": False}
RANDOM = st.randoms(use_true_random=False)
Found = dict[tuple[int, Kind], Tri]


def made(resources: dict[str, Any]) -> Zendesk:
    return zendesk(snapshot(**resources), ATTESTED)


def audited(product: Zendesk) -> Found:
    found: Found = {}
    for exposure in exposures(product.desk, product, product.given):
        key = (int(exposure.reaction.id.rpartition("/")[2]), exposure.kind)
        found[key] = max(found.get(key, Tri.NO), exposure.tri)
    return found


def forced(resources: dict[str, Any], words: Words) -> set[tuple[int, Kind]]:
    """What every request makes every rule do, by trying them all."""
    found: set[tuple[int, Kind]] = set()
    language = mailing.language()
    for request in generated.requests(resources, words):
        account = Account(name="acme", resources=resources, language=language)
        ticket = account.submit(request)
        assert ticket is not None
        account.hours_later(ticket, {"NEW": 5})
        for sent in account.outbox:
            said = f"{sent.subject}\n{sent.text}".casefold()
            if generated.VICTIM in sent.recipients:
                found.add((sent.rule, Kind.VOLUME))
                if any(word.casefold() in said for word in (words.name, words.subject, words.text)):
                    found.add((sent.rule, Kind.CONTENT))
            if generated.COPIED in sent.recipients:
                found.add((sent.rule, Kind.COPIES))
    return found


@given(RANDOM)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_never_no_where_a_request_exists_and_never_yes_where_none_does(random: Random) -> None:
    resources = generated.settings(random)
    product = made(resources)
    said, happens = audited(product), forced(deepcopy(resources), product.given)
    missed = {key for key in happens if said.get(key, Tri.NO) is Tri.NO}
    imagined = {key for key, tri in said.items() if tri is Tri.YES and key not in happens and key[1] is not Kind.LOOP}
    assert missed == set()
    assert imagined == set()


def test_at_most_one_in_twenty_modelled_cases_is_perhaps() -> None:
    """Counted over what could be decided at all: an answer by somebody in copy is perhaps by its nature."""
    decided = perhaps = 0
    for seed in range(200):
        resources = generated.settings(Random(seed), copies=False)
        for (_, kind), tri in audited(made(resources)).items():
            if kind is not Kind.LOOP:
                decided += 1
                perhaps += tri is Tri.PERHAPS
    assert decided > 200
    assert perhaps / decided <= 0.05, f"{perhaps} of {decided}"
