"""The listener over a real socket: the dialogue, its bounds, and that nothing of a peer's reaches a log."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from stillpost.doors.smtp import server
from stillpost.doors.smtp.server import CONNECTIONS_MAX, RECIPIENTS_MAX, serve_smtp
from stillpost.lab.world import PROVE, World, build_world, lab_config, lab_portal
from tests.doors.smtp.signing import Key, Zone
from tests.fakes import broken_store
from tests.worlds import world

pytestmark = pytest.mark.anyio
KEY = Key(9)
START = (b"EHLO mx.example.com\r\n", b"MAIL FROM:<ann@example.com>\r\n", f"RCPT TO:<{PROVE}>\r\n".encode())


class Peer:
    """The other end of one dialogue."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def reply(self) -> str:
        """A whole reply, its lines joined."""
        lines = []
        async with asyncio.timeout(20):
            while line := await self.reader.readline():
                lines.append(line.decode())
                if line[3:4] != b"-":
                    break
        return "".join(lines).strip()

    async def say(self, *lines: bytes) -> str:
        """Say lines one by one; the reply to the last."""
        replied = ""
        for line in lines:
            self.writer.write(line)
            replied = await self.reply()
        return replied

    async def over(self) -> bytes:
        """Everything until the server hangs up."""
        async with asyncio.timeout(20):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""


class Listening:
    """A listener on a Unix socket, and whoever talks to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.peers: list[Peer] = []

    async def connect(self, *, greeted: bool = True) -> Peer:
        """Another peer."""
        peer = Peer(*await asyncio.open_unix_connection(self.path))
        self.peers.append(peer)
        if greeted:
            assert (await peer.reply()).startswith("220 ")
        return peer


@asynccontextmanager
async def listening(place: Path, home: World) -> AsyncIterator[Listening]:
    here = Listening(place / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(here.path))
        listener.listen(1000)
        listener.setblocking(False)
        running = asyncio.create_task(serve_smtp(home.door, listener, "support.lab.example"))
        try:
            yield here
        finally:
            for peer in here.peers:
                peer.writer.close()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        pytest.param(
            (*START, b"DATA\r\n", b"From: a@example.com\r\n\r\nHi\r\n.\r\n"), "550 5.7.1 A proof", id="no proof"
        ),
        pytest.param(
            (START[0], b"MAIL FROM:<>\r\n", START[2], b"DATA\r\n", b"From: a@example.com\r\n\r\nHi\r\n.\r\n"),
            "550 5.7.1 A proof has an envelope sender",
            id="the null sender proves nothing",
        ),
        pytest.param((*START, b"DATA\r\n", b".\r\n"), "550 5.7.1 This mail cannot be read.", id="an empty mail"),
        pytest.param((*START[:2], b"RCPT TO:<root@localhost>\r\n"), "550 5.1.1 No such mailbox here", id="not ours"),
        pytest.param((*START[:2], b"RCPT TO:<ann@example.com>\r\n"), "550 5.1.1 No such mailbox here", id="a relay"),
        pytest.param((*START[:2], b"RCPT TO:<>\r\n"), "5", id="nobody"),
        pytest.param((START[0], b"MAIL FROM:<>\r\n", START[2]), "250 ", id="the null sender is heard"),
        pytest.param((START[0], b"MAIL FROM:<a@x> SIZE=2000000\r\n"), "552 ", id="too large, said beforehand"),
        pytest.param((START[0], b"VRFY root\r\n"), "252 ", id="nobody is looked up"),
        pytest.param((b"MAIL FROM:<a@x>\r\n",), "503 ", id="no greeting"),
        pytest.param((b"\xff\xfe\r\n",), "500 ", id="bytes"),
        pytest.param((b"EHLO " + b"x" * 5_000 + b"\r\n",), "500 ", id="a long line"),
        pytest.param((*START[:2], b"RCPT TO:<\xff@x>\r\n"), "550 5.1.1", id="bytes in an address"),
        pytest.param((START[0], b"STARTTLS\r\n"), "454 ", id="no TLS of ours"),
        pytest.param((b"GET / HTTP/1.1\r\n",), "500 ", id="HTTP"),
    ],
)
async def test_every_wrong_word_gets_one_clear_line(
    tmp_path: Path, said: tuple[bytes, ...], reply: str, capfd: pytest.CaptureFixture[str]
) -> None:
    home = world()
    async with listening(tmp_path, home) as here:
        peer = await here.connect()
        heard = await peer.say(*said)
        assert heard.startswith(reply)
        assert "Traceback" not in heard
    assert capfd.readouterr() == ("", "")
    assert home.mailer.sent == []


async def test_a_mail_over_the_limit_is_refused_and_the_next_one_heard(tmp_path: Path) -> None:
    async with listening(tmp_path, world()) as here:
        peer = await here.connect()
        line = b"a" * 900 + b"\r\n"
        assert (await peer.say(*START, b"DATA\r\n", b"X: y\r\n\r\n" + line * 1_200 + b".\r\n")).startswith("552 ")
        assert (await peer.say(*START[1:], b"DATA\r\n", b"X: y\r\n\r\n.\r\n")).startswith("550 5.7.1 ")


async def test_few_recipients_are_taken(tmp_path: Path) -> None:
    async with listening(tmp_path, world()) as here:
        peer = await here.connect()
        assert (await peer.say(*START[:2], *[START[2]] * RECIPIENTS_MAX)).startswith("250 ")
        assert (await peer.say(START[2])).startswith("452 ")


async def test_few_peers_talk_at_once_and_room_is_made(tmp_path: Path) -> None:
    async with listening(tmp_path, world()) as here:
        peers = [await here.connect() for _ in range(CONNECTIONS_MAX)]
        late = await here.connect(greeted=False)
        assert (await late.over()) in {b"421 4.3.2 Too many connections\r\n", b""}
        for peer in peers[:5]:
            assert (await peer.say(b"QUIT\r\n")).startswith("221 ")
            await peer.over()
        assert await here.connect()


async def test_one_command_again_and_again_ends_the_talk(tmp_path: Path) -> None:
    async with listening(tmp_path, world()) as here:
        peer = await here.connect()
        peer.writer.write(b"NOOP\r\n" * 500)
        heard = await peer.over()
    assert heard.count(b"\r\n") < 100
    assert b"421 4.7.0 NOOP" in heard


async def test_a_talk_has_an_end_however_busy_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "TALK_SECONDS", 0.3)
    async with listening(tmp_path, world()) as here:
        peer = await here.connect()
        async with asyncio.timeout(20):
            while not peer.reader.at_eof():
                peer.writer.write(b" ")
                try:
                    async with asyncio.timeout(0.05):
                        await peer.reader.read(100)
                except TimeoutError:
                    continue
                except ConnectionError:
                    break


async def test_a_mistake_of_ours_is_asked_again_later_and_told_to_the_journal_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines: list[str] = []
    store = broken_store("ledger", error=RuntimeError("ann@example.com"))
    zone = Zone({"s1._domainkey.example.com": KEY.record})
    home = build_world(lab_config({"support": lab_portal()}), store=store, resolve=zone, write=lines.append)
    mail = KEY.sign(
        b"From: ann@example.com\r\nTo: x@example.org\r\nSubject: " + b"a" * 26 + b"\r\n\r\nHi\r\n", "example.com"
    )
    async with listening(tmp_path, home) as here:
        peer = await here.connect()
        heard = await peer.say(*START, b"DATA\r\n", mail + b".\r\n")
    assert heard.startswith("451 4.3.0 ")
    assert len(lines) == 1
    assert "ann@" not in lines[0]
    assert capfd.readouterr() == ("", "")
