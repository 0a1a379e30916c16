"""The listener: aiosmtpd with our door behind it, bounded in size, recipients and time."""

import asyncio
import socket
from typing import Any, Final, final

from aiosmtpd.smtp import SMTP, Envelope, Session

from stillpost.doors.smtp.door import MAX_BYTES, FirstMailDoor, Peer

RECIPIENTS_MAX: Final = 10
IDLE_SECONDS: Final = 60.0
CONNECTIONS_MAX: Final = 200


@final
class SmtpHandler:
    """What aiosmtpd asks; the names and signatures are its own."""

    def __init__(self, door: FirstMailDoor) -> None:
        self._door = door

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
        return await self._door.take(peer, envelope.mail_from or None, envelope.rcpt_tos, bytes(content))


@final
class BoundedSmtp(SMTP):
    """aiosmtpd's protocol, with an end to how many peers may talk at once."""

    def __init__(self, door: FirstMailDoor, hostname: str, talking: set["BoundedSmtp"]) -> None:
        super().__init__(
            SmtpHandler(door),
            hostname=hostname,
            ident="Stillpost",
            data_size_limit=MAX_BYTES,
            enable_SMTPUTF8=True,
            decode_data=False,
            timeout=IDLE_SECONDS,
            command_call_limit=50,
        )
        self._talking = talking

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Talk, or say that too many do."""
        if len(self._talking) >= CONNECTIONS_MAX and isinstance(transport, asyncio.Transport):
            transport.write(b"421 4.3.2 Too many connections\r\n")
            transport.abort()
            return
        self._talking.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Make room."""
        if self in self._talking:
            self._talking.discard(self)
            super().connection_lost(error)


async def serve_smtp(door: FirstMailDoor, listener: socket.socket, hostname: str) -> None:
    """Answer until cancelled."""
    talking: set[BoundedSmtp] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: BoundedSmtp(door, hostname, talking), sock=listener)
    async with server:
        await server.serve_forever()
