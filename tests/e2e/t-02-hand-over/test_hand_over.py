"""Our adapters and the real products: every proven ticket exactly once, nobody mailed who did not prove his address."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from tests.e2e.cutting import Cutter, cutting
from tests.e2e.products import QUEUE_ADDRESS, DjangoHelpdesk, Roundup, Sink
from tests.helpdesks import tickets

from stillpost.helpdesks.django_helpdesk import ticket as django
from stillpost.helpdesks.protocol import Helpdesk, HelpdeskError, Surroundings
from stillpost.helpdesks.roundup import ticket as tracker
from stillpost.helpdesks.smtp import ticket as mail
from stillpost.model import Ticket

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]


def fresh(ticket_id: str, **changes: object) -> Ticket:
    at = tickets.now()
    return tickets.ticket(ticket_id, at=at, proven_at=at, **changes)


def around(place: Path) -> Surroundings:
    return Surroundings(clock=tickets.now, state=place)


def secret(place: Path, password: str) -> str:
    path = place / "password"
    path.write_text(f"{password}\n")
    return str(path)


@pytest.fixture
async def django_cutter(django_helpdesk: DjangoHelpdesk) -> AsyncIterator[Cutter]:
    async with cutting(django_helpdesk.url) as cutter:
        yield cutter


@pytest.fixture
async def django_desk(
    django_helpdesk: DjangoHelpdesk, django_cutter: Cutter, tmp_path: Path
) -> AsyncIterator[Helpdesk]:
    options = django.DjangoHelpdeskOptions(
        url=django_cutter.url,
        username=django_helpdesk.username,
        password_file=secret(tmp_path, django_helpdesk.password),
        queue=django_helpdesk.queue,
    )
    desk = django.build(options, around(tmp_path))
    yield desk
    await desk.aclose()


@pytest.fixture
async def roundup_cutter(roundup: Roundup) -> AsyncIterator[Cutter]:
    async with cutting(roundup.url) as cutter:
        yield cutter


def roundup_options(roundup: Roundup, cutter: Cutter, place: Path) -> tracker.RoundupOptions:
    return tracker.RoundupOptions(
        url=cutter.url, username=roundup.username, password_file=secret(place, roundup.password)
    )


@pytest.fixture
async def roundup_desk(roundup: Roundup, roundup_cutter: Cutter, tmp_path: Path) -> AsyncIterator[Helpdesk]:
    desk = tracker.build(roundup_options(roundup, roundup_cutter, tmp_path), around(tmp_path))
    yield desk
    await desk.aclose()


# --- django-helpdesk ------------------------------------------------------------------------------------------------


async def test_django_helpdesk_gets_a_ticket_once_though_the_answer_to_its_making_was_cut(
    django_helpdesk: DjangoHelpdesk, django_cutter: Cutter, django_desk: Helpdesk
) -> None:
    one = fresh("T-0001", subject="Größe {{ ticket.secret_key }}", text="first\r\n{% load x %}\nlast")
    django_cutter.cut("POST .*/api/tickets/")
    with pytest.raises(HelpdeskError) as failed:
        await django_desk.deliver(one, ())
    assert not failed.value.permanent
    reference = await django_desk.deliver(one, ())
    assert await django_desk.deliver(one, ()) == reference
    (made,) = django_helpdesk.tickets()
    assert str(made["id"]) == reference
    assert made["title"] == "Größe {{ ticket.secret_key }}"
    assert "{% load x %}" in str(made["description"])
    assert "carol@example.org" in str(made["description"])
    assert [caught.recipients for caught in django_helpdesk.sink.mails] == [("alice@example.com",)]


async def test_django_helpdesk_tells_tickets_apart_that_differ_in_their_id_only(
    django_helpdesk: DjangoHelpdesk, django_desk: Helpdesk
) -> None:
    references = [await django_desk.deliver(fresh(f"T-{number:04}"), ()) for number in range(30)]
    assert len(set(references)) == len(django_helpdesk.tickets()) == 30
    assert await django_desk.deliver(fresh("T-0003"), ()) == references[3]


async def test_a_delivery_to_django_helpdesk_takes_two_calls_however_many_tickets_there_are(
    django_helpdesk: DjangoHelpdesk, django_cutter: Cutter, django_desk: Helpdesk
) -> None:
    django_helpdesk.run("grow", "2000")
    await django_desk.deliver(fresh("T-0001"), ())
    assert [call.partition("?")[0] for call in django_cutter.seen] == [
        "GET /helpdesk/api/followups/",
        "POST /helpdesk/api/tickets/",
    ]


async def test_a_quiet_ticket_makes_django_helpdesk_mail_nobody(
    django_helpdesk: DjangoHelpdesk, django_desk: Helpdesk
) -> None:
    await django_desk.deliver(fresh("T-0001", quiet=True), ())
    (made,) = django_helpdesk.tickets()
    assert not made["submitter_email"]
    assert "alice@example.com" in str(made["description"])
    assert django_helpdesk.sink.mails == []


async def test_django_helpdesk_gets_each_attachment_once_though_the_answer_to_its_upload_was_cut(
    django_helpdesk: DjangoHelpdesk, django_cutter: Cutter, django_desk: Helpdesk
) -> None:
    contents = (b"first file", b"second file")
    files = tuple(
        tickets.attachment(f"{{{{ ticket }}}} {place}.pdf", content) for place, content in enumerate(contents)
    )
    one = fresh("T-0001", attachments=files)
    django_cutter.cut("POST .*/api/followups/")
    with pytest.raises(HelpdeskError):
        await django_desk.deliver(one, contents)
    await django_desk.deliver(one, contents)
    (made,) = django_helpdesk.tickets()
    assert made["title"] == one.subject
    follow_ups = [follow_up for follow_up in made["followup_set"] if follow_up["followupattachment_set"]]  # type: ignore[attr-defined]
    assert [item["followupattachment_set"][0]["size"] for item in follow_ups] == [10, 11]
    assert [item["public"] for item in follow_ups] == [False, False]
    assert len(django_helpdesk.sink.mails) == 1


async def test_a_kind_of_file_that_django_helpdesk_refuses_waits_for_the_operator_and_makes_nothing_twice(
    django_helpdesk: DjangoHelpdesk, django_desk: Helpdesk
) -> None:
    one = fresh("T-0001", attachments=(tickets.attachment("tool.exe", b"MZ"),))
    for _ in range(2):
        with pytest.raises(HelpdeskError, match="HELPDESK_VALID_EXTENSIONS") as refused:
            await django_desk.deliver(one, (b"MZ",))
        assert refused.value.permanent
    (made,) = django_helpdesk.tickets()
    assert len(made["followup_set"]) == 2  # type: ignore[arg-type]  # the ticket's own and one without a file


@pytest.mark.parametrize("mailbox", ['"a b"@example.com', "jörg@example.com"], ids=["quoted", "non-ASCII"])
async def test_an_address_that_django_refuses_is_in_the_text_of_the_ticket(
    django_helpdesk: DjangoHelpdesk, django_desk: Helpdesk, mailbox: str
) -> None:
    await django_desk.deliver(fresh("T-0001", requester=tickets.address(mailbox)), ())
    (made,) = django_helpdesk.tickets()
    assert not made["submitter_email"]
    assert mailbox in str(made["description"])


async def test_a_wrong_password_is_permanent_and_says_nothing_of_it(
    django_helpdesk: DjangoHelpdesk, tmp_path: Path
) -> None:
    options = django.DjangoHelpdeskOptions(
        url=django_helpdesk.url, username="stillpost", password_file=secret(tmp_path, "wrong-secret")
    )
    desk = django.build(options, around(tmp_path))
    with pytest.raises(HelpdeskError, match="403") as refused:
        await desk.deliver(fresh("T-0001"), ())
    await desk.aclose()
    assert refused.value.permanent
    assert "wrong-secret" not in str(refused.value)


# --- the doors of django-helpdesk -----------------------------------------------------------------------------------


def _post_anywhere(desk: DjangoHelpdesk) -> None:
    form = {
        "queue": str(desk.queue),
        "title": "free vouchers",
        "body": "read this",
        "submitter_email": "victim@example.com",
        "priority": "3",
    }
    with httpx2.Client(base_url=desk.url, trust_env=False) as client:
        client.get("tickets/submit/")
        token = {"csrfmiddlewaretoken": client.cookies.get("csrftoken") or ""}
        for path in ("", "tickets/submit/", "tickets/submit_iframe/"):
            client.post(path, data=form | token)


async def test_an_open_django_helpdesk_takes_a_strangers_form_at_three_places(
    django_helpdesk: DjangoHelpdesk,
) -> None:
    _post_anywhere(django_helpdesk)
    assert len(django_helpdesk.sink.to("victim@example.com")) == 3


async def test_closing_every_queue_to_the_public_closes_all_three(django_helpdesk: DjangoHelpdesk) -> None:
    django_helpdesk.run("close")
    _post_anywhere(django_helpdesk)
    assert django_helpdesk.tickets() == []
    assert django_helpdesk.sink.mails == []


STRANGER = (
    b"From: Somebody <victim@example.com>\r\nTo: support@helpdesk.example.org\r\nCc: carol@example.org\r\n"
    b"Subject: free vouchers\r\nMessage-ID: <forged@example.net>\r\n\r\nread this\r\n"
)


async def test_replies_only_closes_the_mailbox_of_django_helpdesk(django_helpdesk: DjangoHelpdesk) -> None:
    django_helpdesk.set(QUEUE_EMAIL_BOX_UPDATE_ONLY=True)
    django_helpdesk.receive("closed", STRANGER)
    assert (django_helpdesk.tickets(), django_helpdesk.sink.mails) == ([], [])
    django_helpdesk.set()
    django_helpdesk.receive("open", STRANGER)
    # What was closed out stays in the mailbox, and comes in when the door is opened again.
    assert len(django_helpdesk.tickets()) == len(django_helpdesk.sink.to("victim@example.com")) == 2


async def test_without_its_template_django_helpdesk_confirms_nothing(django_helpdesk: DjangoHelpdesk) -> None:
    django_helpdesk.run("hush")
    _post_anywhere(django_helpdesk)
    assert len(django_helpdesk.tickets()) == 3
    assert django_helpdesk.sink.mails == []


# --- Roundup --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param("POST .*/data/file", id="file"),
        pytest.param("POST .*/data/msg/@poe", id="link of the message"),
        pytest.param("POST .*/data/msg/@poe/.+", id="message"),
        pytest.param("POST .*/data/issue/@poe", id="link of the issue"),
        pytest.param("POST .*/data/issue/@poe/.+", id="issue"),
    ],
)
async def test_roundup_gets_a_ticket_once_though_an_answer_was_cut(
    roundup: Roundup, roundup_cutter: Cutter, roundup_desk: Helpdesk, cut: str
) -> None:
    content = bytes(range(256))
    one = fresh("T-0001", subject="Größe", attachments=(tickets.attachment("a b.zip", content, "application/zip"),))
    roundup_cutter.cut(cut)
    with pytest.raises(HelpdeskError) as failed:
        await roundup_desk.deliver(one, (content,))
    assert not failed.value.permanent
    reference = await roundup_desk.deliver(one, (content,))
    assert await roundup_desk.deliver(one, (content,)) == reference
    assert roundup.issues() == [reference.removeprefix("issue")]
    assert roundup.admin("-s", "list", "msg", "id").split() == ["1"]
    assert roundup.admin("get", "title", reference).strip() == "Größe"
    (file,) = roundup.admin("get", "files", reference).strip().strip("[]").replace("'", "").split(",")
    assert roundup.admin("get", "name", f"file{file}").strip() == "a b.zip"
    assert roundup.sink.mails == []


async def test_after_a_restart_roundups_ticket_is_found_by_its_message_id(
    roundup: Roundup, roundup_cutter: Cutter, tmp_path: Path
) -> None:
    references = set()
    for _ in range(3):
        desk = tracker.build(roundup_options(roundup, roundup_cutter, tmp_path), around(tmp_path))
        references.add(await desk.deliver(fresh("T-0001"), ()))
        await desk.aclose()
    assert len(references) == len(roundup.issues()) == 1


@pytest.mark.parametrize(("quiet", "mailed"), [pytest.param(False, 1, id="proven"), pytest.param(True, 0, id="quiet")])
async def test_roundup_registers_and_mails_only_who_proved_his_address(
    roundup: Roundup, roundup_cutter: Cutter, tmp_path: Path, quiet: bool, mailed: int
) -> None:
    options = replace(roundup_options(roundup, roundup_cutter, tmp_path), username="intake", requester="create")
    desk = tracker.build(options, around(tmp_path))
    for number in range(2):
        await desk.deliver(fresh(f"T-{number}", quiet=quiet), ())
    await desk.aclose()
    assert len(roundup.sink.to("alice@example.com")) == 2 * mailed
    assert ("alice@example.com" in roundup.admin("list", "user")) is not quiet
    assert len(roundup.issues()) == 2


async def test_two_tickets_at_once_of_one_new_person_without_a_name_register_him_once(
    roundup: Roundup, roundup_cutter: Cutter, tmp_path: Path
) -> None:
    options = replace(roundup_options(roundup, roundup_cutter, tmp_path), username="intake", requester="create")
    desk = tracker.build(options, around(tmp_path))
    await asyncio.gather(*(desk.deliver(fresh(f"T-{number}", name=""), ()) for number in range(4)))
    await desk.aclose()
    assert len(roundup.issues()) == 4
    assert roundup.admin("list", "user").count("alice@example.com") == 1


# --- mail: the measured table, measured again on the two that can be run here ---------------------------------------


async def mailed(sink: Sink, one: Ticket, **changes: object) -> bytes:
    """What the mail adapter sends for a ticket."""
    plain = mail.SmtpOptions(
        to=QUEUE_ADDRESS, behind="django-helpdesk", sender="portal@desk.example", port=sink.port, tls="off"
    )
    desk = mail.build(replace(plain, **changes), around(Path()))  # type: ignore[arg-type]
    await desk.deliver(one, ())
    return sink.mails.pop().content


@pytest.mark.parametrize(
    ("confirm", "quiet", "answered"),
    [
        pytest.param(False, False, 0, id="proven"),
        pytest.param(False, True, 0, id="quiet"),
        pytest.param(True, True, 0, id="quiet though confirmations are wanted"),
        pytest.param(True, False, 1, id="proven and to be confirmed"),
    ],
)
async def test_django_helpdesk_takes_our_mail_and_answers_only_where_it_may(
    django_helpdesk: DjangoHelpdesk, confirm: bool, quiet: bool, answered: int
) -> None:
    content = await mailed(django_helpdesk.sink, fresh("T-0001", quiet=quiet), confirm=confirm)
    django_helpdesk.receive("ticket", content)
    (made,) = django_helpdesk.tickets()
    assert made["submitter_email"] == "alice@example.com"
    assert made["title"] == "The printer is on fire"
    assert len(django_helpdesk.sink.to("alice@example.com")) == len(django_helpdesk.sink.mails) == answered


async def test_roundup_drops_our_mail_where_it_is_marked_and_answers_it_where_it_is_not(
    answering_roundup: Roundup,
) -> None:
    answering_roundup.receive(await mailed(answering_roundup.sink, fresh("T-0001")))
    assert answering_roundup.issues() == []
    unmarked = await mailed(answering_roundup.sink, fresh("T-0002"), behind="roundup", confirm=True)
    answering_roundup.receive(unmarked)
    assert answering_roundup.issues() == ["1"]
    assert len(answering_roundup.sink.to("alice@example.com")) == 1


# --- the doors of Roundup -------------------------------------------------------------------------------------------


async def test_errors_to_the_dispatcher_close_roundups_rejections(roundup: Roundup) -> None:
    roundup.configure("main", "error_messages_to", "dispatcher")
    roundup.receive(STRANGER)
    assert roundup.sink.to("victim@example.com") == []
    assert roundup.issues() == []


async def test_no_messages_to_their_author_close_roundups_answers(answering_roundup: Roundup) -> None:
    answering_roundup.configure("nosy", "messages_to_author", "no")
    answering_roundup.receive(STRANGER)
    assert answering_roundup.issues() == ["1"]
    assert answering_roundup.sink.to("victim@example.com") == []
