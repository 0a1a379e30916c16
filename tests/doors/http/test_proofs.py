"""The token pages: what a GET shows, what a POST does, which tokens are good, who is known afterwards."""

import asyncio
import re
from datetime import timedelta

import pytest

from stillpost.intake.token import Purpose
from stillpost.lab.world import Page, World, link_in
from stillpost.model import ProofMode, RequestState, Way
from tests.worlds import FORM, HOME, fill_in, ids_on, secret_of, told, world

pytestmark = pytest.mark.anyio
OWNER, ELSEWHERE = "203.0.113.9", "192.0.2.80"


async def asked(home: World, **changes: str) -> str:
    """A request is asked for by link; the path of the link."""
    assert told(await fill_in(home, changes)) == "challenged"
    await home.work()
    return link_in(home.mailer.sent[-1], "confirm")


async def answer(home: World, link: str, *mine: str, cookie: str = "") -> Page:
    """The owner opens the page, ticks what is his, sends."""
    page = await home.get(link, OWNER)
    shown = [("shown", each) for each in ids_on(page)]
    return await home.post(link, [*shown, *(("mine", each) for each in mine)], OWNER, cookie)


async def state_of(home: World, request_id: str) -> RequestState:
    request = await home.house.store.ledger.request(request_id)
    assert request
    return request.state


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_changes_nothing_however_often(method: str) -> None:
    home = world()
    link = await asked(home)
    off = link_in(home.mailer.sent[0], "not-me")
    before = await home.house.store.ledger.standing()
    for path in (link, off, "/p/support", "/"):
        for _ in range(3):
            page = await home.ask(method, path, ELSEWHERE, {})
            assert page.status == 200
            assert "set-cookie" not in page.headers
    assert await home.house.store.ledger.standing() == before
    assert await home.house.store.lists.listed("suppressed") == []
    assert not await home.house.store.ledger.proven("ann@example.com", home.clock())
    assert len(ids_on(await home.get(link, OWNER))) == 1


async def test_the_owner_ticks_his_request_and_the_rest_is_deleted() -> None:
    home = world()
    link = await asked(home)
    await fill_in(home, {"subject": "Not mine"}, ip=ELSEWHERE)
    second, first = ids_on(await home.get(link, OWNER))
    page = await answer(home, link, first)
    assert (page.status, first in page.text, second in page.text) == (200, True, False)
    await home.work()
    assert [(ticket.subject, ticket.proven) for ticket in home.helpdesk.tickets] == [("Broken", Way.LINK)]
    assert await state_of(home, second) is RequestState.DROPPED


async def test_the_newest_of_many_requests_in_somebodys_name_is_on_the_page_he_opens() -> None:
    home = world()
    link = await asked(home)
    for number in range(25):
        await fill_in(home, {"subject": f"Not mine {number}"}, ip=f"192.0.{number}.2")
    await fill_in(home, {"subject": "Mine"})
    page = await home.get(link, OWNER)
    assert len(ids_on(page)) == 20
    assert "<bdi>Mine</bdi>" in page.text


async def test_nothing_is_ticked_beforehand_and_nothing_is_a_link() -> None:
    home = world()
    link = await asked(home, message="see https://evil.example/ and <a href=x>y</a>")
    page = await home.get(link, OWNER)
    assert "checked" not in page.text
    assert "<a " not in page.text.partition("<main")[2].partition("</main>")[0]
    assert "https://evil.example/" in page.text


async def test_an_owner_who_ticks_nothing_denies_all_and_is_not_known() -> None:
    home = world()
    link = await asked(home)
    page = await answer(home, link)
    assert "Deleted" in page.text
    assert "set-cookie" not in page.headers
    await home.work()
    assert home.helpdesk.tickets == []
    assert not await home.house.store.ledger.proven("ann@example.com", home.clock())


async def test_what_came_after_the_page_was_shown_is_not_deleted_unseen() -> None:
    home = world()
    link = await asked(home)
    page = await home.get(link, OWNER)
    await fill_in(home, {"subject": "A second thought"}, ip=ELSEWHERE)
    (mine,) = ids_on(page)
    await home.post(link, [("shown", mine), ("mine", mine)], OWNER)
    later = await home.get(link, OWNER)
    assert "A second thought" in later.text
    assert mine not in later.text


