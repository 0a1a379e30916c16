"""A whole small Zendesk on loopback, for the demo and for tests: settings, requests from strangers, mail that leaves.

``behavior`` decides what happens. Settings are read and written as over the real API (cursor pages, a bearer token);
``POST /api/v2/requests`` takes anonymous requests, as open accounts do.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, final

from starlette.applications import Starlette
from starlette.requests import Request as Web
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stillpost.helpdesks.zendesk.behavior import Account
from stillpost.helpdesks.zendesk.tickets import Request

BODY_BYTES = 1024 * 1024
Endpoint = Callable[[Web], Awaitable[Response]]


@final
@dataclass(slots=True)
class Stage:
    """The account, its token, how big its pages are, and how it misbehaves: limits, scopes that are missing, cut
    answers.

    ``busy`` answers 429 so many times; ``forbidden`` are resources the token may not read; ``cut`` are resources whose
    answer ends in the middle.
    """

    account: Account
    token: str = "loopback"  # noqa: S105  # nothing but this stage accepts it
    page: int = 100
    busy: int = 0
    forbidden: frozenset[str] = frozenset()
    cut: frozenset[str] = frozenset()
    calls: list[str] = field(default_factory=list)  # grows with the test, no cap

    def application(self) -> Starlette:
        """The ASGI application."""
        lists = [
            ("triggers", "triggers", "triggers"),
            ("automations", "automations", "automations"),
            ("dynamic_content/items", "dynamic_content", "items"),
            ("ticket_fields", "ticket_fields", "ticket_fields"),
            ("ticket_forms", "ticket_forms", "ticket_forms"),
            ("brands", "brands", "brands"),
            ("recipient_addresses", "recipient_addresses", "recipient_addresses"),
            ("trigger_categories", "trigger_categories", "trigger_categories"),
            ("targets", "targets", "targets"),
            ("webhooks", "webhooks", "webhooks"),
        ]
        routes = [Route(f"/api/v2/{path}", self._guarded(self._listing(name, key))) for path, name, key in lists]
        routes += [
            Route("/api/v2/account/settings", self._guarded(self._settings)),
            Route("/api/v2/requests", self._request, methods=["POST"]),
            *[
                Route(f"/api/v2/{kind}/{{number:int}}", self._guarded(self._one(kind)), methods=["GET", "PUT"])
                for kind in ("triggers", "automations", "targets")
            ],
            Route(
                "/api/v2/dynamic_content/items/{item:int}/variants/{number:int}",
                self._guarded(self._variant),
                methods=["GET", "PUT"],
            ),
        ]
        return Starlette(routes=routes)

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def answer(web: Web) -> Response:
            self.calls.append(f"{web.method} {web.url.path}")
            if web.headers.get("authorization") != f"Bearer {self.token}":
                return JSONResponse({"error": "invalid_token"}, 401)
            if self.busy:
                self.busy -= 1
                return JSONResponse({"error": "APIRateLimitExceeded"}, 429, {"Retry-After": "1"})
            return await endpoint(web)

        return answer

    def _listing(self, name: str, key: str) -> Endpoint:
        async def answer(web: Web) -> Response:
            if name in self.forbidden:
                return JSONResponse({"error": "Forbidden", "description": "missing scope"}, 403)
            items = self.account.resources.get(name) or []
            start = int(web.query_params.get("page[after]") or 0)
            shown = items[start : start + self.page]
            more = start + self.page < len(items)
            meta = {"has_more": more, "after_cursor": str(start + self.page) if shown else None}
            body = {key: shown, "meta": meta, "links": {"next": "http://elsewhere.example/next"}}
            return _cut(body) if name in self.cut else JSONResponse(body)

        return answer

    async def _settings(self, _web: Web) -> Response:
        return JSONResponse({"settings": self.account.resources.get("settings") or {}})

    def _one(self, kind: str) -> Endpoint:
        wrapper = kind.removesuffix("s")

        async def answer(web: Web) -> Response:
            number = web.path_params["number"]
            item = next((i for i in self.account.resources.get(kind) or [] if i["id"] == number), None)
            return await _changed(web, wrapper, item)

        return answer

    async def _variant(self, web: Web) -> Response:
        items = self.account.resources.get("dynamic_content") or []
        variants = [v for item in items if item["id"] == web.path_params["item"] for v in item["variants"]]
        variant = next((v for v in variants if v["id"] == web.path_params["number"]), None)
        return await _changed(web, "variant", variant)

    async def _request(self, web: Web) -> Response:
        """An anonymous request, as anybody on the internet can make one."""
        given = (await _body(web)).get("request")
        requester = given.get("requester") if isinstance(given, dict) else None
        comment = given.get("comment") if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(requester, dict) or not isinstance(comment, dict):
            return JSONResponse({"error": "RecordInvalid"}, 422)
        fields = {str(f["id"]): str(f["value"]) for f in given.get("custom_fields") or () if isinstance(f, dict)}
        ticket = self.account.submit(
            Request(
                channel="api",
                name=str(requester.get("name", "")),
                email=str(requester.get("email", "")),
                subject=str(given.get("subject", "")),
                body=str(comment.get("body", "")),
                cc=tuple(str(address) for address in given.get("collaborators") or ()),
                fields=fields,
                priority=str(given.get("priority") or ""),
                locale=str(requester.get("locale_id") or ""),
            )
        )
        if ticket is None:
            return JSONResponse({"error": "Couldn't authenticate you"}, 401)
        return JSONResponse({"request": {"id": ticket.number, "status": ticket.values["status"]}}, 201)


async def _changed(web: Web, wrapper: str, item: dict[str, Any] | None) -> Response:
    """Show one object, or change it: what the body holds replaces what was there."""
    if item is None:
        return JSONResponse({"error": "RecordNotFound"}, 404)
    if web.method == "PUT":
        given = (await _body(web)).get(wrapper)
        if not isinstance(given, dict):
            return JSONResponse({"error": "RecordInvalid"}, 422)
        item.update(given)
    return JSONResponse({wrapper: item})


async def _body(web: Web) -> dict[str, Any]:
    content = await web.body()
    try:
        value = json.loads(content) if len(content) <= BODY_BYTES else None
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {}


def _cut(body: dict[str, Any]) -> Response:
    text = json.dumps(body).encode()
    return Response(text[: len(text) // 2], media_type="application/json")
