"""A ticket becomes a message and an issue in Roundup, through its REST API.

Measured with 2.6.0. The message carries our Message-ID, which the API finds again exactly; the issue is found by its
message. Both are made through ``@poe`` links (post once exactly): a link works once and for 30 minutes, so a request
that is still on its way cannot make a second message when it is tried again. The links are remembered for that long in
this process; after a restart only the search is left. Files uploaded before a failure stay, linked to nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from json import dumps
from typing import Final, final

import httpx2

from stillpost.helpdesks import rendering
from stillpost.helpdesks.caller import Answer, Caller, Files, basic, check_url, read_secret
from stillpost.helpdesks.message import media_type
from stillpost.helpdesks.origins import Origin, origin_by_marks
from stillpost.helpdesks.protocol import Helpdesk, HelpdeskError, OptionError, Surroundings
from stillpost.helpdesks.roundup.doors import OTHER_DOORS
from stillpost.language import N_
from stillpost.mail.message import Headers, message_ids
from stillpost.model import Ticket

__all__ = ["OTHER_DOORS", "RoundupDesk", "RoundupOptions", "build"]

_LINK_WORKS = timedelta(minutes=25)  # Roundup says 30
_LINKS_KEPT = 1000  # oldest dropped first; they expire with _LINK_WORKS
_WRONG = frozenset({409})
"""Roundup answers 409 to values that do not fit, not to conflicts that pass."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RoundupOptions:
    """``product = "roundup"``."""

    url: str = field(metadata={"help": "the tracker's address ([tracker] web), e.g. https://desk.example/support/"})
    username: str = field(metadata={"help": "an account for Stillpost with the role User and no mail address"})
    password_file: str = field(metadata={"help": "file with its password"})
    requester: str = field(
        default="text",
        metadata={
            "help": "text: named in the message only; known: a registered user with that address is put on the nosy "
            "list; create: and registered first if missing (both need a role that may search users by address)"
        },
    )
    agents: tuple[str, ...] = field(
        default=("Admin", "Agent"),
        metadata={"help": "roles whose mail an agent wrote; to read roles the account needs leave to view them"},
    )
    timeout: timedelta = field(default=timedelta(seconds=30), metadata={"help": "for each call"})
    ca_file: str = field(default="", metadata={"help": "certificates to trust instead of the usual ones (PEM)"})

    def __post_init__(self) -> None:
        check_url(self.url)
        if self.requester not in {"text", "known", "create"}:
            raise OptionError(f"requester: {self.requester!r} must be text, known or create")


def build(options: RoundupOptions, around: Surroundings) -> Helpdesk:
    """The adapter; connects when the first ticket comes."""
    caller = Caller(options.url, clock=around.clock, timeout=options.timeout, ca_file=options.ca_file)
    return RoundupDesk(options, caller, around.clock)


