"""The outbox: challenges go to the relay at most once, tickets to the helpdesk at least once.

Both wait in the ledger from the commit on, so a crash loses neither. A challenge is spent, durably, when the relay is
there and before its first byte leaves. A ticket keeps its id over every try; the helpdesk's adapter looks for it first
where the product lets it.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import final

from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.intake.flow import ticket_of
from stillpost.intake.limits import Limits
from stillpost.intake.token import Purpose, Signer
from stillpost.journal import Journal
from stillpost.mail.compose import Challenge, compose_challenge
from stillpost.mailer import Mailer, MailerError, Session
from stillpost.model import Request
from stillpost.reception.portal import Portal
from stillpost.store.protocol import ChallengeNote, Due, Store, StoreError

_FIRST_RETRY = timedelta(seconds=5)
_LAST_RETRY = timedelta(hours=1)
_AFTER_REFUSAL = timedelta(hours=6)  # a product that says no needs its operator, not our patience
_IDLE_SECONDS = 5.0
_BATCH = 32
_TICKETS_AT_ONCE = 4


def retry_delay(attempts: int, chance: float) -> timedelta:
    """How long to wait after ``attempts`` failures: doubling from 5 s to an hour, with ``chance`` (0 to 1) as jitter."""
    doubled = _FIRST_RETRY * (1 << min(attempts, 16))
    return min(doubled, _LAST_RETRY) * (0.75 + chance / 2)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Works the ledger's outbox. ``wake`` is set by whoever put something in; ``chance`` gives a number in [0, 1)."""

    portals: Mapping[str, Portal]
    limits: Limits
    signer: Signer
    store: Store
    journal: Journal
    mailer: Mailer
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    wake: asyncio.Event
    envelope_from: str = ""

    async def run(self) -> None:
        """Work until cancelled. A failing store is waited for, not given up."""
        while True:
            self.wake.clear()
            try:
                worked = await self.work()
            except StoreError as error:
                self.journal.failed("outbox", error)
                worked = 0
            if not worked:
                try:
                    async with asyncio.timeout(_IDLE_SECONDS):
                        await self.wake.wait()
                except TimeoutError:
                    continue

    async def work(self) -> int:
        """Work on what is due, once; how many items left the outbox or were put off. Raises StoreError."""
        due = await self.store.ledger.due(self.clock(), _BATCH)
        challenges = [(item, item.challenge) for item in due if item.challenge is not None]
        tickets = [(item, item.request) for item in due if item.request is not None]
        if challenges:
            await self._challenges(challenges)
        for start in range(0, len(tickets), _TICKETS_AT_ONCE):
            await asyncio.gather(*(self._ticket(*pair) for pair in tickets[start : start + _TICKETS_AT_ONCE]))
        return len(due)

    async def _challenges(self, items: list[tuple[Due, ChallengeNote]]) -> None:
        try:
            session = await self.mailer.connect()
        except MailerError as error:
            self.journal.failed("relay", error)
            for item, note in items:
                await self._later(item)
                self.journal.challenge(note.portal, note.id, "later")
            return
        try:
            for item, note in items:
                await self._challenge(session, item, note)
        finally:
            await session.close()

    async def _challenge(self, session: Session, item: Due, note: ChallengeNote) -> None:
        now = self.clock()
        portal = self.portals.get(note.portal)
        unwanted = await self.store.lists.has("suppressed", note.to.limit_key, now)
        if not await self.store.ledger.spend(item.id):
            return
        if portal is None or unwanted or now >= note.expires or await self.store.lists.has("brake", "*", now):
            outcome = "suppressed"
        else:
            try:
                await session.send(compose_challenge(self._compose(portal, note, now)))
                outcome = "sent"
            except MailerError as error:
                self.journal.failed("relay", error)
                outcome = "lost"
        await self.store.ledger.done(item.id, now)
        self.journal.challenge(note.portal, note.id, outcome)

    def _compose(self, portal: Portal, note: ChallengeNote, now: datetime) -> Challenge:
        base = portal.proof_base
        confirm = self.signer.sign(Purpose.CONFIRM, note.id, note.expires)
        not_me = self.signer.sign(Purpose.NOT_ME, note.id, note.at + self.limits.suppressed_for)
        return Challenge(
            id=note.id,
            to=note.to,
            from_address=portal.from_address,
            title=portal.options.title,
            host=portal.host,
            confirm_url=f"{base}/confirm/{confirm}",
            not_me_url=f"{base}/not-me/{not_me}",
            days=max(1, (note.expires - note.at).days),
            locale=note.locale,
            at=now,
            envelope_from=_returning(self.envelope_from, note.id),
        )

    async def _ticket(self, item: Due, request: Request) -> None:
        portal = self.portals.get(request.portal)
        if portal is None:
            self.journal.ticket(request.portal, request.id, "-", "later", "this portal is no longer configured")
            await self._later(item, _AFTER_REFUSAL)
            return
        product = portal.helpdesk.product
        try:
            files = await self._files(request)
            reference = await portal.helpdesk.deliver(ticket_of(request), files)
        except HelpdeskError as error:
            outcome = "refused" if error.permanent else "later"
            self.journal.ticket(portal.name, request.id, product, outcome, str(error)[:200])
            await self._later(item, _AFTER_REFUSAL if error.permanent else error.retry_after)
            return
        except Exception as error:  # noqa: BLE001  # an adapter's bug keeps the ticket and tells us
            self.journal.failed(f"helpdesk {product}", error)
            await self._later(item)
            return
        now = self.clock()
        await self.store.ledger.done(item.id, now, reference)
        await self.store.holds.drop(request.id)
        self.journal.ticket(portal.name, request.id, product, "delivered")

    async def _files(self, request: Request) -> list[bytes]:
        files = []
        for index in range(len(request.attachments)):
            content = await self.store.holds.get(request.id, str(index))
            if content is None:
                message = f"attachment {index} of {request.id} is not in the state directory"
                raise HelpdeskError(message)
            files.append(content)
        return files

    async def _later(self, item: Due, wait: timedelta | None = None) -> None:
        delay = retry_delay(item.attempts, self.chance())
        await self.store.ledger.retry(item.id, self.clock() + max(delay, wait or delay), "later")


def _returning(envelope_from: str, challenge: str) -> str:
    """The envelope sender whose bounces name the challenge, ``local+ID@domain``; empty stays the null sender."""
    if not envelope_from:
        return ""
    local, _, domain = envelope_from.rpartition("@")
    return f"{local}+{challenge}@{domain}"
