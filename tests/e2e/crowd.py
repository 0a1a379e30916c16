"""A crowd of visitors against a process that dies: who asked, what each was told, who proved, and what must be true after."""

import asyncio
import hashlib
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import loads

import httpx2

from tests.e2e import stillposts
from tests.e2e.products import Sink
from tests.e2e.stillposts import Answer, Stillpost

SPELLINGS = ("{0}@gmail.com", "{0}+shop@gmail.com", "{1}@gmail.com", "{0}@GMAIL.com", "{0}+news@googlemail.com")
"""One mailbox, five ways: case, plus parts, dots, the provider's other name."""


def spellings(person: int) -> tuple[str, ...]:
    name = f"person{person}"
    return tuple(text.format(name, f"per.son{person}") for text in SPELLINGS)


@dataclass(slots=True, kw_only=True)
class Asked:
    """One request. ``answer`` None: the connection broke, so nobody knows whether it was kept."""

    subject: str
    email: str
    person: int
    portal: str
    files: tuple[bytes, ...]
    answer: Answer | None = None
    proof: str = "none"  # none, tried (no answer came), proven


@dataclass(slots=True)
class Receiver:
    """A program that takes tickets by webhook and remembers ids, as its page tells to."""

    port: int = 0
    bodies: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    posts: Counter[str] = field(default_factory=Counter)
    took: Callable[[], None] = lambda: None
    errs: Callable[[str], bool] = lambda key: False


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """A webhook receiver on loopback. ``errs`` of an id: answer 500 this time."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            body = self.rfile.read(size)
            if len(body) < size:  # its sender died
                self.close_connection = True
                return
            key = self.headers["Idempotency-Key"]
            receiver.bodies[key].add(body)
            receiver.posts[key] += 1
            receiver.took()
            self.send_response(500 if receiver.errs(key) else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            del args

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda request, address: None  # type: ignore[method-assign]  # senders die here
        receiver.port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Visitors who ask and prove at once, until told to stop. ``happened`` is called at each thing that happens."""

    stillpost: Stillpost
    relay: Sink
    chance: random.Random
    portals: tuple[str, ...]
    happened: Callable[[], None] = lambda: None
    asked: list[Asked] = field(default_factory=list)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False
    number: int = 0
    opened: set[str] = field(default_factory=set)
    surprises: list[str] = field(default_factory=list)

    async def visit(self) -> None:
        """One visitor after another."""
        ip = f"198.51.{self.chance.randrange(256)}.{self.chance.randrange(256)}"
        limits = httpx2.Limits(max_keepalive_connections=0)
        async with httpx2.AsyncClient(
            base_url=self.stillpost.url, headers={"X-Forwarded-For": ip}, trust_env=False, timeout=30, limits=limits
        ) as client:
            while not self.over:
                await self.up.wait()
                act = self.chance.choice((self._ask, self._ask, self._confirm, self._write))
                await act(client)

    async def _ask(self, client: httpx2.AsyncClient) -> None:
        chance, self.number = self.chance, self.number + 1
        number = self.number
        person = chance.randrange(40) if chance.random() < 0.5 else 1000 + number
        email = chance.choice(spellings(person)) if person < 1000 else f"person.{number}@company-{number}.example"
        files = tuple(chance.randbytes(chance.randrange(1, 3000)) for _ in range(chance.choice((0, 0, 1, 2))))
        asked = Asked(
            subject=f"Question {number}", email=email, person=person, portal=chance.choice(self.portals), files=files
        )
        try:
            page = (await client.get(f"/p/{asked.portal}")).text
        except httpx2.HTTPError:
            return
        self.asked.append(asked)
        try:
            fields = {"email": email, "subject": asked.subject, "message": f"{number} please", "name": ""}
            fields["page"] = stillposts.hidden(page, "page")
            uploads = [("attachments", (f"{place}.bin", content)) for place, content in enumerate(files)]
            answer = await client.post(f"/p/{asked.portal}", data=fields, files=uploads or None)
        except httpx2.HTTPError:
            return
        if answer.status_code == 202:
            asked.answer = stillposts.told(answer)
        else:
            self.surprises.append(f"asked: {answer.status_code} {answer.text}")
        self.happened()

    async def _confirm(self, client: httpx2.AsyncClient) -> None:
        """Open a link of the relay's, tick everything that is shown."""
        mails = [caught for caught in list(self.relay.mails) if caught.recipients[0] not in self.opened]
        if not mails:
            return
        mail = self.chance.choice(mails)
        path = stillposts.link(mail.content, "confirm")
        try:
            page = await client.get(path)
            shown = stillposts.listed(page.text)
            mine = [asked for asked in self.asked if asked.subject in {subject for _, subject in shown}]
            for asked in mine:
                asked.proof = "tried" if asked.proof == "none" else asked.proof
            self.opened.add(mail.recipients[0])
            form = {
                "answer": "ticked",
                "mine": [number for number, _ in shown],
                "shown": [number for number, _ in shown],
            }
            done = await client.post(path, data=form)
        except httpx2.HTTPError:
            return
        for number, subject in shown:
            if number in done.text:
                next(asked for asked in mine if asked.subject == subject).proof = "proven"
        if done.status_code != 200:
            self.surprises.append(f"confirmed: {done.status_code} {done.text}")
        self.happened()

    async def _write(self, client: httpx2.AsyncClient) -> None:
        """Write a first mail for a request of which the code is known."""
        del client
        waiting = [asked for asked in self.asked if asked.answer is not None and asked.proof == "none"]
        if not waiting:
            return
        asked = self.chance.choice(waiting)
        asked.proof = "tried"
        assert asked.answer is not None
        try:
            code, said = await asyncio.to_thread(self.stillpost.first_mail, asked.email.lower(), asked.answer.code)
        except OSError:  # smtplib's errors are OSErrors
            return
        if code == 250:
            asked.proof = "proven"
        elif "Nothing waits for this code" not in said:  # a link may have been quicker
            self.surprises.append(f"wrote: {code} {said}")
        self.happened()


@dataclass(frozen=True, slots=True)
class Got:
    """A ticket as the Maildir or the receiver has it."""

    subject: str
    files: tuple[str, ...]


def digests(contents: "list[bytes] | tuple[bytes, ...]") -> tuple[str, ...]:
    return tuple(hashlib.sha256(content).hexdigest() for content in contents)


def in_maildir(mail: bytes) -> Got:
    parsed = message_from_bytes(mail)
    contents = [part.get_payload(decode=True) for part in parsed.walk() if part.get_filename()]
    return Got(str(parsed["Subject"]), digests([content for content in contents if isinstance(content, bytes)]))


def in_webhook(body: bytes) -> Got:
    told = loads(body)
    return Got(told["subject"], tuple(item["sha256"] for item in told["attachments"]))
