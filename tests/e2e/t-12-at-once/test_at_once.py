"""Many at once, through the real process: one mailbox is asked once, one request makes one ticket."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.e2e import products, stillposts
from tests.e2e.crowd import in_maildir, spellings
from tests.e2e.products import Sink
from tests.e2e.stillposts import Stillpost, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]

FIFTY = 50
PORTALS = ("support", "sales", "returns")


@pytest.fixture
def relay() -> Iterator[Sink]:
    with products.listening() as sink:
        yield sink


@pytest.fixture
def stillpost(relay: Sink, tmp_path: Path) -> Iterator[Stillpost]:
    installed = stillposts.install(
        tmp_path,
        relay=relay.port,
        limits=stillposts.WIDE,
        portals={name: {"proof": "link", "mode": "observe"} for name in PORTALS},
    )
    with stillposts.running(installed):
        yield installed


async def ask_at_once(stillpost: Stillpost, emails: list[str]) -> list[stillposts.Answer]:
    """All pages are open before the first form is sent."""
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=stillpost.url, trust_env=False, timeout=60, limits=limits) as client:

        async def ask(number: int, email: str) -> stillposts.Answer:
            portal = PORTALS[number % len(PORTALS)]
            page = await client.get(f"/p/{portal}")
            fields = {"name": "", "email": email, "subject": f"Question {number}", "message": "Please help."}
            fields["page"] = stillposts.hidden(page.text, "page")
            await opened.wait()
            from_here = {"X-Forwarded-For": f"203.0.113.{number}"}
            return stillposts.told(await client.post(f"/p/{portal}", data=fields, headers=from_here))

        opened = asyncio.Barrier(len(emails))
        return await asyncio.gather(*(ask(number, email) for number, email in enumerate(emails)))


async def test_fifty_requests_at_once_for_one_mailbox_written_five_ways_send_one_challenge(
    stillpost: Stillpost, relay: Sink
) -> None:
    answers = await ask_at_once(stillpost, [spellings(7)[number % 5] for number in range(FIFTY)])
    assert Counter((answer.status, answer.state) for answer in answers) == {(202, "challenged"): FIFTY}
    assert len({answer.secret for answer in answers}) == FIFTY
    await asyncio.to_thread(stillpost.idle)
    assert len(relay.mails) == 1
    assert relay.mails[0].recipients[0] in spellings(7)


async def test_fifty_clicks_at_once_on_one_link_make_one_ticket(stillpost: Stillpost, relay: Sink) -> None:
    stillpost.ask("ann@example.com", "Once, please")
    challenge = eventually(lambda: relay.to("ann@example.com"), "a challenge")[0].content
    path = stillposts.link(challenge, "confirm")
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=stillpost.url, trust_env=False, timeout=60, limits=limits) as client:
        ((number, _),) = stillposts.listed((await client.get(path)).text)
        form = {"answer": "ticked", "mine": number, "shown": number}
        pages = await asyncio.gather(*(client.post(path, data=form) for _ in range(FIFTY)))
    assert {page.status_code for page in pages} == {200}
    assert sum(number in page.text for page in pages) == 1
    await asyncio.to_thread(stillpost.idle)
    assert [in_maildir(ticket).subject for ticket in stillposts.tickets(stillpost.state)] == ["Once, please"]


async def test_fifty_first_mails_at_once_for_one_code_make_one_ticket(stillpost: Stillpost) -> None:
    answer = stillpost.ask("ann@example.com", "Once, please")
    senders = [f"ann.{number}@example.com" for number in range(FIFTY)]
    said = await asyncio.gather(*(asyncio.to_thread(stillpost.first_mail, each, answer.code) for each in senders))
    assert Counter(code for code, _ in said) == {250: 1, 550: FIFTY - 1}
    await asyncio.to_thread(stillpost.idle)
    (ticket,) = stillposts.tickets(stillpost.state)
    winner = senders[[code for code, _ in said].index(250)]
    assert winner.encode() in ticket
    assert sum(sender.encode() in ticket for sender in senders) == 1


async def test_a_link_and_first_mails_at_once_make_one_ticket(stillpost: Stillpost, relay: Sink) -> None:
    answers = await ask_at_once(stillpost, [f"ann.{number}@company-{number}.example" for number in range(20)])
    await asyncio.to_thread(stillpost.idle)

    async def both(number: int, answer: stillposts.Answer) -> None:
        email = f"ann.{number}@company-{number}.example"
        (challenge,) = relay.to(email)
        await asyncio.gather(
            asyncio.to_thread(stillpost.confirm, challenge.content),
            asyncio.to_thread(stillpost.first_mail, email, answer.code),
        )

    await asyncio.gather(*(both(number, answer) for number, answer in enumerate(answers)))
    await asyncio.to_thread(stillpost.idle)
    subjects = Counter(in_maildir(ticket).subject for ticket in stillposts.tickets(stillpost.state))
    assert subjects == {f"Question {number}": 1 for number in range(20)}


async def test_one_idempotency_key_fifty_times_at_once_is_one_request(stillpost: Stillpost, relay: Sink) -> None:
    body = {"requester": {"email": "ann@example.com"}, "subject": "Once, please", "text": "Please help."}
    path = "/api/v1/portals/support/requests"
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=stillpost.url, trust_env=False, timeout=60, limits=limits) as client:
        calls = (client.post(path, json=body, headers={"Idempotency-Key": "one"}) for _ in range(FIFTY))
        answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    await asyncio.to_thread(stillpost.idle)
    assert len(relay.mails) == 1
