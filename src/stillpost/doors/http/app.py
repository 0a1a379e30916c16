"""The HTTP door as one ASGI application: routes, static files, and the one place where errors end."""

import ipaddress
import re
from collections.abc import Awaitable, Callable, Mapping
from importlib import resources
from mimetypes import guess_type

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from stillpost.doors.http.api import Api, problem
from stillpost.doors.http.context import Context
from stillpost.doors.http.form import Forms
from stillpost.doors.http.pages import page, problem_page
from stillpost.doors.http.proofs import Proofs
from stillpost.language import N_, translate

NOT_FOUND = N_("There is nothing at this address.")
WRONG_METHOD = N_("This address does not take such a request.")
OUR_FAULT = N_("Something went wrong on our side; it has been noted. Please try again later.")

FORM_PATH = "/p/{portal}"
_SENT = re.compile("/p/([^/]+)")

Endpoint = Callable[[Request], Awaitable[Response]]


def build_app(context: Context) -> ASGIApp:
    """The application over these rooms.

    A form that is sent goes past Starlette's router: a flood takes this way, and the way would cost a tenth of it.
    """
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

    async def abused(request: Request) -> Response:
        """Who is abused now, a line each, for a spam filter's map: ``domains``, or the tenants of one platform."""
        if not _from_this_machine(request):
            raise HTTPException(404)
        kind = request.path_params["kind"]
        found = [each.partition(":") for each in context.abused()]
        if kind == "domains":
            lines = [name for name, colon, _ in found if not colon and "@" not in name]
        else:
            lines = [tenant for platform, colon, tenant in found if colon and platform == kind]
        text = "".join(f"{line}\n" for line in lines if line.isascii() and line.isprintable() and " " not in line)
        return PlainTextResponse(f"# abused now\n{text}", headers={"Cache-Control": "no-store"})

    async def file(request: Request) -> Response:
        found = static.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        content, media_type = found
        caching = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}
        return Response(content, media_type=media_type, headers=caching)

    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        response = _problem(context, request, status, WRONG_METHOD if status == 405 else NOT_FOUND)
        response.headers.update(getattr(error, "headers", None) or {})
        return response

    async def failed(request: Request, error: Exception) -> Response:
        """Outside every endpoint; Starlette raises it on into the server's log, which is silent."""
        context.journal.failed("http", error)
        return PlainTextResponse(translate(OUR_FAULT, "en"), 500)

    def route(path: str, **endpoints: Endpoint) -> Route:
        return Route(path, _guarded(context, endpoints), methods=list(endpoints))

    others = Starlette(
        routes=[
            route("/", GET=index),
            route(FORM_PATH, GET=forms.show, POST=forms.take),
            route("/p/{portal}/puzzle", GET=forms.puzzle),
            route("/r/{secret}", GET=proofs.status),
            route("/confirm/{token}", GET=proofs.confirm_page, POST=proofs.confirm),
            route("/not-me/{token}", GET=proofs.not_me_page, POST=proofs.not_me),
            route("/api/v1/openapi.json", GET=api.description),
            route("/api/v1/portals/{portal}/requests", POST=api.take),
            route("/healthz", GET=health),
            route("/metrics", GET=metrics),
            route("/maps/{kind}", GET=abused),
            route("/static/{name}", GET=file),
        ],
        exception_handlers={HTTPException: refused, Exception: failed},
    )
    take = _guarded(context, {"POST": forms.take})

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        sent = _SENT.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if sent is None:
            return await others(scope, receive, send)
        scope["path_params"] = {"portal": sent[1]}
        response = await take(Request(scope, receive))
        return await response(scope, receive, send)

    return app


def _guarded(context: Context, endpoints: Mapping[str, Endpoint]) -> Endpoint:
    """The endpoint of the request's method. What it raises ends here: Starlette would raise it on into a server's log."""

    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        try:
            return await endpoints[method](request)
        except HTTPException:
            raise
        except Exception as error:  # noqa: BLE001  # a mistake of ours is journalled, and told in one sentence
            context.journal.failed("http", error)
            return _problem(context, request, 500, OUR_FAULT)

    return endpoint


def _problem(context: Context, request: Request, status: int, message: str) -> Response:
    if request.scope["path"].startswith("/api/"):
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
    """Metrics are for the operator: straight from loopback (or a Unix socket), never through a proxy."""
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    if request.client is None:
        return True
    try:
        peer = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    return (getattr(peer, "ipv4_mapped", None) or peer).is_loopback
