"""A request comes in: is it proven, what does the engine say, what is written, what is the caller told.

Proof comes before policy: an unproven request is never accepted or tagged, in observe as in enforce mode. The request
and everything that binds are on disk before the answer exists.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import final

from stillpost.guard import Guard, Judged
from stillpost.intake.limits import Claim, Limits, claims
from stillpost.intake.proof import Asking, link_is_open, shown
from stillpost.intake.token import code_of
from stillpost.intake.voucher import Voucher
from stillpost.journal import Journal
from stillpost.mail.addresses import is_free_mail
from stillpost.mail.fingerprint import fingerprint
from stillpost.mail.roles import Role, role
from stillpost.model import (
    Action,
    Address,
    Attachment,
    Feedback,
    FeedbackKind,
    Guards,
    ProofMode,
    Request,
    RequestState,
    Scope,
    Source,
    Submission,
    Way,
)
from stillpost.reception.planning import (
    IDEMPOTENCY,
    Draft,
    plan_held,
    plan_proven,
    plan_refused,
    plan_waiting,
)
from stillpost.reception.portal import Portal
from stillpost.store.protocol import ChallengeNote, Decision, Receipt, Store, StoreError

BRAKE, SUPPRESSED = "brake", "suppressed"


class Unavailable(Exception):  # noqa: N818  # said to the visitor as it is: 503, with Retry-After
    """The request could not be kept; nothing was written, and saying so is all we can do."""


class IdempotencyConflict(Exception):  # noqa: N818  # an answer, 422, not a fault of ours
    """The idempotency key was used with another body."""


@final
@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request."""

    name: str
    media_type: str
    content: bytes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What a door read: words already bounded and cleaned, the address parsed, what the caller has shown.

    ``browser`` is the cookie's opaque id, ``solution`` the used puzzle's id, ``idempotency`` (key, body hash).
    """

    portal: str
    at: datetime
    requester: Address
    source: Source
    guards: Guards
    name: str = ""
    subject: str = ""
    text: str = ""
    locale: str = "en"
    copies: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    uploads: tuple[Upload, ...] = ()
    browser: str = ""
    voucher: Voucher | None = None
    solution: str = ""
    idempotency: tuple[str, str] | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a door tells the caller: the reference number, the status page's secret, the mail-first code."""

    told: RequestState
    id: str
    secret: str
    code: str
    attachments_refused: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Takes requests in. ``fresh(n)`` gives n unguessable bytes; ``wake`` tells the outbox; ``own`` are our addresses."""

    portals: Mapping[str, Portal]
    limits: Limits
    guard: Guard
    store: Store
    journal: Journal
    fresh: Callable[[int], bytes]
    wake: Callable[[], None]
    own: frozenset[str] = frozenset()
    elapsed: Callable[[], float]

    def refuses(self, requester: Address) -> bool:
        """Whether this address can never be a requester: machines' addresses (RFC 3834 section 2) and our own."""
        return role(requester) is Role.REFUSED or requester.limit_key in self.own

    async def submit(self, submitted: Submitted) -> Answer:
        """Take a request in.

        Raises Unavailable (nothing kept) and IdempotencyConflict. The caller has made sure of ``refuses`` before.
        """
        started = self.elapsed()
        try:
            answer = await self._submit(submitted, started)
        except StoreError as error:
            self.journal.failed("store", error)
            raise Unavailable from error
        if answer.told in {RequestState.CHALLENGED, RequestState.ACCEPTED}:
            self.wake()
        return answer

    async def _submit(self, submitted: Submitted, started: float) -> Answer:
        portal = self.portals[submitted.portal]
        if submitted.idempotency and (known := await self._answered(submitted)):
            return known
        way = await self._proof(submitted)
        chance = self.fresh(24)  # one call: each asks the kernel, which costs as much as the rest of this
        event = _event(submitted, reference(chance[:8]), proven=way is not None)
        judged = await self.guard.decide(event, portal.policy)
        if judged.verdict.action is Action.DEFER:
            raise Unavailable
        request = self._request(submitted, event.event_id, way, judged)
        draft = self._draft(submitted, request, chance[8:].hex())
        asking = portal.asking(braked=await self._braked(submitted))
        decision = await self._plan(portal, submitted, draft, judged, asking)
        receipt = await self._commit(submitted, event, judged, decision)
        if receipt.taken is None and IDEMPOTENCY in receipt.refused and (known := await self._answered(submitted)):
            return known
        answer = _answer(draft, receipt)
        await self._after(submitted, event, receipt)
        took = self.elapsed() - started
        self.journal.decided(portal.name, request.id, answer.told, judged.verdict, receipt.refused, took)
        return answer

    async def _proof(self, submitted: Submitted) -> Way | None:
        if submitted.voucher and submitted.voucher.proof_key == submitted.requester.proof_key:
            return Way.VOUCHED
        if submitted.browser and await self.store.ledger.knows(
            submitted.browser, submitted.requester.proof_key, submitted.at
        ):
            return Way.KNOWN
        return None

    async def _braked(self, submitted: Submitted) -> bool:
        lists = self.store.lists
        return await lists.has(BRAKE, "*", submitted.at) or await lists.has(BRAKE, submitted.portal, submitted.at)

    async def _mailable(self, submitted: Submitted) -> bool:
        """Whether a challenge may be mailed to this address at all; nothing of it shows in the answer."""
        if role(submitted.requester) is not Role.PERSON:
            return False
        return not await self.store.lists.has(SUPPRESSED, submitted.requester.limit_key, submitted.at)

    async def _plan(
        self, portal: Portal, submitted: Submitted, draft: Draft, judged: Judged, asking: Asking
    ) -> Decision:
        if judged.verdict.action is Action.REJECT:
            return plan_refused(draft)
        if judged.verdict.action is Action.HOLD:
            return plan_held(draft, self.limits)
        if draft.request.proven is not None and not draft.voucher:
            return plan_proven(draft)
        unproven = await self._plan_unproven(portal, submitted, draft, judged, asking)
        return plan_proven(draft, unproven) if draft.request.proven is not None else unproven

    async def _plan_unproven(
        self, portal: Portal, submitted: Submitted, draft: Draft, judged: Judged, asking: Asking
    ) -> Decision:
        symbols = judged.verdict.symbols
        claimed: tuple[Claim, ...] = ()
        challenge = None
        if not judged.degraded and link_is_open(asking, submitted.guards, shown(symbols, asking)):
            unguarded = not submitted.guards.guarded
            claimed = claims(
                self.limits,
                portal.options.limits,
                portal.name,
                submitted.requester,
                submitted.source,
                free_mail=is_free_mail(submitted.requester.domain),
                seen=unguarded or bool(symbols),
                told=unguarded or any(symbol.scope is not Scope.ADDRESS for symbol in symbols),
            )
            if await self._mailable(submitted):
                challenge = self._challenge(submitted)
        if draft.request.proven is not None:  # by a voucher that may have been used before
            unproven = replace(draft.request, state=RequestState.MAIL_FIRST, proven=None, proven_at=None)
            draft = replace(draft, request=unproven, voucher="")
        adaptive = portal.options.proof is ProofMode.ADAPTIVE
        return plan_waiting(draft, self.limits, claimed, challenge, adaptive=adaptive)

    def _challenge(self, submitted: Submitted) -> ChallengeNote:
        return ChallengeNote(
            id=self.fresh(16).hex(),
            portal=submitted.portal,
            to=submitted.requester,
            locale=submitted.locale,
            at=submitted.at,
            expires=submitted.at + self.limits.challenge_window,
        )

    def _request(self, submitted: Submitted, request_id: str, way: Way | None, judged: Judged) -> Request:
        return Request(
            id=request_id,
            portal=submitted.portal,
            at=submitted.at,
            expires=submitted.at + self.limits.pending_for,
            state=RequestState.ACCEPTED if way else RequestState.MAIL_FIRST,
            requester=submitted.requester,
            name=submitted.name,
            subject=submitted.subject,
            text=submitted.text,
            locale=submitted.locale,
            copies=submitted.copies,
            fields=submitted.fields,
            attachments=tuple(map(_attachment, submitted.uploads)),
            proven=way,
            proven_at=submitted.at if way else None,
            tags=tuple(symbol.name for symbol in judged.verdict.symbols),
        )

    def _draft(self, submitted: Submitted, request: Request, secret: str) -> Draft:
        return Draft(
            request=request,
            secret=secret,
            code=code_of(secret),
            source=submitted.source.network,
            voucher=submitted.voucher.nonce if request.proven is Way.VOUCHED and submitted.voucher else "",
            solution=submitted.solution,
            idempotency=submitted.idempotency,
        )

    async def _commit(self, submitted: Submitted, event: Submission, judged: Judged, decision: Decision) -> Receipt:
        uploads = submitted.uploads if decision.keep is not None else ()
        try:
            for index, upload in enumerate(uploads):
                await self.store.holds.put(event.event_id, str(index), upload.content)
            receipt = await self.store.ledger.commit(event, judged.verdict, judged.meters, judged.readings, decision)
        except StoreError:  # cancelled, on the other hand, nobody knows: the next start looks what is left over
            if uploads:
                await self.store.holds.drop(event.event_id)
            raise
        kept = receipt.taken.keep if receipt.taken else None
        if uploads and (kept is None or kept.request.attachments_refused):
            await self.store.holds.drop(event.event_id)
        if receipt.taken is None and IDEMPOTENCY not in receipt.refused:
            raise Unavailable
        return receipt

    async def _after(self, submitted: Submitted, event: Submission, receipt: Receipt) -> None:
        if receipt.taken is not None and receipt.taken.challenge is not None:
            await self.guard.observe(
                Feedback(
                    event_id=f"{event.event_id}.challenged",
                    portal=event.portal,
                    at=event.at,
                    kind=FeedbackKind.CHALLENGED,
                    requester=submitted.requester,
                    about=event.event_id,
                )
            )

    async def _answered(self, submitted: Submitted) -> Answer | None:
        if submitted.idempotency is None:
            return None
        key, body_hash = submitted.idempotency
        kept = await self.store.ledger.answer(key, submitted.at)
        if kept is None:
            return None
        if kept[0] != body_hash:
            raise IdempotencyConflict
        state, request_id, secret, refused = json.loads(kept[1])
        return Answer(
            told=RequestState(state), id=request_id, secret=secret, code=code_of(secret), attachments_refused=refused
        )


