"""Tickets as mail: what the options refuse, who a mail is from, and what a mail server may answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from stillpost.helpdesks.automatic_mail import INTAKES, OnMark
from stillpost.helpdesks.protocol import Helpdesk, HelpdeskError, OptionError
from stillpost.helpdesks.smtp import ticket as smtp
from tests.helpdesks.mailserver import MailServer, mailserver
from tests.helpdesks.servers import Script, answers, says
from tests.helpdesks.tickets import address, surroundings, ticket

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]


def options(port: int = 25, **changes: object) -> smtp.SmtpOptions:
    plain = smtp.SmtpOptions(
        to="help@desk.example", behind="request-tracker", sender="portal@desk.example", port=port, tls="off"
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def build(server: MailServer, **changes: object) -> Helpdesk:
    return smtp.build(options(server.port, **changes), surroundings(Path()))


@pytest.mark.parametrize("behind", INTAKES)
@pytest.mark.parametrize("identity", ["requester", "portal"])
@pytest.mark.parametrize("confirm", [True, False])
def test_the_options_refuse_just_what_the_table_says_cannot_work(behind: str, identity: str, confirm: bool) -> None:
    intake = INTAKES[behind]
    works = (identity == "requester" or intake.answers_reply_to) and (confirm or intake.on_mark is OnMark.SILENT)
    if works:
        options(behind=behind, identity=identity, confirm=confirm)
    else:
        with pytest.raises(OptionError, match=r"^(identity|confirm): "):
            options(behind=behind, identity=identity, confirm=confirm)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        pytest.param({"behind": "exchange"}, "behind", id="unknown product"),
        pytest.param({"to": "nobody"}, "to", id="no address"),
        pytest.param({"to": "a@b.example\r\nRCPT TO:<x@y.example>"}, "to", id="two lines"),
        pytest.param({"sender": ""}, "sender", id="no sender"),
        pytest.param({"tls": "maybe"}, "tls", id="unknown tls"),
        pytest.param({"host": "mail.example"}, "tls", id="in the clear"),
        pytest.param({"username": "x"}, "username", id="no password"),
        pytest.param({"identity": "both"}, "identity", id="unknown identity"),
    ],
)
def test_options_that_cannot_work_are_refused_with_their_key(changes: dict[str, object], key: str) -> None:
    with pytest.raises(OptionError, match=f"^{key}: "):
        options(**changes)


async def test_the_mail_goes_to_the_helpdesk_alone_marked_and_from_the_requester() -> None:
    async with mailserver() as server:
        desk = build(server)
        assert await desk.deliver(ticket(), ()) == "<T-0001@desk.example>"
        (mail,) = server.mails
    assert mail.mail_from == "portal@desk.example"
    assert mail.rcpt_tos == ["help@desk.example"]
    content = mail.original_content or b""
    assert b"\r\nFrom: Alice Example <alice@example.com>\r\nSender: portal@desk.example\r\n" in content
    assert b"\r\nAuto-Submitted: auto-replied\r\n" in content


async def test_a_helpdesk_may_confirm_to_the_proven_where_it_is_told_so_never_to_others() -> None:
    async with mailserver() as server:
        desk = build(server, confirm=True)
        await desk.deliver(ticket(), ())
        await desk.deliver(ticket(quiet=True), ())
    marked = [b"\r\nAuto-Submitted: auto-replied\r\n" in (mail.original_content or b"") for mail in server.mails]
    assert marked == [False, True]


@pytest.mark.parametrize("behind", [name for name, intake in INTAKES.items() if intake.on_mark is not OnMark.SILENT])
async def test_a_quiet_ticket_is_refused_where_a_marked_mail_would_be_lost_or_answered(behind: str) -> None:
    async with mailserver() as server:
        desk = build(server, behind=behind, confirm=True)
        assert not desk.can_be_quiet
        with pytest.raises(HelpdeskError, match="without answering") as refused:
            await desk.deliver(ticket(quiet=True), ())
    assert refused.value.permanent
    assert server.mails == []


async def test_every_copy_of_a_ticket_is_the_same_mail() -> None:
    async with mailserver() as server:
        desk = build(server)
        for _ in range(2):
            await desk.deliver(ticket(), ())
        first, second = (mail.original_content for mail in server.mails)
    assert first == second


async def test_a_non_ascii_address_goes_by_smtputf8() -> None:
    async with mailserver() as server:
        await build(server).deliver(ticket(requester=address("jörg@example.com")), ())
        (mail,) = server.mails
    assert "SMTPUTF8" in mail.mail_options
    assert "jörg@example.com".encode() in (mail.original_content or b"")


async def test_a_server_that_cannot_do_smtputf8_is_a_permanent_error() -> None:
    async with mailserver(utf8=False) as server:
        with pytest.raises(HelpdeskError) as refused:
            await build(server).deliver(ticket(requester=address("jörg@example.com")), ())
    assert refused.value.permanent
    assert server.mails == []


class Refuses:
    """Answers one step with a reply that repeats an address, as many servers do."""

    def __init__(self, step: str, reply: str) -> None:
        self._step, self._reply = step, reply

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, sender: str, _: list[str]) -> str:
        envelope.mail_from = sender
        return self._reply if self._step == "MAIL" else "250 ok"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, rcpt: str, _: list[str]) -> str:
        envelope.rcpt_tos.append(rcpt)
        return self._reply if self._step == "RCPT" else "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return self._reply if self._step == "DATA" else "250 ok"


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(("code", "permanent"), [(451, False), (421, False), (550, True), (552, True)])
async def test_a_refusal_passes_or_is_permanent_by_its_code(step: str, code: int, permanent: bool) -> None:
    async with mailserver(Refuses(step, f"{code} 5.1.1 alice@example.com is odd")) as server:
        with pytest.raises(HelpdeskError, match=f"answered {code}") as refused:
            await build(server).deliver(ticket(), ())
    assert refused.value.permanent is permanent
    assert "alice" not in str(refused.value)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(says(b""), id="silence"),
        pytest.param(says(b"220 hello\r\n"), id="cut after the greeting"),
        pytest.param(answers("200 OK"), id="http"),
        pytest.param(says(b"220-" + b"x" * 2_000_000), id="endless line"),
        pytest.param(says(b"\xff\x00\r\n"), id="binary"),
    ],
)
async def test_a_server_that_does_not_speak_smtp_is_one_clear_error(script: Script) -> None:
    async with _greeting(script) as server:
        with pytest.raises(HelpdeskError, match=r"127\.0\.0\.1:\d+ did not take the mail|answered") as failed:
            await build(server).deliver(ticket(), ())
        assert str(failed.value).isprintable()
        with pytest.raises(HelpdeskError):
            await build(server).check()


@asynccontextmanager
async def _greeting(script: Script) -> AsyncIterator[MailServer]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(writer)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield MailServer(port=server.sockets[0].getsockname()[1])


async def test_starttls_is_required_not_just_tried() -> None:
    async with mailserver() as server:
        with pytest.raises(HelpdeskError):
            await build(server, tls="starttls").deliver(ticket(), ())
    assert server.mails == []
