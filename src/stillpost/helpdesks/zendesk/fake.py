"""A small Zendesk on loopback: the calls that Stillpost makes, with their errors, limits and idempotency.

Built from the vendor's documentation and recorded answers, never compared with the real thing; what it does not know,
it answers with 404. ``World`` is its whole state, made for tests to look into and to break: ``fail_after_commit`` cuts
the answer after the work is done, ``limit`` answers 429.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

BODY_BYTES = 64 * 1024 * 1024
IDEMPOTENCY_KEPT = timedelta(hours=2)
WINDOW = timedelta(minutes=1)

Json = dict[str, object]
Endpoint = Callable[[Request], Awaitable[Response]]


@final
@dataclass(frozen=True, slots=True)
class Upload:
    """A file that waits for a comment."""

    name: str
    media_type: str
    content: bytes


@final
@dataclass(slots=True)
class World:
    """One account: its tickets and their comments, its tokens, and how it misbehaves. Grows with the test, no cap."""

    clock: Callable[[], datetime]
    tokens: set[str] = field(default_factory=set)
    clients: dict[str, str] = field(default_factory=dict)
    limit: int = 700
    fail_after_commit: int = 0
    tickets: dict[int, Json] = field(default_factory=dict)
    comments: dict[int, list[Json]] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    calls: list[datetime] = field(default_factory=list)
    answers: dict[str, tuple[datetime, str, Json]] = field(default_factory=dict)

    def issue_token(self) -> str:
        """A new access token."""
        token = hashlib.sha256(f"token {len(self.tokens)}".encode()).hexdigest()
        self.tokens.add(token)
        return token


def account(world: World) -> Starlette:
    """The account as an ASGI application."""
    fake = _Account(world)
    api: list[tuple[str, str, Endpoint]] = [
        ("GET", "/api/v2/tickets", fake.list_tickets),
        ("POST", "/api/v2/tickets", fake.make_ticket),
        ("PUT", "/api/v2/tickets/{number:int}", fake.change_ticket),
        ("GET", "/api/v2/tickets/{number:int}/comments", fake.list_comments),
        ("POST", "/api/v2/uploads", fake.upload),
    ]
    routes = [Route(path, fake.guarded(endpoint), methods=[method]) for method, path, endpoint in api]
    return Starlette(routes=[*routes, Route("/oauth/tokens", fake.grant, methods=["POST"])])


@final
class _Account:
    def __init__(self, world: World) -> None:
        self._world = world

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        """Token and limit first; the limit's headers on every answer."""

        async def answer(request: Request) -> Response:
            world = self._world
            now = world.clock()
            world.calls = [call for call in world.calls if call > now - WINDOW]
            left = world.limit - len(world.calls) - 1
            limits = {"X-Rate-Limit": str(world.limit), "X-Rate-Limit-Remaining": str(max(left, 0))}
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme != "Bearer" or token not in world.tokens:
                wrong = {"error": "invalid_token", "error_description": "The access token provided is invalid."}
                return JSONResponse(wrong, 401, limits)
            if left < 0:
                wait = int((world.calls[0] + WINDOW - now).total_seconds()) + 1 if world.calls else 60
                busy = {"error": "APIRateLimitExceeded", "description": "Too many requests"}
                return JSONResponse(busy, 429, limits | {"Retry-After": str(wait)})
            world.calls.append(now)
            response = await endpoint(request)
            response.headers.update(limits)
            return response

        return answer

    async def grant(self, request: Request) -> Response:
        """OAuth, client credentials only."""
        asked = await _body(request)
        known = self._world.clients.get(str(asked.get("client_id")))
        if asked.get("grant_type") != "client_credentials" or known is None or asked.get("client_secret") != known:
            return JSONResponse({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
        return JSONResponse(
            {
                "access_token": self._world.issue_token(),
                "token_type": "bearer",
                "scope": asked.get("scope"),
                "expires_in": 1800,
            }
        )

    async def list_tickets(self, request: Request) -> Response:
        """All tickets, or those of one ``external_id``."""
        wanted = request.query_params.get("external_id")
        found = [t for t in self._world.tickets.values() if wanted is None or t.get("external_id") == wanted]
        return JSONResponse({"tickets": found, "count": len(found), "next_page": None, "previous_page": None})

    async def make_ticket(self, request: Request) -> Response:
        """Make it, or answer again what was answered to the same key."""
        asked = await _body(request)
        key, print_ = request.headers.get("idempotency-key", ""), json.dumps(asked, sort_keys=True)
        if len(key) > 255:
            return _invalid("Idempotency-Key: is too long")
        at, body, answer = self._world.answers.get(key, (None, "", {}))
        if key and at is not None and at > self._world.clock() - IDEMPOTENCY_KEPT:
            if body != print_:
                return JSONResponse({"error": "IdempotentRequestError", "description": "other parameters"}, 400)
            return JSONResponse(answer, 201, {"x-idempotency-lookup": "hit"})
        values = asked.get("ticket")
        comment = values.get("comment") if isinstance(values, dict) else None
        if not isinstance(values, dict) or not isinstance(comment, dict) or not comment.get("body"):
            return _invalid("Description: cannot be blank")
        number = len(self._world.tickets) + 1
        kept = {name: value for name, value in values.items() if name != "comment"}
        ticket: Json = kept | {"id": number, "status": "new", "created_at": self._world.clock().isoformat()}
        self._world.tickets[number] = ticket
        self._world.comments[number] = []
        self._comment(number, comment)
        answer = {"ticket": ticket}
        if key:
            self._world.answers[key] = (self._world.clock(), print_, answer)
        return self._after_commit(JSONResponse(answer, 201, {"x-idempotency-lookup": "miss"}))

    async def change_ticket(self, request: Request) -> Response:
        """Add a comment and set fields."""
        number = int(request.path_params["number"])
        if number not in self._world.tickets:
            return JSONResponse({"error": "RecordNotFound", "description": "Not found"}, 404)
        values = (await _body(request)).get("ticket")
        if not isinstance(values, dict):
            return _invalid("ticket: is missing")
        if isinstance(comment := values.get("comment"), dict):
            self._comment(number, comment)
        self._world.tickets[number].update({name: value for name, value in values.items() if name != "comment"})
        return self._after_commit(JSONResponse({"ticket": self._world.tickets[number]}))

    async def list_comments(self, request: Request) -> Response:
        """A ticket's comments, oldest first."""
        comments = self._world.comments.get(int(request.path_params["number"]))
        if comments is None:
            return JSONResponse({"error": "RecordNotFound", "description": "Not found"}, 404)
        return JSONResponse({"comments": comments, "count": len(comments)})

    async def upload(self, request: Request) -> Response:
        """Keep a file until a comment takes it."""
        name = request.query_params.get("filename", "")
        if not name:
            return _invalid("filename: is missing")
        content = await request.body()
        token = hashlib.sha256(f"upload {len(self._world.uploads)}".encode()).hexdigest()[:24]
        self._world.uploads[token] = Upload(name, request.headers.get("content-type", ""), content)
        return JSONResponse({"upload": {"token": token, "attachment": {"file_name": name, "size": len(content)}}}, 201)

    def _comment(self, number: int, comment: Mapping[str, object]) -> None:
        tokens = comment.get("uploads")
        names = [self._world.uploads[token].name for token in tokens] if isinstance(tokens, list) else []
        self._world.comments[number].append(
            {
                "id": len(self._world.comments[number]) + 1,
                "body": comment.get("body"),
                "public": comment.get("public", True),
                "attachments": [{"file_name": name} for name in names],
            }
        )

    def _after_commit(self, response: Response) -> Response:
        if self._world.fail_after_commit > 0:
            self._world.fail_after_commit -= 1
            return JSONResponse({"error": "InternalError", "description": "after the work was done"}, 500)
        return response


def _invalid(why: str) -> Response:
    return JSONResponse({"error": "RecordInvalid", "description": "Record validation errors", "details": why}, 422)


async def _body(request: Request) -> Json:
    content = await request.body()
    try:
        value = json.loads(content) if len(content) <= BODY_BYTES else None
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {}
