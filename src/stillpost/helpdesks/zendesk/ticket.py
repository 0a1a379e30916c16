"""A ticket becomes a Zendesk ticket, through ``POST /api/v2/tickets``. Written from documentation, run on a fake only.

Never twice: the ticket is looked for by ``external_id`` first, and the POST carries ``Idempotency-Key`` (kept for two
hours there), whose body is the same on every retry; so everything that differs, the uploads' tokens, goes into a second
call, which adds our note and the attachments as an internal comment. Nobody is put in copy. ``stillpost-proven`` tags
only what was proven; a quiet ticket names no requester and so belongs to Stillpost's own account.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, final

from stillpost.helpdesks import rendering
from stillpost.helpdesks.caller import Caller, check_url
from stillpost.helpdesks.message import media_type
from stillpost.helpdesks.protocol import Helpdesk, HelpdeskError, OptionError, Surroundings
from stillpost.helpdesks.zendesk.doors import OTHER_DOORS
from stillpost.helpdesks.zendesk.session import Session
from stillpost.language import N_
from stillpost.model import Ticket

__all__ = ["OTHER_DOORS", "PROVEN_TAG", "ZendeskDesk", "ZendeskOptions", "build"]

PROVEN_TAG = "stillpost-proven"
"""The tag that triggers can ask for: nobody but us sets it, and only where the address was proven."""

_SUBJECT_LIMIT = 150
_COMMENT_BYTES = 60_000  # a comment takes 64 KB; what is longer goes along as a file too


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ZendeskOptions:
    """``product = "zendesk"``."""

    url: str = field(metadata={"help": "the account's address, e.g. https://acme.zendesk.com/"})
    token_file: str = field(default="", metadata={"help": "file with an OAuth access token (bearer)"})
    client_id: str = field(
        default="",
        metadata={"help": "OAuth client (client credentials) that fetches its own tokens, instead of token_file"},
    )
    client_secret_file: str = field(default="", metadata={"help": "file with the OAuth client's secret"})
    scope: str = field(default="read write", metadata={"help": "what the fetched tokens may do"})
    brand_id: int = field(default=0, metadata={"help": "brand of the tickets; 0: the account's default"})
    group_id: int = field(default=0, metadata={"help": "group that gets the tickets; 0: none"})
    ticket_form_id: int = field(default=0, metadata={"help": "ticket form; 0: the account's default"})
    timeout: timedelta = field(default=timedelta(seconds=30), metadata={"help": "for each call"})
    ca_file: str = field(default="", metadata={"help": "certificates to trust instead of the usual ones (PEM)"})

    def __post_init__(self) -> None:
        check_url(self.url)
        credentials = bool(self.client_id), bool(self.client_secret_file)
        if bool(self.token_file) == any(credentials) or any(credentials) != all(credentials):
            raise OptionError("token_file: give either token_file, or client_id and client_secret_file")


def build(options: ZendeskOptions, around: Surroundings) -> Helpdesk:
    """The adapter; connects when the first ticket comes."""
    return ZendeskDesk(options, around.clock)


@final
class ZendeskDesk:
    """Makes tickets in one Zendesk account."""

    product: Final = "zendesk"
    can_be_quiet: Final = True
    exactly_once: Final = True

    def __init__(self, options: ZendeskOptions, clock: Callable[[], datetime]) -> None:
        self._options = options
        self._caller = Caller(options.url, clock=clock, timeout=options.timeout, ca_file=options.ca_file)
        self._session = Session(
            self._caller,
            clock=clock,
            token_file=options.token_file,
            client_id=options.client_id,
            client_secret_file=options.client_secret_file,
            scope=options.scope,
        )

    async def deliver(self, ticket: Ticket, files: Sequence[bytes]) -> str:
        """Find or make the ticket, then add note and attachments; the reference is its number. Raises HelpdeskError."""
        number = await self._find(ticket)
        if number is None:
            number = await self._make(ticket)
        elif await self._has_note(number, ticket):
            return number
        await self._add_note(number, ticket, files)
        return number

    async def check(self) -> str:
        """Look for a ticket that nobody has."""
        answer = await self._session.call("GET", "tickets", params={"external_id": "stillpost-check"})
        if not answer.ok:
            raise self._caller.refusal(answer, "Zendesk's list of tickets")
        return N_("Zendesk takes our account for reading; whether it may make tickets, only a ticket can tell.")

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._caller.aclose()

    async def _find(self, ticket: Ticket) -> str | None:
        wanted = rendering.reference(ticket)
        answer = await self._session.call("GET", "tickets", params={"external_id": wanted})
        if not answer.ok:
            raise self._caller.refusal(answer, "Zendesk's list of tickets")
        # Compared here too: an account that ignores the parameter would answer with everybody's tickets.
        for found in _objects(answer.json().get("tickets")):
            if found.get("external_id") == wanted:
                return str(found.get("id"))
        return None

    async def _make(self, ticket: Ticket) -> str:
        answer = await self._session.call(
            "POST",
            "tickets",
            headers={"Idempotency-Key": rendering.reference(ticket)},
            value={"ticket": self._values(ticket)},
        )
        if not answer.ok:
            raise self._caller.refusal(answer, "Zendesk's POST of the ticket")
        made = answer.json().get("ticket")
        if not isinstance(made, dict) or not isinstance(made.get("id"), int):
            raise HelpdeskError("Zendesk's answer names no ticket")
        return str(made["id"])

    def _values(self, ticket: Ticket) -> dict[str, object]:
        options = self._options
        tags = [_tag(tag) for tag in ticket.tags]
        values: dict[str, object] = {
            "subject": defused(rendering.subject(ticket, _SUBJECT_LIMIT)),
            "comment": {"body": _fitting(rendering.text(ticket)), "public": True},
            "external_id": rendering.reference(ticket),
            "tags": sorted({*filter(None, tags)} - {PROVEN_TAG} | (set() if ticket.quiet else {PROVEN_TAG})),
        }
        if not ticket.quiet:
            name = defused(rendering.name(ticket)) or ticket.requester.mailbox.rpartition("@")[0]
            values["requester"] = {"name": name, "email": ticket.requester.mailbox}
        for key in ("brand_id", "group_id", "ticket_form_id"):
            if number := getattr(options, key):
                values[key] = number
        return values

    async def _has_note(self, number: str, ticket: Ticket) -> bool:
        answer = await self._session.call("GET", f"tickets/{number}/comments")
        if not answer.ok:
            raise self._caller.refusal(answer, "Zendesk's list of comments")
        comments = _objects(answer.json().get("comments"))
        return any(
            comment.get("public") is False and rendering.noted(ticket, str(comment.get("body"))) for comment in comments
        )

    async def _add_note(self, number: str, ticket: Ticket, files: Sequence[bytes]) -> None:
        uploads = []
        for attachment, content in zip(ticket.attachments, files, strict=True):
            if content:
                name = rendering.line(attachment.name, 100) or "attachment"
                uploads.append(await self._upload(name, media_type(attachment.media_type), content))
        if any(_fitting(part) != defused(part) for part in (rendering.text(ticket), rendering.note(ticket))):
            uploads.append(await self._upload("request.txt", "text/plain", rendering.whole(ticket).encode()))
        comment = {"body": _fitting(rendering.note(ticket)), "public": False, "uploads": uploads}
        answer = await self._session.call("PUT", f"tickets/{number}", value={"ticket": {"comment": comment}})
        if not answer.ok:
            raise self._caller.refusal(answer, "Zendesk's PUT of the note")

    async def _upload(self, name: str, kind: str, content: bytes) -> str:
        answer = await self._session.call(
            "POST", "uploads", params={"filename": name}, headers={"Content-Type": kind}, content=content
        )
        if not answer.ok:
            raise self._caller.refusal(answer, "Zendesk's POST of an attachment")
        upload = answer.json().get("upload")
        if not isinstance(upload, dict) or not isinstance(upload.get("token"), str):
            raise HelpdeskError("Zendesk's answer to the upload holds no token")
        return str(upload["token"])


def defused(text: str) -> str:
    """``text`` without Zendesk's placeholders: those in an agent's comment are filled in, and we write as an agent."""
    return re.sub(r"\{(?=[{%])", "{ ", text)


def _fitting(text: str) -> str:
    safe = defused(text)
    if len(safe.encode()) <= _COMMENT_BYTES:
        return safe
    cut = safe.encode()[:_COMMENT_BYTES].decode("utf-8", "ignore")
    return f"{cut}\n[cut; the whole is in request.txt]"


def _tag(tag: str) -> str:
    return re.sub(r"[^a-z0-9_/.-]+", "_", tag.lower()).strip("_")[:60]


def _objects(value: object) -> Iterator[dict[str, object]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())
