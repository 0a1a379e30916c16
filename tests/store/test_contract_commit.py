"""The contract of the ledger, part one: what a commit writes and what it reserves."""

import asyncio
from dataclasses import replace

import pytest

from stillpost.engine.record import read_event, read_meters, read_readings, read_verdict
from stillpost.model import Meter, Reading, RequestState
from stillpost.store.protocol import Decision, Receipt, Store
from tests.store.making import (
    DAY,
    HOUR,
    METERS,
    MINUTE,
    NOON,
    READINGS,
    SECOND,
    WEEK,
    address,
    claim,
    commit,
    commit_request,
    event,
    keep,
    note,
    request,
    verdict,
)

pytestmark = pytest.mark.anyio


async def test_a_committed_request_is_found_by_its_id_and_by_its_secret(store: Store) -> None:
    asked = request()
    receipt = await commit_request(store, asked)
    assert receipt.taken is not None
    assert receipt.taken.keep is not None
    assert receipt.refused == ()
    assert await store.ledger.request("r1") == asked
    assert await store.ledger.request_by_secret("secret-r1") == asked
    assert await store.ledger.request_by_secret("token-r1") is None
    assert await store.ledger.request("r2") is None


async def test_requests_are_listed_by_state_oldest_first(store: Store) -> None:
    later, first = request("later", at=NOON + HOUR), request("first")
    held = request("held", state=RequestState.HELD)
    for asked in (later, first, held):
        await commit_request(store, asked)
    assert await store.ledger.requests(RequestState.CHALLENGED) == [first, later]
    assert await store.ledger.requests(RequestState.CHALLENGED, limit=1) == [first]
    assert await store.ledger.requests(RequestState.HELD) == [held]
    assert await store.ledger.requests(RequestState.MAIL_FIRST) == []


async def test_a_request_kept_as_refused_keeps_no_words(store: Store) -> None:
    await commit_request(store, request(state=RequestState.REFUSED, files=1))
    kept = await store.ledger.request("r1")
    assert kept is not None
    assert (kept.name, kept.subject, kept.text, kept.copies, dict(kept.fields), kept.attachments) == (
        "",
        "",
        "",
        (),
        {},
        (),
    )
    assert "ann" not in kept.requester.mailbox


async def test_a_reservation_is_refused_above_its_limit(store: Store) -> None:
    decision = Decision(reservations=(claim("total", "*", limit=2),))
    answers = [await commit(store, decision, name=f"e{index}") for index in range(3)]
    assert [answer.refused for answer in answers] == [(), (), ("total",)]
    assert answers[2].taken is None


async def test_a_window_slides(store: Store) -> None:
    decision = Decision(reservations=(claim(window=HOUR),))
    assert (await commit(store, decision)).taken
    assert not (await commit(store, decision, NOON + HOUR - SECOND)).taken
    assert (await commit(store, decision, NOON + HOUR)).taken
    assert not (await commit(store, decision, NOON + HOUR + SECOND)).taken


async def test_amounts_add_up(store: Store) -> None:
    for amount, granted in ((60, True), (50, False), (40, True), (1, False)):
        receipt = await commit(store, Decision(reservations=(claim("bytes", "*", 100, DAY, amount),)))
        assert (receipt.taken is not None) is granted, amount


async def test_an_amount_of_nothing_asks_for_room_and_takes_none(store: Store) -> None:
    ask, take = (Decision(reservations=(claim(limit=limit, amount=amount),)) for limit, amount in ((0, 0), (1, 1)))
    assert (await commit(store, ask)).taken
    assert (await commit(store, ask)).taken
    assert (await commit(store, take)).taken
    assert not (await commit(store, ask)).taken


async def test_a_clock_that_jumps_back_frees_nothing(store: Store) -> None:
    decision = Decision(reservations=(claim(window=HOUR),))
    assert (await commit(store, decision)).taken
    for back in (SECOND, HOUR, WEEK):
        assert not (await commit(store, decision, NOON - back)).taken


