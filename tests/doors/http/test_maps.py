"""Who is abused now, as a map for a spam filter: plain lines, for this machine alone."""

from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from stillpost.doors.http.app import build_app
from stillpost.service.running import http_context
from tests.doors.milter.roles import made

pytestmark = pytest.mark.anyio
ABUSED = (
    "acme.example",
    "ann@mail.example",
    "list:talk.example",
    "zendesk:0a1b2c3",
    "zendesk:bad\nline",
    "zendesk:4d5e",
)


async def ask(place: Path, kind: str, ip: str = "127.0.0.1", **headers: str) -> httpx2.Response:
    context = replace(http_context(made(place).house, lambda: ""), abused=lambda: ABUSED)
    transport = httpx2.ASGITransport(build_app(context), client=(ip, 40_000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8025") as client:
        return await client.get(f"/maps/{kind}", headers=headers)


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        pytest.param("domains", ["acme.example"], id="organizations"),
        pytest.param("zendesk", ["0a1b2c3", "4d5e"], id="tenants of a platform"),
        pytest.param("freshdesk", [], id="a platform nobody abuses"),
    ],
)
async def test_a_map_has_a_line_each_and_nothing_that_breaks_one(kind: str, lines: list[str], tmp_path: Path) -> None:
    answer = await ask(tmp_path, kind)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == "".join(f"{line}\n" for line in ["# abused now", *lines])


async def test_maps_are_for_this_machine_alone(tmp_path: Path) -> None:
    assert (await ask(tmp_path, "domains", "192.0.2.7")).status_code == 404
    assert (await ask(tmp_path, "domains", forwarded="for=127.0.0.1")).status_code == 404
