"""Proofs and refusals come in: the link's page, the first mail, "not me", the bounce of a challenge.

Looking changes nothing: mail scanners open every link. The owner ticks what is his, the rest is deleted, so that
nobody can lock a real customer out by asking first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

from stillpost.guard import Guard
from stillpost.intake.flow import Happening, prove, step
from stillpost.intake.limits import Limits
from stillpost.intake.token import Purpose, Signer, TokenError
from stillpost.journal import Journal
from stillpost.language import N_
from stillpost.mail.addresses import is_free_mail
from stillpost.model import Address, Feedback, FeedbackKind, Request, RequestState, Way
from stillpost.reception.portal import Portal
from stillpost.store.protocol import By, Case, Settlement, Store

MAX_LISTED = 20
UNKNOWN_CODE: Final = N_("Nothing waits for this code; it was used already, or it is over.")
_BOUNCED_FOR = timedelta(days=60)  # as Zammad does after a hard bounce
_HEX = frozenset("0123456789abcdef")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What the owner's page shows: the challenge and what waits for it, newest first, at most 20."""

    challenge: str
    requests: tuple[Request, ...]


@final
@dataclass(frozen=True, slots=True)
class Reply:
    """What the owner's page sent back: the ids he ticked, and all ids that it had shown him."""

    mine: frozenset[str]
    shown: frozenset[str]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What came of the owner's answer: taken in, deleted, and the id his browser is known by from now on."""

    accepted: tuple[Request, ...]
    dropped: int
    browser: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Proving:
    """Hears proofs. ``fresh(n)`` gives n unguessable bytes; ``wake`` tells the outbox."""

    portals: Mapping[str, Portal]
    limits: Limits
    signer: Signer
    guard: Guard
    store: Store
    journal: Journal
    fresh: Callable[[int], bytes]
    wake: Callable[[], None]

    async def waiting(self, token: str, at: datetime) -> Waiting:
        """What waits for the link with this token; changes nothing. Raises TokenError, StoreError."""
        challenge = self._read(Purpose.CONFIRM, token, at)
        return Waiting(challenge=challenge, requests=tuple(await self.store.ledger.waiting(challenge, at, MAX_LISTED)))

    async def confirm(self, token: str, reply: Reply, browser: str, at: datetime) -> Confirmed:
        """The owner's answer: what he ticked is his, what else his page showed is deleted, what came later still waits.

        ``browser`` is the id from his cookie, if it has one. Raises TokenError, StoreError.
        """
        challenge = self._read(Purpose.CONFIRM, token, at)
        known = browser if _is_opaque_id(browser) else self.fresh(16).hex()

        def decide(case: Case) -> Settlement:
            mine = tuple(prove(request, Way.LINK, at) for request in case.requests if request.id in reply.mine)
            denied = reply.shown - reply.mine
            rest = tuple(step(request, Happening.DENIED) for request in case.requests if request.id in denied)
            return Settlement(
                changed=(*mine, *rest),
                deliver=tuple(request.id for request in mine),
                proven=mine[0].requester if mine else None,
                proven_until=at + self.limits.proven_for,
                browser=known if mine else "",
                note=case.portal,
            )

        settled = await self.store.ledger.settle(By(challenge=challenge), at, decide)
        accepted = tuple(request for request in settled.changed if request.id in settled.deliver)
        await self._accepted(accepted, Way.LINK, settled, challenge, at)
        return Confirmed(accepted=accepted, dropped=len(settled.changed) - len(accepted), browser=settled.browser)

    async def by_mail(self, code: str, sender: Address, at: datetime) -> Request | None:
        """A first mail came from ``sender``, proven to be from him: its request, now his; None if nothing waits for it.

        The requester becomes ``sender``, whatever was typed; a suppression of his address is lifted. Raises StoreError.
        """

        challenged: list[Request] = []

        def decide(case: Case) -> Settlement:
            challenged[:] = [request for request in case.requests if request.state is RequestState.CHALLENGED]
            proven = tuple(prove(request, Way.MAIL_FIRST, at, sender) for request in case.requests)
            return Settlement(
                changed=proven,
                deliver=tuple(request.id for request in proven),
                proven=sender if proven else None,
                proven_until=at + self.limits.proven_for,
                lift=bool(proven),
            )

        settled = await self.store.ledger.settle(By(token=code), at, decide)
        await self._accepted(settled.changed, Way.MAIL_FIRST, settled, _who(sender) if challenged else "", at)
        return settled.changed[0] if settled.changed else None

    async def check_not_me(self, token: str, at: datetime) -> None:
        """Whether a "not me" token is good; changes nothing. Raises TokenError."""
        self._read(Purpose.NOT_ME, token, at)

    async def not_me(self, token: str, at: datetime) -> None:
        """The owner never wants to be asked again: no challenge for two years. Raises TokenError, StoreError.

        Never an agent's mail: that is the helpdesk's own. What waits is left to expire, since programs press this too.
        """
        challenge = self._read(Purpose.NOT_ME, token, at)
        await self._suppress(challenge, at, self.limits.suppressed_for, FeedbackKind.NOT_ME)

    async def bounced(self, challenge: str, at: datetime) -> None:
        """A challenge came back for good: its address is not asked again for 60 days. Raises StoreError."""
        await self._suppress(challenge, at, _BOUNCED_FOR, FeedbackKind.BOUNCE)

    async def _suppress(self, challenge: str, at: datetime, how_long: timedelta, kind: FeedbackKind) -> None:
        def decide(case: Case) -> Settlement:
            return Settlement(suppress_until=at + how_long, note=case.portal)

        settled = await self.store.ledger.settle(By(challenge=challenge), at, decide)
        self.journal.feedback(settled.note or "-", kind, challenge)

    async def _accepted(
        self, accepted: tuple[Request, ...], way: Way, settled: Settlement, answered: str, at: datetime
    ) -> None:
        """Tell everybody. ``answered``: the challenge that was, or who answered one by mail; empty if there was none."""
        if not accepted:
            return
        self.wake()
        for request in accepted:
            self.journal.proved(request.portal, request.id, way)
        await self.guard.observe(
            Feedback(
                event_id=f"{accepted[0].id}.confirmed",
                portal=settled.note or accepted[0].portal,
                at=at,
                kind=FeedbackKind.CONFIRMED,
                requester=accepted[0].requester,
                about=answered,
            )
        )

    def _read(self, purpose: Purpose, token: str, at: datetime) -> str:
        challenge = self.signer.read(purpose, token, at)
        if not _is_opaque_id(challenge):
            message = "the token is not ours, or was changed on its way"
            raise TokenError(message)
        return challenge


def _who(requester: Address) -> str:
    """Who proved by mail, for counting: at a domain of his own somebody has as many mailboxes as he likes."""
    return requester.limit_key if is_free_mail(requester.domain) else requester.organization


def _is_opaque_id(text: str) -> bool:
    return len(text) == 32 and _HEX.issuperset(text)
