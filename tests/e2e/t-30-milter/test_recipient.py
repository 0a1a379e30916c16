"""Mail for people through a real Postfix: a wave is held from its alarm on, everything else arrives, and all comes back."""

import smtplib
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from letters import letter
from tests.e2e import stillposts
from tests.e2e.postfixes import PAGE, Postfix, block
from tests.e2e.products import Sink
from tests.e2e.stillposts import Stillpost

from stillpost.lab.injection import OWNER, Attack, Injected, inject
from stillpost.lab.letters import OWN_SERVER
from stillpost.mail.author import author_of
from stillpost.mail.automatic import automatic
from stillpost.mail.message import read
from stillpost.mail.platform import attribute
from stillpost.mail.roles import is_automatic

pytestmark = pytest.mark.e2e
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DOMAIN = OWNER.partition("@")[2]
COLD_LIMIT = 10  # newcomers within five minutes, at a mailbox that is known for less than two weeks


@contextmanager
def standing(postfix: Postfix, place: Path, **listener: object) -> Iterator[Stillpost]:
    table = tomllib.loads(postfix.printed(block(PAGE, "toml", 1)))["milters"]["people"]
    table |= {"trusted_peers": ["127.0.0.0/8"], "authserv_ids": [OWN_SERVER]}
    stillpost = stillposts.install(place, more={"milters.people": table | listener})
    main = block(PAGE, "cf", 2)
    back = "127.0.0.1:10026 inet n - y - - smtpd\n  -o smtpd_milters=\n  -o smtpd_relay_restrictions=permit_mynetworks,reject\n"
    postfix.configure(main, f"{back}  -o mynetworks=127.0.0.0/8\n")
    with stillposts.running(stillpost):
        postfix.start()
        yield stillpost


def settle(postfix: Postfix, stillpost: Stillpost) -> None:
    for _ in range(2):
        postfix.idle()
        stillpost.idle()
    postfix.idle()


def writes(postfix: Postfix, to: str) -> None:
    """The owner logs in and writes to somebody."""
    with smtplib.SMTP("127.0.0.1", postfix.port, local_hostname="laptop.example.org", timeout=60) as client:
        client.ehlo()
        assert client.docmd("XCLIENT LOGIN=anna")[0] == 220
        client.ehlo()
        client.sendmail(OWNER, [to], letter(OWNER, to))


def with_crlf(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def arrives(postfix: Postfix, mail: Injected) -> None:
    assert postfix.send(with_crlf(mail.raw), "sender@somewhere.example", [OWNER]) == (250, "")


def held(stillpost: Stillpost) -> list[str]:
    return [line.split()[0] for line in stillpost.command("holds", "list").stdout.splitlines() if "nothing" not in line]


def came(sink: Sink, mails: list[Injected]) -> list[Injected]:
    """Which of these reached the owner."""
    contents = [caught.content for caught in sink.to(OWNER)]
    return [mail for mail in mails if any(f"{mail.message_id}".encode() in content for content in contents)]


def says_it_is_automatic(mail: Injected) -> bool:
    """What the detectors take for a program's: a mark, or an address that only programs write from."""
    headers = read(mail.raw).headers
    author = author_of(headers).address
    found = attribute(headers, author)
    marked = automatic(headers, product=found.tenant.platform if found and found.automatic else "")
    return marked is not None or (author is not None and is_automatic(author))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_wave_is_held_from_its_alarm_on_and_comes_back_as_it_came(
    postfix: Postfix, sink: Sink, tmp_path: Path, seed: int
) -> None:
    mails = inject(Attack(start=START, submissions=40, seed=seed, tail=False))
    wave = [mail for mail in mails if mail.role == "wave"]
    others = [mail for mail in mails if mail.role in {"needle", "purchase", "person"}]
    known = {
        mail.raw.partition(b"\nFrom:")[2].partition(b"@")[2].partition(b">")[0].decode()
        for mail in mails
        if mail.role == "needle"
    }
    with standing(postfix, tmp_path) as stillpost:
        for domain in sorted(known):
            writes(postfix, f"service@{domain}")
        for mail in mails:
            if mail.role != "history":
                arrives(postfix, mail)
        settle(postfix, stillpost)
        through = came(sink, wave)
        waiting = held(stillpost)
        listed = stillpost.command("holds", "show", waiting[0]).stdout
        before = [mail for mail in through if mail.message_id.strip("<>") in listed]
        assert before == wave[: len(before)], "what came before the alarm is listed"
        assert len({mail.submission for mail in before}) < COLD_LIMIT
        after = [mail for mail in through if mail not in before]
        assert not any(map(says_it_is_automatic, after)), "after the alarm only what looks written by hand passes"
        assert len(after) < len(wave) / 4
        passing = [mail for mail in others if mail.role in {"needle", "person"}]
        assert came(sink, passing) == passing, "mail of those he knows, and of people, arrives"

        sink.mails.clear()
        for one in waiting:
            assert stillpost.command("holds", "release", one).returncode == 0
        settle(postfix, stillpost)
        back = {mail.message_id for mail in wave if mail not in through}
        released = [caught for caught in sink.mails if caught.recipients == (OWNER,)]
        assert len(released) == len(waiting)
        for mail in wave:
            if mail.message_id in back:
                lines = with_crlf(mail.raw).split(b"\r\n")
                wanted = b"\r\n".join(
                    line for line in lines if not line.startswith(b"Return-Path:")
                )  # Postfix drops it
                assert any(caught.content.endswith(wanted) for caught in released), mail.message_id
        assert {caught.sender for caught in released} == {"sender@somewhere.example"}


def test_without_a_wave_nothing_is_held(postfix: Postfix, sink: Sink, tmp_path: Path) -> None:
    mails = [mail for mail in inject(Attack(start=START, submissions=4, tail=False)) if mail.role != "history"]
    with standing(postfix, tmp_path) as stillpost:
        for mail in mails:
            arrives(postfix, mail)
        settle(postfix, stillpost)
        assert held(stillpost) == []
        assert len(sink.to(OWNER)) == len(mails)


def test_observe_lets_a_wave_through_and_says_what_it_is(postfix: Postfix, sink: Sink, tmp_path: Path) -> None:
    mails = [mail for mail in inject(Attack(start=START, submissions=30, tail=False)) if mail.role == "wave"]
    with standing(postfix, tmp_path, mode="observe") as stillpost:
        for mail in mails:
            arrives(postfix, mail)
        settle(postfix, stillpost)
        assert len(sink.to(OWNER)) == len(mails)
        advised = [caught for caught in sink.to(OWNER) if b"Stillpost-Advice: hold; reason=" in caught.content]
        assert len(advised) > len(mails) / 2
        assert not any(caught in advised for caught in sink.to(OWNER)[: COLD_LIMIT - 2])


def test_mail_arrives_while_stillpost_does_not_run(postfix: Postfix, sink: Sink, tmp_path: Path) -> None:
    mails = inject(Attack(start=START, submissions=3, tail=False))
    with standing(postfix, tmp_path) as stillpost:
        stillpost.kill()
        for mail in mails:
            arrives(postfix, mail)
        postfix.idle()
        assert len(sink.to(OWNER)) == len(mails)
        stillpost.start()