def _answer(draft: Draft, receipt: Receipt) -> Answer:
    kept = receipt.taken.keep if receipt.taken else None
    return Answer(
        told=kept.request.state if kept else RequestState.REFUSED,
        id=draft.request.id,
        secret=draft.secret if kept else "",
        code=draft.code if kept else "",
        attachments_refused=bool(kept and kept.request.attachments_refused),
    )


def _attachment(upload: Upload) -> Attachment:
    return Attachment(
        name=upload.name,
        media_type=upload.media_type,
        size_bytes=len(upload.content),
        sha256=sha256(upload.content).hexdigest(),
    )


def _event(submitted: Submitted, request_id: str, *, proven: bool) -> Submission:
    return Submission(
        event_id=request_id,
        portal=submitted.portal,
        at=submitted.at,
        requester=submitted.requester,
        source=submitted.source,
        fingerprint=fingerprint(submitted.subject, submitted.text),
        copies=len(submitted.copies),
        guards=submitted.guards,
        proven=proven,
    )


_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0 O 1 I L U: read aloud and typed from paper


def reference(random: bytes) -> str:
    """A reference number such as ``7KQ2-M9XV-4T`` from 8 random bytes; ten characters, 49 bits."""
    number = int.from_bytes(random, "big")
    letters = []
    for _ in range(10):
        number, index = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[index])
    word = "".join(letters)
    return f"{word[:4]}-{word[4:8]}-{word[8:]}"