async def test_more_than_twenty_requests_are_shown_in_turns_and_none_is_deleted_unseen() -> None:
    home = world()
    link = await asked(home)
    for number in range(24):
        await fill_in(home, {"subject": f"Forged {number}"}, ip=f"192.0.{number}.2")
    shown = ids_on(await home.get(link, OWNER))
    assert len(shown) == 20
    await answer(home, link, shown[0])
    assert len(ids_on(await home.get(link, OWNER))) == 5


async def test_ids_of_others_are_passed_over() -> None:
    home = world()
    link = await asked(home)
    await asked(home, email="bob@example.org")
    foreign = ids_on(await home.get(link_in(home.mailer.sent[1], "confirm"), OWNER))[0]
    page = await home.post(link, [("shown", foreign), ("mine", foreign), ("mine", "x"), ("mine", "\x00<b>")], OWNER)
    assert "Nothing waits here" in page.text
    assert "<b>" not in page.text
    assert await state_of(home, foreign) is RequestState.CHALLENGED


async def test_two_clicks_at_once_are_one_ticket() -> None:
    home = world()
    link = await asked(home)
    (mine,) = ids_on(await home.get(link, OWNER))
    pages = await asyncio.gather(*(answer(home, link, mine) for _ in range(5)))
    assert sum("Nothing waits here" not in page.text for page in pages) == 1
    assert {page.status for page in pages} == {200}
    await home.work()
    assert len(home.helpdesk.tickets) == 1


async def test_one_click_yes_and_one_click_no_at_once_leave_one_of_both() -> None:
    home = world()
    link = await asked(home)
    (mine,) = ids_on(await home.get(link, OWNER))
    await asyncio.gather(
        home.post(link, [("shown", mine), ("mine", mine)], OWNER), home.post(link, [("shown", mine)], ELSEWHERE)
    )
    await home.work()
    assert len(home.helpdesk.tickets) == (await state_of(home, mine) is RequestState.DELIVERED)


async def test_the_browser_that_confirms_is_known_for_this_exact_address_only() -> None:
    home = world()
    link = await asked(home, email="ann@gmail.com")
    page = await answer(home, link, *ids_on(await home.get(link, OWNER)))
    cookie = page.headers["set-cookie"]
    name, _, rest = cookie.partition("=")
    assert name == "__Host-stillpost"
    assert re.fullmatch(r"[0-9a-f]{32}", rest.partition(";")[0])
    assert {part.strip().lower() for part in rest.split(";")[1:]} == {
        "httponly", "max-age=7776000", "path=/", "samesite=lax", "secure",
    }  # fmt: skip
    kept = cookie.partition(";")[0]
    assert told(await fill_in(home, {"email": "ann@gmail.com"}, ip=OWNER, cookie=kept)) == "accepted"
    for other in ("bob@example.org", "a.nn@gmail.com", "ann+x@gmail.com"):
        assert told(await fill_in(home, {"email": other}, ip=OWNER, cookie=kept)) == "challenged"
    home.clock.push(days=91)
    assert told(await fill_in(home, {"email": "ann@gmail.com"}, ip=OWNER, cookie=kept)) == "challenged"


async def test_the_form_never_gives_the_cookie() -> None:
    home = world()
    pages = [await fill_in(home), await home.get("/p/support", HOME), await home.get("/", HOME)]
    pages.append(await fill_in(home, {"voucher": home.voucher("ann@example.com")}))
    assert all("set-cookie" not in page.headers for page in pages)


@pytest.mark.parametrize("cookie", ["", "x", "0" * 31, "0" * 33, "G" * 32, '"; Domain=example.org', "\xff" * 32])
async def test_a_cookie_that_is_none_of_ours_knows_nobody_and_is_replaced(cookie: str) -> None:
    home = world()
    link = await asked(home)
    assert told(await fill_in(home, ip=ELSEWHERE, cookie=f"__Host-stillpost={cookie}")) == "challenged"
    page = await answer(home, link, *ids_on(await home.get(link, OWNER)), cookie=f"__Host-stillpost={cookie}")
    assert re.match(r"__Host-stillpost=[0-9a-f]{32};", page.headers["set-cookie"])


