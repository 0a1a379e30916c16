"""What the roles of a portal say to the mail server: every action, every failure, as the tables of the design have it."""

from dataclasses import replace
from pathlib import Path

import pytest

from stillpost.doors.milter.answer import (
    CONTINUE,
    Answer,
    ChangeField,
    InsertField,
    Quarantine,
    Refuse,
    RemoveRecipient,
    Say,
    encode,
)
from stillpost.doors.milter.arriving import Trust, content_of, incoming_of
from stillpost.doors.milter.portal_in import ANSWERS
from stillpost.doors.milter.session import Fields
from stillpost.mail.copies import NOBODY_MOVED
from stillpost.model import Action, RequestState
from stillpost.reception.inbound import Inward
from stillpost.reception.mail import Recipient
from tests.doors.milter.roles import ADDRESS, SERVER, arrived, made
from tests.fakes import START, broken_store

pytestmark = pytest.mark.anyio

RAW = f"<{ADDRESS}>".encode()
MARKED: Fields = ((b"Auto-Submitted", b" no"), (b"auto-submitted", b" no"))
QUIET = (
    ChangeField("Auto-Submitted", 2),
    ChangeField("Auto-Submitted", 1),
    InsertField("Auto-Submitted", b"auto-replied"),
)


def inward(action: Action, *others: Recipient) -> Inward:
    ours = Recipient(ADDRESS, incoming_of(arrived(), START, Trust()).recipients[0].address)
    return Inward(action=action, advised=action, id="7KQ2-M9XV-4T", reason="x", concerned=(ours,), others=others)


TABLE = {
    Action.ACCEPT: Answer(),
    Action.TAG: Answer(edits=(InsertField("Stillpost-Advice", b"tag; reason=x; id=7KQ2-M9XV-4T"),)),
    Action.QUIET: Answer(edits=QUIET),
    Action.CHALLENGE: Answer(Say.DISCARD),
    Action.DEFER: Answer(Refuse(451, "4.7.1", "We cannot take this mail right now; please try again later")),
    Action.HOLD: Answer(Say.DISCARD),
    Action.REJECT: Answer(Refuse(550, "5.7.1", "This mail cannot be taken; please quote 7KQ2-M9XV-4T.")),
}


def test_every_action_has_an_answer_for_mail_into_a_portal() -> None:
    assert set(ANSWERS) == set(TABLE) == set(Action)


@pytest.mark.parametrize("action", Action)
def test_mail_into_a_portal_is_answered_as_the_table_says(action: Action, tmp_path: Path) -> None:
    mail = arrived(fields=MARKED)
    answer = made(tmp_path).inward.answer(mail, incoming_of(mail, START, Trust()), inward(action))
    assert answer == TABLE[action]
    assert encode(answer, leading_space=True)


@pytest.mark.parametrize("action", [Action.CHALLENGE, Action.HOLD])
def test_others_in_the_envelope_keep_their_mail(action: Action, tmp_path: Path) -> None:
    mail = arrived(ADDRESS, "other@example.net", ADDRESS.upper())
    parsed = incoming_of(mail, START, Trust())
    answer = made(tmp_path).inward.answer(mail, parsed, inward(action, parsed.recipients[1]))
    assert answer == Answer(edits=(RemoveRecipient(RAW), RemoveRecipient(RAW.upper())))


def test_what_strangers_write_into_our_fields_goes_out(tmp_path: Path) -> None:
    mail = arrived(fields=((b"Stillpost-Moved", b" a"), (b"STILLPOST-advice", b" b"), (b"stillpost-moved", b" c")))
    answer = made(tmp_path).inward.answer(mail, incoming_of(mail, START, Trust()), inward(Action.ACCEPT))
    assert answer.edits == (
        ChangeField("stillpost-advice", 1),
        ChangeField("stillpost-moved", 2),
        ChangeField("stillpost-moved", 1),
    )


FAILURES = ["ledger", "holds", "lists"]


@pytest.mark.parametrize("part", FAILURES)
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, TABLE[Action.DEFER], id="a helpdesk nobody measured: later"),
        pytest.param({"product": "django-helpdesk"}, TABLE[Action.QUIET], id="one that keeps quiet mail: quiet"),
        pytest.param({"mode": "observe"}, CONTINUE, id="observe: through"),
    ],
)
async def test_mail_into_a_portal_whose_store_fails(
    part: str, options: dict[str, object], expected: Answer, tmp_path: Path
) -> None:
    answer = await made(tmp_path, broken_store(part), **options).inward.decide(arrived(fields=MARKED))
    if "mode" in options:
        assert answer.verdict is Say.CONTINUE
        assert not any(isinstance(edit, RemoveRecipient | ChangeField) for edit in answer.edits)
    else:
        assert answer == expected


