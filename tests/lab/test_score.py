"""What the lab says of an attack is what became of its mails."""

from datetime import UTC, datetime

import pytest

from stillpost.lab.background import Kept, made_up
from stillpost.lab.letters import HALVES, texts
from stillpost.lab.score import Plan, attacked, least, quiet

END = datetime(2026, 10, 30, tzinfo=UTC)
LATEST = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def background() -> list[Kept]:
    return made_up(1, END, LATEST)


def test_a_made_up_mailbox_is_the_same_for_the_same_seed(background: list[Kept]) -> None:
    assert [each.note for each in made_up(1, END, LATEST)] == [each.note for each in background]
    assert [each.note for each in made_up(2, END, LATEST)] != [each.note for each in background]
    assert 1_000 < len(background) < 4_000


@pytest.mark.anyio
async def test_a_quiet_mailbox_has_no_wave(background: list[Kept]) -> None:
    found = await quiet(background)
    assert (found.mails, found.waves) == (len(background), 0)
    assert 58 < found.days < 61


@pytest.mark.anyio
async def test_an_attack_is_seen_within_a_few_submissions_and_found_whole(background: list[Kept]) -> None:
    for seed in range(1, 4):
        run = await attacked(background, 12.0, seed, Plan())
        assert 3 <= run.alarm <= run.burst <= 6
        assert run.delay > 0
        assert run.found == run.members >= 150
        assert run.tail_found == run.tail
        assert run.needles_found == run.needles == 3
        assert run.person_taken == 0
        assert run.false_alarms == 0
        assert run.peers["df00tech, 100 in 30 min"] == 0 or run.peers["df00tech, 100 in 30 min"] > run.alarm


@pytest.mark.anyio
async def test_a_wave_of_one_platform_is_tagged_at_the_third(background: list[Kept]) -> None:
    runs = [await attacked(background, 12.0, seed, Plan(platform="zendesk")) for seed in range(1, 4)]
    assert [run.tag for run in runs] == [3, 3, 3]


def test_the_two_halves_share_no_text() -> None:
    said = [{each["text"] for kind in texts(half).values() for each in kind} for half in HALVES]
    assert said[0].isdisjoint(said[1])


def test_each_half_speaks_many_languages() -> None:
    for half in HALVES:
        spoken = {each["language"] for each in texts(half)["acknowledgment"]}
        assert spoken == {"en", "de", "fr", "es", "it", "pt", "nl", "pl"}


@pytest.mark.parametrize(
    ("rate", "mails"), [(0.5, 5.4), (2.0, 4.3), (12.0, 3.5), (30.0, 3.2), (54.0, 3.0)], ids=lambda value: f"{value:g}"
)
def test_the_least_that_any_detector_needs(rate: float, mails: float) -> None:
    assert round(least(rate), 1) == pytest.approx(mails, abs=0.11)
