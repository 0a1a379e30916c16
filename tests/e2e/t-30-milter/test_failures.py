"""What happens to mail when something fails, each with real processes: no mail is lost, none reaches a stranger."""

import os
import resource
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from letters import letter, proven
from tests.e2e import postfixes, stillposts
from tests.e2e.postfixes import Postfix
from tests.e2e.products import QUEUE_ADDRESS, Sink
from tests.e2e.stillposts import Stillpost, eventually

pytestmark = pytest.mark.e2e
VICTIM, ANN = "victim@example.com", "ann@example.com"
QUIET: Mapping[str, object] = {"unproven": "quiet", "product": "django-helpdesk"}


@contextmanager
def standing(
    postfix: Postfix, place: Path, inward: Mapping[str, object] | None = None, before: Sequence[str] = ()
) -> Iterator[Stillpost]:
    stillpost = stillposts.install(
        place,
        limits=stillposts.WIDE,
        portals={"support": {"proof": "link"}},
        more=postfixes.milters(postfix, **{"milters.in": inward or {}}),
    )
    stillpost.before = before
    with stillposts.running(stillpost):
        postfix.start()
        yield stillpost


def settle(postfix: Postfix, stillpost: Stillpost) -> None:
    for _ in range(2):
        postfix.idle()
        stillpost.idle()
    postfix.idle()


def leaves(postfix: Postfix, number: int = 1) -> None:
    """The helpdesk mails a stranger; whatever happens, it is told 250: it would throw away what is refused."""
    mail = letter(QUEUE_ADDRESS, VICTIM, number=number, body="claim your voucher\r\n")
    assert postfix.send(mail, QUEUE_ADDRESS, [VICTIM], port=postfix.out) == (250, "")


def comes(postfix: Postfix, number: int = 1, *above: str) -> tuple[int, str]:
    return postfix.send(letter(ANN, QUEUE_ADDRESS, *above, number=number), ANN, [QUEUE_ADDRESS])


