"""The listener: a protocol on the event loop for each connection, nothing shared between them but the role.

One bad message never poisons its connection, one bad connection never the server: a role that raises is answered for by
``failed``, a broken peer is hung up on. The answer with all its edits is one write. While an answer is being thought
about, the mail server is told so, since its patience for content is shorter than a slow disk's.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias, cast, final

from stillpost.doors.milter import codec
from stillpost.doors.milter.answer import Answer
from stillpost.doors.milter.codec import MilterError
from stillpost.doors.milter.session import Arrived, Profile, Session

PROGRESS_SECONDS: Final = 10.0  # Postfix waits 300 s for the end of a message, others as little as 30 s
IDLE_SECONDS: Final = 7_200.0  # an SMTP client may take that long for one mail
CONNECTIONS_MAX: Final = 4_000
CLOSING_SECONDS: Final = 10.0

Decide: TypeAlias = Callable[[Arrived], Answer | Awaitable[Answer]]
"""What a role does with a message; an answer that is ready at once needs no task."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One listener's role.

    ``decide`` answers a message; ``failed`` answers for it if that raises, and tells the journal; ``broken`` is told of
    peers that do not speak the protocol.
    """

    profile: Profile
    decide: Decide
    failed: Callable[[Arrived, BaseException], Answer]
    broken: Callable[[BaseException], None]
    connections_max: int = CONNECTIONS_MAX


@final
class Listener:
    """The connections of one door. Belongs to one event loop."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.loop = asyncio.get_running_loop()
        self.open: set[MilterProtocol] = set()  # connections_max
        self.deciding: set[asyncio.Task[None]] = set()  # one a connection

    async def serve(self, listener: socket.socket) -> None:
        """Answer on a listening socket until cancelled; then finish what is being decided and hang up."""
        if listener.family == socket.AF_UNIX:
            server = await self.loop.create_unix_server(lambda: MilterProtocol(self), sock=listener)
        else:
            server = await self.loop.create_server(lambda: MilterProtocol(self), sock=listener)
        try:
            while True:
                await asyncio.sleep(IDLE_SECONDS / 60)
                self.hang_up_idle()
        finally:
            server.close()
            if self.deciding:
                await asyncio.wait(self.deciding, timeout=CLOSING_SECONDS)
            for connection in list(self.open):
                connection.hang_up()

    def hang_up_idle(self) -> None:
        """Hang up on peers that said nothing for ``IDLE_SECONDS``."""
        limit = self.loop.time() - IDLE_SECONDS
        for connection in [each for each in self.open if each.heard < limit]:
            connection.hang_up()


@final
class MilterProtocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._door = listener.door
        self._session = Session(listener.door.profile)
        self._transport: asyncio.Transport | None = None
        self._progress: asyncio.TimerHandle | None = None
        self.heard = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Listen, or hang up where too many talk: the server then does what its ``default_action`` says."""
        made = cast("asyncio.Transport", transport)
        if len(self._listener.open) >= self._door.connections_max:
            made.abort()
            return
        self._listener.open.add(self)
        self._transport = made
        self.heard = self._listener.loop.time()

    def connection_lost(self, error: Exception | None) -> None:
        """Make room. A decision that is under way is finished: it may have a mail in its hands."""
        self._listener.open.discard(self)
        self._transport = None
        self._stop_progress()

    def pause_writing(self) -> None:
        """A peer that does not read our answers is not read either."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It reads again."""
        if self._transport is not None:
            self._transport.resume_reading()

    def hang_up(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        transport = self._transport
        if transport is None:
            return
        self.heard = self._listener.loop.time()
        try:
            replies, arrived = self._session.receive(data)
        except MilterError as error:
            self._door.broken(error)
            transport.abort()
            return
        if replies:
            transport.write(replies)
        if arrived is not None:
            self._decide(arrived)
        elif self._session.closed:
            transport.close()

    def _decide(self, arrived: Arrived) -> None:
        number = self._session.served
        try:
            answer = self._door.decide(arrived)
        except Exception as error:  # noqa: BLE001  # a role's bug is answered for, never passed on
            answer = self._door.failed(arrived, error)
        if isinstance(answer, Answer):
            self._write(number, arrived, answer)
            return
        self._progress = self._listener.loop.call_later(PROGRESS_SECONDS, self._say_progress)
        task = self._listener.loop.create_task(self._wait(number, arrived, answer))
        self._listener.deciding.add(task)
        task.add_done_callback(self._listener.deciding.discard)

    async def _wait(self, number: int, arrived: Arrived, coming: Awaitable[Answer]) -> None:
        try:
            answer = await coming
        except Exception as error:  # noqa: BLE001  # as above
            answer = self._door.failed(arrived, error)
        self._stop_progress()
        self._write(number, arrived, answer)

    def _write(self, number: int, arrived: Arrived, answer: Answer) -> None:
        try:
            encoded = self._session.answer(number, answer)
        except ValueError as error:
            encoded = self._session.answer(number, self._door.failed(arrived, error))
        if encoded and self._transport is not None:
            self._transport.write(encoded)

    def _say_progress(self) -> None:
        if self._transport is not None and self._session.waiting:
            self._transport.write(codec.PROGRESS)
            self._progress = self._listener.loop.call_later(PROGRESS_SECONDS, self._say_progress)

    def _stop_progress(self) -> None:
        if self._progress is not None:
            self._progress.cancel()
            self._progress = None
