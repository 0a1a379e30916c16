"""The whole product in process, and what visitors and sites do with it."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from stillpost.intake.limits import Limits
from stillpost.lab.world import Page, World, build_world, hidden_field, lab_config, lab_portal

HOME = "198.51.100.7"
"""A visitor's address, in a network of its own."""

FORM = {"name": "Ann", "email": "ann@example.com", "subject": "Broken", "message": "The printer is on fire."}
"""What a person fills in."""

REQUEST: Mapping[str, Any] = {
    "requester": {"email": "ann@example.com", "name": "Ann"},
    "subject": "Broken",
    "text": "The printer is on fire.",
}
"""What a site posts."""


def world(*, limits: Limits | None = None, others: Sequence[str] = (), **options: Any) -> World:
    """A world with the portal ``support`` (its options changed by ``options``) and ``others`` like it."""
    portals = {name: lab_portal(**options) for name in ("support", *others)}
    return build_world(lab_config(portals, limits=limits or Limits()))


async def fill_in(
    home: World,
    changes: Mapping[str, str] | None = None,
    *,
    portal: str = "support",
    ip: str = HOME,
    cookie: str = "",
    seconds: float = 40,
) -> Page:
    """Open the form, take some time, send it."""
    page = await home.get(f"/p/{portal}", ip, cookie)
    home.clock.push(seconds=seconds)
    fields = {**FORM, "page": hidden_field(page, "page"), **(changes or {})}
    return await home.post(f"/p/{portal}", fields, ip, cookie)


async def call(
    home: World,
    body: object = REQUEST,
    *,
    portal: str = "support",
    ip: str = HOME,
    headers: Mapping[str, str] | None = None,
    keyed: bool = False,
) -> Page:
    """Call the API with a body: JSON, or bytes as they are."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"content-type": "application/json"}
    if keyed:
        given["authorization"] = f"Bearer {home.house.keys[portal].decode()}"
    return await home.ask("POST", f"/api/v1/portals/{portal}/requests", ip, {**given, **(headers or {})}, [raw])


def multipart(parts: Sequence[tuple[str, bytes]], boundary: str = "frontier", end: bytes = b"--\r\n") -> bytes:
    """A multipart body of parts given as (header lines, content)."""
    made = b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts)
    return made + f"--{boundary}".encode() + end


def told(page: Page) -> str:
    """The state that a page of the form tells; empty for any other page."""
    found = re.search(r'<main class="container" data-state="([a-z-]+)">', page.text)
    return found[1] if found else ""


def secret_of(page: Page) -> str:
    """The status secret in the link of an answer."""
    found = re.search(r'href="/r/([0-9a-f]{32})[?"]', page.text)
    assert found
    return found[1]


def code_of(page: Page) -> str:
    """The mail-first code on a page."""
    found = re.search(r">([a-z2-7]{26})<", page.text)
    assert found
    return found[1]


def ids_on(page: Page) -> list[str]:
    """The ids of the requests on the owner's page."""
    return re.findall(r'name="mine" value="([^"]+)"', page.text)