def break_store(stillpost: Stillpost) -> None:
    """The disk is full: no file may grow from now on (the kernel says EFBIG where a disk says ENOSPC)."""
    assert stillpost.process is not None
    resource.prlimit(stillpost.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def mend_store(stillpost: Stillpost) -> None:
    assert stillpost.process is not None
    resource.prlimit(stillpost.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_a_full_disk_defers_what_comes_and_keeps_what_leaves_with_the_mail_server(
    postfix: Postfix, sink: Sink, tmp_path: Path
) -> None:
    with standing(postfix, tmp_path) as stillpost:
        break_store(stillpost)
        code, said = comes(postfix)
        assert (code, said[:5]) == (451, "4.7.1")
        leaves(postfix)
        eventually(lambda: postfix.queue("hold") == 1, postfix.said)
        assert sink.mails == []
        mend_store(stillpost)
        assert comes(postfix)[0] == 250
        leaves(postfix, 2)
        settle(postfix, stillpost)
        assert {caught.recipients for caught in sink.mails} == {(ANN,), (VICTIM,)}
        assert all(b"Stillpost-Challenge" in caught.content for caught in sink.mails)
        assert postfix.queue("hold") == 1


def test_a_full_disk_makes_a_quiet_ticket_where_the_helpdesk_keeps_quiet_mail(
    postfix: Postfix, sink: Sink, tmp_path: Path
) -> None:
    with standing(postfix, tmp_path, QUIET) as stillpost:
        break_store(stillpost)
        assert comes(postfix)[0] == 250
        postfix.idle()
        (quiet,) = sink.mails
        assert quiet.recipients == (QUEUE_ADDRESS,)
        assert b"\r\nAuto-Submitted: auto-replied\r\n" in quiet.content
        mend_store(stillpost)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_a_process_that_dies_in_the_middle_of_mails_loses_none_and_lets_none_out(
    postfix: Postfix, sink: Sink, tmp_path: Path, how: signal.Signals
) -> None:
    """Some mails are answered before it dies and some are not; each is held by us or kept by the mail server."""
    with standing(postfix, tmp_path) as stillpost:
        assert stillpost.process is not None
        for number in range(4):
            leaves(postfix, number)
        with socket.create_connection(("127.0.0.1", postfix.out)) as talking:
            reader = talking.makefile("rb")

            def say(line: bytes, code: bytes) -> None:
                talking.sendall(line)
                while (said := reader.readline())[3:4] == b"-":
                    pass
                assert said.startswith(code), said

            say(b"", b"220")
            say(b"EHLO helpdesk.example\r\n", b"250")
            say(f"MAIL FROM:<{QUEUE_ADDRESS}>\r\n".encode(), b"250")
            say(f"RCPT TO:<{VICTIM}>\r\n".encode(), b"250")
            say(b"DATA\r\n", b"354")
            talking.sendall(letter(QUEUE_ADDRESS, VICTIM, number=99)[:-20])
            os.kill(stillpost.process.pid, how)
            if how is signal.SIGKILL:
                stillpost.kill()
            talking.sendall(b"\r\nthe end\r\n.\r\n")
            if how is signal.SIGSTOP:
                os.kill(stillpost.process.pid, signal.SIGKILL)
                stillpost.kill()
            say(b"", b"250")
        leaves(postfix, 5)
        postfix.idle()
        assert postfix.queue("hold") == 2
        stillpost.start()
        settle(postfix, stillpost)
        assert [b"Stillpost-Challenge" in caught.content for caught in sink.mails] == [True]
        (asked,) = sink.mails
        sink.mails.clear()
        stillpost.confirm(asked.content)
        settle(postfix, stillpost)
        assert len(sink.mails) == 4
        assert postfix.queue("hold") == 2


def test_mail_that_comes_while_nothing_runs_is_tried_again_by_whoever_sends_it(
    postfix: Postfix, sink: Sink, tmp_path: Path
) -> None:
    with standing(postfix, tmp_path) as stillpost:
        stillpost.kill()
        assert comes(postfix, 1, proven(ANN))[0] // 100 == 4
        stillpost.start()
        assert comes(postfix, 1, proven(ANN)) == (250, "")
        settle(postfix, stillpost)
        assert [caught.recipients for caught in sink.mails] == [(QUEUE_ADDRESS,)]


def test_a_mail_server_that_does_not_take_a_released_mail_gets_it_later(
    postfix: Postfix, sink: Sink, tmp_path: Path
) -> None:
    with standing(postfix, tmp_path) as stillpost:
        leaves(postfix)
        settle(postfix, stillpost)
        (asked,) = sink.mails
        sink.mails.clear()
        postfix.stop()
        stillpost.confirm(asked.content)
        eventually(lambda: stillpost.journal("reinjected"), lambda: stillpost.log.read_text()[-2000:])
        postfix.start()
        stillpost.idle(90)
        settle(postfix, stillpost)
        (released,) = sink.mails
        assert released.recipients == (VICTIM,)
        assert b"voucher" in released.content


@pytest.mark.parametrize(
    "mail",
    [
        pytest.param(b"From: a@example.com\r\nFrom: b@example.com\r\nSubject: two\r\n\r\nx\r\n", id="two From fields"),
        pytest.param(b"no header at all\r\n", id="no header"),
        pytest.param(b"\r\n", id="nothing"),
        pytest.param(b"Subject: \xe4\xff\xfe\r\nFrom: \xe4@example.com\r\n\r\n\xe4\r\n", id="8-bit header"),
        pytest.param(b"From: a@example.com\r\nX: a\0b\r\n\r\na\0b\r\n", id="NULs"),
        pytest.param(b"From: a@example.com\r\nX: " + b"x" * 90_000 + b"\r\n\r\nx\r\n", id="one long field"),
        pytest.param(b"From: a@example.com\r\n" + b"X: y\r\n" * 1_500 + b"\r\nx\r\n", id="many fields"),
        pytest.param(
            b"From: a@example.com\r\n" + b"Auto-Submitted: no\r\n" * 20 + b"\r\nx\r\n", id="20 Auto-Submitted fields"
        ),
        pytest.param(b"From: a@example.com\r\n\r\n" + b"y" * 900 + b"\r\n.\r\n..\r\nx", id="dots, no last line end"),
    ],
)
def test_odd_mails_are_held_or_refused_and_the_next_one_is_served(
    postfix: Postfix, sink: Sink, tmp_path: Path, mail: bytes
) -> None:
    with standing(postfix, tmp_path) as stillpost:
        code, said = postfix.send(mail, "someone@example.com", [QUEUE_ADDRESS])
        assert code in {250, 550}, said
        assert postfix.send(mail, QUEUE_ADDRESS, [VICTIM], port=postfix.out) == (250, "")
        assert comes(postfix, 1, proven(ANN)) == (250, "")
        settle(postfix, stillpost)
        (through,) = [caught for caught in sink.mails if b"Stillpost-Challenge" not in caught.content]
        assert through.content.endswith(letter(ANN, QUEUE_ADDRESS, number=1).partition(b"\r\n\r\n")[2])
        assert not stillpost.journal("failed")
