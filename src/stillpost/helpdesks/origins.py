"""Who in a helpdesk wrote a mail that leaves it: an agent, or the program by itself.

A stranger makes the program write; an agent writes because he wants to. Only what a stranger cannot set decides: a
product's own records, or a field that the product writes itself. Never the subject or the body, except to tell apart
kinds of mail that are all the program's. What nobody knows is ``unknown``, and treated as the program's.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

from stillpost.mail.addresses import read as read_address
from stillpost.mail.automatic import keyword
from stillpost.mail.message import Headers
from stillpost.model import Address


class Origin(StrEnum):
    """Who wrote it; the kinds of the program's own mail are told apart for people and metrics only."""

    AGENT = "agent"
    CONFIRMATION = "confirmation"
    REJECTION = "rejection"
    LIMIT_NOTICE = "limit-notice"
    ACCOUNT = "account-mail"
    UNKNOWN = "unknown"


@runtime_checkable
class Origins(Protocol):
    """A helpdesk whose records say who wrote a mail."""

    @property
    def origin_at_once(self) -> bool:
        """Whether the records are complete while the mail is being sent, not only a moment later."""
        ...

    async def origin(self, headers: Headers) -> Origin:
        """Who wrote the mail with this header, by the product's records. Raises HelpdeskError if they cannot be read."""
        ...


IsStaff = Callable[[Address], bool]
"""Whether an address is one of the portal's own people."""


def knows_agents(product: str) -> bool:
    """Whether some mark of this product's mail says that an agent wrote it."""
    return product in {"request-tracker", "freescout"}


def origin_by_marks(product: str, headers: Headers, is_staff: IsStaff) -> Origin:
    """Who wrote it, by the marks of ``product`` (a name of ``automatic_mail.INTAKES``); ``unknown`` for others."""
    judge = _MARKS.get(product)
    found = judge(headers, is_staff) if judge else Origin.UNKNOWN
    if found is Origin.UNKNOWN and keyword(headers) != "no":
        return Origin.CONFIRMATION
    return found


def _request_tracker(headers: Headers, is_staff: IsStaff) -> Origin:
    """RT names the user whose act made it write, in a field of its own that no template sets."""
    if keyword(headers) != "no":
        return Origin.CONFIRMATION
    for name in ("x-rt-originator", "rt-originator"):
        values = headers.all(name)
        if len(values) == 1:
            address = read_address(values[0].strip("<>"))
            return Origin.AGENT if address is not None and is_staff(address) else Origin.UNKNOWN
    return Origin.UNKNOWN


def _freescout(headers: Headers, is_staff: IsStaff) -> Origin:
    """FreeScout's Message-ID says which of its mails it is (measured: nothing else does)."""
    message_id = headers.first("message-id")
    if message_id.startswith("<FS_reply-"):
        return Origin.AGENT
    return Origin.CONFIRMATION if message_id.startswith("<FS_autoreply-") else Origin.UNKNOWN


def _osticket(headers: Headers, is_staff: IsStaff) -> Origin:
    if headers.text("subject") == "Open Tickets Limit Reached":
        return Origin.LIMIT_NOTICE
    return Origin.CONFIRMATION if "x-autoreply" in headers else Origin.UNKNOWN


def _roundup(headers: Headers, is_staff: IsStaff) -> Origin:
    subject = headers.text("subject")
    if subject == "Failed issue tracker submission":
        return Origin.REJECTION
    return Origin.ACCOUNT if subject.startswith("Complete your registration to ") else Origin.UNKNOWN


def _redmine(headers: Headers, is_staff: IsStaff) -> Origin:
    about_issue = any(name.startswith("x-redmine-issue") for name in headers.by_name)
    return Origin.UNKNOWN if about_issue or "x-redmine-host" not in headers else Origin.ACCOUNT


_MARKS: Final[Mapping[str, Callable[[Headers, IsStaff], Origin]]] = {
    "request-tracker": _request_tracker,
    "freescout": _freescout,
    "osticket": _osticket,
    "roundup": _roundup,
    "redmine": _redmine,
}
