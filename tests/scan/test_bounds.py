"""What a mailbox costs to remember is bounded, whatever arrives."""

import asyncio

import pytest

from stillpost.mailboxes.protocol import Where
from stillpost.scan import relations, wave, waves
from stillpost.scan.detail import Detail
from stillpost.scan.note import MAIL, Note
from stillpost.scan.relations import Relations
from stillpost.scan.replay import Replay

DAY = 86400.0
START = 1_780_000_000.0


def note(number: int, at: float, organization: str, thread: tuple[str, ...] = ()) -> Note:
    return Note(
        at=at,
        digest=number.to_bytes(8),
        kind=MAIL,
        where=tuple(Where(0, number)),
        identity=organization,
        author=f"news@{organization}",
        organization=organization,
        message_id=f"{number}@{organization}",
        thread=thread,
        clock=0,
    )


def detail(organization: str) -> Detail:
    return Detail(
        subject="Welcome",
        sender=f"news@{organization}",
        address=f"news@{organization}",
        automatic="notice",
        by_program=True,
        platform="",
        tenant="",
        organization=organization,
        ticket="",
        authenticated=False,
        vouched_by="",
        dmarc="",
        aligned=False,
        list_id="",
        keys=(f"p{organization}",),
        text="Welcome.",
        source_ip="",
        envelope_sender="",
    )


def _look(note: Note, *, text: bool = True) -> Detail:
    return detail(note.organization)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, names in (
        (waves, ("REMEMBERED_MAX", "WAVES_MAX")),
        (wave, ("MEMBERS_MAX", "TEXTS_MAX")),
        (relations, ("ACCEPTED_MAX", "IDS_MAX")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, 50)


@pytest.mark.usefixtures("small")
def test_a_bomb_larger_than_every_bound_is_counted_and_not_kept() -> None:
    replay = Replay(Relations(frozenset(), frozenset()), _look)
    friend = note(0, START - 30 * DAY, "friend.example")
    bomb = [note(number, START + number, f"firm{number}.example", (f"{number}@t",)) for number in range(1, 1_001)]
    (found,) = asyncio.run(replay.run([friend, *bomb]))
    assert found.messages == 1_000
    assert len(found.members) == len(found.senders) == len(found.digests) == 50
    assert len(found.texts) == 50
    assert all(len(known) <= 50 for known in (replay.waves._identities, replay.waves._threads, replay.waves._counted))


@pytest.mark.usefixtures("small")
def test_the_oldest_of_many_waves_goes_first() -> None:
    replay = Replay(Relations(frozenset(), frozenset()), _look)
    mails = [note(0, START - 30 * DAY, "friend.example")]
    for day in range(60):
        for each in range(30):
            number = len(mails)
            mails.append(note(number, START + day * DAY + each, f"firm{number}.example"))
    found = asyncio.run(replay.run(mails))
    assert [each.number for each in found] == list(range(11, 61))
