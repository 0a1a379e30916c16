"""A ticket becomes a ticket in django-helpdesk, through ``POST /helpdesk/api/tickets/``.

Read and measured with 2.6.1. The API has no idempotency and no search; what it has is a list in the order of creation,
and our note with the reference at the end of each description. So before a ticket is made, the list is read backwards
until it is older than the proof: a ticket cannot be older than that. The API mails the submitter; a quiet ticket
therefore names none. Attachments go up as private follow-ups, one each, found again by their number.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from json import dumps
from typing import Final, final

from stillpost.helpdesks import rendering
from stillpost.helpdesks.caller import Answer, Caller, Files, basic, check_url, read_secret
from stillpost.helpdesks.django_helpdesk.doors import OTHER_DOORS
from stillpost.helpdesks.message import media_type
from stillpost.helpdesks.protocol import Helpdesk, HelpdeskError, Surroundings
from stillpost.model import Ticket

__all__ = ["OTHER_DOORS", "DjangoHelpdesk", "DjangoHelpdeskOptions", "build"]

LIST_BYTES = 32 * 1024 * 1024
_WALK = (
    (20, 1),
    (200, 30),
)  # page size, pages: a short look nearly always does; 6,000 tickets since the proof at most
_SLACK = timedelta(minutes=15)  # the helpdesk's clock may be behind ours by so much
_ZONE_SLACK = timedelta(hours=26)  # USE_TZ = False: times without a zone

Json = dict[str, object]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DjangoHelpdeskOptions:
    """``product = "django-helpdesk"``."""

    url: str = field(metadata={"help": "where django-helpdesk is mounted, e.g. https://desk.example/helpdesk/"})
    username: str = field(metadata={"help": "an account for Stillpost: staff, not superuser, with no mail address"})
    password_file: str = field(metadata={"help": "file with its password"})
    queue: int = field(default=1, metadata={"help": "the number (primary key) of the queue that takes the tickets"})
    priority: int = field(default=3, metadata={"help": "1 (critical) to 5 (very low)"})
    timeout: timedelta = field(default=timedelta(seconds=30), metadata={"help": "for each call"})
    ca_file: str = field(default="", metadata={"help": "certificates to trust instead of the usual ones (PEM)"})

    def __post_init__(self) -> None:
        check_url(self.url)


def build(options: DjangoHelpdeskOptions, around: Surroundings) -> Helpdesk:
    """The adapter; connects when the first ticket comes."""
    caller = Caller(options.url, clock=around.clock, timeout=options.timeout, ca_file=options.ca_file)
    return DjangoHelpdesk(options, caller)


@final
class DjangoHelpdesk:
    """Makes tickets in one queue of one django-helpdesk."""

    product: Final = "django-helpdesk"
    can_be_quiet: Final = True
    exactly_once: Final = True

    def __init__(self, options: DjangoHelpdeskOptions, caller: Caller) -> None:
        self._options = options
        self._caller = caller

    async def deliver(self, ticket: Ticket, files: Sequence[bytes]) -> str:
        """Find or make the ticket, then add the attachments that it lacks; the reference is its number."""
        made = await self._find(ticket) or await self._make(ticket)
        number = str(made.get("id"))
        for place, content in enumerate(files, start=1):
            if content:  # the product drops empty files
                await self._attach(ticket, made, place, content)
        return number

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._caller.aclose()

    # --- finding ---

    async def _find(self, ticket: Ticket) -> Json | None:
        for size, most in _WALK:
            page = "last"
            for _ in range(most):
                listed = await self._list(page, size)
                tickets = list(_objects(listed.get("results")))
                for candidate in tickets:
                    if rendering.noted(ticket, str(candidate.get("description") or "")):
                        return candidate
                number = _last_page(listed, size) if page == "last" else int(page)
                if number <= 1 or any(_older(candidate, ticket.proven_at) for candidate in tickets):
                    return None
                page = str(number - 1)
        raise HelpdeskError(
            "django-helpdesk got too many tickets since this one was proven to tell whether it is among them; look for "
            f"{rendering.reference(ticket)} by hand",
            permanent=True,
        )

    async def _list(self, page: str, size: int) -> Json:
        answer = await self._call("GET", "api/tickets/", params={"page": page, "page_size": str(size)}, long=True)
        if not answer.ok:
            raise self._caller.refusal(answer, "django-helpdesk's list of tickets")
        return answer.json()

    # --- making ---

    async def _make(self, ticket: Ticket) -> Json:
        answer = await self._post(ticket, address=not ticket.quiet)
        if answer.status == 400 and not ticket.quiet and set(answer.json()) == {"submitter_email"}:
            # Django's mail field takes no quoted or non-ASCII local part; the address is in the note all the same.
            answer = await self._post(ticket, address=False)
        if not answer.ok:
            raise self._caller.refusal(answer, "django-helpdesk's POST of the ticket")
        made = answer.json()
        if not isinstance(made.get("id"), int):
            raise HelpdeskError("django-helpdesk's answer names no ticket")
        return made

    async def _post(self, ticket: Ticket, *, address: bool) -> Answer:
        body = {
            "queue": self._options.queue,
            "title": rendering.subject(ticket),
            "description": rendering.whole(ticket),
            "submitter_email": ticket.requester.mailbox if address else None,
            "priority": self._options.priority,
        }
        return await self._call("POST", "api/tickets/", content=dumps(body).encode())

    async def _attach(self, ticket: Ticket, made: Json, place: int, content: bytes) -> None:
        # The product runs a follow-up's comment through its template engine and takes its title as the ticket's new
        # title: neither may ever hold a stranger's word.
        comment = f"Stillpost {rendering.reference(ticket)}: file {place} of {len(ticket.attachments)}"
        if (there := _follow_up(made, comment)) is not None:
            if not list(_objects(there.get("followupattachment_set"))):
                raise _refused(place)
            return
        attachment = ticket.attachments[place - 1]
        file = (rendering.line(attachment.name, 100) or "attachment", content, media_type(attachment.media_type))
        answer = await self._call(
            "POST",
            "api/followups/",
            form={"ticket": str(made.get("id")), "comment": comment, "public": "false"},
            files={"attachments": file},
        )
        if answer.status == 500:
            # A kind of file that HELPDESK_VALID_EXTENSIONS does not list: a follow-up without file and a 500 (2.6.1).
            again = await self._call("GET", f"api/tickets/{made.get('id')}/", long=True)
            if again.ok and _follow_up(again.json(), comment) is not None:
                raise _refused(place)
        if not answer.ok:
            raise self._caller.refusal(answer, "django-helpdesk's POST of an attachment")

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        content: bytes | None = None,
        form: dict[str, str] | None = None,
        files: Files | None = None,
        long: bool = False,
    ) -> Answer:
        password = read_secret(self._options.password_file, "password_file")
        headers = {"Authorization": basic(self._options.username, password)}
        if content is not None:
            headers["Content-Type"] = "application/json"
        return await self._caller.call(
            method,
            path,
            params=params or {},
            headers=headers,
            content=content,
            form=form,
            files=files,
            answer_bytes=LIST_BYTES if long else LIST_BYTES // 8,
        )


def _refused(place: int) -> HelpdeskError:
    return HelpdeskError(
        f"django-helpdesk refuses the kind of attachment {place} (the ticket itself is made): add its ending to "
        "HELPDESK_VALID_EXTENSIONS, delete the empty follow-up, and let it be delivered again",
        permanent=True,
    )


def _objects(value: object) -> Iterator[Json]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def _last_page(listed: Json, size: int) -> int:
    count = listed.get("count")
    return -(-count // size) if isinstance(count, int) else 1


def _follow_up(made: Json, comment: str) -> Json | None:
    found = (item for item in _objects(made.get("followup_set")) if item.get("comment") == comment)
    return next(found, None)


def _older(candidate: Json, than: datetime) -> bool:
    dates = [item.get("date") for item in _objects(candidate.get("followup_set"))]
    times = [_time(date) for date in dates if isinstance(date, str)]
    return any(time is not None and time < than for time in times)


def _time(text: str) -> datetime | None:
    """The latest moment that the text can mean, with what clocks and zones may be off."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time + _SLACK if time.tzinfo else time.replace(tzinfo=UTC) + _ZONE_SLACK