async def test_names_and_keys_are_counted_apart(store: Store) -> None:
    for name, key in (("challenge", "a"), ("challenge", "b"), ("source", "a")):
        assert (await commit(store, Decision(reservations=(claim(name, key),)))).taken


async def test_two_windows_of_one_key_count_an_event_once(store: Store) -> None:
    decision = Decision(reservations=(claim("domain", "d", 2, HOUR), claim("domain", "d", 3, WEEK)))
    answers = [await commit(store, decision, NOON + index * HOUR) for index in range(4)]
    assert [answer.taken is not None for answer in answers] == [True, True, True, False]
    assert (await commit(store, decision, NOON + WEEK)).taken


async def test_nothing_is_written_of_a_refused_decision_but_the_entry_and_the_attempt(store: Store) -> None:
    await commit(store, Decision(reservations=(claim(),)))
    refused = Decision(
        reservations=(claim("source", "net", 2, HOUR, attempt=True), claim(), claim("total", "*", 1)),
        keep=keep(request()),
        challenge=note(request()),
        idempotency=("key", "hash", "answer"),
    )
    receipt = await commit(store, refused, name="e2")
    assert receipt == Receipt(None, ("challenge",))
    assert await store.ledger.request("r1") is None
    assert await store.ledger.due(NOON) == []
    assert await store.ledger.answer("key", NOON) is None
    entry = await store.ledger.entry("e2")
    assert entry is not None
    assert entry.refused == ("challenge",)
    assert (await commit(store, Decision(reservations=(claim("total", "*", 1),)))).taken, "the total was not touched"
    source = Decision(reservations=(claim("source", "net", 2, HOUR),))
    assert (await commit(store, source)).taken
    assert not (await commit(store, source)).taken, "the attempt counted"


async def test_the_chain_is_walked_to_the_first_decision_with_room(store: Store) -> None:
    await commit(store, Decision(reservations=(claim(),)))
    challenged, waiting = request(), request(state=RequestState.MAIL_FIRST)
    last = Decision(keep=keep(waiting))
    middle = Decision(reservations=(claim("total", "*", 0),), keep=keep(challenged), otherwise=last)
    first = Decision(reservations=(claim(),), keep=keep(challenged), challenge=note(challenged), otherwise=middle)
    receipt = await commit(store, first)
    assert receipt == Receipt(last, ("challenge", "total"))
    assert await store.ledger.request("r1") == waiting
    assert await store.ledger.due(NOON) == []


@pytest.mark.parametrize(
    ("before", "amount", "taken"),
    [
        pytest.param(0, 0, True, id="granted before, asks again"),
        pytest.param(0, 1, True, id="granted before, would take again"),
        pytest.param(2, 0, False, id="refused before, asks again"),
    ],
)
async def test_an_attempt_is_decided_once_in_a_commit(store: Store, before: int, amount: int, taken: bool) -> None:
    source = claim("source", "net", 2, HOUR, attempt=True)
    for _ in range(before):
        await commit(store, Decision(reservations=(source,)))
    later = Decision(reservations=(replace(source, amount=amount, attempt=False),))
    decision = Decision(reservations=(source, claim("never", "x", 0)), otherwise=later)
    receipt = await commit(store, decision)
    assert (receipt.taken == later) is taken
    left = [await commit(store, Decision(reservations=(replace(source, attempt=False),))) for _ in range(2)]
    assert sum(receipt.taken is not None for receipt in left) == (1 if before == 0 else 0), "it counted once"


async def test_fifty_commits_at_once_for_one_key_get_one_grant(store: Store) -> None:
    def asked(index: int) -> Decision:
        one = request(f"r{index}", requester=address(f"ann+{index}"))
        otherwise = Decision(keep=keep(replace(one, state=RequestState.MAIL_FIRST)))
        return Decision(reservations=(claim(),), keep=keep(one), challenge=note(one), otherwise=otherwise)

    receipts = await asyncio.gather(*(commit(store, asked(index)) for index in range(50)))
    assert sum(receipt.taken is not None and receipt.taken.challenge is not None for receipt in receipts) == 1
    assert len(await store.ledger.due(NOON)) == 1
    assert len(await store.ledger.requests(RequestState.MAIL_FIRST)) == 49


