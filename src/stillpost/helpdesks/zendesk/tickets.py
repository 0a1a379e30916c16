"""What the small Zendesk works with: requests, tickets, mails that left."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody sends: by which channel, in whose name. ``fields`` are custom fields by id."""

    channel: str
    name: str
    email: str
    subject: str
    body: str
    cc: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    priority: str = ""
    kind: str = ""
    brand: str = ""
    form: str = ""
    locale: str = ""
    to: str = ""


@final
@dataclass(slots=True)
class Ticket:
    """One ticket as it stands; ``texts`` are its public comments, the first of them the request."""

    number: int
    request: Request
    values: dict[str, str]
    tags: set[str]
    texts: list[str]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A mail that left: by which rule, to whom, with which words."""

    rule: int
    recipients: tuple[str, ...]
    subject: str
    text: str
    medium: str = "mail"
