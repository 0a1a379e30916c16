"""A proxy that cuts the connection after the product has done its work and before the caller hears of it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(slots=True)
class Cutter:
    """Passes requests on to ``target``; those that match a pattern of ``cuts`` get no answer, once each.

    ``then`` is called in place of an answer (to kill the caller, say); while ``down`` every connection is closed at once.
    """

    target: str
    url: str = ""
    cuts: list[re.Pattern[str]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    then: Callable[[], None] = lambda: None
    down: bool = False
    turned_away: int = 0

    def cut(self, pattern: str) -> None:
        """Cut the next request whose ``METHOD /path`` (without a query) matches in full."""
        self.cuts.append(re.compile(pattern))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.down:
                self.turned_away += 1
            else:
                await self._exchange(reader, writer)
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ")
        length = [int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")]
        body = await reader.readexactly(length[0]) if length else b""
        here, there = urlsplit(self.url).netloc, urlsplit(self.target).netloc
        # The product compares Origin and Referer with its own address.
        head = head.replace(here.encode(), there.encode()).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
        answer = await self._ask(head + body)
        self.seen.append(f"{method} {path}")
        for cut in self.cuts:
            if cut.fullmatch(f"{method} {path.partition('?')[0]}"):
                self.cuts.remove(cut)
                self.then()
                return
        writer.write(answer)
        await writer.drain()

    async def _ask(self, request: bytes) -> bytes:
        there = urlsplit(self.target)
        reader, writer = await asyncio.open_connection(there.hostname, there.port)
        try:
            writer.write(request)
            await writer.drain()
            return await reader.read(-1)
        finally:
            writer.close()


@asynccontextmanager
async def cutting(target: str) -> AsyncIterator[Cutter]:
    """A cutter before ``target``; its ``url`` has the target's path."""
    cutter = Cutter(target)
    server = await asyncio.start_server(cutter.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    cutter.url = target.replace(urlsplit(target).netloc, f"127.0.0.1:{port}")
    async with server:
        yield cutter
