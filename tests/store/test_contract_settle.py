"""The contract of the ledger, part two: proofs, the outbox, and what is over."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from stillpost.model import RequestState, Way
from stillpost.store.protocol import By, Case, Decision, Settlement, Store
from tests.store.making import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    WEEK,
    address,
    claim,
    commit,
    commit_request,
    note,
    request,
)

pytestmark = pytest.mark.anyio


def nothing(case: Case) -> Settlement:
    return Settlement(note=case.portal)


def accept(at: datetime = NOON, browser: str = "") -> Callable[[Case], Settlement]:
    """Accept all that is found, as its owner who ticks everything."""

    def decide(case: Case) -> Settlement:
        mine = tuple(
            replace(found, state=RequestState.ACCEPTED, proven=Way.LINK, proven_at=at) for found in case.requests
        )
        return Settlement(
            changed=mine,
            deliver=tuple(found.id for found in mine),
            proven=mine[0].requester if mine else None,
            proven_until=at + 90 * DAY,
            browser=browser if mine else "",
        )

    return decide


def into(state: RequestState) -> Callable[[Case], Settlement]:
    return lambda case: Settlement(changed=tuple(replace(found, state=state) for found in case.requests))


async def found(store: Store, by: By, at: datetime = NOON) -> Case:
    seen: list[Case] = []

    def look(case: Case) -> Settlement:
        seen.append(case)
        return Settlement()

    await store.ledger.settle(by, at, look)
    return seen[-1]


async def test_a_link_finds_all_that_waits_for_its_exact_address_newest_first(store: Store) -> None:
    first = request("r1")
    second = request("r2", at=NOON + MINUTE, state=RequestState.MAIL_FIRST)
    await commit_request(store, second)
    await commit_request(store, first, challenge=True)
    await commit_request(store, request("plus", requester=address("ann+list")))
    await commit_request(store, request("bob", requester=address("bob")))
    await commit_request(store, request("held", state=RequestState.HELD))
    await commit_request(store, request("accepted", state=RequestState.ACCEPTED))
    case = await found(store, By(challenge="challenge-r1"))
    assert case == Case(requests=(second, first), challenge="challenge-r1", portal="support")
    assert await store.ledger.waiting("challenge-r1", NOON) == [second, first]
    assert await store.ledger.waiting("challenge-r1", NOON, limit=1) == [second]


async def test_a_link_finds_nothing_when_it_or_what_waits_is_over(store: Store) -> None:
    await commit_request(store, request("short", lifetime=HOUR))
    await commit_request(store, request("r1", lifetime=2 * WEEK), challenge=True)
    assert [one.id for one in await store.ledger.waiting("challenge-r1", NOON + HOUR)] == ["r1"]
    assert await store.ledger.waiting("challenge-r1", NOON + WEEK) == []
    assert await found(store, By(challenge="challenge-r1"), NOON + WEEK) == Case(requests=())
    assert await found(store, By(challenge="unknown")) == Case(requests=())


async def test_a_token_finds_its_one_waiting_request(store: Store) -> None:
    for name, state in (("r1", RequestState.CHALLENGED), ("r2", RequestState.MAIL_FIRST), ("r3", RequestState.HELD)):
        await commit_request(store, request(name, state=state))
    assert await found(store, By(token="token-r1")) == Case(requests=(request("r1"),), portal="support")
    assert [one.id for one in (await found(store, By(token="token-r2"))).requests] == ["r2"]
    assert (await found(store, By(token="token-r3"))).requests == ()
    assert (await found(store, By(token="secret-r1"))).requests == ()
    assert (await found(store, By(token="token-r1"), NOON + WEEK)).requests == ()


async def test_a_request_id_finds_it_whatever_its_state(store: Store) -> None:
    for state in RequestState:
        await commit_request(store, request(state.value, state=state))
        case = await found(store, By(request=state.value), NOON + 2 * WEEK)
        assert [one.id for one in case.requests] == [state.value]
    assert await found(store, By(request="unknown")) == Case(requests=())


async def test_a_proof_accepts_delivers_and_makes_known(store: Store) -> None:
    await commit_request(store, request(), challenge=True)
    settled = await store.ledger.settle(By(challenge="challenge-r1"), NOON + HOUR, accept(NOON + HOUR, "browser"))
    assert settled.deliver == ("r1",)
    kept = await store.ledger.request("r1")
    assert kept == replace(request(), state=RequestState.ACCEPTED, proven=Way.LINK, proven_at=NOON + HOUR)
    tickets = [item for item in await store.ledger.due(NOON + HOUR) if item.request]
    assert [(item.id, item.request, item.attempts) for item in tickets] == [("r1", kept, 0)]
    key, over = address().proof_key, NOON + HOUR + 90 * DAY
    assert await store.ledger.proven(key, over - SECOND)
    assert not await store.ledger.proven(key, over)
    assert await store.ledger.knows("browser", key, over - SECOND)
    assert not await store.ledger.knows("browser", key, over)
    assert not await store.ledger.knows("another", key, NOON + HOUR)
    assert not await store.ledger.knows("browser", "ann+list@example.com", NOON + HOUR)
    assert not await store.ledger.proven("ann+list@example.com", NOON + HOUR)
    assert await store.ledger.waiting("challenge-r1", NOON + HOUR) == []
    assert (await found(store, By(token="token-r1"), NOON + HOUR)).requests == ()


async def test_by_mail_the_requester_becomes_the_sender(store: Store) -> None:
    await commit_request(store, request(state=RequestState.MAIL_FIRST))
    bob = address("bob", "example.org")
    await store.lists.add("suppressed", bob.limit_key, NOON, None)

    def decide(case: Case) -> Settlement:
        proven = tuple(replace(one, state=RequestState.ACCEPTED, requester=bob) for one in case.requests)
        return Settlement(changed=proven, deliver=("r1",), proven=bob, proven_until=NOON + DAY, lift=True)

    await store.ledger.settle(By(token="token-r1"), NOON, decide)
    (item,) = await store.ledger.due(NOON)
    assert item.request is not None
    assert item.request.requester == bob
    assert await store.ledger.proven(bob.proof_key, NOON)
    assert not await store.ledger.proven(address().proof_key, NOON)
    assert not await store.lists.has("suppressed", bob.limit_key, NOON)


async def test_not_me_suppresses_for_two_years_whoever_waits_and_when_the_link_is_over(store: Store) -> None:
    await commit_request(store, request(requester=address("Ann+shop")), challenge=True)
    at = NOON + 100 * DAY
    await store.ledger.expire(at)
    until = at + 2 * 365 * DAY
    await store.ledger.settle(
        By(challenge="challenge-r1"), at, lambda case: Settlement(suppress_until=until, note="not-me")
    )
    assert await store.lists.has("suppressed", "ann@example.com", until - SECOND)
    assert not await store.lists.has("suppressed", "ann@example.com", until)
    (line,) = await store.lists.listed("suppressed")
    assert (line.until, line.note, line.since) == (until, "not-me", at)


async def test_a_challenge_is_forgotten_after_two_years(store: Store) -> None:
    await commit_request(store, request(), challenge=True)
    at = NOON + timedelta(days=731)
    await store.ledger.expire(at)
    await store.ledger.settle(By(challenge="challenge-r1"), at, lambda case: Settlement(suppress_until=at + DAY))
    assert await store.lists.listed("suppressed") == []


@pytest.mark.parametrize(
    "state", [RequestState.REFUSED, RequestState.DROPPED, RequestState.EXPIRED, RequestState.DELIVERED]
)
async def test_what_is_over_loses_words_files_and_space(store: Store, state: RequestState) -> None:
    space = claim("space", "*", 100, None, 100)
    await store.holds.put("r1", "0", b"a photo")
    assert (await commit_request(store, request(files=1), space, challenge=True)).taken
    await store.ledger.settle(By(request="r1"), NOON, into(state))
    kept = await store.ledger.request("r1")
    assert kept is not None
    assert kept.state is state
    assert [kept.name, kept.subject, kept.text, *kept.copies, *kept.fields, *kept.attachments] == ["", "", ""]
    assert kept.requester != address()
    assert (kept.portal, kept.at, kept.locale) == ("support", NOON, "de")
    assert await store.holds.owners() == []
    assert await store.ledger.waiting("challenge-r1", NOON) == []
    assert (await found(store, By(token="token-r1"))).requests == ()
    assert (await commit_request(store, request("r2"), space)).taken
    assert (await store.ledger.request_by_secret("secret-r1")) == kept


async def test_a_released_request_keeps_its_words_until_it_is_delivered_but_gives_back_its_space(store: Store) -> None:
    space = claim("space", "*", 100, None, 100)
    held = request(state=RequestState.HELD, files=1)
    await commit_request(store, held, space)
    await store.ledger.settle(By(request="r1"), NOON, accept())
    assert (await commit_request(store, request("r2"), space)).taken
    (item,) = await store.ledger.due(NOON)
    assert item.request is not None
    assert item.request.text == held.text


async def test_what_decide_raises_is_raised_and_nothing_is_written(store: Store) -> None:
    await commit_request(store, request(), challenge=True)

    def fail(case: Case) -> Settlement:
        raise LookupError(case.challenge)

    with pytest.raises(LookupError, match="challenge-r1"):
        await store.ledger.settle(By(challenge="challenge-r1"), NOON, fail)
    assert await store.ledger.request("r1") == request()


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(Settlement(changed=(request("other"),)), id="changes an unknown request"),
        pytest.param(Settlement(deliver=("other",)), id="delivers an unknown request"),
        pytest.param(Settlement(proven=address()), id="proven for ever"),
        pytest.param(Settlement(browser="b"), id="a browser that proved nothing"),
        pytest.param(Settlement(lift=True), id="a suppression lifted for nobody"),
    ],
)
async def test_a_settlement_that_makes_no_sense_is_refused_whole(store: Store, wrong: Settlement) -> None:
    await commit_request(store, request(), challenge=True)
    with pytest.raises(ValueError, match=r"."):
        await store.ledger.settle(
            By(challenge="challenge-r1"), NOON, lambda case: replace(wrong, changed=(*case.requests, *wrong.changed))
        )
    assert await store.ledger.request("r1") == request()
    assert len(await store.ledger.due(NOON)) == 1


async def test_a_spent_challenge_is_never_due_again(store: Store) -> None:
    await commit_request(store, request(), challenge=True)
    (item,) = await store.ledger.due(NOON)
    assert (item.challenge, item.request, item.since) == (note(request()), None, NOON)
    assert await store.ledger.spend(item.id)
    assert not await store.ledger.spend(item.id)
    await store.ledger.retry(item.id, NOON, "again")
    assert await store.ledger.due(NOON + DAY) == []
    await store.ledger.done(item.id, NOON)
    assert not await store.ledger.spend(item.id)
    assert not await store.ledger.spend("unknown")
    assert await store.ledger.waiting("challenge-r1", NOON) == [request()], "the link works all the same"


async def test_a_ticket_is_due_until_it_is_done(store: Store) -> None:
    await commit_request(store, request(state=RequestState.ACCEPTED, files=1))
    await store.holds.put("r1", "0", b"a photo")
    for _ in range(2):
        (item,) = await store.ledger.due(NOON)
        assert item.id == "r1"
    await store.ledger.retry("r1", NOON + HOUR, "the helpdesk is down")
    assert await store.ledger.due(NOON + HOUR - SECOND) == []
    (item,) = await store.ledger.due(NOON + HOUR)
    assert (item.attempts, item.since) == (1, NOON)
    assert not await store.ledger.spend("r1"), "a ticket is no challenge"
    await store.ledger.done("r1", NOON + HOUR, "ticket 17")
    assert await store.ledger.due(NOON + DAY) == []
    kept = await store.ledger.request("r1")
    assert kept is not None
    assert (kept.state, kept.text) == (RequestState.DELIVERED, "")
    assert await store.holds.owners() == []
    await store.ledger.done("r1", NOON + HOUR)
    await store.ledger.retry("r1", NOON, "too late")
    await store.ledger.done("unknown", NOON)
    assert await store.ledger.due(NOON + DAY) == []


async def test_outbox_items_come_oldest_first_and_not_too_many(store: Store) -> None:
    for index in (2, 0, 1):
        await commit_request(store, request(f"r{index}", at=NOON + index * MINUTE, state=RequestState.ACCEPTED))
    assert [item.id for item in await store.ledger.due(NOON + HOUR)] == ["r0", "r1", "r2"]
    assert [item.id for item in await store.ledger.due(NOON + HOUR, limit=2)] == ["r0", "r1"]
    assert [item.id for item in await store.ledger.due(NOON + MINUTE)] == ["r0", "r1"]


async def test_what_waits_too_long_expires_and_what_is_accepted_never_does(store: Store) -> None:
    for state in RequestState:
        await commit_request(store, request(state.value, state=state, lifetime=HOUR))
    assert await store.ledger.expire(NOON + HOUR - SECOND) == []
    gone = await store.ledger.expire(NOON + HOUR)
    assert sorted(gone) == ["challenged", "held", "mail-first"]
    for name in gone:
        kept = await store.ledger.request(name)
        assert kept is not None
        assert (kept.state, kept.text) == (RequestState.EXPIRED, "")
    await store.ledger.expire(NOON + 365 * DAY)
    left = [state for state in RequestState if await store.ledger.request(state.value) is not None]
    assert left == [RequestState.ACCEPTED]
    assert [item.id for item in await store.ledger.due(NOON + 365 * DAY)] == ["accepted"]
    assert await store.ledger.request_by_secret("secret-held") is None


async def test_everything_expires(store: Store) -> None:
    await commit_request(store, request(), claim(), claim("space", "*", 10, None), challenge=True)
    await commit(store, Decision(idempotency=("key", "hash", "answer")), name="e2")
    await commit_request(store, request("r2", requester=address("bob")), challenge=True)
    await store.ledger.settle(By(challenge="challenge-r2"), NOON, accept(NOON, "browser"))
    await store.ledger.done("r2", NOON)
    await store.lists.add("brake", "*", NOON, NOON + HOUR)
    await store.ledger.expire(NOON + 1000 * DAY)
    standing = await store.ledger.standing()
    assert (standing.waiting, standing.held, standing.pending_bytes, standing.outbox, standing.entries) == (0,) * 5
    assert standing.oldest_outbox is None
    assert await store.ledger.entries(NOON - DAY) == []
    assert await store.ledger.answer("key", NOON) is None
    assert not await store.ledger.proven("bob@example.com", NOON)
    assert not await store.ledger.knows("browser", "bob@example.com", NOON)
    assert await store.lists.listed("brake") == []
    assert (await commit(store, Decision(reservations=(claim(),)))).taken, "even at the old time nothing is left"


async def test_standing_tells_how_full_the_ledger_is(store: Store) -> None:
    for index, state in enumerate((RequestState.CHALLENGED, RequestState.MAIL_FIRST, RequestState.HELD)):
        await commit_request(store, request(f"r{index}", state=state, at=NOON + index * HOUR), challenge=index == 0)
    await commit_request(store, request("r3", state=RequestState.ACCEPTED, at=NOON - HOUR))
    standing = await store.ledger.standing()
    assert (standing.waiting, standing.held, standing.pending_bytes) == (2, 1, 3000)
    assert (standing.outbox, standing.oldest_outbox, standing.entries) == (2, NOON - HOUR, 4)
    await store.ledger.done("r3", NOON)
    await store.ledger.settle(By(request="r2"), NOON, into(RequestState.DROPPED))
    standing = await store.ledger.standing()
    assert (standing.waiting, standing.held, standing.pending_bytes) == (2, 0, 2000)
    assert (standing.outbox, standing.oldest_outbox) == (1, NOON)


async def test_forget_drops_all_about_an_address_but_its_suppression_and_reservations(store: Store) -> None:
    await store.holds.put("r1", "0", b"a photo")
    await commit_request(store, request(files=1), claim(), challenge=True)
    await commit_request(store, request("plus", requester=address("ann+list"), state=RequestState.ACCEPTED))
    await commit_request(store, request("old"), challenge=True)
    await store.ledger.settle(By(request="old"), NOON, accept(NOON, "browser"))
    await store.ledger.done("old", NOON)
    await commit_request(store, request("bob", requester=address("bob")), challenge=True)
    await store.lists.add("suppressed", "ann@example.com", NOON, None)
    assert await store.ledger.forget(address()) >= 8
    for name in ("r1", "plus", "old"):
        assert await store.ledger.request(name) is None
        assert await store.ledger.entry(name) is None
        assert await store.ledger.request_by_secret(f"secret-{name}") is None
    assert await store.ledger.waiting("challenge-r1", NOON) == []
    assert not await store.ledger.knows("browser", "ann@example.com", NOON)
    assert not await store.ledger.proven("ann@example.com", NOON)
    assert await store.holds.owners() == []
    assert [item.id for item in await store.ledger.due(NOON)] == ["challenge-bob"]
    assert await store.ledger.request("bob") is not None
    assert [entry.event_id for entry in await store.ledger.entries(NOON)] == ["bob"]
    assert await store.lists.has("suppressed", "ann@example.com", NOON)
    assert await store.ledger.forget(address()) == 0
    assert not (await commit(store, Decision(reservations=(claim(),)))).taken
    standing = await store.ledger.standing()
    assert (standing.waiting, standing.outbox) == (1, 1)


async def test_one_link_finds_no_more_than_a_thousand_requests(store: Store) -> None:
    asked = [request(f"r{index}", at=NOON + index * SECOND) for index in range(1003)]
    await asyncio.gather(*(commit_request(store, one) for one in asked))
    await commit_request(store, request("last", at=NOON + DAY), challenge=True)
    case = await found(store, By(challenge="challenge-last"), NOON + DAY)
    assert [one.id for one in case.requests] == ["last", *(one.id for one in asked[:3:-1])]
