"""What the lab's wave counts: nobody is mailed twice, nothing the forger wrote leaves, and honest people get through."""

import random
import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from stillpost.intake.limits import Limits
from stillpost.lab.forger import MARK, Strategy
from stillpost.lab.people import MIX, Kind, Visitor, visitors
from stillpost.lab.wave import Plan, play
from stillpost.lab.wave_page import page
from stillpost.lab.wave_plot import mails_over_time
from stillpost.lab.wave_report import KINDS, lines
from stillpost.lab.wave_score import Score, words_of
from stillpost.lab.world import START, open_world
from stillpost.language import OFFERED, translate
from stillpost.mail.compose import Outgoing
from stillpost.model import ProofMode, Rate

pytestmark = pytest.mark.anyio

SMALL = Plan(total=Rate(10_000, timedelta(hours=1)), requests=60, addresses=25, honest=20, own=5)


async def played(proof: ProofMode, strategy: Strategy | None, plan: Plan = SMALL) -> Score:
    return await play(plan, proof, strategy, lambda share: None)


@pytest.mark.parametrize("proof", list(ProofMode))
async def test_in_quiet_times_whoever_can_do_what_the_mode_asks_comes_through(proof: ProofMode) -> None:
    score = await played(proof, None)
    cannot = {Kind.LINK_ONLY, Kind.NO_DMARC} if proof is ProofMode.MAIL_FIRST else set()
    through = {kind: group.through == group.came for kind, group in score.groups.items()}
    assert through == {kind: kind not in cannot for kind in Kind}
    assert (score.to_unproven, score.forged, score.forged_tickets, score.errors) == (0, 0, 0, 0)


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize("proof", list(ProofMode))
async def test_whatever_the_forger_does_he_mails_nobody_twice_and_not_a_word(
    proof: ProofMode, strategy: Strategy
) -> None:
    score = await played(proof, strategy)
    assert score.forged == score.told.total() == SMALL.requests
    assert score.most_to_one <= (0 if proof is ProofMode.MAIL_FIRST else 1)
    assert score.to_unproven <= len(score.curve) <= SMALL.addresses + SMALL.honest
    assert (score.forger_bytes, score.forged_tickets, score.double_tickets, score.errors) == (0, 0, 0, 0)
    assert score.mistaken_taken == 0
    assert score.mistaken > 0
    assert score.most_asked >= 2
    known = score.groups[Kind.KNOWN]
    assert known.through == known.came


async def test_the_total_budget_bounds_what_leaves_in_an_hour() -> None:
    plan = Plan(total=Rate(10, timedelta(hours=1)), requests=100, addresses=100, honest=5)
    score = await played(ProofMode.LINK, Strategy.FLOOD, plan)
    assert 0 < score.most_in_an_hour <= 10


async def test_the_same_plan_gives_the_same_score() -> None:
    first, again = [(await played(ProofMode.ADAPTIVE, Strategy.FLOOD)).as_json() for _ in range(2)]
    assert first == again


def test_visitors_follow_the_mix() -> None:
    people = visitors(300, random.Random(1))
    assert {kind: sum(each.kind is kind for each in people) for kind, _ in MIX} == {
        kind: 3 * share for kind, share in MIX
    }
    assert len({each.email for each in people}) == 300


async def test_a_visitor_finds_his_request_behind_pages_of_others() -> None:
    async with open_world(ProofMode.LINK, Limits()) as world:
        visitor = Visitor(1, Kind.LINK_ONLY, "visitor@gmail.com", "31.0.0.7", random.Random(1))
        world.clock.at = START
        async for pause in visitor.live(world):
            world.clock.at += pause
            await world.work()
        await world.work()
        assert [ticket.subject for ticket in world.helpdesk.tickets] == ["Question 1"]
        assert visitor.steps == 5


def test_a_forged_word_is_found_in_header_and_body_however_they_are_encoded() -> None:
    encoded = b"Subject: =?utf-8?q?" + MARK.encode().replace(b"q", b"=71") + b"?=\r\n\r\n"
    base64 = b"Content-Transfer-Encoding: base64\r\n\r\nenFmb3JnZWQ=\r\n"
    for content in (encoded, base64, f"\r\n{MARK}".encode()):
        assert MARK in words_of(mail(content))
    assert MARK not in words_of(mail(b"Subject: x\r\n\r\ny"))


def mail(content: bytes) -> Outgoing:
    return Outgoing(message_id="<1@x>", sender="", recipient="a@x", content=content, smtputf8=False)


@pytest.fixture(scope="module")
async def scores() -> list[Score]:
    return [await played(ProofMode.ADAPTIVE, None), await played(ProofMode.ADAPTIVE, Strategy.FLOOD)]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize("language", OFFERED)
async def test_the_page_and_its_pictures_are_complete_and_load_nothing(scores: list[Score], language: str) -> None:
    html = page(SMALL, scores, language)
    assert not re.search(r"<script|src=|href=|url\(|@import", html)
    pictures = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(pictures) == 3
    for picture in pictures:
        assert ET.fromstring(picture).tag.endswith("svg")  # our own
    told = "\n".join(lines(SMALL, scores, language))
    for name in KINDS.values():
        assert translate(name, language) in told
    assert f"{scores[1].to_unproven}" in told
    alone = mails_over_time(scores[1:], lambda text: translate(text, language))
    assert alone in html
