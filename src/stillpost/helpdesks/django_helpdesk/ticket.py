"""A ticket becomes a ticket in django-helpdesk, through ``POST /helpdesk/api/tickets/``.

Read and measured with 2.6.1. The API has no idempotency and no search; what it has is a list of follow-ups by date, and
the first follow-up of a ticket repeats its text, which ends with our note. So before a ticket is made, the follow-ups
are read backwards until they are older than the proof: a ticket cannot be older than that. (The list of tickets would
do as well, but the product loads its whole table for every page of it.) The API mails the submitter; a quiet ticket
therefore names none. Attachments go up as private follow-ups, one each, found again by their number.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from json import dumps
from typing import Final, final

from stillpost.helpdesks import rendering
from stillpost.helpdesks.caller import Answer, Caller, Files, basic, check_url, read_secret
from stillpost.helpdesks.django_helpdesk.doors import OTHER_DOORS
from stillpost.helpdesks.message import media_type
from stillpost.helpdesks.origins import Origin
from stillpost.helpdesks.protocol import Helpdesk, HelpdeskError, Surroundings
from stillpost.language import N_
from stillpost.mail.message import Headers
from stillpost.model import Ticket

__all__ = ["OTHER_DOORS", "DjangoHelpdesk", "DjangoHelpdeskOptions", "build"]

LIST_BYTES = 32 * 1024 * 1024
_WALK = (
    (20, 1),
    (200, 30),
)  # page size, pages: a short look nearly always does; 6,000 since the proof at most
_SLACK = timedelta(minutes=15)  # the helpdesk's clock may be behind ours by so much
_ZONE_SLACK = timedelta(hours=26)  # USE_TZ = False: times without a zone

_SUBJECT = re.compile(r"\[[^\[\]]*-(\d{1,9})\] ")
_MAILING = timedelta(minutes=2)  # from the follow-up to the last mail about it

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
    return DjangoHelpdesk(options, caller, around.clock)


@final
@dataclass(frozen=True, slots=True)
class _Made:
    """A ticket that is there: its number, and of each follow-up's text whether a file hangs on it."""

    number: int
    uploads: Mapping[str, bool]


