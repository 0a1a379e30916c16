"""Attestations: read strictly, expire, and change what is assumed."""

from datetime import UTC, date, datetime

import pytest

from stillpost.audit.attest import AttestationError, parsed, written
from stillpost.audit.logic import Tri
from stillpost.helpdesks.zendesk.channels import QUESTIONS
from tests.audit.zendesks import CHANGE, OPEN, found, mail, trigger

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_what_is_asked_can_be_read_again_and_what_nobody_knew_stays_open() -> None:
    text = written("zendesk", "Mara Lindholm", date(2026, 11, 2), {"anybody_can_submit": False}, QUESTIONS)
    attestation = parsed(text, "zendesk", QUESTIONS)
    assert attestation.valid(NOW) == {"anybody_can_submit": False}
    assert attestation.by == "Mara Lindholm"


def test_it_expires_and_does_not_hold_before_it_was_given() -> None:
    text = written("zendesk", "", date(2026, 11, 2), {"anybody_can_submit": False}, QUESTIONS)
    attestation = parsed(text, "zendesk", QUESTIONS)
    assert attestation.valid(datetime(2027, 2, 1, tzinfo=UTC)) == {}
    assert attestation.valid(datetime(2026, 11, 1, tzinfo=UTC)) == {}


GOOD = 'product = "zendesk"\nat = 2026-11-02\n[settings]\n'
BAD = [
    pytest.param("product = ", "not TOML", id="no TOML"),
    pytest.param('product = "roundup"\nat = 2026-11-02\n', "not for zendesk", id="another product"),
    pytest.param('product = "zendesk"\n', "needs a date", id="no date"),
    pytest.param(GOOD + "anybody_can_sumbit = true\n", "did you mean 'anybody_can_submit'", id="misspelled"),
    pytest.param(GOOD + 'anybody_can_submit = "yes"\n', "must be true or false", id="not a boolean"),
    pytest.param('product = "zendesk"\nat = 2026-11-02\ndays = 4000\n', "from 1 to 400", id="for ever"),
    pytest.param('product = "zendesk"\nat = 2026-11-02\nforce = true\n', "unknown key 'force'", id="unknown key"),
]


@pytest.mark.parametrize(("text", "says"), BAD)
def test_a_bad_attestation_is_refused_with_what_to_do(text: str, says: str) -> None:
    with pytest.raises(AttestationError, match=says):
        parsed(text, "zendesk", QUESTIONS)


def test_a_name_cannot_break_out_of_the_file() -> None:
    text = written("zendesk", 'x"\n[settings]\nanybody_can_submit = true\n"', date(2026, 11, 2), {}, QUESTIONS)
    assert parsed(text, "zendesk", QUESTIONS).settings == {}


def test_an_attestation_closes_what_was_only_perhaps() -> None:
    update = trigger(2, mail("Re: {{ticket.title}}", "x"), every=(CHANGE,))
    assert found(update)["2:content"].tri is Tri.PERHAPS
    assert "2:content" not in found(update, attested={**OPEN, "copies_may_comment": False})
    assert found(update, attested={**OPEN, "copies_may_comment": True})["2:content"].tri is Tri.YES


def test_registration_leaves_only_customers_within_reach() -> None:
    registering = {**OPEN, "ask_to_register": True}
    assert found(trigger(1, mail("x", "y")), attested=registering)["1:volume"].reach.value == "customers"
