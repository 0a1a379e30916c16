"""The floor under a milter in Python: walk the packets' lengths, answer what must be answered, decode nothing.

``python -m bench.milter_floor SOCKET`` serves it. It negotiates exactly what our session does for a role that needs no
body, so both get the same packets; what is between the two is the price of reading the protocol.
"""

import asyncio
import sys
from struct import Struct

import uvloop

from stillpost.doors.milter import codec
from stillpost.doors.milter.codec import Options
from stillpost.doors.milter.session import MACROS, Profile, Session

HEAD = Struct(">IB")
NEGOTIATED = Session(Profile(actions=codec.ADD_HEADERS)).receive(
    codec.packet(b"O", b"".join(number.to_bytes(4, "big") for number in (6, 0x1FF, 0x1FFFFF)))
)[0]
ANSWERED = {codec.RECIPIENT, codec.DATA, codec.END}
assert codec.options(Options(6, 0x101, 0x1C7190), MACROS) == NEGOTIATED


class Floor(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        if self.rest:
            data = self.rest + data
        unpack, at, end, answers = HEAD.unpack_from, 0, len(data), b""
        while end - at > 4:
            size, command = unpack(data, at)
            if at + 4 + size > end:
                break
            at += 4 + size
            if command in ANSWERED:
                answers += codec.CONTINUE
            elif command == codec.OPTIONS:
                answers += NEGOTIATED
            elif command == codec.QUIT:
                self.transport.close()
        self.rest = data[at:]
        if answers:
            self.transport.write(answers)  # type: ignore[attr-defined]  # a Transport


async def serve(path: str) -> None:
    server = await asyncio.get_running_loop().create_unix_server(Floor, path, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(sys.argv[1]))
