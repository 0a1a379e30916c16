"""Servers of our own on loopback: ASGI applications, and a raw one that says whatever a test wants."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(application: ASGIApp) -> AsyncIterator[str]:
    """The application's address while it is served."""
    server = uvicorn.Server(
        uvicorn.Config(application, host="127.0.0.1", port=0, log_level="critical", lifespan="off", ws="none")
    )
    listening = asyncio.Event()
    startup = server.startup

    async def started(sockets: list[object] | None = None) -> None:
        await startup(sockets)  # type: ignore[arg-type]
        listening.set()

    server.startup = started  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(server._serve())
    await listening.wait()
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    finally:
        server.should_exit = True
        await task


@dataclass(slots=True)
class Raw:
    """A server that reads one request and plays a script; counts requests and bytes it got rid of."""

    script: Script
    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    cut_off: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            await self.script(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.cut_off.set()
        finally:
            writer.close()


@asynccontextmanager
async def raw(script: Script) -> AsyncIterator[Raw]:
    """The raw server on a free port."""
    peer = Raw(script)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        yield peer


def says(answer: bytes) -> Script:
    """Exactly these bytes."""

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return script


def answers(status: str, body: bytes = b"", *headers: str) -> Script:
    """A well-formed answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return says("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def floods(status: str = "200 OK") -> Script:
    """Five gigabytes, or as much as the other side takes."""

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 5000000000\r\n\r\n".encode())
        chunk = b"x" * 65536
        for _ in range(5_000_000_000 // len(chunk)):
            writer.write(chunk)
            await writer.drain()

    return script


def drips() -> Script:
    """The start of an answer, then nothing more, for as long as the other side stays."""

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        await writer.wait_closed()

    return script
