"""The server over a real socket: clients that are slow, silent, endless or no clients at all cannot stay."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from stillpost.doors.http.server import Patience, http_server

pytestmark = pytest.mark.anyio
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
SHORT = Patience(head_seconds=0.3, request_seconds=0.9, head_bytes=20_000)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers ``/big`` with much, ``/read`` after the whole body, anything else at once."""
    request = Request(scope, receive)
    if request.url.path == "/read":
        await request.body()
    size = 40_000_000 if request.url.path == "/big" else 2
    response: Response = PlainTextResponse(b"o" * size)
    await response(scope, receive, send)


@asynccontextmanager
async def serving(place: Path, patience: Patience = SHORT) -> AsyncIterator[Path]:
    path = place / "h"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(100)
        listening.setblocking(False)
        server = http_server(application, patience)
        running = asyncio.create_task(server._serve([listening]))  # as the service runs it
        yield path
        server.should_exit = True
        await running


async def heard(path: Path, *said: bytes, answers: int = 0) -> bytes:
    """Say the first thing, wait for so many answers, say the rest; what comes until the server hangs up."""
    reader, writer = await asyncio.open_unix_connection(path)
    got = b""
    try:
        async with asyncio.timeout(20):  # a server that never hangs up fails here
            writer.write(said[0])
            while got.count(b"HTTP/1.1 ") < answers:
                got += await reader.read(65536)
            for more in said[1:]:
                writer.write(more)
                await writer.drain()
            while data := await reader.read(65536):
                got += data
    except ConnectionError:
        pass
    finally:
        writer.close()
    return got


@pytest.mark.parametrize(
    ("said", "answers"),
    [
        pytest.param((b"",), 0, id="nothing at all"),
        pytest.param((b"GET / HTTP/1.1\r\nHos",), 0, id="half of the headers"),
        pytest.param((GET, b"GET / HT"), 1, id="half of the second request's headers"),
        pytest.param((GET, b"\r\n"), 1, id="an empty line after an answer"),
        pytest.param((POST, b"a"), 1, id="a body that nobody waits for any more"),
        pytest.param((POST + b"123456789GET",), 1, id="a second request in the same breath, cut off"),
        pytest.param((POST.replace(b"/ ", b"/read ", 1),), 0, id="a body that never comes"),
        pytest.param((GET * 20 + b"GET",), 20, id="many requests at once and half of one"),
    ],
)
async def test_who_does_not_go_on_is_hung_up_on(tmp_path: Path, said: tuple[bytes, ...], answers: int) -> None:
    async with serving(tmp_path) as path:
        got = await heard(path, *said, answers=answers)
    assert got.count(b"HTTP/1.1 200 OK") == answers


async def test_bytes_now_and_then_buy_no_time(tmp_path: Path) -> None:
    async with serving(tmp_path) as path:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(GET)
        async with asyncio.timeout(20):
            while not writer.is_closing() and not reader.at_eof():
                writer.write(b"G")
                try:
                    async with asyncio.timeout(0.05):
                        await reader.read(65536)
                except TimeoutError:
                    continue
                except ConnectionError:
                    break
        writer.close()


async def test_a_client_that_does_not_read_its_answer_is_let_go(tmp_path: Path) -> None:
    async with serving(tmp_path) as path:
        with socket.socket(socket.AF_UNIX) as client:
            client.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(client, str(path))
            await loop.sock_sendall(client, b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
            async with asyncio.timeout(20):
                while True:  # what it sends finds no reader once the server is gone
                    try:
                        client.send(b"")
                        client.send(GET)
                    except BlockingIOError:
                        pass
                    except (BrokenPipeError, ConnectionResetError):
                        return
                    await asyncio.sleep(0)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 500_000, id="headers without end"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"a" * 3_000_000, id="one header without end"),
    ],
)
async def test_headers_have_an_end(tmp_path: Path, head: bytes) -> None:
    async with serving(tmp_path, Patience(head_bytes=20_000)) as path:
        got = await heard(path, head)
    assert got == b"" or got.startswith(b"HTTP/1.1 400 ")


async def test_a_large_body_after_the_answer_is_no_header(tmp_path: Path) -> None:
    async with serving(tmp_path, Patience(head_bytes=20_000, head_seconds=5)) as path:
        body = b"b" * 2_000_000
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n"
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(head + body[:10])
        first = await reader.readuntil(b"\r\n\r\noo")
        writer.write(body[10:] + GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        rest = await reader.read()
        writer.close()
    assert first.startswith(b"HTTP/1.1 200 OK")
    assert rest.startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", id="TLS"),
        pytest.param(b"EHLO x\r\n", id="SMTP"),
        pytest.param(POST.replace(b"9", b"-9"), id="a negative length"),
        pytest.param(POST.replace(b"Host: x", b"Transfer-Encoding: chunked"), id="two ways to tell the length"),
    ],
)
async def test_what_is_no_http_gets_one_line_and_none_in_the_log(
    tmp_path: Path, said: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async with serving(tmp_path) as path:
        got = await heard(path, said)
    assert got.startswith(b"HTTP/1.1 400 Bad Request")
    assert b"\n" not in got.partition(b"\r\n\r\n")[2]
    assert caplog.record_tuples == []
    assert capfd.readouterr() == ("", "")
    assert not logging.getLogger("uvicorn.error").isEnabledFor(logging.ERROR)
