"""Mails that wait: bytes on disk and the request in the ledger before the mail server is answered.

A held mail is a request like any other: proof or an agent's word releases it, its time ends it, and what was written down
about it stays. One copy for each recipient, since each is released by his own word.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, final

from stillpost.guard import Guard, Judged
from stillpost.intake.limits import Claim, Limits, claims
from stillpost.intake.portal import PortalOptions
from stillpost.intake.token import code_of
from stillpost.mail.addresses import is_free_mail
from stillpost.mail.roles import Role, role
from stillpost.model import (
    Address,
    Attachment,
    Feedback,
    FeedbackKind,
    HeldMail,
    Mail,
    Request,
    RequestState,
    Source,
)
from stillpost.reception.planning import SPACE, size_of
from stillpost.reception.submit import BRAKE, SUPPRESSED
from stillpost.store.protocol import ChallengeNote, Decision, Keep, Receipt, Reservation, Store

MAIL_TYPE: Final = "message/rfc822"
SUBJECT_MAX_LENGTH: Final = 300
NOWHERE: Final = Source("", ())
"""A mail is asked for by nobody's network: its challenge counts for the address, its domain and the total."""


class NoRoom(Exception):  # noqa: N818  # the mail server keeps the mail instead
    """The mail could not be held: no room, or its bytes are not there. Nothing was kept."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One copy to hold. ``whose``: the address whose proof releases it; ``ask``: whether he is asked for it."""

    whose: Address
    mail: HeldMail
    content: bytes
    subject: str
    portal: str
    lasts: timedelta
    ask: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Holds mails. ``fresh(n)`` gives n unguessable bytes; ``wake`` tells the outbox."""

    store: Store
    guard: Guard
    limits: Limits
    fresh: Callable[[int], bytes]
    wake: Callable[[], None]

    async def hold(self, copy: Copy, event: Mail, judged: Judged, options: PortalOptions | None) -> Receipt:
        """Keep one copy under the event's id. Raises NoRoom, StoreError.

        ``options`` are the portal's that asks, None where nobody is asked.
        """
        request = self._request(copy, event, judged)
        challenge: ChallengeNote | None = None
        claimed: tuple[Claim, ...] = ()
        if copy.ask and options is not None and await self._mailable(copy, event.at):
            challenge = self._challenge(copy, event.at)
            claimed = claims(
                self.limits,
                options.limits,
                copy.portal,
                copy.whose,
                NOWHERE,
                free_mail=is_free_mail(copy.whose.domain),
                seen=False,
                told=False,
            )
        await self.store.holds.put(request.id, "0", copy.content)
        decision = self._decide(request, challenge, claimed)
        try:
            receipt = await self.store.ledger.commit(event, judged.verdict, judged.meters, judged.readings, decision)
        except BaseException:
            await self.store.holds.drop(request.id)
            raise
        if receipt.taken is None:
            await self.store.holds.drop(request.id)
            raise NoRoom
        if receipt.taken.challenge is not None:
            self.wake()
            await self._asked(copy, event)
        return receipt

    def _request(self, copy: Copy, event: Mail, judged: Judged) -> Request:
        digest = hashlib.sha256(copy.content).hexdigest()
        return Request(
            id=event.event_id,
            portal=copy.portal,
            at=event.at,
            expires=event.at + copy.lasts,
            state=RequestState.CHALLENGED if copy.ask else RequestState.HELD,
            requester=copy.whose,
            subject=copy.subject[:SUBJECT_MAX_LENGTH],
            attachments=(Attachment(name="mail", media_type=MAIL_TYPE, size_bytes=len(copy.content), sha256=digest),),
            tags=tuple(symbol.name for symbol in judged.verdict.symbols),
            mail=copy.mail,
        )

    def _decide(self, request: Request, challenge: ChallengeNote | None, claimed: tuple[Claim, ...]) -> Decision:
        """With the one challenge if everything it claims is granted, else without; both only where there is room."""
        secret = self.fresh(16).hex()
        room = Reservation(
            name=SPACE, key="*", limit=self.limits.pending_bytes * 9 // 10, window=None, amount=size_of(request)
        )
        keep = Keep(request=request, secret=secret, token=code_of(secret), source="", size_bytes=size_of(request))
        silent = Decision(reservations=(room,), keep=keep)
        if challenge is None:
            return silent
        asked = tuple(
            Reservation(name=claim.name, key=claim.key, limit=claim.limit, window=claim.window) for claim in claimed
        )
        return replace(silent, reservations=(room, *asked), challenge=challenge, otherwise=silent)

    def _challenge(self, copy: Copy, at: datetime) -> ChallengeNote:
        return ChallengeNote(
            id=self.fresh(16).hex(),
            portal=copy.portal,
            to=copy.whose,
            locale="en",
            at=at,
            expires=at + self.limits.challenge_window,
        )

    async def _mailable(self, copy: Copy, at: datetime) -> bool:
        """Whether this address may be asked at all: a person's, not suppressed, and no brake is on."""
        lists = self.store.lists
        if role(copy.whose) is not Role.PERSON or await lists.has(SUPPRESSED, copy.whose.limit_key, at):
            return False
        return not (await lists.has(BRAKE, "*", at) or await lists.has(BRAKE, copy.portal, at))

    async def _asked(self, copy: Copy, event: Mail) -> None:
        await self.guard.observe(
            Feedback(
                event_id=f"{event.event_id}.challenged",
                portal=copy.portal,
                at=event.at,
                kind=FeedbackKind.CHALLENGED,
                requester=copy.whose,
                about=event.event_id,
            )
        )
