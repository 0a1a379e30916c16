"""Which way the form and the API fail, row by row: the request is kept wherever it can be, and no mail leaves in doubt."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest

from stillpost.engine.engine import Engine
from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.lab.world import Page, World, build_world, lab_config, lab_portal
from stillpost.model import Event, Meter, Reading, RequestState, Scope, Symbol, Ticket
from stillpost.store.protocol import StoreError
from tests.fakes import broken_store
from tests.worlds import REQUEST, call, fill_in, told

pytestmark = pytest.mark.anyio

Ask = Callable[[World], Awaitable[Page]]
ASKS: tuple[tuple[str, Ask], ...] = (("form", fill_in), ("api", partial(call, keyed=True)))
DOORS = pytest.mark.parametrize("ask", [pytest.param(ask, id=name) for name, ask in ASKS])


def state(page: Page) -> str:
    return told(page) or str(json.loads(page.text).get("state", ""))


class Faulty:
    """A detector with a bug, in asking or in judging."""

    symbol, spoofable, scope = "FAULTY", False, Scope.PORTAL

    def __init__(self, where: str) -> None:
        self._where = where

    def meters(self, event: Event) -> tuple[Meter, ...]:
        if self._where == "asking":
            raise KeyError(event.event_id)
        return ()

    def judge(self, event: Event, readings: Sequence[Reading]) -> Symbol | None:
        raise KeyError(event.event_id)


class Down:
    """A helpdesk that is down until it is said to be up."""

    product, can_be_quiet, exactly_once = "down", True, True

    def __init__(self) -> None:
        self.up = False
        self.tickets: list[Ticket] = []

    async def deliver(self, ticket: Ticket, files: Sequence[bytes]) -> str:
        if not self.up:
            raise HelpdeskError("it is down")
        self.tickets.append(ticket)
        return "1"

    async def check(self) -> str:
        return ""

    async def aclose(self) -> None:
        pass


@DOORS
@pytest.mark.parametrize("error", [StoreError("gone"), TimeoutError()], ids=["down", "slow"])
async def test_without_meters_the_request_is_kept_and_no_link_is_mailed(ask: Ask, error: Exception) -> None:
    lines: list[str] = []
    store = broken_store("meters", error=error)
    home = build_world(lab_config({"support": lab_portal()}), write=lines.append, store=store)
    page = await ask(home)
    await home.work()
    assert (page.status, state(page)) == (202, "mail-first")
    assert (await store.ledger.standing()).waiting == 1
    assert home.mailer.sent == []
    assert any('"failed"' in line and '"meters"' in line for line in lines)


@DOORS
@pytest.mark.parametrize("part", ["ledger", "lists"])
async def test_without_the_store_it_says_so_and_pretends_nothing(ask: Ask, part: str) -> None:
    lines: list[str] = []
    store = broken_store(part)
    home = build_world(lab_config({"support": lab_portal()}), write=lines.append, store=store)
    page = await ask(home)
    assert page.status == 503
    assert int(page.headers["retry-after"]) > 0
    assert "Traceback" not in page.text
    assert any('"failed"' in line for line in lines)


@DOORS
@pytest.mark.parametrize("where", ["asking", "judging"])
async def test_a_bug_in_a_detector_keeps_the_request_mails_no_link_and_is_journalled(ask: Ask, where: str) -> None:
    lines: list[str] = []
    home = build_world(lab_config({"support": lab_portal()}), write=lines.append)
    admission = home.house.admission
    guard = replace(admission.guard, engine=Engine((Faulty(where),)))
    object.__setattr__(admission, "guard", guard)  # the wiring has no such detector to offer
    page = await ask(home)
    await home.work()
    assert (page.status, state(page)) == (202, "mail-first")
    assert home.mailer.sent == []
    assert any('"failed"' in line and '"engine"' in line for line in lines)


@pytest.mark.parametrize("door", ["form", "api"])
async def test_a_helpdesk_that_is_down_gets_its_ticket_when_it_is_back(door: str) -> None:
    desk = Down()
    home = build_world(lab_config({"support": lab_portal()}), desk=desk)
    voucher = home.voucher("ann@example.com")
    page = await (
        fill_in(home, {"voucher": voucher}) if door == "form" else call(home, {**REQUEST, "voucher": voucher})
    )
    assert state(page) == "accepted"
    for _ in range(4):
        await home.work()
        home.clock.push(hours=1)
    (kept,) = await home.house.store.ledger.requests(RequestState.ACCEPTED)
    assert desk.tickets == []
    desk.up = True
    home.clock.push(hours=2)
    await home.work()
    assert [ticket.id for ticket in desk.tickets] == [kept.id]
