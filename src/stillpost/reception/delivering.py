"""Tickets go to the helpdesks, at least once each.

A ticket keeps its id over every try; the helpdesk's adapter looks for it first where the product lets it. Portals do
not wait for one another: a helpdesk that hangs holds up its own tickets only.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import final

from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.intake.flow import ticket_of
from stillpost.journal import Journal
from stillpost.mailer import MailerError, RecipientRefusedError
from stillpost.model import Request
from stillpost.reception.portal import Portal
from stillpost.reception.reinjecting import Reinjector
from stillpost.reception.waiting import IDLE_SECONDS, retry_delay, unhurried
from stillpost.store.protocol import Due, Kind, Store, StoreError

_AFTER_REFUSAL = timedelta(hours=6)  # a product that says no needs its operator, not our patience
_PAUSE = timedelta(seconds=30)  # for the rest of a batch, when none of four tickets could be delivered
_AT_ONCE = 4
_BATCH = 128  # so that one portal's pile seldom hides another's ticket

_Item = tuple[Due, Request]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Delivering:
    """Hands over the tickets in the ledger's outbox, and the mails that were released. ``chance`` gives a number in [0, 1)."""

    portals: Mapping[str, Portal]
    reinjectors: Mapping[str, Reinjector]
    store: Store
    journal: Journal
    clock: Callable[[], datetime]
    chance: Callable[[], float]

    async def run(self, wake: asyncio.Event) -> None:
        """Work until cancelled, each portal on its own. A failing store is waited for, not given up."""
        busy: set[str] = set()  # at most one entry a portal
        async with asyncio.TaskGroup() as tasks:
            while True:
                wake.clear()
                try:
                    due = await self._due()
                except StoreError as error:
                    self.journal.failed("outbox", error)
                    due = {}
                for name in due.keys() - busy:
                    busy.add(name)
                    tasks.create_task(self._patiently(name, due[name], busy, wake))
                try:
                    async with asyncio.timeout(IDLE_SECONDS):
                        await wake.wait()
                except TimeoutError:
                    continue

    async def work(self) -> int:
        """Hand over what is due, once; how many tickets left the outbox or were put off. Raises StoreError."""
        due = await self._due()
        for items in due.values():
            await self._portal(items)
        return sum(map(len, due.values()))

    async def _due(self) -> dict[str, list[_Item]]:
        by_portal: dict[str, list[_Item]] = {}
        for item in await self.store.ledger.due(self.clock(), _BATCH, Kind.TICKET):
            if item.request is not None:
                by_portal.setdefault(item.request.portal, []).append((item, item.request))
        return by_portal

    async def _patiently(self, name: str, items: Sequence[_Item], busy: set[str], wake: asyncio.Event) -> None:
        try:
            await self._portal(items)
        except StoreError as error:
            self.journal.failed("outbox", error)
            await asyncio.sleep(IDLE_SECONDS)  # what could not be written down is due at once
        busy.discard(name)
        wake.set()

    async def _portal(self, items: Sequence[_Item]) -> None:
        """Hand over the tickets of one portal, some at once; put the rest off when none of those got through."""
        for start in range(0, len(items), _AT_ONCE):
            begun = items[start : start + _AT_ONCE]
            ended = await asyncio.gather(*(unhurried(self._ticket(*pair)) for pair in begun), return_exceptions=True)
            for error in ended:
                if isinstance(error, BaseException):
                    raise error
            if not any(ended):
                for item, _ in items[start + _AT_ONCE :]:
                    await self.store.ledger.retry(item.id, self.clock() + _PAUSE, "after others")
                return

    async def _ticket(self, item: Due, request: Request) -> bool:
        """Hand one over; whether the helpdesk answered it, be it with a no."""
        if request.mail is not None:
            return await self._mail(item, request, request.mail.listener)
        portal = self.portals.get(request.portal)
        if portal is None:
            self.journal.ticket(request.portal, request.id, "-", "later", "this portal is no longer configured")
            await self._later(item, _AFTER_REFUSAL)
            return True
        product = portal.helpdesk.product
        try:
            files = await self._files(request)
            reference = await portal.helpdesk.deliver(ticket_of(request), files)
        except HelpdeskError as error:
            outcome = "refused" if error.permanent else "later"
            self.journal.ticket(portal.name, request.id, product, outcome, str(error)[:200])
            await self._later(item, _AFTER_REFUSAL if error.permanent else error.retry_after)
            return error.permanent
        except Exception as error:  # noqa: BLE001  # an adapter's bug keeps the ticket and tells us
            self.journal.failed(f"helpdesk {product}", error)
            await self._later(item)
            return True
        await self.store.ledger.done(item.id, self.clock(), reference)
        await self.store.holds.drop(request.id)
        self.journal.ticket(portal.name, request.id, product, "delivered")
        return True

    async def _mail(self, item: Due, request: Request, listener: str) -> bool:
        """A held mail goes back to the mail server; whether that answered."""
        reinjector = self.reinjectors.get(listener)
        content = await self.store.holds.get(request.id, "0")
        if reinjector is None or content is None:
            why = "this milter is no longer configured" if reinjector is None else "its bytes are not there"
            self.journal.reinjected(listener, request.id, "later", why=why)
            await self._later(item, _AFTER_REFUSAL)
            return True
        try:
            message_id = await reinjector.send(request, content, self.clock())
        except MailerError as error:
            refused = isinstance(error, RecipientRefusedError)
            self.journal.reinjected(listener, request.id, "refused" if refused else "later", why=str(error)[:200])
            await self._later(item, _AFTER_REFUSAL if refused else None)
            return refused
        await self.store.ledger.done(item.id, self.clock(), message_id)
        await self.store.holds.drop(request.id)
        self.journal.reinjected(listener, request.id, "delivered")
        return True

    async def _files(self, request: Request) -> list[bytes]:
        files = []
        for index in range(len(request.attachments)):
            content = await self.store.holds.get(request.id, str(index))
            if content is None:
                message = f"attachment {index} of {request.id} is not in the state directory"
                raise HelpdeskError(message, permanent=True)
            files.append(content)
        return files

    async def _later(self, item: Due, wait: timedelta | None = None) -> None:
        delay = retry_delay(item.attempts, self.chance())
        await self.store.ledger.retry(item.id, self.clock() + max(delay, wait or delay), "later")
