"""The listener: aiosmtpd with our door behind it, bounded in size, recipients and time."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, final

from aiosmtpd.smtp import SMTP, Envelope, Session

from stillpost.doors.smtp.door import MAX_BYTES, FirstMailDoor, Peer

RECIPIENTS_MAX: Final = 10
IDLE_SECONDS: Final = 60.0
CONNECTIONS_MAX: Final = 200
TALK_SECONDS: Final = 600.0  # each command, however useless, starts IDLE_SECONDS anew
FINISH_SECONDS: Final = 8.0


@final
class Talks:
    """Who talks to us, and how many mails are being taken just now."""

    def __init__(self) -> None:
        self.open: set[BoundedSmtp] = set()  # at most CONNECTIONS_MAX
        self._taking = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    @contextmanager
    def taking(self) -> Iterator[None]:
        """A mail is being taken."""
        self._taking += 1
        self._quiet.clear()
        try:
            yield
        finally:
            self._taking -= 1
            if not self._taking:
                self._quiet.set()

    async def end(self) -> None:
        """Let mails be answered that are being taken (a mail taken without an answer would come again), then hang up."""
        try:
            async with asyncio.timeout(FINISH_SECONDS):
                await self._quiet.wait()
                await asyncio.sleep(0)  # the answer is written in the turn after
        except TimeoutError:
            pass
        for talk in tuple(self.open):
            if talk.transport is not None:
                talk.transport.close()


@final
class SmtpHandler:
    """What aiosmtpd asks; the names and signatures are its own."""

    def __init__(self, door: FirstMailDoor, talks: "Talks") -> None:
        self._door = door
        self._talks = talks

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Only our own addresses, and few of them."""
        if not self._door.wants(address):
            return "550 5.1.1 No such mailbox here"
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # as above
        """The whole mail."""
        content: Any = envelope.content
        peer = Peer(ip=session.peer[0] if session.peer else "", helo=session.host_name or "")
        with self._talks.taking():
            return await self._door.take(peer, sender_of(envelope), envelope.rcpt_tos, bytes(content))

    async def handle_exception(self, error: Exception) -> str:
        """A mistake of ours, or of the library's, is journalled; the library would tell it to the peer and to its log."""
        self._door.journal.failed("smtp", error)
        return self._door.not_now()


def sender_of(envelope: Envelope) -> str | None:
    """The envelope sender, None for the null sender, which aiosmtpd keeps as the two signs it is written with."""
    return None if envelope.mail_from in {None, "", "<>"} else envelope.mail_from


@final
class BoundedSmtp(SMTP):
    """aiosmtpd's protocol, with an end to how many peers may talk at once, and for how long."""

    def __init__(self, door: FirstMailDoor, hostname: str, talks: Talks) -> None:
        super().__init__(
            SmtpHandler(door, talks),
            hostname=hostname,
            ident="Stillpost",
            data_size_limit=MAX_BYTES,
            enable_SMTPUTF8=True,
            decode_data=False,
            timeout=IDLE_SECONDS,
            command_call_limit=50,
        )
        self._talks = talks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Talk, or say that too many do."""
        if len(self._talks.open) >= CONNECTIONS_MAX and isinstance(transport, asyncio.Transport):
            transport.write(b"421 4.3.2 Too many connections\r\n")
            transport.abort()
            return
        self._talks.open.add(self)
        self._end = self.loop.call_later(TALK_SECONDS, transport.abort)  # type: ignore[attr-defined]  # a stream's transport
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Make room."""
        if self in self._talks.open:
            self._talks.open.discard(self)
            self._end.cancel()
            super().connection_lost(error)


async def serve_smtp(door: FirstMailDoor, listener: socket.socket, hostname: str) -> None:
    """Answer until cancelled; then take no new connection, and answer what is being taken."""
    talks = Talks()
    logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)  # the library's; it quotes what peers say
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: BoundedSmtp(door, hostname, talks), sock=listener)
    try:
        await server.serve_forever()
    finally:
        server.close()
        await talks.end()
