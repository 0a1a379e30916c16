"""The life of a request."""

import itertools
from datetime import timedelta

import pytest

from stillpost.intake.flow import TABLE, FlowError, Happening, prove, release, step, ticket_of
from stillpost.mail.addresses import parse
from stillpost.model import Request, RequestState, Way
from tests.fakes import START


def request(state: RequestState, **changes: object) -> Request:
    values: dict[str, object] = {
        "id": "AAAA-BBBB-CC",
        "portal": "support",
        "at": START,
        "expires": START + timedelta(days=7),
        "state": state,
        "requester": parse("ann@example.com"),
    }
    return Request(**(values | changes))  # type: ignore[arg-type]  # a test's own values


@pytest.mark.parametrize(("state", "happening"), sorted(itertools.product(RequestState, Happening)))
def test_only_what_the_table_says_happens(state: RequestState, happening: Happening) -> None:
    if (state, happening) in TABLE:
        assert step(request(state), happening).state is TABLE[state, happening]
    else:
        with pytest.raises(FlowError):
            step(request(state), happening)


def test_every_state_but_the_last_ones_can_be_left() -> None:
    last = {RequestState.DELIVERED, RequestState.REFUSED, RequestState.DROPPED, RequestState.EXPIRED}
    assert {state for state, _ in TABLE} == set(RequestState) - last


def test_first_mail_makes_its_sender_the_requester() -> None:
    proven = prove(request(RequestState.MAIL_FIRST), Way.MAIL_FIRST, START, parse("other@example.org"))
    assert str(proven.requester) == "other@example.org"
    assert ticket_of(proven).proven is Way.MAIL_FIRST


def test_release_without_a_word_is_quiet_and_with_one_is_not() -> None:
    held = request(RequestState.HELD)
    assert release(held, START, vouched=False).quiet
    assert not release(held, START, vouched=True).quiet
    known = request(RequestState.HELD, proven=Way.KNOWN, proven_at=START)
    released = release(known, START, vouched=False)
    assert not released.quiet
    assert released.proven is Way.KNOWN


def test_unproven_request_is_no_ticket() -> None:
    with pytest.raises(FlowError):
        ticket_of(request(RequestState.CHALLENGED))