@final
class RoundupDesk:
    """Makes issues in one tracker."""

    product: Final = "roundup"
    can_be_quiet: Final = True
    exactly_once: Final = True
    origin_at_once: Final = False  # it mails inside its transaction

    def __init__(self, options: RoundupOptions, caller: Caller, clock: Callable[[], datetime]) -> None:
        self._options = options
        self._caller = caller
        self._clock = clock
        self._agents = {role.lower() for role in options.agents}
        self._links: dict[str, tuple[str, datetime]] = {}  # at most _LINKS_KEPT, each for _LINK_WORKS

    async def deliver(self, ticket: Ticket, files: Sequence[bytes]) -> str:
        """Find or make message and issue; the reference is ``issueNUMBER``. Raises HelpdeskError."""
        known = rendering.message_id(ticket)
        message = await self._found("msg", "messageid", known) or await self._make_message(ticket, files)
        issue = await self._found("issue", "messages", message) or await self._make_issue(ticket, message)
        return f"issue{issue}"

    async def check(self) -> str:
        """Find our own account."""
        await self._own_id()
        return N_("Roundup takes our account; whether it may make issues, only a ticket can tell.")

    async def origin(self, headers: Headers) -> Origin:
        """An agent's, if the tracker has a message of this Message-ID and an agent wrote every message of it.

        Measured with 2.6.0: the nosy mail about a message carries its id, made by the tracker where it was written on
        the web and taken over where it came by mail. So a stranger may choose an id, and then he is an author of it.
        Agents are users with a role of ``agents``.
        """
        by_marks = origin_by_marks("roundup", headers, lambda address: False)
        ids = message_ids(headers.first("message-id"))
        if by_marks is not Origin.UNKNOWN or not ids:
            return by_marks
        authors = await self._authors(f"<{ids[0]}>")
        is_agent = [not self._agents.isdisjoint(await self._roles(author)) for author in authors]
        return Origin.AGENT if is_agent and all(is_agent) else Origin.UNKNOWN

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._caller.aclose()

    async def _authors(self, message_id: str) -> set[str]:
        """The ids of the users who wrote the messages of this id."""
        params = {"messageid:": message_id, "@fields": "messageid,author", "@page_size": "20"}
        answer = await self._call("GET", "rest/data/msg", params=params)
        if not answer.ok:
            raise self._refusal(answer, "the search for msg")
        data = answer.json().get("data")
        collection = data.get("collection") if isinstance(data, dict) else None
        found = set()
        for item in collection if isinstance(collection, list) else ():
            author = item.get("author") if isinstance(item, dict) and item.get("messageid") == message_id else None
            if isinstance(author, dict):
                found.add(str(author.get("id")))
        return found

    async def _roles(self, user: str) -> set[str]:
        """The roles of a user; nothing where our account may not see them."""
        if not user.isdigit():
            return set()
        answer = await self._call("GET", f"rest/data/user/{user}", params={"@fields": "roles"})
        data = answer.json().get("data") if answer.ok else None
        attributes = data.get("attributes") if isinstance(data, dict) else None
        roles = attributes.get("roles") if isinstance(attributes, dict) else None
        return {role.strip().lower() for role in roles.split(",")} if isinstance(roles, str) else set()

    async def _make_message(self, ticket: Ticket, files: Sequence[bytes]) -> str:
        uploaded = [await self._upload(ticket, place, content) for place, content in enumerate(files)]
        values: dict[str, object] = {
            "content": rendering.whole(ticket),
            "author": await self._own_id(),
            "date": f"{ticket.at.astimezone(UTC):%Y-%m-%d.%H:%M:%S}",
            "messageid": rendering.message_id(ticket),
            "files": uploaded,
        }
        return await self._post_once("msg", ticket, values, "messageid")

    async def _make_issue(self, ticket: Ticket, message: str) -> str:
        values: dict[str, object] = {
            "title": rendering.subject(ticket),
            "messages": [message],
            "files": await self._files_of(message),
            "nosy": await self._nosy(ticket),
        }
        return await self._post_once("issue", ticket, values, "messages")

    async def _post_once(self, kind: str, ticket: Ticket, values: Mapping[str, object], found_by: str) -> str:
        key = f"{kind} {rendering.reference(ticket)}"
        link, expires = self._links.get(key, ("", self._clock()))
        remembered = bool(link) and self._clock() < expires
        if not remembered:
            link = await self._link(kind)
            self._links[key] = (link, self._clock() + _LINK_WORKS)
            while len(self._links) > _LINKS_KEPT:
                del self._links[next(iter(self._links))]
        # Roundup reads an empty list as None and stumbles over it.
        given = {name: value for name, value in values.items() if value != []}
        answer = await self._call("POST", f"rest/data/{kind}/@poe/{link}", values=given)
        if answer.ok or answer.status == 400:  # anything else may be a proxy that gave up on a request still running
            self._links.pop(key, None)
        if remembered and answer.status == 400:
            # The earlier request used the link up: it made the item since we searched, or failed, or is at it still.
            known = values[found_by]
            if found := await self._found(kind, found_by, str(known[0] if isinstance(known, list) else known)):
                return found
            raise HelpdeskError(f"Roundup is still at an earlier request for this {kind}, or dropped it")
        return self._data(answer, kind, "id")

    async def _link(self, kind: str) -> str:
        answer = await self._call("POST", f"rest/data/{kind}/@poe", values={})
        return self._data(answer, f"{kind}/@poe", "link").rstrip("/").rsplit("/", 1)[-1]

    async def _found(self, kind: str, name: str, value: str) -> str | None:
        """The item whose property is this value, compared here too: taking another for ours would lose a ticket."""
        exact = "" if name == "messages" else ":"  # a link is compared by its id, a text by its words without the colon
        answer = await self._call("GET", f"rest/data/{kind}", params={f"{name}{exact}": value, "@fields": name})
        if not answer.ok:
            raise self._refusal(answer, f"the search for {kind}")
        data = answer.json().get("data")
        collection = data.get("collection") if isinstance(data, dict) else None
        if collection == []:
            return None
        for item in collection if isinstance(collection, list) else ():
            if isinstance(item, dict) and _holds(item.get(name), value) and isinstance(item.get("id"), str):
                return str(item["id"])
        raise HelpdeskError(f"Roundup answered the search for {kind} with something else")

    async def _own_id(self) -> str:
        found = await self._found("user", "username", self._options.username)
        if found is None:
            raise HelpdeskError(f"Roundup shows no user {self._options.username!r} to this account", permanent=True)
        return found

    async def _upload(self, ticket: Ticket, place: int, content: bytes) -> str:
        attachment = ticket.attachments[place]
        name, kind = rendering.line(attachment.name, 100) or "attachment", media_type(attachment.media_type)
        answer = await self._call(
            "POST", "rest/data/file", form={"name": name, "type": kind}, files={"content": ("content", content, kind)}
        )
        return self._data(answer, "file", "id")

    async def _files_of(self, message: str) -> list[str]:
        answer = await self._call("GET", f"rest/data/msg/{message}/files")
        if not answer.ok:
            raise self._refusal(answer, "the message's files")
        data = answer.json().get("data")
        files = data.get("data") if isinstance(data, dict) else None
        return [str(file) for file in files if isinstance(file, str)] if isinstance(files, list) else []

    async def _nosy(self, ticket: Ticket) -> list[str]:
        # Whoever is on the nosy list is mailed: never the requester of a quiet ticket.
        if ticket.quiet or self._options.requester == "text":
            return []
        address = ticket.requester.mailbox
        known = await self._found("user", "address", address)
        if known is None and self._options.requester == "create":
            person = {"username": address, "address": address, "roles": "User"}
            if name := rendering.name(ticket):  # Roundup reads an empty text as None and refuses it
                person["realname"] = name
            answer = await self._call("POST", "rest/data/user", values=person)
            # Two tickets of one new person may be on their way at once; the second registration is refused.
            known = None if answer.ok else await self._found("user", "address", address)
            known = known or self._data(answer, "user", "id")
        return [known] if known else []

    def _data(self, answer: Answer, what: str, key: str) -> str:
        if not answer.ok:
            raise self._refusal(answer, f"the POST of {what}")
        data = answer.json().get("data")
        value = data.get(key) if isinstance(data, dict) else None
        if not isinstance(value, str):
            raise HelpdeskError(f"Roundup's answer to the POST of {what} holds no {key}")
        return value

    def _refusal(self, answer: Answer, what: str) -> HelpdeskError:
        error = self._caller.refusal(answer, f"Roundup, {what}")
        if answer.status in _WRONG:
            return HelpdeskError(str(error), permanent=True)
        return error

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        values: Mapping[str, object] | None = None,
        form: Mapping[str, str] | None = None,
        files: Files | None = None,
    ) -> Answer:
        password = read_secret(self._options.password_file, "password_file")
        origin = httpx2.URL(self._options.url)
        headers = {
            "Authorization": basic(self._options.username, password),
            # Roundup's guards against cross-site requests; it compares them with [tracker] web.
            "X-Requested-With": "Stillpost",
            "Origin": f"{origin.scheme}://{origin.netloc.decode()}",
            "Referer": str(origin),
        }
        content = None
        if values is not None:
            headers["Content-Type"] = "application/json"
            content = dumps(values).encode()
        return await self._caller.call(
            method, path, params=params or {}, headers=headers, content=content, form=form, files=files
        )


def _holds(has: object, value: str) -> bool:
    if isinstance(has, list):
        return any(isinstance(link, dict) and link.get("id") == value for link in has)
    return has == value
