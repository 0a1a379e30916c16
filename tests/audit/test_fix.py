"""The fix: the fewest fields, nothing switched off, and proven on the changed settings."""

import json
from itertools import combinations
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillpost.audit.cut import smallest_cut
from stillpost.audit.exposure import Kind
from stillpost.audit.fix import Plan, plan
from stillpost.audit.logic import Tri
from stillpost.audit.product import Aim
from stillpost.audit.walk import exposures
from stillpost.helpdesks.zendesk import remedy, ticket
from stillpost.helpdesks.zendesk.settings import Zendesk, zendesk
from tests.audit import generated
from tests.audit.test_agreement_props import ATTESTED
from tests.audit.zendesks import CHANGE, CREATE, act, item, mail, product, snapshot, trigger


def fixed(made: Zendesk, aim: Aim = Aim.CONTENT) -> Plan:
    return plan(made, aim, made.given)


def changes(made: Zendesk, aim: Aim = Aim.CONTENT) -> dict[str, Any]:
    done = fixed(made, aim)
    assert done.proof.left == ()
    return {edit.path: edit.new for edit in done.edits}


def test_only_the_leaking_field_changes_and_only_the_placeholder_goes() -> None:
    made = product(trigger(1, mail("[{{ticket.account}}] Request received: {{ticket.title}}", "Number {{ticket.id}}.")))
    assert changes(made) == {"triggers/1/actions/0/value/1": "[{{ticket.account}}] Request received"}


def test_a_greeting_without_a_name_still_reads_well() -> None:
    made = product(trigger(1, mail("Got it", "Hello {{ticket.requester.first_name}},\n\nthank you.")))
    assert changes(made) == {"triggers/1/actions/0/value/2": "Hello,\n\nthank you."}


def test_a_subject_that_was_nothing_but_the_title_gets_the_number() -> None:
    made = product(trigger(1, mail("{{ticket.title}}", "Thank you.")))
    assert changes(made) == {"triggers/1/actions/0/value/1": "Your request (#{{ticket.id}})"}


def test_one_dynamic_content_is_changed_rather_than_the_three_notices_that_use_it() -> None:
    notices = [trigger(n, mail("Got it", f"Text {n}: {{{{dc.a}}}}")) for n in (1, 2, 3)]
    made = product(*notices, dynamic_content=[item(5, "a", "Dear {{ticket.requester.name}}!")])
    assert changes(made) == {"dynamic_content/5/variants/50/content": "Dear!"}


def test_one_notice_is_changed_rather_than_three_languages() -> None:
    contents = [item(5, "a", *(f"{hello} {{{{ticket.requester.name}}}}" for hello in ("Dear", "Liebe", "Cher")))]
    made = product(trigger(1, mail("Got it", "Your request is here. {{dc.a}}")), dynamic_content=contents)
    assert list(changes(made)) == ["triggers/1/actions/0/value/2"]


def test_a_notice_that_is_all_dynamic_content_keeps_it() -> None:
    contents = [item(5, "a", "Dear {{ticket.requester.name}}, hello", "Liebe {{ticket.requester.name}}, hallo")]
    made = product(trigger(1, mail("Got it", "{{dc.a}}")), dynamic_content=contents)
    assert changes(made) == {
        "dynamic_content/5/variants/50/content": "Dear, hello",
        "dynamic_content/5/variants/51/content": "Liebe, hallo",
    }


def test_people_in_copy_lose_the_first_answer_only() -> None:
    update = trigger(2, mail("Re: {{ticket.title}}", "{{ticket.latest_comment}}", "requester_and_ccs"), every=(CHANGE,))
    made = product(trigger(1, mail("Got it", "x", "requester_and_ccs"), every=(CREATE,)), update)
    found = changes(made)
    assert found["triggers/1/actions/0/value/0"] == "requester_id"
    assert found["triggers/2/conditions/all"][-1] == {"field": "role", "operator": "is", "value": "agent"}
    assert len(found) == 2


def test_a_triggers_public_comment_becomes_internal_and_update_notices_stay() -> None:
    update = trigger(2, mail("Re: {{ticket.title}}", "x"), every=(CHANGE, ("role", "is_not", "end_user")))
    made = product(trigger(1, act("reply_public", "We are on it.")), update)
    assert changes(made) == {"triggers/1/actions/0/field": "reply_internal"}


