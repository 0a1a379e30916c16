"""Roundup: a request that hangs in the product is not made a second time."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stillpost.helpdesks.protocol import HelpdeskError, OptionError, Surroundings
from stillpost.helpdesks.roundup.ticket import RoundupOptions, build
from tests.helpdesks.desks import RoundupStandIn, secret
from tests.helpdesks.servers import serving
from tests.helpdesks.tickets import AT, ticket

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]


@dataclass(slots=True)
class Hanging:
    """Takes a link at once and makes the item only when told to."""

    product: RoundupStandIn = field(default_factory=RoundupStandIn)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    hang: str = "msg"

    async def make_once(self, request: Request) -> Response:
        product, link = self.product, request.path_params["link"]
        if link not in product.links or request.path_params["kind"] != self.hang:
            return await product.make_once(request)
        product.links.remove(link)
        asked = await request.json()
        await self.go_on.wait()
        made = product._made(self.hang, asked)
        self.done.set()
        return made


@pytest.mark.parametrize("kind", ["msg", "issue"])
async def test_a_request_that_hangs_is_waited_for_and_its_item_found(kind: str, tmp_path: Path) -> None:
    hanging = Hanging(hang=kind)
    product = hanging.product
    routes = [
        Route("/rest/data/{kind}", product.search, methods=["GET"]),
        Route("/rest/data/{kind}/@poe", product.link, methods=["POST"]),
        Route("/rest/data/{kind}/@poe/{link}", hanging.make_once, methods=["POST"]),
        Route("/rest/data/msg/{number:int}/files", product.files, methods=["GET"]),
    ]
    async with serving(Starlette(routes=routes)) as url:
        options = RoundupOptions(
            url=url, username="stillpost", password_file=secret(tmp_path), timeout=timedelta(seconds=0.5)
        )
        async with aclosing(build(options, Surroundings(clock=lambda: AT, state=tmp_path))) as desk:
            with pytest.raises(HelpdeskError, match="did not answer within"):
                await desk.deliver(ticket(), ())
            with pytest.raises(HelpdeskError, match="still at an earlier request") as busy:
                await desk.deliver(ticket(), ())
            assert not busy.value.permanent
            hanging.go_on.set()
            await hanging.done.wait()
            assert await desk.deliver(ticket(), ()) == "issue1"
    assert [len(product.items[name]) for name in ("msg", "issue")] == [1, 1]


def test_an_unknown_way_to_name_the_requester_is_refused() -> None:
    with pytest.raises(OptionError, match=r"^requester: 'maybe' must be"):
        RoundupOptions(url="https://desk.example/", username="x", password_file="y", requester="maybe")