async def test_one_browser_proves_several_addresses_and_keeps_one_id() -> None:
    home = world()
    link = await asked(home)
    first = await answer(home, link, *ids_on(await home.get(link, OWNER)))
    cookie = first.headers["set-cookie"].partition(";")[0]
    link = await asked(home, email="bob@example.org")
    second = await answer(home, link, *ids_on(await home.get(link, OWNER)), cookie=cookie)
    assert second.headers["set-cookie"].startswith(cookie)
    for email in ("ann@example.com", "bob@example.org"):
        assert told(await fill_in(home, {"email": email}, ip=OWNER, cookie=cookie)) == "accepted"


async def test_a_link_works_until_it_is_over_and_says_so_then() -> None:
    home = world()
    link = await asked(home)
    off = link_in(home.mailer.sent[0], "not-me")
    home.clock.push(days=7, seconds=-1)
    assert (await home.get(link, OWNER)).status == 200
    home.clock.push(seconds=42)
    for method in ("GET", "POST"):
        page = await home.ask(method, link, OWNER, {})
        assert (page.status, "This link is over" in page.text) == (410, True)
    assert (await home.get(off, OWNER)).status == 200
    home.clock.push(days=730)
    assert (await home.get(off, OWNER)).status == 410


@pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(days=1), timedelta(days=400)], ids=str)
async def test_a_clock_that_jumps_back_between_asking_and_proving_costs_nobody_anything(back: timedelta) -> None:
    home = world()
    link = await asked(home)
    home.clock.push(seconds=-back.total_seconds())
    assert told(await fill_in(home)) == "challenged"
    await home.work()
    assert len(home.mailer.sent) == 1
    await answer(home, link, *ids_on(await home.get(link, OWNER))[:1])
    await home.work()
    assert len(home.helpdesk.tickets) == 1


async def test_mangled_foreign_and_swapped_tokens_are_not_ours() -> None:
    home, other = world(), world()
    link, off = await asked(home), ""
    off = link_in(home.mailer.sent[0], "not-me")
    token, no = link.rpartition("/")[2], off.rpartition("/")[2]
    signer = home.house.signer
    later = home.clock() + timedelta(days=1)
    wrong = [
        "x", "x.y", token[:-1], token + "A", token.upper(), token[::-1], f"{token}.", "." + token, "%00", "a" * 5000,
        (await asked(other)).rpartition("/")[2],
        signer.sign(Purpose.CONFIRM, "not-an-id", later),
        signer.sign(Purpose.CONFIRM, "", later),
        signer.sign(Purpose.CONFIRM, "0" * 32 + ".0", later),
        signer.sign(Purpose.PAGE, "0" * 32, later),
    ]  # fmt: skip
    for door, tokens in (("confirm", [*wrong, no]), ("not-me", [*wrong, token])):
        for each in tokens:
            for method in ("GET", "POST"):
                page = await home.ask(method, f"/{door}/{each}", OWNER, {})
                assert page.status == 404, each[:60]
    assert home.errors == []
    assert len(ids_on(await home.get(link, OWNER))) == 1
    assert await home.house.store.lists.listed("suppressed") == []


async def test_a_good_token_of_a_challenge_that_is_gone_finds_nothing() -> None:
    home = world()
    token = home.house.signer.sign(Purpose.CONFIRM, "0" * 32, home.clock() + timedelta(days=1))
    page = await home.get(f"/confirm/{token}", OWNER)
    assert (page.status, "Nothing waits here" in page.text) == (200, True)
    page = await home.post(f"/confirm/{token}", [("mine", "x")], OWNER)
    assert (page.status, "Nothing waits here" in page.text) == (200, True)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_post_that_another_site_made_is_refused(site: str) -> None:
    home = world()
    link = await asked(home)
    (mine,) = ids_on(await home.get(link, OWNER))
    body = f"shown={mine}&mine={mine}".encode()
    page = await home.ask("POST", link, OWNER, {"sec-fetch-site": site}, [body])
    assert (page.status, "set-cookie" in page.headers) == (403, False)
    assert await state_of(home, mine) is RequestState.CHALLENGED
    assert (await home.ask("POST", link, OWNER, {"sec-fetch-site": "same-origin"}, [body])).status == 200


