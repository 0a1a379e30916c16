"""Disk for strangers: attachments have a share and a share of each source, text has more, and at the end there is a 503."""

import json

import pytest

from stillpost.intake.limits import Limits
from stillpost.lab.world import Page, World, build_world, hidden_field, lab_config, lab_portal
from stillpost.model import ProofMode
from tests.worlds import HOME, call, code_of, fill_in, multipart, secret_of, told, world

pytestmark = pytest.mark.anyio
MB = 1_000_000
REFUSED = "Attachments could not be kept"


async def upload(home: World, *sizes: int, ip: str = HOME, email: str = "ann@example.com") -> Page:
    """A form with files of these sizes."""
    page = await home.get("/p/support", ip)
    home.clock.push(seconds=40)
    fields = {"name": "Ann", "email": email, "subject": "s", "message": "m", "page": hidden_field(page, "page")}
    parts = [(f'Content-Disposition: form-data; name="{name}"', value.encode()) for name, value in fields.items()]
    parts += [
        (f'Content-Disposition: form-data; name="file"; filename="{index}.bin"\r\nContent-Type: text/x', b"x" * size)
        for index, size in enumerate(sizes)
    ]
    headers = {"content-type": "multipart/form-data; boundary=frontier"}
    return await home.ask("POST", "/p/support", ip, headers, [multipart(parts)])


async def kept(home: World, page: Page) -> tuple[int, int]:
    """How many attachments the request has, and how many of them are on disk."""
    request = await home.house.store.ledger.request_by_secret(secret_of(page))
    assert request
    found = [await home.house.store.holds.get(request.id, str(index)) for index in range(10)]
    return len(request.attachments), sum(content is not None for content in found)


async def test_a_source_may_have_five_megabytes_waiting_and_its_words_are_kept_beyond() -> None:
    home = world()
    assert await kept(home, await upload(home, 3 * MB)) == (1, 1)
    beyond = await upload(home, 3 * MB, email="bob@example.org")
    assert beyond.status == 202
    assert "data-state" in beyond.text
    assert await kept(home, beyond) == (0, 0)
    assert await kept(home, await upload(home, 3 * MB, ip="192.0.2.9", email="eve@example.net")) == (1, 1)


async def test_the_answer_says_that_attachments_were_refused() -> None:
    home = world(limits=Limits(pending_bytes_per_source=10))
    with_files, without = await upload(home, 100), await upload(home, email="bob@example.org")
    assert "attachment" in with_files.text.lower()
    assert with_files.text.count("role=") >= without.text.count("role=")
    assert len(with_files.text) > len(without.text) + 20


async def test_room_comes_back_when_a_request_is_proven_or_over() -> None:
    home = world(limits=Limits(pending_bytes_per_source=1_000))
    assert await kept(home, await upload(home, 900)) == (1, 1)
    assert await kept(home, await upload(home, 900)) == (0, 0)
    home.clock.push(days=8)
    for owner in await home.house.store.ledger.expire(home.clock()):
        await home.house.store.holds.drop(owner)
    assert await home.house.store.holds.owners() == []
    assert await kept(home, await upload(home, 900)) == (1, 1)


async def test_attachments_have_four_fifths_and_words_nine_tenths_and_then_it_is_503() -> None:
    home = world(limits=Limits(pending_bytes=60_000))
    states: list[tuple[int, int]] = []
    number = 0
    while True:
        number += 1
        page = await upload(home, 4_000, ip=f"192.0.{number}.7", email=f"p{number}@d{number}.example")
        if page.status != 202:
            break
        states.append(await kept(home, page))
    assert states[0] == (1, 1)
    assert states[-1] == (0, 0)
    assert states == sorted(states, reverse=True)
    standing = await home.house.store.ledger.standing()
    assert 48_000 < standing.pending_bytes <= 54_000
    assert (page.status, page.headers["retry-after"]) == (503, "120")
    assert 'value="s"' in page.text
    before = len(await home.house.store.holds.owners())
    answer = await call(home, ip="203.0.113.200")
    assert (answer.status, answer.headers["retry-after"]) == (503, "120")
    assert json.loads(answer.text)["status"] == 503
    assert len(await home.house.store.holds.owners()) == before
    assert home.errors


async def test_who_is_known_or_vouched_for_gets_in_when_the_room_for_strangers_is_gone() -> None:
    home = world(limits=Limits(pending_bytes=1))
    assert (await fill_in(home)).status == 503
    page = await fill_in(home, {"voucher": home.voucher("ann@example.com")})
    assert (page.status, told(page)) == (202, "accepted")
    await home.work()
    assert len(home.helpdesk.tickets) == 1


async def test_what_waits_can_still_be_proven_when_the_room_is_gone() -> None:
    home = world(limits=Limits(pending_bytes=1_500), proof=ProofMode.MAIL_FIRST)
    page = await fill_in(home)
    assert (await fill_in(home, {"email": "bob@example.org"})).status == 503
    code = code_of(page)
    raw = (
        "Authentication-Results: mx.lab.example; spf=pass smtp.mailfrom=ann@example.com\r\nReceived: from x\r\n"
        f"From: ann@example.com\r\nTo: prove@support.lab.example\r\nSubject: {code}\r\n\r\n"
    )
    assert (await home.mail(raw.encode(), "ann@example.com", "prove@support.lab.example")).startswith("250 ")


@pytest.mark.parametrize("full", [True, False])
async def test_a_full_house_says_the_same_of_every_address(full: bool) -> None:
    home = world(limits=Limits(pending_bytes=1 if full else 1_000_000))
    await home.house.store.lists.add("suppressed", "ann@example.com", home.clock(), None)
    pages = [
        await fill_in(home, {"email": email}) for email in ("ann@example.com", "bob@example.org", "info@example.net")
    ]
    assert {page.status for page in pages} == {503 if full else 202}


async def test_a_refused_flood_leaves_no_file_behind() -> None:
    home = build_world(lab_config({"support": lab_portal()}, limits=Limits(pending_bytes=1)))
    for number in range(5):
        assert (await upload(home, 1_000, ip=f"192.0.{number}.7")).status == 503
    assert await home.house.store.holds.owners() == []
