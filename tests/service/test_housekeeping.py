"""What is over is deleted, but never by a clock that has just jumped; and nothing that waits is forgotten when it jumps."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.lab.people import write_first
from stillpost.lab.world import World, build_world, lab_config, lab_portal, link_in
from stillpost.mail.compose import Outgoing
from stillpost.mailer import MailerError
from stillpost.model import RequestState, Ticket
from stillpost.service.housekeeping import Pace, keep_house_once
from tests.fakes import START
from tests.worlds import HOME, code_of, fill_in, ids_on, secret_of, told, world

pytestmark = pytest.mark.anyio

HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)


def seconds(by: timedelta) -> float:
    return by.total_seconds()


class Time:
    """The lab's clock beside one that nobody sets."""

    def __init__(self, home: World) -> None:
        self.home = home
        self.steady = 1000.0
        self.pace = Pace(home.clock(), self.steady)

    async def passes(self, by: timedelta) -> None:
        """Both clocks go on, and somebody looks every half hour."""
        for _ in range(max(1, by // (HOUR / 2))):
            step = min(by, HOUR / 2)
            self.home.clock.at += step
            self.steady += seconds(step)
            await self.look()

    async def jumps(self, by: timedelta) -> None:
        self.home.clock.at += by
        self.steady += 60
        await self.look()

    async def look(self) -> None:
        await keep_house_once(self.home.house, self.pace, self.steady)


def test_a_clock_that_runs_evenly_is_settled_after_an_hour() -> None:
    pace = Pace(START, 0.0)
    for minute in range(1, 60):
        assert pace.jump(START + minute * HOUR / 60, minute * 60.0) == timedelta(0)
        assert not pace.settled
    pace.jump(START + HOUR, 3600.0)
    assert pace.settled


@pytest.mark.parametrize("by", [YEAR, -YEAR, timedelta(minutes=6), -timedelta(minutes=6)])
def test_a_jump_unsettles_it_for_an_hour(by: timedelta) -> None:
    pace = Pace(START, 0.0)
    pace.jump(START + 2 * HOUR, 7200.0)
    assert pace.settled
    assert pace.jump(START + 2 * HOUR + by, 7200.0) == by
    assert not pace.settled
    pace.jump(START + 3 * HOUR + by, 10800.0)
    assert pace.settled


def test_a_clock_that_is_corrected_little_by_little_does_not_jump() -> None:
    pace = Pace(START, 0.0)
    for minute in range(1, 61):
        assert not pace.jump(START + minute * timedelta(seconds=50), minute * 60.0)
    assert pace.settled


async def test_what_is_over_is_deleted_and_told() -> None:
    lines: list[str] = []
    home = build_world(lab_config({"support": lab_portal()}), write=lines.append)
    time, page = Time(home), await fill_in(home)
    await time.passes(6 * DAY)
    assert (await home.house.store.ledger.standing()).waiting == 1
    await time.passes(2 * DAY)
    kept = await home.house.store.ledger.request_by_secret(secret_of(page))
    assert kept is None or kept.state is RequestState.EXPIRED
    assert sum('"expired"' in line for line in lines) == 1


async def test_a_jump_ahead_deletes_nothing_and_is_told() -> None:
    lines: list[str] = []
    home = build_world(lab_config({"support": lab_portal()}), write=lines.append)
    time = Time(home)
    await time.passes(2 * HOUR)
    page = await fill_in(home)
    await home.work()
    await time.jumps(YEAR)
    assert (await home.get(f"/r/{secret_of(page)}", HOME)).status == 200
    await time.jumps(-YEAR)
    assert [line.count("clock-jumped") for line in lines if "clock" in line] == [1, 1]
    link = link_in(home.mailer.sent[0], "confirm")
    (waiting,) = ids_on(await home.get(link, HOME))
    assert (await home.post(link, [("shown", waiting), ("mine", waiting)], HOME)).status == 200
    await home.work()
    assert [ticket.subject for ticket in home.helpdesk.tickets] == ["Broken"]


@pytest.mark.parametrize("by", [YEAR, 8 * DAY, HOUR, -HOUR, -6 * DAY], ids=lambda by: f"{by / HOUR:+.0f} hours")
async def test_nobody_meets_an_error_whichever_way_the_clock_jumps(by: timedelta) -> None:
    home = world()
    first = await fill_in(home)
    await home.work()
    home.clock.at += by
    second = await fill_in(home, {"email": "bob@example.org"}, ip="192.0.2.7")
    assert told(second) in {"challenged", "mail-first"}
    await home.get(link_in(home.mailer.sent[0], "confirm"), HOME)
    home.clock.at -= by
    await home.work()
    for page, sender in ((first, "ann@example.com"), (second, "bob@example.org")):
        assert (await write_first(home, code_of(page), sender, authenticated=True)).startswith("250")
    await home.work()
    assert len(home.helpdesk.tickets) == 2
    assert home.errors == []


class Down:
    """A relay, or a helpdesk, that is down until it is said to be up."""

    product, can_be_quiet, exactly_once = "down", True, True

    def __init__(self) -> None:
        self.up = False
        self.got: list[object] = []

    async def connect(self) -> "Down":
        if not self.up:
            raise MailerError("down")
        return self

    async def offer(self, mail: Outgoing) -> None:
        pass

    async def send(self, mail: Outgoing) -> None:
        self.got.append(mail.recipient)

    async def close(self) -> None:
        pass

    async def deliver(self, ticket: Ticket, files: Sequence[bytes]) -> str:
        if not self.up:
            raise HelpdeskError("down")
        self.got.append(ticket.id)
        return "1"

    async def check(self) -> str:
        return ""

    async def aclose(self) -> None:
        pass


async def test_what_was_put_off_by_a_clock_that_ran_ahead_is_not_put_off_for_so_long() -> None:
    relay, desk = Down(), Down()
    home = build_world(lab_config({"support": lab_portal()}), relay=relay, desk=desk)
    home.clock.at += YEAR
    await fill_in(home)
    await fill_in(home, {"email": "bob@example.org", "voucher": home.voucher("bob@example.org")})
    await home.house.outbox.work()
    assert (relay.got, desk.got) == ([], [])
    home.clock.at -= YEAR
    relay.up = desk.up = True
    await home.work()
    assert (len(relay.got), len(desk.got)) == (1, 1)
