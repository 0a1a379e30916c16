"""The listener over a real socket: answers, failures of a role, peers that vanish, stall or talk nonsense."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from stillpost.doors.milter import codec
from stillpost.doors.milter.answer import CONTINUE, Answer, InsertField, Say
from stillpost.doors.milter.server import Decide, Door, Listener
from stillpost.doors.milter.session import Arrived, Profile
from tests.doors.milter import dialogue

pytestmark = pytest.mark.anyio
PROFILE = Profile(actions=codec.ADD_HEADERS, body_max_bytes=1_000_000)
FAILED = Answer(Say.TEMPFAIL)


class House:
    """A listening door on a Unix socket, and what it complained about."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failures: list[str] = []
        self.broken: list[str] = []

    def failed(self, arrived: Arrived, error: BaseException) -> Answer:
        self.failures.append(type(error).__name__)
        return FAILED

    async def connect(self) -> "Server":
        reader, writer = await asyncio.open_unix_connection(self.path)
        return Server(reader, writer)


class Server:
    """A mail server's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, data: bytes, count: int) -> bytes:
        """Say something; that many packets of answer."""
        self.writer.write(data)
        heard = b""
        for _ in range(count):
            head = await self.reader.readexactly(4)
            heard += head + await self.reader.readexactly(int.from_bytes(head, "big"))
        return heard

    async def over(self) -> bytes:
        """What comes until the connection ends."""
        try:
            return await self.reader.read()
        except ConnectionError:
            return b""

    def close(self) -> None:
        self.writer.close()


@asynccontextmanager
async def listening(place: Path, decide: Decide, **settings: int) -> AsyncIterator[tuple[House, Listener]]:
    house = House(place / "m")
    with socket.socket(socket.AF_UNIX) as listening_socket:
        listening_socket.bind(str(house.path))
        listening_socket.listen(4096)
        listening_socket.setblocking(False)
        listener = Listener(
            Door(
                profile=PROFILE,
                decide=decide,
                failed=house.failed,
                broken=lambda error: house.broken.append(str(error)),
                **settings,
            )
        )
        task = asyncio.create_task(listener.serve(listening_socket))
        try:
            yield house, listener
        finally:
            task.cancel()
            await asyncio.wait([task])


async def nobody_left(listener: Listener) -> None:
    """Let the loop turn until every connection is gone."""
    while listener.open:  # noqa: ASYNC110  # there is nothing to wait for: the kernel says when
        await asyncio.sleep(0)


def accept(arrived: Arrived) -> Answer:
    return CONTINUE


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s")  # a short path: a socket's name has a hundred bytes


async def test_messages_are_answered_one_after_the_other(place: Path) -> None:
    async with listening(place, accept) as (house, _):
        server = await house.connect()
        await server.say(dialogue.greeting(), 1)
        for _ in range(3):
            assert await server.say(dialogue.message(), 3) == codec.CONTINUE * 3
        server.writer.write(dialogue.packet("Q"))
        assert await server.over() == b""
        server.close()


async def test_an_answer_may_take_its_time_and_comes_in_one_write(place: Path) -> None:
    coming: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def decide(arrived: Arrived) -> Awaitable[Answer]:
        return coming

    async with listening(place, decide) as (house, _):
        server = await house.connect()
        await server.say(dialogue.greeting(), 1)
        assert await server.say(dialogue.message(), 2) == codec.CONTINUE * 2
        coming.set_result(Answer(edits=(InsertField("X-A", b"b"),)))
        assert [command for command, _ in dialogue.answers(await server.say(b"", 2))] == ["i", "c"]
        server.close()


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "later"])
async def test_a_role_that_raises_is_answered_for_and_the_connection_goes_on(place: Path, at_once: bool) -> None:
    calls = 0

    def decide(arrived: Arrived) -> Answer | Awaitable[Answer]:
        nonlocal calls
        calls += 1
        if calls > 1:
            return CONTINUE
        if at_once:
            raise RuntimeError
        return later()

    async def later() -> Answer:
        await asyncio.sleep(0)
        raise RuntimeError

    async with listening(place, decide) as (house, _):
        server = await house.connect()
        await server.say(dialogue.greeting(), 1)
        assert await server.say(dialogue.message(), 3) == codec.CONTINUE * 2 + codec.TEMPFAIL
        assert await server.say(dialogue.message(), 3) == codec.CONTINUE * 3
        assert house.failures == ["RuntimeError"]
        server.close()


async def test_an_answer_that_cannot_be_said_counts_as_a_failure(place: Path) -> None:
    async with listening(place, lambda arrived: Answer(edits=(InsertField("X", b"a\nb"),))) as (house, _):
        server = await house.connect()
        await server.say(dialogue.greeting(), 1)
        assert await server.say(dialogue.message(), 3) == codec.CONTINUE * 2 + codec.TEMPFAIL
        assert house.failures == ["ValueError"]
        server.close()


@pytest.mark.parametrize(
    "nonsense",
    [
        pytest.param(b"\xff" * 64, id="a length of four gigabytes"),
        pytest.param(b"\0\0\0\0", id="an empty packet"),
        pytest.param(b"EHLO there\r\n", id="SMTP"),
        pytest.param(dialogue.message(), id="a message before the options"),
        pytest.param(dialogue.greeting() + dialogue.message() * 2, id="a message before the answer to the last"),
    ],
)
async def test_a_broken_peer_is_hung_up_on_and_nobody_else_notices(place: Path, nonsense: bytes) -> None:
    coming: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    async with listening(place, lambda arrived: coming) as (house, _):
        good, bad = await house.connect(), await house.connect()
        await good.say(dialogue.greeting(), 1)
        bad.writer.write(nonsense)
        await bad.over()
        assert len(house.broken) == 1
        coming.set_result(CONTINUE)
        assert await good.say(dialogue.message(), 3) == codec.CONTINUE * 3
        good.close()
        bad.close()


async def test_a_peer_that_vanishes_in_the_middle_leaves_nothing(place: Path) -> None:
    data = dialogue.greeting() + dialogue.message()
    async with listening(place, accept) as (house, listener):
        for cut in range(0, len(data), 37):
            server = await house.connect()
            server.writer.write(data[:cut])
            await server.writer.drain()
            server.close()
            await server.writer.wait_closed()
        last = await house.connect()
        await last.say(dialogue.greeting(), 1)
        last.writer.write(dialogue.packet("Q"))
        await last.over()
        last.close()
        await nobody_left(listener)
        assert house.failures == []
        assert not listener.deciding


async def test_a_decision_is_finished_though_the_peer_has_gone(place: Path) -> None:
    coming: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def decide(arrived: Arrived) -> Answer:
        answer = await coming
        done.set()
        return answer

    async with listening(place, decide) as (house, listener):
        server = await house.connect()
        await server.say(dialogue.greeting() + dialogue.message(), 3)
        server.close()
        await server.writer.wait_closed()
        await nobody_left(listener)
        coming.set_result(CONTINUE)
        await done.wait()


async def test_connections_beyond_the_bound_are_refused_and_the_others_served(place: Path) -> None:
    async with listening(place, accept, connections_max=3) as (house, _):
        servers = [await house.connect() for _ in range(3)]
        for server in servers:
            await server.say(dialogue.greeting(), 1)
        refused = await house.connect()
        assert await refused.over() == b""
        refused.close()
        for server in servers:
            assert await server.say(dialogue.message(), 3) == codec.CONTINUE * 3
            server.close()


async def test_two_thousand_idle_connections_do_not_keep_one_from_being_served(place: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard < 0 else min(hard, 16_384), hard))
    try:
        async with listening(place, accept) as (house, listener):
            idle = [await house.connect() for _ in range(2000)]
            busy = await house.connect()
            await busy.say(dialogue.greeting(), 1)
            assert len(listener.open) == 2001
            assert await busy.say(dialogue.message(), 3) == codec.CONTINUE * 3
            for server in [*idle, busy]:
                server.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_idle_peers_are_hung_up_on(place: Path) -> None:
    async with listening(place, accept) as (house, listener):
        server = await house.connect()
        await server.say(dialogue.greeting(), 1)
        listener.hang_up_idle()
        assert await server.say(dialogue.message(), 3) == codec.CONTINUE * 3
        for connection in listener.open:
            connection.heard -= 10_000
        listener.hang_up_idle()
        assert await server.over() == b""
        server.close()


async def test_a_peer_that_does_not_read_is_not_read_either(place: Path) -> None:
    async with listening(place, accept) as (house, _):
        server = await house.connect()
        await server.say(dialogue.greeting() + dialogue.mail(), 1)
        transport = server.writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        flood = dialogue.recipient() * 20_000
        sent = 0
        while sent < 400 and transport.get_write_buffer_size() < 2 * len(flood):
            server.writer.write(flood)
            sent += 1
            await asyncio.sleep(0)
        assert sent < 400, "everything was read though nothing was taken"
        transport.abort()
