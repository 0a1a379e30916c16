"""A helpdesk that hangs or is down: its own tickets wait, nobody else's, and each is there once when it is back."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.e2e import products, stillposts
from tests.e2e.crowd import receiving
from tests.e2e.products import Sink
from tests.e2e.stillposts import Stillpost, eventually

pytestmark = pytest.mark.e2e


@contextmanager
def before(place: Path, relay: Sink, port: int) -> Iterator[Stillpost]:
    """Two portals: one before a webhook at this port, one before a Maildir."""
    place.mkdir(exist_ok=True)
    (place / "secret").write_text("what-the-receiver-knows-too\n")
    hook = {"product": "webhook", "url": f"http://127.0.0.1:{port}/", "secret_file": str(place / "secret")}
    plain = {"proof": "link", "mode": "observe"}
    stillpost = stillposts.install(
        place,
        relay=relay.port,
        limits=stillposts.WIDE,
        portals={"hook": plain | {"helpdesk": hook}, "support": plain},
    )
    with stillposts.running(stillpost):
        yield stillpost


@pytest.fixture
def relay() -> Iterator[Sink]:
    with products.listening() as sink:
        yield sink


def proven(stillpost: Stillpost, portal: str, count: int) -> None:
    for number in range(count):
        email = f"ann.{number}@{portal}.example.com"
        answer = stillpost.ask(email, f"{portal} {number}", portal=portal)
        assert stillpost.first_mail(email, answer.code) == (250, "")


def test_a_helpdesk_that_hangs_keeps_no_challenge_and_no_other_portals_ticket_waiting(
    relay: Sink, tmp_path: Path
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        before(tmp_path, relay, silent.getsockname()[1]) as stillpost,
    ):
        proven(stillpost, "hook", 6)
        seen = len(relay.mails)
        proven(stillpost, "support", 3)
        eventually(lambda: len(stillposts.tickets(stillpost.state)) == 3, "the other portal's tickets", 10)
        eventually(lambda: len(relay.mails) >= seen + 3, "the challenges", 10)


def test_tickets_wait_for_a_helpdesk_that_is_down_over_a_restart_and_each_comes_once(
    relay: Sink, tmp_path: Path
) -> None:
    port = stillposts.free_port()
    with before(tmp_path, relay, port) as stillpost:
        proven(stillpost, "hook", 20)
        eventually(lambda: '"later"' in "".join(stillpost.journal("ticket")), "the first tries")
        assert stillpost.stop() == 0
        stillpost.start()
        with receiving(port) as receiver:
            stillpost.idle(120)
        assert sorted(receiver.posts.values()) == [1] * 20


def test_a_helpdesk_that_errs_at_each_first_try_gets_the_same_bytes_again(relay: Sink, tmp_path: Path) -> None:
    lock, seen = threading.Lock(), set()

    def first(key: str) -> bool:
        with lock:
            new = key not in seen
            seen.add(key)
            return new

    with receiving() as receiver:
        receiver.errs = first
        with before(tmp_path, relay, receiver.port) as stillpost:
            proven(stillpost, "hook", 8)
            stillpost.idle(120)
    assert sorted(receiver.posts.values()) == [2] * 8
    assert all(len(bodies) == 1 for bodies in receiver.bodies.values())