@pytest.mark.parametrize("part", FAILURES)
async def test_mail_out_of_a_helpdesk_whose_store_fails_stays_with_the_mail_server(part: str, tmp_path: Path) -> None:
    answer = await made(tmp_path, broken_store(part)).outward.decide(arrived("victim@example.net", sender=ADDRESS))
    assert answer.verdict is Say.CONTINUE
    assert answer.edits[-1] == Quarantine("stillpost: store")


async def test_what_is_held_already_is_taken_out_before_the_rest_is_kept(tmp_path: Path) -> None:
    house = made(tmp_path)
    mail = arrived(*(f"victim{number}@example.net" for number in range(3)), sender=ADDRESS)
    put, puts = house.house.store.holds.put, 0

    class Filling:
        def __getattr__(self, name: str) -> object:
            return getattr(house.house.store.holds, name)

        async def put(self, owner: str, name: str, content: bytes) -> None:
            nonlocal puts
            puts += 1
            if puts == 3:
                from stillpost.store.protocol import StoreError

                raise StoreError("no space left on device")
            await put(owner, name, content)

    outbound = house.outward.outbound
    holding = replace(outbound.holding, store=replace(outbound.holding.store, holds=Filling()))
    door = replace(house.outward, outbound=replace(outbound, holding=holding))
    answer = await door.decide(mail)
    assert answer.edits == (
        InsertField("Auto-Submitted", b"auto-generated"),
        RemoveRecipient(b"<victim0@example.net>"),
        RemoveRecipient(b"<victim1@example.net>"),
        Quarantine("stillpost: store"),
    )


async def test_mail_out_of_a_helpdesk_is_never_refused_or_deferred(tmp_path: Path) -> None:
    house = made(tmp_path)
    door = house.outward
    many = [f"victim{number}@example.net" for number in range(101)]
    answers = [
        await door.decide(arrived(overfull=True, sender=ADDRESS)),
        await door.decide(arrived(*many, sender=ADDRESS)),
        await door.decide(arrived("victim@example.net", sender=ADDRESS, body=None)),
        await door.decide(replace(arrived("victim@example.net", sender=ADDRESS), fields=())),
        door.failed(arrived(sender=ADDRESS), RuntimeError("a bug")),
    ]
    assert [answer.edits[-1] for answer in answers] == [
        Quarantine("stillpost: overfull"),
        Quarantine("stillpost: too-many-recipients"),
        Quarantine("stillpost: store"),
        Quarantine("stillpost: unreadable"),
        Quarantine("stillpost: failed"),
    ]
    assert {answer.verdict for answer in answers} == {Say.CONTINUE}
    observing = made(tmp_path, mode="observe").outward
    assert observing.failed(arrived(sender=ADDRESS), RuntimeError("a bug")) == CONTINUE
    assert await observing.decide(arrived(overfull=True, sender=ADDRESS)) == CONTINUE


async def test_mail_that_is_none_of_the_helpdesks_is_left_alone(tmp_path: Path) -> None:
    house = made(tmp_path)
    assert await house.outward.decide(arrived("anybody@example.net", sender="agent@elsewhere.example")) == CONTINUE
    assert await house.inward.decide(arrived("colleague@helpdesk.example.org")) == CONTINUE


async def test_a_held_mail_is_on_disk_as_it_came_before_the_answer(tmp_path: Path) -> None:
    house = made(tmp_path)
    mail = arrived(fields=((b"X-Folded", b" one\n\ttwo"), (b"X-Bytes", b"\xe4\xff")), sender="paula@example.com")
    assert await house.inward.decide(mail) == Answer(Say.DISCARD)
    (request,) = await house.house.store.ledger.requests(RequestState.CHALLENGED)
    kept = await house.house.store.holds.get(request.id, "0")
    assert kept == content_of(mail)
    assert kept is not None
    assert kept.startswith(b"X-Folded: one\r\n\ttwo\r\nX-Bytes:\xe4\xff\r\nFrom: paula@example.com\r\n")
    assert kept.endswith(b"\r\n\r\nPlease help.\r\n")


async def test_a_signed_mail_counts_once(tmp_path: Path) -> None:
    """Whoever has a mail that its author signed can send it again; the first sight of its id is the author's."""
    found = f" {SERVER}; dkim=pass header.d=example.com".encode()
    signature = b" v=1; d=example.com; s=a; h=from:to:date:message-id:subject; b=x"
    fields: Fields = (
        (b"Authentication-Results", found),
        (b"DKIM-Signature", signature),
        (b"Date", b" Mon, 23 Nov 2026 08:00:00 +0000"),
    )
    house = made(tmp_path)
    assert await house.inward.decide(arrived(fields=fields)) == Answer()
    assert await house.inward.decide(arrived(fields=fields)) == Answer(Say.DISCARD)


def test_nothing_moves_where_nothing_is_to_be_moved() -> None:
    assert inward(Action.ACCEPT).moved is NOBODY_MOVED
