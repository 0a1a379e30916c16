"""The control socket: one process owns the store, so the command line asks it to act.

A Unix socket in the state folder, for its owner only. One line of JSON in, one line out; both capped.
"""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stillpost.service.operations import OperationError, Operations
from stillpost.service.wiring import House
from stillpost.store.protocol import StoreError

_MAX_LINE = 4_000_000
_MAX_PATH = 100  # sun_path holds 108 bytes
_LINE_SECONDS = 10.0


def control_path(state: Path) -> Path:
    """Where the socket of this state folder is."""
    return state / "control.sock"


async def serve_control(house: House, operations: Operations) -> None:
    """Answer on the control socket until cancelled."""
    path = control_path(house.config.state)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_LINE_SECONDS):
                asked = json.loads(await reader.readline())
            reply: dict[str, Any] = {"result": await operations.do(asked["do"], asked["with"])}
        except OperationError as error:
            reply = {"error": str(error)}
        except StoreError as error:
            house.journal.failed("store", error)
            reply = {"error": f"the store cannot do that now: {error}"}
        except (ValueError, KeyError, TypeError, TimeoutError, OSError) as error:
            reply = {"error": f"not understood: {type(error).__name__}"}
        writer.write(json.dumps(reply).encode() + b"\n")
        await writer.drain()
        writer.close()

    path.unlink(missing_ok=True)
    with _fitting(path) as short:
        server = await asyncio.start_unix_server(answer, short, limit=_MAX_LINE)
    path.chmod(0o600)
    try:
        await server.serve_forever()
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def _fitting(path: Path) -> Iterator[str]:
    """The same place under a name that fits into a socket's address (Linux); the path itself where it is short enough."""
    if len(str(path)) <= _MAX_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


async def ask_control(state: Path, operation: str, arguments: dict[str, Any]) -> Any:
    """Ask the running service. Raises OperationError with its answer; FileNotFoundError or ConnectionError if none runs."""
    with _fitting(control_path(state)) as path:
        reader, writer = await asyncio.open_unix_connection(path, limit=_MAX_LINE)
    try:
        writer.write(json.dumps({"do": operation, "with": arguments}).encode() + b"\n")
        await writer.drain()
        line = await reader.readline()
    finally:
        writer.close()
    if not line.endswith(b"\n"):
        message = "the service stopped before it answered; ask again when it runs"
        raise OperationError(message)
    reply = json.loads(line)
    if "error" in reply:
        raise OperationError(reply["error"])
    return reply["result"]
