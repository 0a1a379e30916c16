"""django-helpdesk: how far back the list of follow-ups is read."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from stillpost.helpdesks.django_helpdesk.ticket import DjangoHelpdeskOptions
from stillpost.helpdesks.protocol import Helpdesk, HelpdeskError
from stillpost.helpdesks.rendering import whole
from tests.helpdesks.desks import DjangoStandIn, build, secret
from tests.helpdesks.servers import serving
from tests.helpdesks.tickets import AT, ticket

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]


@asynccontextmanager
async def desk_with(place: Path, follow_ups: list[dict[str, object]]) -> AsyncIterator[tuple[Helpdesk, DjangoStandIn]]:
    product = DjangoStandIn(follow_ups=follow_ups)
    routes = [
        Route("/api/followups/", product.list, methods=["GET"]),
        Route("/api/tickets/", product.make, methods=["POST"]),
    ]
    async with serving(Starlette(routes=routes)) as url:
        options = DjangoHelpdeskOptions(url=url, username="stillpost", password_file=secret(place))
        async with aclosing(build("django-helpdesk", options, place)) as desk:
            yield desk, product


def said(date: str | None, number: int = 7, comment: str = "another") -> dict[str, object]:
    return {"ticket": number, "comment": comment, "date": date, "followupattachment_set": []}


@pytest.mark.parametrize("behind", [0, 1, 19, 20, 21, 220, 3000])
async def test_a_ticket_is_found_behind_many_newer_follow_ups(tmp_path: Path, behind: int) -> None:
    newer = [said((AT + timedelta(seconds=place)).isoformat()) for place in range(behind)]
    ours = said(AT.isoformat(), 42, whole(ticket()))
    async with desk_with(tmp_path, [said("2020-01-01T00:00:00Z"), ours, *newer]) as (desk, product):
        assert await desk.deliver(ticket(), ()) == "42"
    assert product.tickets == []


async def test_more_follow_ups_than_can_be_read_are_a_permanent_error_and_make_nothing(tmp_path: Path) -> None:
    newer = [said(AT.isoformat()) for _ in range(6001)]
    async with desk_with(tmp_path, newer) as (desk, product):
        with pytest.raises(HelpdeskError, match="look for T-0001 by hand") as failed:
            await desk.deliver(ticket(), ())
    assert failed.value.permanent
    assert product.tickets == []


@pytest.mark.parametrize(
    ("date", "read_on"),
    [
        pytest.param("2026-11-23T09:44:59Z", False, id="older than the clocks may be off"),
        pytest.param("2026-11-23T09:45:01+00:00", True, id="a clock fifteen minutes behind"),
        pytest.param("2026-11-23T03:44:59-06:00", False, id="another zone"),
        pytest.param("2026-11-22T08:00:01", True, id="no zone, could be now"),
        pytest.param("2026-11-22T07:59:59", False, id="no zone, cannot be now"),
        pytest.param("yesterday", True, id="no date"),
        pytest.param(None, True, id="none"),
    ],
)
async def test_reading_ends_where_the_follow_ups_are_older_than_the_proof(
    tmp_path: Path, date: str | None, read_on: bool
) -> None:
    ours = said(AT.isoformat(), 42, whole(ticket()))
    async with desk_with(tmp_path, [ours, *[said(date) for _ in range(20)]]) as (desk, _):
        assert (await desk.deliver(ticket(), ()) == "42") is read_on
