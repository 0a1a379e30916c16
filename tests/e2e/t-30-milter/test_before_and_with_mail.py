"""The same strangers' mails, forms and calls to real helpdesks behind a real Postfix: without Stillpost, and with it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from letters import letter, proven
from tests.e2e import postfixes, products, stillposts
from tests.e2e.conftest import Needs
from tests.e2e.postfixes import PAGE, Postfix, block
from tests.e2e.products import QUEUE_ADDRESS, TRACKER_ADDRESS, Caught, DjangoHelpdesk, Roundup, Sink
from tests.e2e.shapes import BAIT, BURST_OF_CALLS, BURST_OF_FORMS, BURST_OF_MAILS, BURST_SIZE, SHAPES, Shape
from tests.e2e.stillposts import Stillpost, eventually

pytestmark = pytest.mark.e2e

OWN = (QUEUE_ADDRESS, TRACKER_ADDRESS)
WRITTEN = Path(__file__).parents[3] / "docs/before-and-with-mail.md"
PROVEN = tuple(f"customer{number}@customer{number}.example" for number in range(3))


@dataclass(frozen=True, slots=True)
class Mailed:
    """Mails to people who proved nothing, how many of them are our question, how many carry the stranger's words."""

    mails: int = 0
    questions: int = 0
    with_words: int = 0

    def __str__(self) -> str:
        told = [f"{self.questions} our question"] if self.questions else []
        told += [f"{self.with_words} with words"] if self.with_words else []
        return ", ".join([str(self.mails), *told])


@dataclass(slots=True, kw_only=True)
class World:
    """A helpdesk behind a Postfix; ``give`` hands it the mails that came for its address."""

    postfix: Postfix
    sink: Sink
    address: str
    give: Callable[[list[bytes]], None]
    reply: Callable[[str, str], None]
    form: Callable[[Shape, int], None] | None = None
    call: Callable[[Shape], None] | None = None
    stillpost: Stillpost | None = None
    heard: list[Caught] = field(default_factory=list)

    def settle(self) -> None:
        """Until nothing is on its way anywhere, and the helpdesk has what came for it."""
        for _ in range(3):
            self.postfix.idle()
            if self.stillpost is not None:
                self.stillpost.idle()
            self.postfix.idle()
            came, others = [], []
            for caught in self.sink.mails:
                (came if self.address in caught.recipients else others).append(caught)
            self.sink.mails.clear()
            self.heard += others
            if not came:
                continue
            self.give([caught.content for caught in came])

    def attack(self) -> dict[Shape, Mailed]:
        """Every shape as a mail; the bursts as mails, forms and calls where the product has them."""
        for shape in (*SHAPES, *[BURST_OF_MAILS] * BURST_SIZE):
            number = len(self.heard) + len(self.sink.mails)
            code, said = self.postfix.send(shape.mail(self.address, number), shape.victim, [self.address])
            assert code == 250, said
        self.settle()
        for number in range(BURST_SIZE):
            if self.form is not None:
                self.form(BURST_OF_FORMS, number)
            if self.call is not None:
                self.call(BURST_OF_CALLS)
        self.settle()
        return {shape: self.mailed(shape) for shape in (*SHAPES, BURST_OF_FORMS, BURST_OF_CALLS, BURST_OF_MAILS)}

    def mailed(self, shape: Shape) -> Mailed:
        ours = [caught for caught in self.heard for recipient in caught.recipients if recipient in shape.everybody]
        return Mailed(
            mails=len(ours),
            questions=sum(b"Stillpost-Challenge" in caught.content for caught in ours),
            with_words=sum(BAIT.encode() in caught.content for caught in ours),
        )

    def to(self, address: str) -> list[Caught]:
        return [caught for caught in self.heard if address in caught.recipients]


@contextmanager
def django_world(place: Path) -> Iterator[tuple[World, DjangoHelpdesk]]:
    with ExitStack() as stack:
        sink = stack.enter_context(products.listening())
        postfix = stack.enter_context(postfixes.placed(sink.port))
        desk = stack.enter_context(products.running_django_helpdesk(place, sink, smtp_port=postfix.out))

        def give(mails: list[bytes]) -> None:
            for number, mail in enumerate(mails):
                (desk.place / "inbox" / f"{number}").write_bytes(mail)
            desk.run("fetch")

        def call(shape: Shape) -> None:
            auth = httpx2.BasicAuth(desk.username, desk.password)
            with httpx2.Client(base_url=desk.url, auth=auth, trust_env=False, timeout=60) as client:
                body = {"queue": desk.queue, "title": shape.subject, "description": shape.text, "priority": 3}
                assert client.post("api/tickets/", json=body | {"submitter_email": shape.victim}).status_code == 201

        def reply(customer: str, words: str) -> None:
            (ticket,) = [one for one in desk.tickets() if one["submitter_email"] == customer]
            desk.run("reply", str(ticket["id"]), words)

        def form(shape: Shape, number: int) -> None:
            desk.post_form(shape.victim, f"{shape.subject} {number}", shape.text)

        yield (
            World(postfix=postfix, sink=sink, address=QUEUE_ADDRESS, give=give, reply=reply, form=form, call=call),
            desk,
        )


