"""The relay is down, hangs, hangs up, refuses: no challenge is lost that did not leave, none leaves twice."""

import json
import re
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e import products, stillposts
from tests.e2e.products import HANG_UP, Caught, Sink
from tests.e2e.stillposts import Stillpost, eventually

pytestmark = pytest.mark.e2e

MANY = 40


def portal(place: Path, relay: int, **more: dict[str, object]) -> Stillpost:
    return stillposts.install(
        place, relay=relay, limits=stillposts.WIDE, portals={"support": {"proof": "link", "mode": "observe"}}, more=more
    )


@pytest.fixture
def relay() -> Iterator[Sink]:
    with products.listening() as sink:
        yield sink


def challenged(stillpost: Stillpost, count: int = MANY) -> list[str]:
    addresses = [f"ann.{number}@example.com" for number in range(count)]
    assert {stillpost.ask(address, "Printer").state for address in addresses} == {"challenged"}
    return addresses


def outcomes(stillpost: Stillpost) -> Counter[str]:
    return Counter(json.loads(line)["outcome"] for line in stillpost.journal("challenge"))


def test_challenges_wait_for_a_relay_that_is_down(tmp_path: Path) -> None:
    sink = Sink(port=stillposts.free_port())
    with stillposts.running(portal(tmp_path, sink.port)) as stillpost:
        addresses = challenged(stillpost)
        eventually(lambda: outcomes(stillpost)["later"] >= MANY, "every challenge was put off")
        with products.listening(sink):
            stillpost.idle(60)
        assert sorted(caught.recipients for caught in sink.mails) == sorted((address,) for address in addresses)
        assert outcomes(stillpost)["lost"] == 0


def test_a_relay_that_hangs_up_after_each_mail_gets_every_challenge(relay: Sink, tmp_path: Path) -> None:
    relay.on_mail = lambda kept, _: HANG_UP if kept else None
    with stillposts.running(portal(tmp_path, relay.port)) as stillpost:
        addresses = challenged(stillpost)
        stillpost.idle(120)
        assert sorted(caught.recipients for caught in relay.mails) == sorted((address,) for address in addresses)
        assert outcomes(stillpost)["lost"] == 0


def test_a_challenge_whose_relay_hung_up_in_the_middle_of_the_mail_is_not_sent_again(
    relay: Sink, tmp_path: Path
) -> None:
    seen: list[str] = []

    def cut(caught: Caught) -> str | None:
        seen.append(caught.recipients[0])
        return HANG_UP if len(seen) % 2 else None

    relay.on_data = cut
    with stillposts.running(portal(tmp_path, relay.port)) as stillpost:
        addresses = challenged(stillpost, 10)
        stillpost.idle()
        assert sorted(seen) == sorted(addresses)
        assert outcomes(stillpost) == Counter(lost=5, sent=5)
        answer = stillpost.ask("bob@example.org", "Still here")
        assert stillpost.first_mail("bob@example.org", answer.code) == (250, "")


def test_a_relay_that_refuses_the_null_sender_works_with_an_envelope_sender_and_its_bounces_come_back(
    relay: Sink, tmp_path: Path
) -> None:
    relay.on_mail = lambda kept, sender: None if sender else "553 5.7.1 a sender, please"
    stillpost = portal(tmp_path, relay.port)
    with stillposts.running(stillpost):
        addresses = challenged(stillpost, 3)
        eventually(lambda: outcomes(stillpost)["later"] >= 3, "every challenge was put off")
        assert any("envelope_from" in line for line in stillpost.journal("failed"))
        assert stillpost.stop() == 0
    text = stillpost.config.read_text()
    stillpost.config.write_text(text.replace("[relay]\n", "[relay]\nenvelope_from = 'bounces@portal.example'\n"))
    with stillposts.running(stillpost):
        stillpost.idle(60)
        assert sorted(caught.recipients for caught in relay.mails) == sorted((address,) for address in addresses)
        challenge = relay.mails[0]
        assert re.fullmatch(r"bounces\+[0-9a-f]{32}@portal\.example", challenge.sender)
        bounce = b"From: mailer-daemon@example.com\r\nSubject: failed\r\n\r\nno such user\r\n"  # by its null sender
        assert stillposts.hand_over(stillpost.mail_port, bounce, "", challenge.sender) == (250, "")
        assert stillpost.command("lists", "show", "suppressed", "--format", "json").stdout.count('"key"') == 1


def test_a_recipient_that_the_relay_refuses_holds_up_nobody_else(relay: Sink, tmp_path: Path) -> None:
    with stillposts.running(portal(tmp_path, relay.port)) as stillpost:
        assert stillpost.ask("jörg@example.com", "Not ASCII").state == "challenged"
        addresses = challenged(stillpost, 5)
        stillpost.idle()
        assert {caught.recipients[0] for caught in relay.mails} >= set(addresses)


def test_a_relay_that_says_nothing_holds_up_neither_forms_nor_first_mails_nor_tickets(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        stillposts.running(portal(tmp_path, silent.getsockname()[1])) as stillpost,
    ):
        for number in range(5):
            answer = stillpost.ask(f"ann.{number}@example.com", "Printer")
            assert stillpost.first_mail(f"ann.{number}@example.com", answer.code) == (250, "")
        eventually(lambda: len(stillposts.tickets(stillpost.state)) == 5, "five tickets", 10)
