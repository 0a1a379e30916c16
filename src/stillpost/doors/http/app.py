"""The HTTP door as one ASGI application: routes, static files, and the one place where errors end."""

import ipaddress
from collections.abc import Awaitable, Callable
from importlib import resources
from mimetypes import guess_type

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stillpost.doors.http.api import Api, problem
from stillpost.doors.http.context import Context
from stillpost.doors.http.form import Forms
from stillpost.doors.http.pages import page, problem_page
from stillpost.doors.http.proofs import Proofs
from stillpost.language import N_, translate

NOT_FOUND = N_("There is nothing at this address.")
WRONG_METHOD = N_("This address does not take such a request.")
OUR_FAULT = N_("Something went wrong on our side; it has been noted. Please try again later.")

Endpoint = Callable[[Request], Awaitable[Response]]


def build_app(context: Context) -> Starlette:
    """The application over these rooms."""
    forms, api, proofs = Forms(context), Api(context), Proofs(context)
    static = _static_files()

    async def index(request: Request) -> Response:
        portals = list(context.portals.values())
        offered = portals[0].options.languages
        return page("index.html", context.language(request), private=False, portals=portals, languages=offered)

    async def health(request: Request) -> Response:
        trouble = context.ready()
        return PlainTextResponse(trouble or "ok", 503 if trouble else 200, headers={"Cache-Control": "no-store"})

    async def metrics(request: Request) -> Response:
        if not _from_this_machine(request):
            raise HTTPException(404)
        return Response(context.journal.exposition(), media_type="text/plain; version=0.0.4")

    async def file(request: Request) -> Response:
        found = static.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        content, media_type = found
        caching = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}
        return Response(content, media_type=media_type, headers=caching)

    async def failed(request: Request, error: Exception) -> Response:
        context.journal.failed("http", error)
        return _problem(context, request, 500, OUR_FAULT)

    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        response = _problem(context, request, status, WRONG_METHOD if status == 405 else NOT_FOUND)
        response.headers.update(getattr(error, "headers", None) or {})
        return response

    return Starlette(
        routes=[
            Route("/", index),
            Route("/p/{portal}", forms.show, methods=["GET"]),
            Route("/p/{portal}", forms.take, methods=["POST"]),
            Route("/p/{portal}/puzzle", forms.puzzle),
            Route("/r/{secret}", proofs.status),
            Route("/confirm/{token}", proofs.confirm_page, methods=["GET"]),
            Route("/confirm/{token}", proofs.confirm, methods=["POST"]),
            Route("/not-me/{token}", proofs.not_me_page, methods=["GET"]),
            Route("/not-me/{token}", proofs.not_me, methods=["POST"]),
            Route("/api/v1/openapi.json", api.description),
            Route("/api/v1/portals/{portal}/requests", api.take, methods=["POST"]),
            Route("/healthz", health),
            Route("/metrics", metrics),
            Route("/static/{name}", file),
        ],
        exception_handlers={HTTPException: refused, Exception: failed},
    )


def _problem(context: Context, request: Request, status: int, message: str) -> Response:
    if request.url.path.startswith("/api/"):
        return problem(status, message)
    language = context.language(request)
    return problem_page(language, status, translate(message, language))


def _static_files() -> dict[str, tuple[bytes, str]]:
    """Read once at the start: a handful of files, and no path of a request ever reaches the disk."""
    folder = resources.files("stillpost.doors.http") / "static"
    return {
        entry.name: (entry.read_bytes(), guess_type(entry.name)[0] or "application/octet-stream")
        for entry in folder.iterdir()
        if entry.is_file() and entry.name.endswith((".css", ".js"))
    }


def _from_this_machine(request: Request) -> bool:
    """Metrics are for the operator: straight from loopback or a private network, never through a proxy."""
    if request.client is None:
        return True
    try:
        peer = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    return peer.is_private and "x-forwarded-for" not in request.headers and "forwarded" not in request.headers
