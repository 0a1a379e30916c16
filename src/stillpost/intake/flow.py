"""The life of a request, as a table.

Every change of state in Stillpost is a row of ``TABLE``; what is not in it does not happen. ``docs/flow.md`` draws it.

| now | happening | then |
|---|---|---|
| challenged, mail-first | proved (link ticked, mail came) | accepted |
| challenged, mail-first | denied (left unticked on the owner's page) | dropped |
| challenged, mail-first | timed out | expired |
| held | released by an agent | accepted |
| held | dropped by an agent, timed out | dropped, expired |
| accepted | delivered | delivered |
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from stillpost.model import Address, Request, RequestState, Ticket, Way


class Happening(StrEnum):
    """What can happen to a request."""

    PROVED = "proved"
    DENIED = "denied"
    RELEASED = "released"
    DROPPED = "dropped"
    TIMED_OUT = "timed out"
    DELIVERED = "delivered"


WAITING = frozenset({RequestState.CHALLENGED, RequestState.MAIL_FIRST})
"""States that wait for proof."""

TABLE: Mapping[tuple[RequestState, Happening], RequestState] = {
    (RequestState.CHALLENGED, Happening.PROVED): RequestState.ACCEPTED,
    (RequestState.CHALLENGED, Happening.DENIED): RequestState.DROPPED,
    (RequestState.CHALLENGED, Happening.TIMED_OUT): RequestState.EXPIRED,
    (RequestState.MAIL_FIRST, Happening.PROVED): RequestState.ACCEPTED,
    (RequestState.MAIL_FIRST, Happening.DENIED): RequestState.DROPPED,
    (RequestState.MAIL_FIRST, Happening.TIMED_OUT): RequestState.EXPIRED,
    (RequestState.HELD, Happening.RELEASED): RequestState.ACCEPTED,
    (RequestState.HELD, Happening.DROPPED): RequestState.DROPPED,
    (RequestState.HELD, Happening.TIMED_OUT): RequestState.EXPIRED,
    (RequestState.ACCEPTED, Happening.DELIVERED): RequestState.DELIVERED,
}


class FlowError(ValueError):
    """The table has no such row: a caller's bug."""


def step(request: Request, happening: Happening) -> Request:
    """The request after ``happening``. Raises FlowError where the table has no row."""
    try:
        state = TABLE[request.state, happening]
    except KeyError:
        message = f"a request that is {request.state} cannot be {happening}"
        raise FlowError(message) from None
    return replace(request, state=state)


def prove(request: Request, way: Way, at: datetime, requester: Address | None = None) -> Request:
    """A waiting request, proven. By mail-first the requester becomes that mail's From, whatever was typed."""
    proven = step(request, Happening.PROVED)
    return replace(proven, proven=way, proven_at=at, requester=requester or request.requester)


def release(request: Request, at: datetime, *, vouched: bool) -> Request:
    """A held request that an agent lets in: quietly, or with his word that the requester is who he says."""
    released = step(request, Happening.RELEASED)
    already = request.proven
    return replace(
        released,
        proven=already or Way.RELEASED,  # whether the agent's word is enough to write to him is in quiet
        proven_at=request.proven_at or at,
        quiet=already is None and not vouched,
    )


def ticket_of(request: Request) -> Ticket:
    """The ticket of an accepted request. Raises FlowError for any other."""
    if request.state is not RequestState.ACCEPTED or request.proven is None or request.proven_at is None:
        message = f"a request that is {request.state} and proven by {request.proven} is no ticket"
        raise FlowError(message)
    return Ticket(
        id=request.id,
        portal=request.portal,
        at=request.at,
        requester=request.requester,
        name=request.name,
        subject=request.subject,
        text=request.text,
        locale=request.locale,
        proven=request.proven,
        proven_at=request.proven_at,
        quiet=request.quiet,
        copies=request.copies,
        fields=request.fields,
        attachments=request.attachments,
        tags=request.tags,
    )