def test_volume_waits_for_our_tag_and_says_what_customers_lose() -> None:
    made = product(
        trigger(1, mail("Got it", "x")), attested={**ATTESTED, "sign_up_shown": False}, settings={"tickets": {}}
    )
    done = fixed(made, Aim.VOLUME)
    assert [edit.path for edit in done.edits] == ["triggers/1/conditions/all"]
    assert done.edits[0].new[-1]["value"] == ticket.PROVEN_TAG == remedy.PROVEN_TAG
    assert "no confirmation" in done.loses[0]
    assert done.proof.after.get("volume") is None


def test_what_no_setting_can_stop_is_left_and_said() -> None:
    made = product(trigger(1, mail("Got it", "x")))
    done = fixed(made, Aim.VOLUME)
    assert {exposure.kind for exposure in done.proof.left} == {Kind.ACCOUNT}


WAYS = [
    pytest.param([["a", "x"], ["b", "x"]], [], ("x",), id="a shared text"),
    pytest.param([["a", "x"], ["a", "y"]], [], ("a",), id="one text over two"),
    pytest.param([["a"], ["a", "x"]], [], ("a",), id="its own word and another's"),
    pytest.param([["a", "m", "x"], ["b", "m", "y"]], [], ("m",), id="the text in between"),
    pytest.param([["a", "x"], ["a", "y"]], ["a"], ("x", "y"), id="a text that must stay"),
    pytest.param([["a"]], ["a"], (), id="nothing that may change"),
    pytest.param([], [], (), id="nothing to do"),
]


@pytest.mark.parametrize(("ways", "kept", "expected"), WAYS)
def test_the_cut_is_the_smallest(ways: list[list[str]], kept: list[str], expected: tuple[str, ...]) -> None:
    assert smallest_cut(ways, frozenset(kept)) == expected


EDGES = st.sets(st.sampled_from([("a", "x"), ("a", "y"), ("b", "x"), ("b", "z"), ("c", "z"), ("x", "y"), ("y", "z")]))


@given(EDGES, st.sets(st.sampled_from("abcxyz")))
def test_no_smaller_set_of_texts_would_do(edges: set[tuple[str, str]], printing: set[str]) -> None:
    ways = [way for template in "abc" for way in _ways(template, edges, printing)]
    cut = smallest_cut(ways)
    assert all(set(way) & set(cut) for way in ways)
    smaller = combinations("abcxyz", max(len(cut) - 1, 0))
    assert not cut or not any(all(set(way) & set(fewer) for way in ways) for fewer in smaller)


def _ways(text: str, edges: set[tuple[str, str]], printing: set[str]) -> list[tuple[str, ...]]:
    """Every chain from a text to one that prints a word, along what brings in what."""
    ends: list[tuple[str, ...]] = [(text,)] if text in printing else []
    return ends + [(text, *way) for outer, inner in edges if outer == text for way in _ways(inner, edges, printing)]


@given(st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_generated_helpdesk_can_be_fixed_and_nothing_else_changes(random: Random) -> None:
    resources = generated.settings(random)
    made = zendesk(snapshot(**resources), ATTESTED)
    done = fixed(made)
    assert done.proof.left == ()
    assert isinstance(done.product, Zendesk)
    assert _differing(made.snapshot.resources, done.product.snapshot.resources) <= {edit.path for edit in done.edits}
    assert _answering(made) <= _answering(done.product), "a first answer was switched off"


def _answering(made: Zendesk) -> set[str]:
    """The notices that surely answer a new request."""
    found = exposures(made.desk, made, made.given)
    first = [e for e in found if e.kind is Kind.VOLUME and e.tri is Tri.YES and e.occasion.id == "created"]
    return {exposure.notice.id for exposure in first}


def _differing(old: Any, new: Any, path: str = "") -> set[str]:
    """The fields that differ, as paths of edits (lists of conditions count as one field)."""
    if json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True):
        return set()
    if isinstance(old, dict) and isinstance(new, dict):
        keys = old.keys() | new.keys()
        return {p for k in keys for p in _differing(old.get(k), new.get(k), f"{path}/{k}".strip("/"))}
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        named = [str(o["id"]) if isinstance(o, dict) and "id" in o else str(n) for n, o in enumerate(old)]
        return {
            p for n, (a, b) in enumerate(zip(old, new, strict=True)) for p in _differing(a, b, f"{path}/{named[n]}")
        }
    return {path}