async def test_an_oversized_answer_is_refused() -> None:
    home = world()
    link = await asked(home)
    assert (await home.ask("POST", link, OWNER, {}, [b"mine=" + b"x" * 30_000])).status == 413
    off = link_in(home.mailer.sent[0], "not-me")
    assert (await home.ask("POST", off, OWNER, {}, [b"x" * 20_000])).status == 413


async def test_one_click_from_a_mail_program_stops_challenges_to_the_mailbox_in_every_spelling() -> None:
    """RFC 8058: a POST of List-Unsubscribe=One-Click without cookies, from anywhere."""
    home = world(others=("sales",))
    await asked(home, email="ann@gmail.com")
    off = link_in(home.mailer.sent[0], "not-me")
    headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site"}
    page = await home.ask("POST", off, ELSEWHERE, headers, [b"List-Unsubscribe=One-Click"])
    assert (page.status, "location" in page.headers) == (200, False)
    home.clock.push(days=8)
    for number, email in enumerate(("ann@gmail.com", "a.n.n+x@googlemail.com")):
        assert told(await fill_in(home, {"email": email}, portal="sales", ip=f"192.0.{number}.2")) == "challenged"
    await home.work()
    assert len(home.mailer.sent) == 1
    home.clock.push(days=731)
    assert told(await fill_in(home, {"email": "ann@gmail.com"})) == "challenged"
    await home.work()
    assert len(home.mailer.sent) == 2


async def test_not_me_leaves_what_waits_since_programs_press_it_too() -> None:
    home = world()
    link = await asked(home)
    for _ in range(3):
        await home.post(link_in(home.mailer.sent[0], "not-me"), {}, OWNER)
    assert len(ids_on(await home.get(link, OWNER))) == 1


async def test_the_status_page_tells_where_a_request_stands() -> None:
    home = world()
    page = await fill_in(home)
    path = f"/r/{secret_of(page)}"
    assert told(await home.get(path, HOME)) == "challenged"
    await home.work()
    link = link_in(home.mailer.sent[0], "confirm")
    await answer(home, link, *ids_on(await home.get(link, OWNER)))
    assert told(await home.get(path, HOME)) == "accepted"
    await home.work()
    done = await home.get(path, HOME)
    assert told(done) == "delivered"
    assert "prove+" not in done.text


@pytest.mark.parametrize(("mode", "state"), [(ProofMode.MAIL_FIRST, "mail-first"), (ProofMode.LINK, "challenged")])
async def test_a_request_nobody_proved_is_over_after_its_days_even_before_housekeeping(
    mode: ProofMode, state: str
) -> None:
    home = world(proof=mode)
    path = f"/r/{secret_of(await fill_in(home))}"
    assert told(await home.get(path, HOME)) == state
    home.clock.push(days=7)
    assert told(await home.get(path, HOME)) == "expired"
    await home.house.store.ledger.expire(home.clock())
    assert told(await home.get(path, HOME)) == "expired"


async def test_the_button_for_what_is_ticked_with_nothing_ticked_asks_again_and_changes_nothing() -> None:
    home = world()
    link = await asked(home)
    (mine,) = ids_on(await home.get(link, OWNER))
    page = await home.post(link, [("shown", mine), ("answer", "ticked")], OWNER)
    assert (page.status, ids_on(page)) == (422, [mine])
    assert "You ticked nothing" in page.text
    page = await home.post(link, [("shown", mine), ("answer", "none")], OWNER)
    assert await state_of(home, mine) is RequestState.DROPPED


@pytest.mark.parametrize("secret", ["x", "0" * 32, "0" * 31, "A" * 32, "%00" * 32, "ü" * 32, FORM["email"]])
async def test_a_status_page_that_is_none_says_so(secret: str) -> None:
    home = world()
    assert (await home.get(f"/r/{secret}", HOME)).status == 404
    assert home.errors == []