@contextmanager
def roundup_world(place: Path) -> Iterator[tuple[World, Roundup]]:
    with ExitStack() as stack:
        sink = stack.enter_context(products.listening())
        postfix = stack.enter_context(postfixes.placed(sink.port))
        desk = stack.enter_context(products.running_roundup(place, sink, auto_reply=True, smtp_port=postfix.out))

        def give(mails: list[bytes]) -> None:
            for mail in mails:
                desk.receive(mail)

        def reply(customer: str, words: str) -> None:
            user = desk.admin("filter", "user", f"address={customer}").strip(" []'\n")
            issue = desk.admin("find", "issue", f"creator={user}").strip(" []'\n")
            message = desk.admin("create", "msg", f"content={words}", "author=1").strip()
            desk.admin("set", f"issue{issue}", f"messages=+{message}")

        yield World(postfix=postfix, sink=sink, address=TRACKER_ADDRESS, give=give, reply=reply), desk


@contextmanager
def with_stillpost(
    world: World, place: Path, desk: DjangoHelpdesk | Roundup, product: str, unproven: str
) -> Iterator[None]:
    """Stillpost and Postfix as the page says, the helpdesk's account as its own page says."""
    place.mkdir()
    (place / "password").write_text(f"{desk.password}\n")
    account = {"username": desk.username, "password_file": str(place / "password")}
    world.stillpost = stillposts.install(
        place,
        limits=stillposts.WIDE,
        portals={"support": {"proof": "link"}},
        helpdesk={"product": product, "url": desk.url, **account},
        more=postfixes.milters(
            world.postfix,
            **{
                "milters.in": {"addresses": [world.address], "unproven": unproven},
                "milters.out": {"addresses": [world.address]},
            },
        ),
    )
    world.postfix.configure(block(PAGE, "cf", 0), block(PAGE, "cf", 1))
    with stillposts.running(world.stillpost):
        world.postfix.start()
        yield


def serve_customers(world: World) -> int:
    """Proven mails become tickets, agents answer them, answers arrive; how many tickets."""
    for number, customer in enumerate(PROVEN):
        mail = letter(customer, world.address, proven(customer), number=number)
        assert world.postfix.send(mail, customer, [world.address]) == (250, "")
    world.settle()
    confirmations = [len(world.to(customer)) for customer in PROVEN]
    assert confirmations == [1] * len(PROVEN), "a proven mail is answered as ever"
    for customer in PROVEN:
        world.reply(customer, f"the-agents-words for {customer}")

    def arrived() -> bool:
        world.settle()
        found = [caught for caught in world.heard if b"the-agents-words" in caught.content]
        return sorted(caught.recipients[0] for caught in found) == sorted(PROVEN)

    eventually(arrived, lambda: world.stillpost.log.read_text()[-3000:] if world.stillpost else "")
    return len(PROVEN)


def without_milters(master: str) -> str:
    """The page's master.cf with no Stillpost in it: the helpdesk's port stays."""
    return "\n".join(line for line in master.splitlines() if "smtpd_milters" not in line) + "\n"


@pytest.mark.timeout(900)
def test_the_same_requests_mail_strangers_before_and_none_but_one_question_with_stillpost(
    needs: Needs, tmp_path: Path
) -> None:
    needs("postfix")
    table: dict[Shape, list[Mailed]] = {}
    columns = (
        ("django", django_world, "django-helpdesk", ("", "quiet", "challenge")),
        ("roundup", roundup_world, "roundup", ("", "challenge")),
    )
    for name, made, product, ways in columns:
        for unproven in ways:
            place = tmp_path / f"{name}-{unproven or 'before'}"
            place.mkdir()
            with made(place) as (world, desk):
                if not unproven:
                    world.postfix.configure("", without_milters(block(PAGE, "cf", 1)))
                    world.postfix.start()
                    measured = world.attack()
                else:
                    with with_stillpost(world, place / "stillpost", desk, product, unproven):
                        measured = world.attack()
                        tickets = serve_customers(world)
                        assert tickets == len(PROVEN)
                    for shape, cell in measured.items():
                        assert cell.with_words == 0, shape.name
                        assert cell.mails == cell.questions <= 1 + len(shape.others) + len(shape.copies), shape.name
                for shape, cell in measured.items():
                    table.setdefault(shape, []).append(cell)
    assert [cells[0].mails for shape, cells in table.items() if shape in (BURST_OF_FORMS, BURST_OF_MAILS)] == [15, 15]
    check(WRITTEN, page(table))


def page(measured: dict[Shape, list[Mailed]]) -> str:
    """``docs/before-and-with-mail.md``."""
    head = (Path(__file__).parent / "page.md").read_text(encoding="utf-8")
    table = [
        (
            '| what a stranger sends | django-helpdesk before | with, `unproven = "quiet"` | with, `"challenge"` '
            '| Roundup before | with, `"challenge"` |'
        ),
        "|---|---|---|---|---|---|",
    ]
    for shape, cells in measured.items():
        sent = {BURST_OF_FORMS: "forms", BURST_OF_CALLS: "API calls", BURST_OF_MAILS: "mails"}.get(shape, "a mail")
        shown = ["-" if sent in {"forms", "API calls"} and at > 2 else str(cell) for at, cell in enumerate(cells)]
        table.append(f"| {sent}: {shape.name} | {' | '.join(shown)} |")
    return head.replace("TABLE\n", "\n".join(table) + "\n\n")


def check(path: Path, wanted: str) -> None:
    """The page says what was just measured; STILLPOST_WRITE_PAGES=1 writes it."""
    if os.environ.get("STILLPOST_WRITE_PAGES"):
        path.write_text(wanted, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == wanted, f"{path.name} is old: run this test with STILLPOST_WRITE_PAGES=1"
