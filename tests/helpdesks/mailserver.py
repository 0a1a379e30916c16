"""An SMTP server on loopback, in the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass  # without slots: aiosmtpd looks at every member, and Python 3.11.2 cannot show its own __weakref__
class MailServer:
    """Keeps what it is given."""

    port: int = 0
    mails: list[Envelope] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        del server, session
        self.mails.append(envelope)
        return "250 kept"


@asynccontextmanager
async def mailserver(behavior: object = None, *, utf8: bool = True) -> AsyncIterator[MailServer]:
    """A server on a free port; ``behavior`` answers instead of keeping."""
    kept = MailServer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(behavior or kept, enable_SMTPUTF8=utf8, hostname="mail.example", loop=loop), "127.0.0.1", 0
    )
    kept.port = server.sockets[0].getsockname()[1]
    async with server:
        yield kept
