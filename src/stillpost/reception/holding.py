"""Mails that wait: bytes on disk and the request in the ledger before the mail server is answered.

A held mail is a request like any other: proof or an agent's word releases it, its time ends it, and what was written down
about it stays. One copy for each recipient, since each is released by his own word.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, final

from stillpost.guard import Guard, Judged
from stillpost.intake.limits import Limits, claims
from stillpost.intake.portal import PortalOptions
from stillpost.intake.token import code_of
from stillpost.mail.addresses import is_free_mail
from stillpost.mail.roles import Role, role
from stillpost.model import (
    Action,
    Address,
    Attachment,
    Feedback,
    FeedbackKind,
    HeldMail,
    Mail,
    Request,
    RequestState,
    Source,
    Verdict,
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
    """One copy to hold. ``whose``: the address whose proof releases it; ``ask``: whether he is asked for it.

    ``asked_later``: not yet, somebody else will call ``ask``. ``text`` and ``fields`` are kept beside it, for whoever looks
    at what is held.
    """

    whose: Address
    mail: HeldMail
    content: bytes
    subject: str
    portal: str
    lasts: timedelta
    ask: bool
    asked_later: bool = False
    text: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


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
        mailable = (
            (copy.ask or copy.asked_later)
            and options is not None
            and await self._mailable(copy.whose, copy.portal, event.at)
        )
        challenge: ChallengeNote | None = None
        claimed: tuple[Reservation, ...] = ()
        if copy.ask and mailable and options is not None:
            challenge, claimed = self._question(copy.whose, copy.portal, event.at, options)
        request = self._request(copy, event, judged, asks=mailable)
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
            await self.guard.observe(_challenged(copy.portal, copy.whose, event.event_id, event.at))
        return receipt

    async def ask(self, request: Request, at: datetime, options: PortalOptions) -> bool:
        """Ask for a mail that is held already; False where its address may not be asked (now). Raises StoreError."""
        if not await self._mailable(request.requester, request.portal, at):
            return False
        note, claimed = self._question(request.requester, request.portal, at, options)
        event = _challenged(request.portal, request.requester, request.id, at)
        said = Action.CHALLENGE
        verdict = Verdict(event_id=event.event_id, action=said, advised=said, score=0.0)
        decision = Decision(reservations=claimed, challenge=note)
        receipt = await self.store.ledger.commit(event, verdict, (), (), decision)
        if receipt.taken is None:
            return False
        self.wake()
        await self.guard.observe(event)
        return True

    def _request(self, copy: Copy, event: Mail, judged: Judged, *, asks: bool) -> Request:
        """Where nobody can be asked, an agent's word is all that releases it; else it waits for its owner's."""
        digest = hashlib.sha256(copy.content).hexdigest()
        return Request(
            id=event.event_id,
            portal=copy.portal,
            at=event.at,
            expires=event.at + copy.lasts,
            state=RequestState.CHALLENGED if asks else RequestState.HELD,
            requester=copy.whose,
            subject=copy.subject[:SUBJECT_MAX_LENGTH],
            text=copy.text,
            fields=copy.fields,
            attachments=(Attachment(name="mail", media_type=MAIL_TYPE, size_bytes=len(copy.content), sha256=digest),),
            tags=tuple(symbol.name for symbol in judged.verdict.symbols),
            mail=copy.mail,
        )

    def _decide(self, request: Request, challenge: ChallengeNote | None, claimed: tuple[Reservation, ...]) -> Decision:
        """With the one challenge if everything it claims is granted, else without; both only where there is room."""
        secret = self.fresh(16).hex()
        room = Reservation(
            name=SPACE, key="*", limit=self.limits.pending_bytes * 9 // 10, window=None, amount=size_of(request)
        )
        keep = Keep(request=request, secret=secret, token=code_of(secret), source="", size_bytes=size_of(request))
        silent = Decision(reservations=(room,), keep=keep)
        if challenge is None:
            return silent
        return replace(silent, reservations=(room, *claimed), challenge=challenge, otherwise=silent)

    def _question(
        self, whose: Address, portal: str, at: datetime, options: PortalOptions
    ) -> tuple[ChallengeNote, tuple[Reservation, ...]]:
        """The one challenge to an address, and all that it claims."""
        note = ChallengeNote(
            id=self.fresh(16).hex(),
            portal=portal,
            to=whose,
            locale=options.languages[0],
            at=at,
            expires=at + self.limits.challenge_window,
        )
        claimed = claims(
            self.limits,
            options.limits,
            portal,
            whose,
            NOWHERE,
            free_mail=is_free_mail(whose.domain),
            seen=False,
            told=False,
        )
        return note, tuple(
            Reservation(name=claim.name, key=claim.key, limit=claim.limit, window=claim.window) for claim in claimed
        )

    async def _mailable(self, whose: Address, portal: str, at: datetime) -> bool:
        """Whether this address may be asked at all: a person's, not suppressed, and no brake is on."""
        lists = self.store.lists
        if role(whose) is not Role.PERSON or await lists.has(SUPPRESSED, whose.limit_key, at):
            return False
        return not (await lists.has(BRAKE, "*", at) or await lists.has(BRAKE, portal, at))


def _challenged(portal: str, whose: Address, about: str, at: datetime) -> Feedback:
    return Feedback(
        event_id=f"{about}.challenged",
        portal=portal,
        at=at,
        kind=FeedbackKind.CHALLENGED,
        requester=whose,
        about=about,
    )
