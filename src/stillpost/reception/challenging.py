"""Challenges go to the relay, at most once each.

A challenge is spent, durably, when the relay has heard sender and recipient and before the first byte of the mail
leaves. Whatever goes wrong before that puts it off; whatever goes wrong after loses it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import final

from stillpost.intake.limits import Limits
from stillpost.intake.token import Purpose, Signer
from stillpost.journal import Journal
from stillpost.mail.compose import Challenge, compose_challenge
from stillpost.mailer import Mailer, MailerError, RecipientRefusedError, Session
from stillpost.reception.portal import Portal
from stillpost.reception.reinjecting import remember
from stillpost.reception.waiting import BATCH, retry_delay, unhurried
from stillpost.store.protocol import ChallengeNote, Due, Kind, Store


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Challenging:
    """Mails the challenges in the ledger's outbox. ``chance`` gives a number in [0, 1).

    ``through_milters``: milters of ours may see our own mails.
    """

    portals: Mapping[str, Portal]
    limits: Limits
    signer: Signer
    store: Store
    journal: Journal
    mailer: Mailer
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    envelope_from: str = ""
    through_milters: bool = False
    under_way: set[str] = field(default_factory=set)
    """The challenge that is being mailed, never more than one: the ledger has given it up, the relay may not have it."""

    async def work(self) -> int:
        """Mail what is due, once; how many challenges left the outbox or were put off. Raises StoreError."""
        due = await self.store.ledger.due(self.clock(), BATCH, Kind.CHALLENGE)
        left = [(item, item.challenge) for item in due if item.challenge is not None]
        while left:
            try:
                session = await self.mailer.connect()
            except MailerError as error:
                self.journal.failed("relay", error)
                for item, note in left:
                    await self._later(item, note)
                break
            try:
                left = await self._through(session, left)
            finally:
                await session.close()
        return len(due)

    async def _through(
        self, session: Session, items: list[tuple[Due, ChallengeNote]]
    ) -> list[tuple[Due, ChallengeNote]]:
        """Mail one after the other; what is left when the session is of no more use."""
        for place, (item, note) in enumerate(items):
            if not await unhurried(self._challenge(session, item, note)):
                return items[place + 1 :]
        return []

    async def _challenge(self, session: Session, item: Due, note: ChallengeNote) -> bool:
        """Mail one; whether the session can be used again."""
        now, usable, outcome = self.clock(), True, "sent"
        portal = self.portals.get(note.portal)
        if portal is None or await self._unwanted(note, now):
            return await self._end(item, note, now, "suppressed")
        mail = compose_challenge(self._compose(portal, note, now))
        try:
            await session.offer(mail)
        except RecipientRefusedError as error:
            self.journal.failed("relay", error)
            return await self._end(item, note, now, "refused")
        except MailerError as error:
            self.journal.failed("relay", error)
            await self._later(item, note)
            return False
        if self.through_milters:  # it may leave through one of ours, which would ask about it
            await remember(self.store.lists, mail, now)
        self.under_way.add(note.id)
        try:
            if not await self.store.ledger.spend(item.id):
                return True
            try:
                await session.send(mail)
            except MailerError as error:
                self.journal.failed("relay", error)
                usable, outcome = False, "lost"
            await self.store.ledger.done(item.id, now)
            self.journal.challenge(note.portal, note.id, outcome)
        finally:
            self.under_way.discard(note.id)
        return usable

    async def _unwanted(self, note: ChallengeNote, now: datetime) -> bool:
        lists = self.store.lists
        return (
            now >= note.expires
            or await lists.has("suppressed", note.to.limit_key, now)
            or await lists.has("brake", "*", now)
            or await lists.has("brake", note.portal, now)
        )

    async def _end(self, item: Due, note: ChallengeNote, now: datetime, outcome: str) -> bool:
        """No mail of this challenge will leave."""
        if await self.store.ledger.spend(item.id):
            await self.store.ledger.done(item.id, now)
            self.journal.challenge(note.portal, note.id, outcome)
        return True

    async def _later(self, item: Due, note: ChallengeNote) -> None:
        due = self.clock() + retry_delay(item.attempts, self.chance())
        await self.store.ledger.retry(item.id, due, "later")
        self.journal.challenge(note.portal, note.id, "later")

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


def _returning(envelope_from: str, challenge: str) -> str:
    """The envelope sender whose bounces name the challenge, ``local+ID@domain``; empty stays the null sender."""
    if not envelope_from:
        return ""
    local, _, domain = envelope_from.rpartition("@")
    return f"{local}+{challenge}@{domain}"
