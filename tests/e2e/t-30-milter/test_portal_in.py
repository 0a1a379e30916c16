"""Mail to a support address through a real Postfix with Stillpost as the page about Postfix says."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
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
    """Stillpost and Postfix as the page says, with changes in ``[milters.in]``."""
    changes: Mapping[str, Mapping[str, object]] = {"milters.in": listener}
    stillpost = stillposts.install(place, more=postfixes.milters(postfix, **changes))
    with stillposts.running(stillpost):
        postfix.start()
        yield stillpost


def settle(postfix: Postfix, stillpost: Stillpost) -> None:
    for _ in range(2):  # what one of them sends may be on its way to the other
        postfix.idle()
        stillpost.idle()
    postfix.idle()


def got(sink: Sink, address: str = QUEUE_ADDRESS) -> list[Message]:
    return [message_from_bytes(caught.content) for caught in sink.to(address)]


def test_what_is_proven_passes_and_what_is_not_waits_for_its_author(
    postfix: Postfix, sink: Sink, tmp_path: Path
) -> None:
    with standing(postfix, tmp_path) as stillpost:
        ann, paula = "ann@example.com", "paula@example.com"
        assert postfix.send(letter(ann, QUEUE_ADDRESS, proven(ann)), ann, [QUEUE_ADDRESS]) == (250, "")
        forged = letter(paula, QUEUE_ADDRESS, Subject="claim your voucher")
        assert postfix.send(forged, paula, [QUEUE_ADDRESS]) == (250, "")
        settle(postfix, stillpost)
        assert [mail["From"] for mail in got(sink)] == [ann]
        (asked,) = sink.to(paula)
        assert message_from_bytes(asked.content)["Stillpost-Challenge"] == "v=1"
        assert b"voucher" not in asked.content
        sink.mails.clear()

        stillpost.confirm(asked.content)
        settle(postfix, stillpost)
        (released,) = sink.mails
        assert (released.sender, released.recipients) == (paula, (QUEUE_ADDRESS,))
        assert released.content.endswith(forged)
        above = message_from_bytes(released.content.removesuffix(forged) + b"\r\n")
        assert set(above.keys()) == {"Received"}


def test_fifty_forged_mails_ask_their_victim_once(postfix: Postfix, sink: Sink, tmp_path: Path) -> None:
    with standing(postfix, tmp_path) as stillpost:
        for number in range(50):
            mail = letter("paula@example.com", QUEUE_ADDRESS, number=number)
            assert postfix.send(mail, "paula@example.com", [QUEUE_ADDRESS])[0] == 250
        settle(postfix, stillpost)
        assert len(sink.mails) == len(sink.to("paula@example.com")) == 1


def test_quiet_marks_the_mail_and_moves_strangers_out_of_copy(postfix: Postfix, sink: Sink, tmp_path: Path) -> None:
    with standing(postfix, tmp_path, unproven="quiet", product="django-helpdesk") as stillpost:
        mail = letter(
            "paula@example.com",
            QUEUE_ADDRESS,
            "Auto-Submitted: no",
            "auto-submitted: no",
            "Stillpost-Moved: forged@example.org",
            Cc="colleague@helpdesk.example.org, Conny <conny@example.org>",
        )
        assert postfix.send(mail, "paula@example.com", [QUEUE_ADDRESS]) == (250, "")
        settle(postfix, stillpost)
        (quiet,) = got(sink)
        assert quiet.get_all("Auto-Submitted") == ["auto-replied"]
        assert quiet.get_all("Cc") == ["colleague@helpdesk.example.org"]
        assert quiet.get_all("Stillpost-Moved") == ["conny@example.org"]
        assert len(sink.mails) == 1


def test_a_proven_mail_keeps_its_text_but_not_strangers_in_copy(postfix: Postfix, sink: Sink, tmp_path: Path) -> None:
    with standing(postfix, tmp_path) as stillpost:
        ann = "ann@example.com"
        mail = letter(ann, f"{QUEUE_ADDRESS}, victim@example.org", proven(ann))
        assert postfix.send(mail, ann, [QUEUE_ADDRESS]) == (250, "")
        settle(postfix, stillpost)
        (taken,) = got(sink)
        assert taken["To"] == QUEUE_ADDRESS
        assert taken["Stillpost-Moved"] == "victim@example.org"
        assert taken["Auto-Submitted"] is None


@pytest.mark.parametrize(
    ("above", "more", "sender"),
    [
        pytest.param((), {"Auto_Submitted": "auto-replied"}, "paula@example.com", id="an autoresponder"),
        pytest.param((), {"Precedence": "bulk"}, "paula@example.com", id="bulk"),
        pytest.param((), {}, "", id="the null sender"),
        pytest.param(
            (proven("paula@example.com"),), {"List_Id": "<talk.example.com>"}, "paula@example.com", id="a list, signed"
        ),
    ],
)
def test_automatic_mail_is_never_answered_and_nobody_is_asked(
    postfix: Postfix, sink: Sink, tmp_path: Path, above: tuple[str, ...], more: dict[str, str], sender: str
) -> None:
    with standing(postfix, tmp_path) as stillpost:
        mail = letter("paula@example.com", QUEUE_ADDRESS, *above, **more)
        assert postfix.send(mail, sender, [QUEUE_ADDRESS]) == (250, "")
        settle(postfix, stillpost)
        assert sink.mails == []
        (line,) = stillpost.command("holds", "list").stdout.splitlines()
        held = line.split()[0]
        assert stillpost.command("holds", "release", held).returncode == 0
        settle(postfix, stillpost)
        (quiet,) = got(sink)
        assert quiet.get_all("Auto-Submitted") == ["auto-replied"]
        assert len(sink.mails) == 1


def test_a_forged_result_and_one_of_an_unknown_server_prove_nothing(
    postfix: Postfix, sink: Sink, tmp_path: Path
) -> None:
    with standing(postfix, tmp_path, unproven="hold") as stillpost:
        paula = "paula@example.com"
        ours = proven(paula).replace("spf=pass", "spf=fail")
        for number, above in enumerate(
            (
                (ours, proven(paula)),
                (proven(paula).replace("mx.", "mx2."),),
                ("Received: from a.example by b.example; Mon, 23 Nov 2026 10:00:00 +0000", proven(paula)),
            )
        ):
            assert postfix.send(letter(paula, QUEUE_ADDRESS, *above, number=number), paula, [QUEUE_ADDRESS])[0] == 250
        settle(postfix, stillpost)
        assert sink.mails == []
        assert len(stillpost.command("holds", "list").stdout.splitlines()) == 3


def test_observe_lets_everything_through_with_its_advice(postfix: Postfix, sink: Sink, tmp_path: Path) -> None:
    with standing(postfix, tmp_path, mode="observe") as stillpost:
        mail = letter("paula@example.com", QUEUE_ADDRESS, Cc="conny@example.org")
        assert postfix.send(mail, "paula@example.com", [QUEUE_ADDRESS]) == (250, "")
        settle(postfix, stillpost)
        (taken,) = got(sink)
        assert taken["Stillpost-Advice"].startswith("challenge; reason=not-authenticated; id=")
        assert taken["Cc"] == "conny@example.org"
        assert len(sink.mails) == 1


def test_other_recipients_of_a_held_mail_get_theirs(postfix: Postfix, sink: Sink, tmp_path: Path) -> None:
    other = "colleague@helpdesk.example.org"
    with standing(postfix, tmp_path, unproven="hold") as stillpost:
        assert postfix.send(letter("paula@example.com", other), "paula@example.com", [QUEUE_ADDRESS, other])[0] == 250
        settle(postfix, stillpost)
        assert [caught.recipients for caught in sink.mails] == [(other,)]
        assert len(stillpost.command("holds", "list").stdout.splitlines()) == 1


def test_a_first_mail_of_the_form_is_taken_here_and_anything_else_to_that_address_refused(
    postfix: Postfix, sink: Sink, tmp_path: Path
) -> None:
    prove = "prove@helpdesk.example.org"
    stillpost = stillposts.install(
        tmp_path,
        portals={"support": {"proof": "mail-first"}},
        more=postfixes.milters(postfix, inbound={"address": prove}),
    )
    with stillposts.running(stillpost):
        postfix.start()
        ann = "ann@example.com"
        asked = stillpost.ask("typed@example.com", "a question")
        to = f"prove+{asked.code}@helpdesk.example.org"
        code, said = postfix.send(letter("eve@example.net", to, Subject=asked.code), "eve@example.net", [to])
        assert (code, said[:9]) == (550, "5.7.1 A p")
        mail = letter(ann, to, proven(ann), Subject=asked.code, number=2)
        assert postfix.send(mail, ann, [to]) == (250, "")
        settle(postfix, stillpost)
        assert stillpost.stands(asked.secret) == "taken in"
        assert sink.mails == []