@final
class DjangoHelpdesk:
    """Makes tickets in one queue of one django-helpdesk."""

    product: Final = "django-helpdesk"
    can_be_quiet: Final = True
    exactly_once: Final = True
    origin_at_once: Final = True

    def __init__(self, options: DjangoHelpdeskOptions, caller: Caller, clock: Callable[[], datetime]) -> None:
        self._options = options
        self._caller = caller
        self._clock = clock

    async def deliver(self, ticket: Ticket, files: Sequence[bytes]) -> str:
        """Find or make the ticket, then add the attachments that it lacks; the reference is its number."""
        made = await self._find(ticket) or await self._make(ticket)
        for place, content in enumerate(files, start=1):
            if content:  # the product drops empty files
                await self._attach(ticket, made, place, content)
        return str(made.number)

    async def check(self) -> str:
        """Read the end of the list of follow-ups, as every delivery does first."""
        await self._list("last", 1)
        return N_("django-helpdesk takes our account; whether the queue exists, only a ticket can tell.")

    async def origin(self, headers: Headers) -> Origin:
        """An agent's, if a person of the staff has just written a public follow-up of the ticket that the subject names.

        Read with 2.6.1: the follow-up is saved, with its user, before anybody is mailed about it. The subject only says
        where to look: what the product puts in front of a stranger's title. The follow-up that opened the ticket counts for
        nobody, even if staff wrote it: a web site that calls the API with a staff account writes strangers' words so.
        """
        number = _SUBJECT.match(headers.text("subject"))
        if number is None:
            return Origin.UNKNOWN
        answer = await self._call("GET", f"api/tickets/{int(number[1])}/")
        if not answer.ok:
            raise self._caller.refusal(answer, "django-helpdesk's ticket")
        follow_ups = sorted(_objects(answer.json().get("followup_set")), key=lambda one: str(one.get("date")))
        for one in follow_ups[1:]:
            just_now = not _older(one, self._clock() - _MAILING, slack=timedelta(0))
            if one.get("public") is True and isinstance(one.get("user"), int) and just_now:
                return Origin.AGENT
        return Origin.UNKNOWN

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._caller.aclose()

    # --- finding ---

    async def _find(self, ticket: Ticket) -> _Made | None:
        for size, most in _WALK:
            page = "last"
            uploads: dict[str, bool] = {}
            for _ in range(most):
                listed = await self._list(page, size)
                follow_ups = list(_objects(listed.get("results")))
                uploads |= {str(one.get("comment")): bool(one.get("followupattachment_set")) for one in follow_ups}
                for one in follow_ups:
                    ours, belongs = rendering.noted(ticket, str(one.get("comment"))), one.get("ticket")
                    if ours and isinstance(belongs, int):
                        return _Made(belongs, uploads)
                number = _last_page(listed, size) if page == "last" else int(page)
                if number <= 1 or any(_older(one, ticket.proven_at) for one in follow_ups):
                    return None
                page = str(number - 1)
        raise HelpdeskError(
            "django-helpdesk got too many follow-ups since this ticket was proven to tell whether it is there already; "
            f"look for {rendering.reference(ticket)} by hand",
            permanent=True,
        )

    async def _list(self, page: str, size: int) -> Json:
        answer = await self._call("GET", "api/followups/", params={"page": page, "page_size": str(size)})
        if not answer.ok:
            raise self._caller.refusal(answer, "django-helpdesk's list of follow-ups")
        return answer.json()

    # --- making ---

    async def _make(self, ticket: Ticket) -> _Made:
        answer = await self._post(ticket, address=not ticket.quiet)
        if answer.status == 400 and not ticket.quiet and set(answer.json()) == {"submitter_email"}:
            # Django's mail field takes no quoted or non-ASCII local part; the address is in the note all the same.
            answer = await self._post(ticket, address=False)
        if not answer.ok:
            raise self._caller.refusal(answer, "django-helpdesk's POST of the ticket")
        number = answer.json().get("id")
        if not isinstance(number, int):
            raise HelpdeskError("django-helpdesk's answer names no ticket")
        return _Made(number, {})

    async def _post(self, ticket: Ticket, *, address: bool) -> Answer:
        body = {
            "queue": self._options.queue,
            "title": rendering.subject(ticket),
            "description": rendering.whole(ticket),
            "submitter_email": ticket.requester.mailbox if address else None,
            "priority": self._options.priority,
        }
        return await self._call("POST", "api/tickets/", content=dumps(body).encode())

    async def _attach(self, ticket: Ticket, made: _Made, place: int, content: bytes) -> None:
        # The product runs a follow-up's comment through its template engine and takes its title as the ticket's new
        # title: neither may ever hold a stranger's word.
        comment = f"Stillpost {rendering.reference(ticket)}: file {place} of {len(ticket.attachments)}"
        if comment in made.uploads:
            if not made.uploads[comment]:
                raise _refused(place)
            return
        attachment = ticket.attachments[place - 1]
        file = (rendering.line(attachment.name, 100) or "attachment", content, media_type(attachment.media_type))
        answer = await self._call(
            "POST",
            "api/followups/",
            form={"ticket": str(made.number), "comment": comment, "public": "false"},
            files={"attachments": file},
        )
        if answer.status == 500:
            # A kind of file that HELPDESK_VALID_EXTENSIONS does not list: a follow-up without file and a 500 (2.6.1).
            again = await self._find(ticket)
            if again is not None and again.uploads.get(comment) is False:
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
            answer_bytes=LIST_BYTES,
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


def _older(one: Json, than: datetime, *, slack: timedelta = _SLACK) -> bool:
    """Whether a follow-up is older, even with what clocks and zones may be off."""
    try:
        date = datetime.fromisoformat(str(one.get("date")))
    except ValueError:
        return False
    return (date + slack if date.tzinfo else date.replace(tzinfo=UTC) + _ZONE_SLACK) < than
