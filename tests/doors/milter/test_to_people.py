"""Mail for people at the milter: waves are held, whatever its owner knows or a person wrote is not."""

from dataclasses import replace
from pathlib import Path

import pytest

from stillpost.doors.milter.answer import Answer, InsertField, RemoveRecipient, Say
from stillpost.doors.milter.session import Fields
from stillpost.model import Action, RequestState
from stillpost.reception.acquaintance import ACCEPTED_AFTER
from stillpost.reception.people import AT_A_MAILBOX
from tests.doors.milter.roles import SERVER, Made, arrived, made
from tests.fakes import broken_store

pytestmark = pytest.mark.anyio
ANNA, BERT = "anna@example.org", "bert@example.org"
AUTOMATIC: Fields = ((b"Auto-Submitted", b" auto-generated"),)
COLD_LIMIT = 10


def notice(number: int, *recipients: str, fields: Fields = AUTOMATIC, login: str = "") -> object:
    """A newcomer's mail: another organization for each number."""
    mail = arrived(*(recipients or (ANNA,)), sender=f"desk@company{number}.example", fields=fields, login=login)
    own = tuple((name, value) for name, value in mail.fields if name not in {b"Message-ID", b"Subject"})
    words = f" ticket {'abcdefghijklmnopqrstuvwxyz'[number % 26] * 5} of yours".encode()
    return replace(
        mail, fields=(*own, (b"Message-ID", f" <{number}@company{number}.example>".encode()), (b"Subject", words))
    )


async def sends(house: Made, number: int, *recipients: str, fields: Fields = AUTOMATIC) -> Answer:
    house.clock.push(seconds=5)
    return await house.people.decide(notice(number, *recipients, fields=fields))  # type: ignore[arg-type]  # an Arrived


async def alarmed(place: Path) -> Made:
    """A house whose mailbox is in the middle of a wave."""
    house = made(place)
    answers = [await sends(house, number) for number in range(COLD_LIMIT)]
    assert [answer.verdict for answer in answers] == [Say.CONTINUE] * (COLD_LIMIT - 1) + [Say.DISCARD]
    return house


def test_every_action_comes_to_something_at_a_mailbox() -> None:
    assert set(AT_A_MAILBOX) == set(Action)
    assert set(AT_A_MAILBOX.values()) == {Action.ACCEPT, Action.TAG, Action.HOLD}


async def test_a_wave_is_held_from_its_alarm_on_with_a_list_of_what_came_before(tmp_path: Path) -> None:
    house = await alarmed(tmp_path)
    (held,) = await house.house.store.ledger.requests(RequestState.HELD)
    listed = [line.partition(" ")[2] for line in held.text.splitlines()]
    assert listed == [f"{number}@company{number}.example" for number in range(COLD_LIMIT - 1)]
    assert held.requester.mailbox == ANNA
    assert await sends(house, 50) == Answer(Say.DISCARD)


async def test_a_person_is_never_held(tmp_path: Path) -> None:
    house = await alarmed(tmp_path)
    answer = await sends(house, 51, fields=())
    assert answer == Answer(edits=(InsertField("Stillpost-Advice", b"tag; reason=NEWCOMER_BURST"),))


async def test_whoever_the_owner_wrote_to_is_never_held(tmp_path: Path) -> None:
    house = await alarmed(tmp_path)
    written = arrived("desk@company60.example", sender=ANNA, login="anna")
    assert await house.people.decide(written) == Answer()
    assert await sends(house, 60) == Answer()
    answer = (*AUTOMATIC, (b"In-Reply-To", b" <one@example.com>"))
    assert await sends(house, 61, fields=answer) == Answer(), "an answer to his own mail"


async def test_colleagues_are_never_held_but_a_forged_one_is_a_newcomer(tmp_path: Path) -> None:
    house = await alarmed(tmp_path)
    vouched = (*AUTOMATIC, (b"Authentication-Results", f" {SERVER}; spf=pass smtp.mailfrom={BERT}".encode()))
    assert await house.people.decide(arrived(ANNA, sender=BERT, fields=vouched)) == Answer()
    assert await house.people.decide(arrived(ANNA, sender=BERT, fields=AUTOMATIC)) == Answer(Say.DISCARD)


async def test_each_mailbox_of_an_envelope_is_judged_by_itself(tmp_path: Path) -> None:
    house = await alarmed(tmp_path)
    answer = await sends(house, 70, ANNA, BERT)
    assert answer == Answer(edits=(RemoveRecipient(f"<{ANNA}>".encode()),))


async def test_a_newcomer_is_known_some_hours_later_and_a_member_of_a_wave_is_not(tmp_path: Path) -> None:
    house = made(tmp_path)
    await sends(house, 1)
    house.clock.push(seconds=ACCEPTED_AFTER.total_seconds())
    for number in range(100, 100 + COLD_LIMIT):
        await sends(house, number)
    assert await sends(house, 1) == Answer()
    house.clock.push(hours=30)
    assert await sends(house, 100 + COLD_LIMIT - 1) == Answer(Say.DISCARD), "the tail of the wave"
    assert await sends(house, 100) == Answer(Say.DISCARD), "one that came before the alarm belongs to it"


async def test_a_released_mail_makes_its_sender_known(tmp_path: Path) -> None:
    house = await alarmed(tmp_path)
    (held,) = await house.house.store.ledger.requests(RequestState.HELD)
    await house.house.agent.release(held.id, house.clock(), vouched=False)
    assert await sends(house, COLD_LIMIT - 1) == Answer()


@pytest.mark.parametrize("part", ["ledger", "holds", "lists", "meters"])
async def test_a_store_that_fails_lets_mail_arrive(part: str, tmp_path: Path) -> None:
    house = made(tmp_path, broken_store(part))
    for number in range(COLD_LIMIT + 2):
        answer = await sends(house, number)
        assert answer.verdict is Say.CONTINUE
        assert not any(isinstance(edit, RemoveRecipient) for edit in answer.edits)


async def test_who_takes_part_in_waves_now_is_told_for_a_day(tmp_path: Path) -> None:
    house = await alarmed(tmp_path)
    people = house.people.people
    assert people.tenants_now(house.clock()) == [f"company{COLD_LIMIT - 1}.example"]
    assert people.tenants_now(house.clock.push(hours=25)) == []
