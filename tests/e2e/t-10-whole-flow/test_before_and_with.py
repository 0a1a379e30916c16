"""The same strangers' requests straight to the helpdesks, and through Stillpost: who is mailed, with whose words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

import httpx2
import pytest
from tests.e2e import products, stillposts
from tests.e2e.products import QUEUE_ADDRESS, TRACKER_ADDRESS, DjangoHelpdesk, Roundup, Sink
from tests.e2e.shapes import BAIT, BURST_OF_CALLS, BURST_OF_FORMS, BURST_OF_MAILS, BURST_SIZE, SHAPES, Shape
from tests.e2e.stillposts import AUTHSERV, FROM, Stillpost

pytestmark = pytest.mark.e2e

BURSTS = (BURST_OF_FORMS, BURST_OF_CALLS, BURST_OF_MAILS)
PAGE = Path(__file__).parents[3] / "docs/before-and-with.md"


@dataclass(frozen=True, slots=True)
class Mailed:
    """Mails to people who proved nothing, and how many of them carry the stranger's words."""

    mails: int
    with_words: int

    def __str__(self) -> str:
        return f"{self.mails}, {self.with_words} with words" if self.with_words else str(self.mails)


def mailed(sink: Sink, shape: Shape, sender: str) -> Mailed:
    """What came from this address; one for each recipient of each mail: the envelope counts, not the message."""
    ours = [caught for caught in sink.mails if sender.encode() in message_from_bytes(caught.content)["From"].encode()]
    heard = [caught for caught in ours for address in caught.recipients if address in shape.everybody]
    return Mailed(len(heard), sum(BAIT.encode() in caught.content for caught in heard))


# --- straight to the helpdesks --------------------------------------------------------------------------------------


def through_api(desk: DjangoHelpdesk, shape: Shape) -> None:
    """What any program with a staff account can do."""
    auth = httpx2.BasicAuth(desk.username, desk.password)
    with httpx2.Client(base_url=desk.url, auth=auth, trust_env=False) as client:
        body = {"queue": desk.queue, "title": shape.subject, "description": shape.text, "submitter_email": shape.victim}
        assert client.post("api/tickets/", json=body | {"priority": 3}).status_code == 201


def straight(django: DjangoHelpdesk, roundup: Roundup) -> None:
    """Every shape as a mail to both, the bursts of forms and calls to django-helpdesk, which has a form and an API."""
    for shape in (*SHAPES, *[BURST_OF_MAILS] * BURST_SIZE):
        number = len(list((django.place / "inbox").iterdir()))
        (django.place / "inbox" / f"{number}").write_bytes(shape.mail(QUEUE_ADDRESS, number))
        roundup.receive(shape.mail(TRACKER_ADDRESS, number))
    django.run("fetch")
    for number in range(BURST_SIZE):
        django.post_form(BURST_OF_FORMS.victim, f"{BURST_OF_FORMS.subject} {number}", BURST_OF_FORMS.text)
        through_api(django, BURST_OF_CALLS)


# --- the same through Stillpost -------------------------------------------------------------------------------------


@contextmanager
def behind(place: Path, proof: str, django: DjangoHelpdesk, roundup: Roundup) -> Iterator[tuple[Stillpost, Sink]]:
    """One Stillpost in front of both, under limits that let a link be mailed whenever the address itself allows it."""
    (place / "password").write_text(f"{django.password}\n")
    account = {"username": django.username, "password_file": str(place / "password")}
    with products.listening() as relay:
        stillpost = stillposts.install(
            place / proof,
            relay=relay.port,
            limits=stillposts.WIDE,
            portals={
                "django": {
                    "proof": proof,
                    "mode": "observe",
                    "helpdesk": {"product": "django-helpdesk", "url": django.url, **account},
                },
                "roundup": {
                    "proof": proof,
                    "mode": "observe",
                    "helpdesk": {"product": "roundup", "url": roundup.url, **account},
                },
            },
        )
        with stillposts.running(stillpost):
            yield stillpost, relay


