"""Released mails go back to the mail server: at least once, in their own envelope, as they came.

A mail without a Message-ID gets one of ours, the same at every try, so that whoever receives it twice can tell. Before
the first byte leaves, what will come back through a milter of ours is written down, so that it is not held again.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

from stillpost.mail.compose import Outgoing
from stillpost.mail.copies import Replaced, rewrite
from stillpost.mail.message import Headers, MessageError, message_ids, read
from stillpost.mailer import Mailer
from stillpost.model import Direction, HeldMail, Request
from stillpost.store.protocol import Lists

RELEASED: Final = "released"
_RECOGNIZED_FOR: Final = timedelta(days=6)  # a mail server tries for five
_TELLING: Final = ("message-id", "from", "date", "subject")


def mark_of(headers: Headers, recipient: str) -> str:
    """By what a mail of ours is known again when it comes back: what no mail server on the way changes."""
    digest = hashlib.sha256()
    for value in (*(headers.first(name) for name in _TELLING), recipient.lower()):
        digest.update(value.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reinjector:
    """Hands released mails of one listener to a mail server. ``host`` names us in a Message-ID of ours."""

    mailer: Mailer
    lists: Lists
    host: str

    async def send(self, request: Request, content: bytes, at: datetime) -> str:
        """Hand one mail over; its Message-ID. Raises MailerError, StoreError, ValueError for a request without a mail."""
        if request.mail is None:
            message = f"{request.id} is no mail"
            raise ValueError(message)
        outgoing = outgoing_of(request, request.mail, content, self.host)
        await remember(self.lists, outgoing, at)
        session = await self.mailer.connect()
        try:
            await session.offer(outgoing)
            await session.send(outgoing)
        finally:
            await session.close()
        return outgoing.message_id


async def remember(lists: Lists, outgoing: Outgoing, at: datetime) -> None:
    """Write down that this mail is on its way, before its first byte leaves, so that our own milters let it through."""
    headers = _headers(outgoing.content)
    if headers is not None:
        await lists.add(RELEASED, mark_of(headers, outgoing.recipient), at, at + _RECOGNIZED_FOR)


def outgoing_of(request: Request, mail: HeldMail, content: bytes, host: str) -> Outgoing:
    """The mail as it goes out again. Into a portal, what an agent let in without a word for its author is marked quiet."""
    headers = _headers(content)
    ids = message_ids(headers.first("message-id")) if headers else ()
    added = [] if ids else [("Message-ID", f"<{request.id.lower()}@{host}>")]
    replaced: list[Replaced] = []
    if request.quiet and mail.direction is Direction.PORTAL_IN and headers is not None:
        count = len(headers.all("auto-submitted"))
        replaced = [Replaced("auto-submitted", nth, "") for nth in range(1, count + 1)]
        added.append(("Auto-Submitted", "auto-replied"))
    addresses = mail.sender + mail.recipient
    return Outgoing(
        message_id=f"<{ids[0]}>" if ids else added[0][1],
        sender=mail.sender,
        recipient=mail.recipient,
        content=rewrite(content, replaced, added) if added else content,
        smtputf8=not addresses.isascii() or not content.partition(b"\r\n\r\n")[0].isascii(),
    )


def _headers(content: bytes) -> Headers | None:
    try:
        return read(content).headers
    except MessageError:
        return None
