"""Mail that leaves a helpdesk, through a real Postfix with Stillpost as the page about Postfix says."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path

import pytest
from letters import letter, proven
from tests.e2e import postfixes, stillposts
from tests.e2e.postfixes import Postfix
from tests.e2e.products import QUEUE_ADDRESS, Sink
from tests.e2e.stillposts import Stillpost

pytestmark = pytest.mark.e2e


@contextmanager
def standing(postfix: Postfix, place: Path, **listener: object) -> Iterator[Stillpost]:
    changes: Mapping[str, Mapping[str, object]] = {"milters.out": listener}
    stillpost = stillposts.install(
        place,
        limits=stillposts.WIDE,
        portals={"support": {"proof": "link"}},
        more=postfixes.milters(postfix, **changes),
    )
    with stillposts.running(stillpost):
        postfix.start()
        yield stillpost


def settle(postfix: Postfix, stillpost: Stillpost) -> None:
    for _ in range(2):
        postfix.idle()
        stillpost.idle()
    postfix.idle()


def leaves(postfix: Postfix, mail: bytes, *recipients: str) -> None:
    """The helpdesk hands a mail over."""
    assert postfix.send(mail, QUEUE_ADDRESS, recipients, port=postfix.out) == (250, "")


def notice(to: str, number: int = 1, **more: str) -> bytes:
    """What a helpdesk writes to whoever was typed in."""
    return letter(QUEUE_ADDRESS, to, number=number, body="Your ticket: claim your voucher\r\n", **more)


def test_a_stranger_is_asked_once_and_gets_the_mail_by_his_own_word(
    postfix: Postfix, sink: Sink, tmp_path: Path
) -> None:
    victim = "victim@example.com"
    with standing(postfix, tmp_path) as stillpost:
        for number in range(15):
            leaves(postfix, notice(victim, number), victim)
        settle(postfix, stillpost)
        (asked,) = sink.mails
        assert asked.recipients == (victim,)
        assert b"voucher" not in asked.content
        sink.mails.clear()

        stillpost.confirm(asked.content)
        settle(postfix, stillpost)
        originals = {notice(victim, number) for number in range(15)}
        assert {next(mail for mail in originals if caught.content.endswith(mail)) for caught in sink.mails} == originals
        assert {(caught.sender, caught.recipients) for caught in sink.mails} == {(QUEUE_ADDRESS, (victim,))}
        sink.mails.clear()

        leaves(postfix, notice(victim, 99), victim)
        settle(postfix, stillpost)
        (passed,) = sink.mails
        assert message_from_bytes(passed.content)["Auto-Submitted"] == "auto-generated"


def test_recipients_are_judged_one_by_one(postfix: Postfix, sink: Sink, tmp_path: Path) -> None:
    victims = [f"victim{number}@example{number}.com" for number in range(5)]
    staff = "agent@helpdesk.example.org"
    with standing(postfix, tmp_path) as stillpost:
        leaves(postfix, notice(", ".join(victims)), *victims, staff)
        settle(postfix, stillpost)
        challenges = [caught for caught in sink.mails if b"Stillpost-Challenge" in caught.content]
        assert sorted(caught.recipients for caught in challenges) == [(victim,) for victim in victims]
        (other,) = [caught for caught in sink.mails if caught not in challenges]
        assert other.recipients == (staff,)


def test_an_answer_to_a_proven_mail_reaches_its_author_and_nobody_else(
    postfix: Postfix, sink: Sink, tmp_path: Path
) -> None:
    ann = "ann@example.com"
    with standing(postfix, tmp_path) as stillpost:
        mail = letter(ann, QUEUE_ADDRESS, proven(ann), number=7)
        assert postfix.send(mail, ann, [QUEUE_ADDRESS]) == (250, "")
        settle(postfix, stillpost)
        sink.mails.clear()
        answer = notice(ann, In_Reply_To="<7.ann@example.com>")
        leaves(postfix, answer, ann, "victim@example.net")
        settle(postfix, stillpost)
        (passed,) = sink.to(ann)
        assert message_from_bytes(passed.content)["Auto-Submitted"] == "auto-replied"
        assert passed.content.endswith(answer)
        (asked,) = sink.to("victim@example.net")
        assert b"Stillpost-Challenge" in asked.content


def test_a_proven_address_gets_so_many_notices_and_no_more(postfix: Postfix, sink: Sink, tmp_path: Path) -> None:
    ann = "ann@example.com"
    with standing(postfix, tmp_path) as stillpost:
        asked = stillpost.ask(ann, "a question")
        assert asked.state == "challenged"
        settle(postfix, stillpost)
        (challenge,) = sink.to(ann)
        stillpost.confirm(challenge.content)
        settle(postfix, stillpost)
        sink.mails.clear()
        for number in range(9):
            leaves(postfix, notice(ann, number), ann)
        settle(postfix, stillpost)
        assert len(sink.to(ann)) == 5


def test_a_program_that_calls_sendmail_is_no_way_around(postfix: Postfix, sink: Sink, tmp_path: Path) -> None:
    victim = "victim@example.com"
    with standing(postfix, tmp_path) as stillpost:
        command = ["/usr/sbin/sendmail", "-C", str(postfix.etc), "-f", QUEUE_ADDRESS, victim]
        subprocess.run(command, input=notice(victim).replace(b"\r\n", b"\n"), check=True)
        settle(postfix, stillpost)
        (asked,) = sink.mails
        assert b"Stillpost-Challenge" in asked.content
        assert b"voucher" not in asked.content


def test_observe_lets_everything_through_with_its_advice(postfix: Postfix, sink: Sink, tmp_path: Path) -> None:
    with standing(postfix, tmp_path, mode="observe") as stillpost:
        leaves(postfix, notice("victim@example.com"), "victim@example.com")
        settle(postfix, stillpost)
        (passed,) = sink.mails
        advice = message_from_bytes(passed.content)["Stillpost-Advice"]
        assert advice == "challenge; recipients=1; reason=not-proven"
        assert passed.content.endswith(notice("victim@example.com"))


def test_nothing_passes_while_stillpost_does_not_run_and_nothing_is_refused(
    postfix: Postfix, sink: Sink, tmp_path: Path
) -> None:
    with standing(postfix, tmp_path) as stillpost:
        stillpost.kill()
        leaves(postfix, notice("victim@example.com"), "victim@example.com")
        code, _ = postfix.send(letter("ann@example.com", QUEUE_ADDRESS), "ann@example.com", [QUEUE_ADDRESS])
        assert code // 100 == 4
        assert postfix.queue("hold") == 1
        assert sink.mails == []
        stillpost.start()
