"""Each product beside something of ours that behaves like it: what the contract suite runs over.

django-helpdesk and Roundup run for real in ``tests/e2e``; here small stand-ins answer as those two were seen to.
"""

import base64
import json
import mailbox
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stillpost.helpdesks.caller import basic
from stillpost.helpdesks.django_helpdesk.ticket import DjangoHelpdeskOptions
from stillpost.helpdesks.maildir.ticket import MaildirOptions
from stillpost.helpdesks.products import PRODUCTS
from stillpost.helpdesks.protocol import Helpdesk
from stillpost.helpdesks.roundup.ticket import RoundupOptions
from stillpost.helpdesks.smtp.ticket import SmtpOptions
from stillpost.helpdesks.webhook.ticket import WebhookOptions, sign
from stillpost.helpdesks.zendesk import fake
from stillpost.helpdesks.zendesk.ticket import ZendeskOptions
from tests.helpdesks.mailserver import mailserver
from tests.helpdesks.servers import serving
from tests.helpdesks.tickets import AT, surroundings

SECRET = "a-secret-only-for-tests"


@dataclass(frozen=True, slots=True)
class Seen:
    """A ticket as the product has it: whom it would mail, and all it can show an agent."""

    mails: str | None
    subject: str
    shown: str
    files: tuple[bytes, ...] = ()


@dataclass(slots=True)
class Beside:
    """A desk, what its product has got, and a way to lose the product's next answer after the work is done."""

    desk: Helpdesk
    seen: Callable[[], list[Seen]]
    lose_answers: Callable[[int], None] | None = None


Setting = Callable[[Path], AbstractAsyncContextManager[Beside]]


def build(name: str, options: object, state: Path) -> Helpdesk:
    (product,) = (product for product in PRODUCTS if product.name == name)
    return product.build(options, surroundings(state))


def secret(place: Path) -> str:
    path = place / "secret"
    path.write_text(f"{SECRET}\n")
    return str(path)


@dataclass(slots=True)
class Losing:
    """Runs an application and throws away as many answers of 2xx to POST or PUT as asked."""

    application: Starlette
    lose: int = 0

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        messages = []

        async def keep(message) -> None:  # type: ignore[no-untyped-def]
            messages.append(message)

        await self.application(scope, receive, keep)
        if self.lose and scope["method"] in {"POST", "PUT"} and messages[0]["status"] < 300:
            self.lose -= 1
            messages[0] = {"type": "http.response.start", "status": 502, "headers": []}
            messages[1:] = [{"type": "http.response.body", "body": b""}]
        for message in messages:
            await send(message)


def _losing(application: Starlette) -> tuple[Losing, Callable[[int], None]]:
    losing = Losing(application)

    def lose(count: int) -> None:
        losing.lose = count

    return losing, lose


# --- the products ---------------------------------------------------------------------------------------------------


def _mail(content: bytes) -> Seen:
    mail = BytesParser(EmailMessage, policy=policy.SMTP).parsebytes(content)
    assert isinstance(mail, EmailMessage)
    text = mail.get_body(("plain",))
    assert text is not None
    answered = None if mail["Auto-Submitted"] else str(mail["From"].addresses[0].addr_spec)
    files = tuple(part.get_content() for part in mail.iter_attachments())
    return Seen(answered, str(mail["Subject"]), text.get_content().replace("\r\n", "\n"), files)


@asynccontextmanager
async def maildir(place: Path) -> AsyncIterator[Beside]:
    def seen() -> list[Seen]:
        box = mailbox.Maildir(place / "tickets", create=True)
        return [_mail(box.get_bytes(key)) for key in sorted(box.keys())]

    yield Beside(build("maildir", MaildirOptions(), place), seen)


@asynccontextmanager
async def smtp(place: Path) -> AsyncIterator[Beside]:
    async with mailserver() as server:
        options = SmtpOptions(
            to="help@desk.example",
            behind="request-tracker",
            sender="portal@desk.example",
            port=server.port,
            tls="off",
            confirm=True,
        )
        desk = build("smtp", options, place)
        yield Beside(desk, lambda: [_mail(mail.original_content or b"") for mail in server.mails])


