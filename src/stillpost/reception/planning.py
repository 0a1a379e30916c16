"""What the commit of one request writes: a chain of decisions, the best first. Pure.

The chain is tried in one transaction; each step first with the request's files, then without. Where even the last step
finds no room, nothing is kept and the door answers 503. What the caller is told is the state of the step that was
taken, so the order of the steps is what keeps an answer from depending on the address.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import final

from stillpost.intake.limits import SECRET_CLAIMS, Claim, Limits
from stillpost.model import Request, RequestState
from stillpost.store.protocol import ChallengeNote, Decision, Keep, Reservation

SPACE, FILES, FILES_OF_SOURCE = "space", "files", "files-of-source"
IDEMPOTENCY, VOUCHER, SOLUTION = "idempotency", "voucher", "solution"
_ONE_USE = timedelta(days=1)
_REQUEST_OVERHEAD_BYTES = 1000  # rows and indexes beside the words


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request ready to be planned: its secrets, its source's key, and what it answers to one-use things."""

    request: Request
    secret: str
    code: str
    source: str
    voucher: str = ""
    solution: str = ""
    idempotency: tuple[str, str] | None = None


def size_of(request: Request) -> int:
    """The disk a waiting request takes, in bytes: words, attachments, rows."""
    words = len(request.text) + len(request.subject) + len(request.name) + sum(map(len, request.copies))
    fields = sum(len(key) + len(value) for key, value in request.fields.items())
    return _REQUEST_OVERHEAD_BYTES + 4 * (words + fields) + files_size(request)


def files_size(request: Request) -> int:
    """The bytes of its attachments."""
    return sum(attachment.size_bytes for attachment in request.attachments)


def plan_proven(draft: Draft, unproven: Decision | None = None) -> Decision:
    """An accepted request: its ticket goes out. Where a voucher was used before, it falls to ``unproven``."""
    once = (*_once(draft, IDEMPOTENCY), *_once(draft, VOUCHER))
    step = _step(draft, draft.request, once)
    return replace(step, deliver=True, otherwise=unproven)


def plan_held(draft: Draft, limits: Limits) -> Decision:
    """A request held for an agent, with its files if there is room; an agent has more time than a visitor."""
    held = replace(draft.request, state=RequestState.HELD, expires=draft.request.at + limits.held_for)
    return _chain([_waiting(draft, request, limits) for request in _with_and_without_files(held)])


def plan_refused(draft: Draft) -> Decision:
    """A request refused by the verdict: nothing is kept but the entry."""
    return Decision(
        reservations=_once(draft, IDEMPOTENCY), idempotency=_remember(draft, RequestState.REFUSED, refused_files=False)
    )


def plan_waiting(
    draft: Draft, limits: Limits, claims: tuple[Claim, ...], challenge: ChallengeNote | None, *, adaptive: bool
) -> Decision:
    """A request that waits for proof (``mail-first`` in the draft), in up to three steps.

    1. ``challenged``, and a mail leaves: everything a link claims (``claims``; none if no link is open to this caller).
    2. ``challenged``, and no mail leaves, for a reason that is the address's own: what the caller may be told of is
       claimed all the same, or what is left of it would tell whether a mail left. The first step is left out where no
       mail may leave at all (``challenge`` None). In link mode a budget that is spent is not told either.
    3. ``mail-first``.
    """
    steps = []
    if claims:
        challenged = replace(draft.request, state=RequestState.CHALLENGED)
        if challenge is not None:
            whole = (*map(_reserve, claims), *_once(draft, SOLUTION))
            steps += [
                replace(_waiting(draft, request, limits, whole), challenge=challenge)
                for request in _with_and_without_files(challenged)
            ]
        visible = [_reserve(claim) for claim in claims if claim.name not in SECRET_CLAIMS]
        for silent in (visible,) if adaptive else (visible, []):
            reserved = (*silent, *_once(draft, SOLUTION))
            steps += [_waiting(draft, request, limits, reserved) for request in _with_and_without_files(challenged)]
    steps += [_waiting(draft, request, limits) for request in _with_and_without_files(draft.request)]
    return _chain(steps)


def _waiting(draft: Draft, request: Request, limits: Limits, reservations: tuple[Reservation, ...] = ()) -> Decision:
    room = _room(draft, request, limits)
    return _step(draft, request, (*_once(draft, IDEMPOTENCY), *reservations, *room))


def _step(draft: Draft, request: Request, reservations: tuple[Reservation, ...]) -> Decision:
    return Decision(
        reservations=reservations,
        keep=Keep(
            request=request, secret=draft.secret, token=draft.code, source=draft.source, size_bytes=size_of(request)
        ),
        idempotency=_remember(draft, request.state, refused_files=request.attachments_refused),
    )


def _remember(draft: Draft, state: RequestState, *, refused_files: bool) -> tuple[str, str, str] | None:
    if draft.idempotency is None:
        return None
    key, body_hash = draft.idempotency
    return key, body_hash, json.dumps([state.value, draft.request.id, draft.secret, refused_files])


def _room(draft: Draft, request: Request, limits: Limits) -> Iterator[Reservation]:
    yield Reservation(name=SPACE, key="*", limit=limits.pending_bytes * 9 // 10, window=None, amount=size_of(request))
    if files := files_size(request):
        yield Reservation(name=FILES, key="*", limit=limits.pending_bytes * 8 // 10, window=None, amount=files)
        yield Reservation(
            name=FILES_OF_SOURCE, key=draft.source, limit=limits.pending_bytes_per_source, window=None, amount=files
        )


def _with_and_without_files(request: Request) -> list[Request]:
    if not request.attachments:
        return [request]
    return [request, replace(request, attachments=(), attachments_refused=True)]


def _once(draft: Draft, name: str) -> tuple[Reservation, ...]:
    keys = {
        IDEMPOTENCY: draft.idempotency[0] if draft.idempotency else "",
        VOUCHER: draft.voucher,
        SOLUTION: draft.solution,
    }
    return (Reservation(name=name, key=keys[name], limit=1, window=_ONE_USE),) if keys[name] else ()


def _reserve(claim: Claim) -> Reservation:
    return Reservation(name=claim.name, key=claim.key, limit=claim.limit, window=claim.window, attempt=claim.attempt)


def _chain(steps: list[Decision]) -> Decision:
    chained = steps[-1]
    for step in reversed(steps[:-1]):
        chained = replace(step, otherwise=chained)
    return chained