def attack(stillpost: Stillpost, shape: Shape, number: int = 0) -> None:
    """Everything a stranger can send: the form, the API, and a first mail in the victim's name with his own code."""
    found = [
        f"Authentication-Results: {AUTHSERV}; dmarc=fail header.from=example.com; spf=fail smtp.mailfrom={shape.victim}",
        f"Received: from sender.example by {AUTHSERV}; Mon, 23 Nov 2026 10:00:00 +0000",
        f"Authentication-Results: {AUTHSERV}; dmarc=pass header.from=example.com",  # the stranger's own
    ]
    for portal in ("django", "roundup"):
        answer = stillpost.ask(shape.victim, f"{shape.subject} {number}", shape.text, portal=portal, name=BAIT)
        assert answer.status == 202
        body = {
            "requester": {"email": shape.victim, "name": BAIT},
            "subject": shape.subject,
            "text": shape.text,
            "cc": [*shape.others, *shape.copies],
        }
        assert stillpost.call(body, portal=portal).status_code == 202
        to = stillposts.prove_address(answer.code)
        mail = shape.mail(to, number, *found).replace(b"Subject: ", f"Subject: {answer.code} ".encode())
        code, said = stillposts.hand_over(stillpost.mail_port, mail, shape.victim, to)
        assert code == 550, said


@pytest.mark.timeout(600)
def test_the_same_requests_mail_strangers_before_and_nobody_but_one_challenge_with_stillpost(
    django_helpdesk: DjangoHelpdesk, answering_roundup: Roundup, sink: Sink, tmp_path: Path
) -> None:
    straight(django_helpdesk, answering_roundup)
    before = {
        shape: [mailed(sink, shape, sender) for sender in (QUEUE_ADDRESS, TRACKER_ADDRESS)]
        for shape in (*SHAPES, *BURSTS)
    }
    assert [before[burst][0] for burst in BURSTS] == [Mailed(15, 15)] * 3
    assert before[BURST_OF_MAILS][1] == Mailed(15, 15)

    django_helpdesk.run("close")
    sink.mails.clear()
    tickets = (len(django_helpdesk.tickets()), len(answering_roundup.issues()))
    for proof, most in (("link", 1), ("mail-first", 0)):
        with behind(tmp_path, proof, django_helpdesk, answering_roundup) as (stillpost, relay):
            for shape in before:
                for number in range(BURST_SIZE if shape in BURSTS else 1):
                    attack(stillpost, shape, number)
            stillpost.idle()
            assert sum(len(caught.recipients) for caught in relay.mails) == most * len(before)
            assert len({same(caught.content, caught.recipients[0]) for caught in relay.mails}) == most
            for shape, cells in before.items():
                cells.append(mailed(relay, shape, FROM))
                assert cells[-1] == Mailed(most, 0)
    assert sink.mails == []
    assert (len(django_helpdesk.tickets()), len(answering_roundup.issues())) == tickets
    check(PAGE, page(before))


def same(challenge: bytes, recipient: str) -> str:
    """A challenge without what must differ: who is asked, when, and the links."""
    text = challenge.decode().replace(recipient, "RECIPIENT")
    for what in ("confirm", "not-me"):
        text = text.replace(stillposts.link(challenge, what), f"/{what}/TOKEN")
    kept = [line for line in text.splitlines() if not line.startswith(("Date: ", "Message-ID: <challenge."))]
    return "\n".join(kept)


def page(measured: dict[Shape, list[Mailed]]) -> str:
    """``docs/before-and-with.md``."""
    head = (Path(__file__).parent / "page.md").read_text(encoding="utf-8")
    table = [
        '| what a stranger sends | django-helpdesk | Roundup | both behind Stillpost, `proof = "link"` | `"mail-first"` |',
        "|---|---|---|---|---|",
    ]
    for shape, cells in measured.items():
        sent = {BURST_OF_FORMS: "forms", BURST_OF_CALLS: "API calls", BURST_OF_MAILS: "mails"}.get(shape, "a mail")
        shown = [
            "-" if sent in {"forms", "API calls"} and place == 1 else str(cell) for place, cell in enumerate(cells)
        ]
        table.append(f"| {sent}: {shape.name} | {' | '.join(shown)} |")
    return head.replace("TABLE\n", "\n".join(table) + "\n\n")


def check(path: Path, wanted: str) -> None:
    """The page says what was just measured; STILLPOST_WRITE_PAGES=1 writes it."""
    if os.environ.get("STILLPOST_WRITE_PAGES"):
        path.write_text(wanted, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == wanted, f"{path.name} is old: run this test with STILLPOST_WRITE_PAGES=1"
