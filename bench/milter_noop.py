"""Our codec, session and server with a verdict that is always yes: ``python -m bench.milter_noop SOCKET``."""

import asyncio
import socket
import sys

import uvloop

from stillpost.doors.milter import codec
from stillpost.doors.milter.answer import CONTINUE, Answer
from stillpost.doors.milter.server import Door, Listener
from stillpost.doors.milter.session import Arrived, Profile


def broken(error: BaseException) -> None:
    raise error


def failed(arrived: Arrived, error: BaseException) -> Answer:
    raise error


async def serve(path: str) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1024)
    listener.setblocking(False)
    door = Door(
        profile=Profile(actions=codec.ADD_HEADERS), decide=lambda arrived: CONTINUE, failed=failed, broken=broken
    )
    await Listener(door).serve(listener)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(sys.argv[1]))
