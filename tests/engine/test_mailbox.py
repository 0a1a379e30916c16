"""A mailbox's limits: raised by what is usual, doubled while it is new, never more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.engine.detectors import RECIPIENT_DETECTORS
from stillpost.engine.detectors.newcomer_burst import NewcomerBurst
from stillpost.engine.engine import Engine
from stillpost.engine.mailbox import raised
from stillpost.engine.policy import Policy
from stillpost.mail.addresses import parse
from stillpost.model import Direction, Envelope, Mail, Symbol
from stillpost.store.memory import memory_store

START = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
ENGINE = Engine(RECIPIENT_DETECTORS)


def mail(number: int, at: datetime, organization: str, *, known: bool = False) -> Mail:
    return Mail(
        event_id=str(number),
        portal="mailbox",
        at=at,
        direction=Direction.RECIPIENT,
        recipient=parse("anna@example.org"),
        envelope=Envelope(),
        header_from=parse(f"noreply@{organization}"),
        identity=organization,
        automatic="notice",
        known=known,
    )


async def replayed(mails: list[Mail]) -> list[tuple[Symbol, ...]]:
    meters = memory_store(bytes(32)).meters
    found = []
    for each in mails:
        question = ENGINE.ask(each)
        found.append(ENGINE.symbols(question, await meters.hit(question.meters, each.at)))
    return found


@given(st.integers(1, 20), st.integers(0, 100), st.booleans())
def test_a_limit_rises_to_its_double_at_most(limit: int, usual: int, cold: bool) -> None:
    assert limit <= raised(limit, usual, cold=cold) <= 2 * limit
    assert raised(limit, 0, cold=False) == limit
    assert raised(limit, usual, cold=True) == 2 * limit


@pytest.mark.anyio
async def test_a_shared_mailbox_learns_what_is_usual_and_still_sees_twice_as_much() -> None:
    ordinary = [
        mail(day * 100 + number, START + timedelta(days=day, minutes=number / 2), f"firm-{day}-{number}.example")
        for day in range(40)
        for number in range(7)
    ]
    assert not any(await replayed(ordinary))
    attack = [
        mail(9000 + number, START + timedelta(days=41, seconds=number), f"x{number}.example") for number in range(12)
    ]
    found = await replayed([*ordinary, *attack])
    first = next(number for number, symbols in enumerate(found[-12:], 1) if symbols)
    assert first <= 2 * NewcomerBurst().limits[0]


@pytest.mark.anyio
async def test_mail_in_other_directions_and_without_a_sender_is_no_concern() -> None:
    nobody = mail(1, START, "a.example")
    for other in (Direction.PORTAL_IN, Direction.PORTAL_OUT):
        event = Mail(**{name: getattr(nobody, name) for name in nobody.__slots__} | {"direction": other})
        assert ENGINE.ask(event).meters == ()
    event = Mail(**{name: getattr(nobody, name) for name in nobody.__slots__} | {"identity": ""})
    assert [meter.name for meter in ENGINE.ask(event).meters] == ["mailbox"]


@pytest.mark.anyio
async def test_a_bomb_that_is_over_is_no_alarm_for_the_rest_of_the_afternoon() -> None:
    history = [mail(0, START - timedelta(days=20), "friends.example", known=True)]
    bomb = [mail(number, START + timedelta(seconds=number), f"x{number}.example") for number in range(1, 60)]
    after = [mail(100 + hour, START + timedelta(hours=hour), f"new{hour}.example") for hour in (2, 3)]
    found = await replayed([*history, *bomb, *after])
    assert found[59]
    assert found[60:] == [(), ()]


@pytest.mark.anyio
async def test_a_slow_wave_goes_on_as_long_as_newcomers_come() -> None:
    history = [mail(0, START - timedelta(days=20), "friends.example", known=True)]
    slow = [mail(number, START + timedelta(minutes=20 * number), f"x{number}.example") for number in range(1, 30)]
    found = await replayed([*history, *slow])
    assert [bool(symbols) for symbols in found] == [False] * 12 + [True] * 18


@pytest.mark.parametrize(
    ("automatic", "sender", "held"),
    [
        pytest.param("notice", "anna.berg@firm.example", True, id="it says so"),
        pytest.param("", "noreply@firm.example", True, id="its address says so"),
        pytest.param("", "anna.berg@firm.example", False, id="a person"),
        pytest.param("post", "anna.berg@firm.example", False, id="a person on a discussion list"),
        pytest.param("post", "noreply@firm.example", True, id="a robot on a discussion list"),
        pytest.param("list", "anna.berg@firm.example", True, id="a newsletter in a person's name"),
    ],
)
@pytest.mark.anyio
async def test_what_a_person_wrote_is_only_tagged(automatic: str, sender: str, held: bool) -> None:
    history = [mail(0, START - timedelta(days=20), "friends.example", known=True)]
    burst = [mail(number, START + timedelta(seconds=number), f"x{number}.example") for number in range(1, 6)]
    last = replace(burst[-1], automatic=automatic, header_from=parse(sender))
    found = (await replayed([*history, *burst[:-1], last]))[-1]
    burst_symbol = next(symbol for symbol in found if symbol.name == "NEWCOMER_BURST")
    assert (burst_symbol.score >= Policy().challenge) is held