@asynccontextmanager
async def webhook(place: Path) -> AsyncIterator[Beside]:
    taken: dict[str, Seen] = {}

    async def take(request: Request) -> Response:
        body = await request.body()
        timestamp = request.headers["stillpost-timestamp"]
        assert timestamp == str(int(AT.timestamp()))
        if request.headers["stillpost-signature"] != sign(SECRET, timestamp, body):
            return Response(status_code=401)
        value = json.loads(body)
        files = tuple(_decoded(attachment["content"]) for attachment in value["attachments"])
        shown = json.dumps(value, ensure_ascii=False).replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")
        # A receiver that remembers the key, as its page tells to.
        taken[request.headers["idempotency-key"]] = Seen(value["requester"]["email"], value["subject"], shown, files)
        return JSONResponse({"reference": f"W-{value['id']}"})

    losing, lose = _losing(Starlette(routes=[Route("/take", take, methods=["POST"])]))
    async with serving(losing) as url:
        desk = build("webhook", WebhookOptions(url=f"{url}take", secret_file=secret(place)), place)
        async with aclosing(desk):
            yield Beside(desk, lambda: list(taken.values()), lose)


def _decoded(content: str) -> bytes:
    return base64.b64decode(content, validate=True)


@dataclass(slots=True)
class DjangoStandIn:
    """django-helpdesk's REST API as 2.6.1 answers it."""

    tickets: list[dict[str, object]] = field(default_factory=list)
    follow_ups: list[dict[str, object]] = field(default_factory=list)
    files: dict[int, list[bytes]] = field(default_factory=dict)

    async def list(self, request: Request) -> Response:
        size = int(request.query_params["page_size"])
        page = request.query_params["page"]
        last = max(1, -(-len(self.follow_ups) // size))
        number = last if page == "last" else int(page)
        if not 1 <= number <= last:
            return JSONResponse({"detail": "Invalid page."}, 404)
        shown = self.follow_ups[(number - 1) * size : number * size]
        return JSONResponse({"count": len(self.follow_ups), "next": None, "previous": None, "results": shown})

    async def make(self, request: Request) -> Response:
        asked = await request.json()
        if not asked.get("title", "").strip() or len(asked["title"]) > 200:
            return JSONResponse({"title": ["This field may not be blank."]}, 400)
        address = asked["submitter_email"]
        if address is not None and not (address.isascii() and '"' not in address):
            return JSONResponse({"submitter_email": ["Enter a valid email address."]}, 400)
        number = len(self.tickets) + 1
        text = asked["description"].strip()
        self.follow_ups.append(
            {"ticket": number, "comment": text, "date": AT.isoformat(), "followupattachment_set": []}
        )
        made = {
            "id": number,
            "title": asked["title"].strip(),
            "description": text,
            "submitter_email": address or "",
        }
        self.tickets.append(made)
        self.files[number] = []
        return JSONResponse(made, 201)

    async def follow(self, request: Request) -> Response:
        async with request.form() as form:
            assert "title" not in form
            number = int(str(form["ticket"]))
            upload = form["attachments"]
            assert not isinstance(upload, str)
            self.files[number].append(await upload.read())
            added = {
                "ticket": number,
                "comment": form["comment"],
                "public": form["public"] == "true",
                "date": AT.isoformat(),
                "followupattachment_set": [{"filename": upload.filename}],
            }
        self.follow_ups.append(added)
        return JSONResponse(added, 201)


@asynccontextmanager
async def django_helpdesk(place: Path) -> AsyncIterator[Beside]:
    product = DjangoStandIn()
    routes = [
        Route("/helpdesk/api/tickets/", _basic(product.make), methods=["POST"]),
        Route("/helpdesk/api/followups/", _basic(product.list), methods=["GET"]),
        Route("/helpdesk/api/followups/", _basic(product.follow), methods=["POST"]),
    ]

    def seen() -> list[Seen]:
        return [
            Seen(
                str(one["submitter_email"]) or None,
                str(one["title"]),
                str(one["description"]),
                tuple(product.files[int(str(one["id"]))]),
            )
            for one in product.tickets
        ]

    losing, lose = _losing(Starlette(routes=routes))
    async with serving(losing) as url:
        options = DjangoHelpdeskOptions(url=f"{url}helpdesk", username="stillpost", password_file=secret(place))
        desk = build("django-helpdesk", options, place)
        async with aclosing(desk):
            yield Beside(desk, seen, lose)


def _basic(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def guarded(request: Request) -> Response:
        if request.headers.get("authorization") != basic("stillpost", SECRET):
            return JSONResponse({"detail": "Invalid username/password."}, 403)
        return await endpoint(request)

    return guarded


@dataclass(slots=True)
class RoundupStandIn:
    """Roundup's REST API as 2.6.0 answers it."""

    items: dict[str, list[dict[str, object]]] = field(
        default_factory=lambda: {"msg": [], "issue": [], "file": [], "user": [{"username": "stillpost"}]}
    )
    links: set[str] = field(default_factory=set)
    given: int = 0

    async def search(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        wanted = {key: value for key, value in request.query_params.items() if not key.startswith("@")}
        name = request.query_params["@fields"]
        found = [
            {"id": str(place), name: self._linked(item.get(name))}
            for place, item in enumerate(self.items[kind], start=1)
            if all(self._fits(item.get(key.rstrip(":")), value) for key, value in wanted.items())
        ]
        return JSONResponse({"data": {"collection": found, "@total_size": len(found)}})

    @staticmethod
    def _linked(has: object) -> object:
        return [{"id": number, "link": ""} for number in has] if isinstance(has, list) else has

    @staticmethod
    def _fits(has: object, wanted: str) -> bool:
        return wanted in has if isinstance(has, list) else has == wanted

    async def link(self, request: Request) -> Response:
        assert await request.json() == {}
        self.given += 1
        self.links.add(f"link{self.given}")
        return JSONResponse({"data": {"link": f"{request.url}/link{self.given}", "expires": 0}})

    async def make_once(self, request: Request) -> Response:
        link = request.path_params["link"]
        if link not in self.links:
            return JSONResponse({"error": {"status": 400, "msg": f"POE token '{link}' not valid."}}, 400)
        self.links.remove(link)
        asked = await request.json()
        if any(value == [] for value in asked.values()):
            return JSONResponse({"error": {"status": 409, "msg": "'NoneType' object is not iterable"}}, 409)
        return self._made(request.path_params["kind"], asked)

    async def upload(self, request: Request) -> Response:
        async with request.form() as form:
            upload = form["content"]
            assert not isinstance(upload, str)
            return self._made("file", {"name": form["name"], "type": form["type"], "content": await upload.read()})

    def _made(self, kind: str, item: dict[str, object]) -> Response:
        self.items[kind].append(item)
        return JSONResponse({"data": {"id": str(len(self.items[kind])), "link": ""}}, 201)

    async def files(self, request: Request) -> Response:
        item = self.items["msg"][int(request.path_params["number"]) - 1]
        return JSONResponse({"data": {"data": item.get("files", [])}})


@asynccontextmanager
async def roundup(place: Path) -> AsyncIterator[Beside]:
    product = RoundupStandIn()
    routes = [
        Route("/rest/data/file", _basic(product.upload), methods=["POST"]),
        Route("/rest/data/{kind}", _basic(product.search), methods=["GET"]),
        Route("/rest/data/{kind}/@poe", _basic(product.link), methods=["POST"]),
        Route("/rest/data/{kind}/@poe/{link}", _basic(product.make_once), methods=["POST"]),
        Route("/rest/data/msg/{number:int}/files", _basic(product.files), methods=["GET"]),
    ]

    def seen() -> list[Seen]:
        return [_issue(product, item) for item in product.items["issue"]]

    losing, lose = _losing(Starlette(routes=routes))
    async with serving(losing) as url:
        options = RoundupOptions(url=url, username="stillpost", password_file=secret(place))
        desk = build("roundup", options, place)
        async with aclosing(desk):
            yield Beside(desk, seen, lose)


def _issue(product: RoundupStandIn, item: dict[str, object]) -> Seen:
    numbers, files = item["messages"], item.get("files", [])
    assert isinstance(numbers, list)
    assert isinstance(files, list)
    contents = [product.items["file"][int(number) - 1]["content"] for number in files]
    shown = "".join(str(product.items["msg"][int(number) - 1]["content"]) for number in numbers)
    assert "nosy" not in item
    return Seen(None, str(item["title"]), shown, tuple(content for content in contents if isinstance(content, bytes)))


@asynccontextmanager
async def zendesk(place: Path) -> AsyncIterator[Beside]:
    world = fake.World(clock=lambda: AT, clients={"stillpost": SECRET})

    def seen() -> list[Seen]:
        return [_zendesk_ticket(world, number, one) for number, one in world.tickets.items()]

    losing, lose = _losing(fake.account(world))
    async with serving(losing) as url:
        options = ZendeskOptions(url=url, client_id="stillpost", client_secret_file=secret(place))
        desk = build("zendesk", options, place)
        async with aclosing(desk):
            yield Beside(desk, seen, lose)


def _zendesk_ticket(world: fake.World, number: int, one: dict[str, object]) -> Seen:
    requester = one.get("requester")
    mails = str(requester["email"]) if isinstance(requester, dict) else None
    shown = "\n\n".join(str(comment["body"]) for comment in world.comments[number])
    names = [file["file_name"] for comment in world.comments[number] for file in comment["attachments"]]  # type: ignore[attr-defined]
    contents = {upload.name: upload.content for upload in world.uploads.values()}
    return Seen(mails, str(one["subject"]), shown, tuple(contents[name] for name in names))


SETTINGS: dict[str, Setting] = {
    "maildir": maildir,
    "smtp": smtp,
    "webhook": webhook,
    "django-helpdesk": django_helpdesk,
    "roundup": roundup,
    "zendesk": zendesk,
}