async def test_space_is_held_while_a_request_waits_and_given_back_when_it_is_over(store: Store) -> None:
    space = claim("space", "*", 100, None, 60)
    assert (await commit_request(store, request("r1"), space)).taken
    assert not (await commit_request(store, request("r2"), space)).taken
    assert not (await commit(store, Decision(reservations=(space,)), NOON + 3 * WEEK)).taken, "space has no window"
    assert await store.ledger.expire(NOON + WEEK) == ["r1"]
    assert (await commit_request(store, request("r3", at=NOON + WEEK), space)).taken


async def test_space_of_a_request_that_never_waits_is_not_held(store: Store) -> None:
    space = claim("space", "*", 100, None, 60)
    assert (await commit_request(store, request("r1", state=RequestState.ACCEPTED), space)).taken
    assert (await commit(store, Decision(reservations=(space,)))).taken
    assert (await commit_request(store, request("r2"), space)).taken


async def test_an_answer_is_kept_for_a_day_under_its_idempotency_key(store: Store) -> None:
    await commit(store, Decision(idempotency=("portal|key", "hash", '{"id":"r1"}')))
    assert await store.ledger.answer("portal|key", NOON) == ("hash", '{"id":"r1"}')
    assert await store.ledger.answer("portal|key", NOON + DAY - SECOND) == ("hash", '{"id":"r1"}')
    assert await store.ledger.answer("portal|key", NOON + DAY) is None
    assert await store.ledger.answer("other", NOON) is None


async def test_an_entry_names_nobody_and_is_read_back(store: Store) -> None:
    await commit_request(store, request())
    entry = await store.ledger.entry("r1")
    assert entry is not None
    assert (entry.event_id, entry.portal, entry.at, entry.refused) == ("r1", "support", NOON, ())
    for clear in ("ann", "example.com", "192.0.2"):
        assert clear not in str(entry)
    read = read_event(entry.event)
    assert replace(read, requester=event().requester, source=event().source) == event()
    assert read_verdict(entry.verdict) == verdict()
    assert read_readings(entry.readings, entry.at) == READINGS
    meters = read_meters(entry.meters)
    assert [replace(meter, key="", distinct=None) for meter in meters] == [
        replace(meter, key="", distinct=None) for meter in METERS
    ]
    assert meters[1].distinct == meters[2].distinct != meters[3].distinct


async def test_entries_come_oldest_first_from_a_time_on(store: Store) -> None:
    for index in (2, 0, 1, 3):
        await commit(store, Decision(), NOON + index * MINUTE, name=f"e{index}")
    names = [entry.event_id for entry in await store.ledger.entries(NOON + MINUTE)]
    assert names == ["e1", "e2", "e3"]
    assert [entry.event_id for entry in await store.ledger.entries(NOON, limit=2)] == ["e0", "e1"]


async def test_the_latest_entry_of_an_event_seen_twice_is_answered(store: Store) -> None:
    await commit(store, Decision(), NOON, name="e1")
    await commit(store, Decision(), NOON + HOUR, name="e1")
    entry = await store.ledger.entry("e1")
    assert entry is not None
    assert entry.at == NOON + HOUR
    assert len(await store.ledger.entries(NOON)) == 2


async def test_hostile_text_comes_back_as_it_was(store: Store) -> None:
    words = "\x00\r\n\ud800\u202e'); DROP TABLE requests;-- \U0001f525" * 50
    asked = replace(request(), name=words, subject=words, text=words, copies=(words,), fields={words: words})
    receipt = await store.ledger.commit(
        event(),
        verdict(),
        (Meter(words, words, (HOUR,), distinct=words),),
        (Reading((1,)),),
        Decision(keep=keep(asked)),
    )
    assert receipt.taken
    assert await store.ledger.request("r1") == asked
