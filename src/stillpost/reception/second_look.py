"""Who wrote a held mail, asked again a moment later: some products write down who it was only after they have sent it.

Roundup mails inside its transaction, so while the mail server waits for our answer its records know nothing yet. Such a
mail is held without a question; here it is looked up again, and released as an agent's or its recipient asked. What
waits is in the ledger, so a restart loses nothing.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, final

from stillpost.helpdesks.origins import Origin, Origins
from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.intake.flow import prove
from stillpost.journal import Journal
from stillpost.mail.message import MessageError, read
from stillpost.model import Direction, Request, RequestState, Way
from stillpost.reception.holding import Holding
from stillpost.reception.portal import Portal
from stillpost.store.protocol import By, Case, Settlement, Store, StoreError

LOOKS: Final = (timedelta(seconds=1), timedelta(seconds=5))
"""When it is looked up, after it was held and after the look before; after the last its recipient is asked."""
WAITING_MAX: Final = 10_000  # beyond, recipients are asked at once
_AFTER_RESTART: Final = timedelta(hours=1)
_TICK_SECONDS: Final = 0.5
_ORIGIN_SECONDS: Final = 10.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLook:
    """Looks up held mails again. ``waiting``: when each is due, and how often it was looked up."""

    portals: Mapping[str, Portal]
    store: Store
    holding: Holding
    journal: Journal
    clock: Callable[[], datetime]
    waiting: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def takes(self) -> bool:
        """Whether there is room for one more."""
        return len(self.waiting) < WAITING_MAX

    def later(self, request_id: str, at: datetime) -> None:
        """Look this one up in a moment."""
        self.waiting[request_id] = (at + LOOKS[0], 0)

    async def run(self) -> None:
        """Work until cancelled; begins with what a restart left behind."""
        await self._left_behind()
        while True:
            await self.work()
            await asyncio.sleep(_TICK_SECONDS)

    async def work(self) -> None:
        """Look up what is due, once."""
        now = self.clock()
        for request_id, (due, looks) in list(self.waiting.items()):
            if due > now:
                continue
            try:
                done = await self._look(request_id, last=looks + 1 == len(LOOKS))
            except StoreError as error:
                self.journal.failed("store", error)
                self.waiting[request_id] = (now + LOOKS[looks], looks)
                continue
            if done:
                self.waiting.pop(request_id, None)
            else:
                self.waiting[request_id] = (now + LOOKS[looks + 1], looks + 1)

    async def _left_behind(self) -> None:
        try:
            held = await self.store.ledger.requests(RequestState.CHALLENGED, WAITING_MAX)
        except StoreError as error:
            self.journal.failed("store", error)
            return
        now = self.clock()
        for request in held:
            if _leaves_a_helpdesk(request) and now - request.at < _AFTER_RESTART:
                self.later(request.id, now)

    async def _look(self, request_id: str, *, last: bool) -> bool:
        """Whether there is nothing more to do for this one. Raises StoreError."""
        request = await self.store.ledger.request(request_id)
        if request is None or request.state is not RequestState.CHALLENGED or not _leaves_a_helpdesk(request):
            return True
        portal = self.portals.get(request.portal)
        if portal is None:
            return True
        if await self._origin(portal, request) is Origin.AGENT:
            await self._release(request)
            return True
        if last:
            await self.holding.ask(request, self.clock(), portal.options)
        return last

    async def _origin(self, portal: Portal, request: Request) -> Origin:
        content = await self.store.holds.get(request.id, "0")
        if content is None or not isinstance(portal.helpdesk, Origins):
            return Origin.UNKNOWN
        try:
            async with asyncio.timeout(_ORIGIN_SECONDS):
                return await portal.helpdesk.origin(read(content).headers)
        except (HelpdeskError, TimeoutError, MessageError) as error:
            self.journal.milter(
                request.mail.listener if request.mail else "-", "origin-unknown", why=type(error).__name__
            )
        except Exception as error:  # noqa: BLE001  # an adapter's bug holds a mail, it never lets one through
            self.journal.failed("origin", error)
        return Origin.UNKNOWN

    async def _release(self, request: Request) -> None:
        def decide(case: Case) -> Settlement:
            changed = tuple(
                prove(each, Way.VOUCHED, self.clock())
                for each in case.requests
                if each.state is RequestState.CHALLENGED
            )
            return Settlement(changed=changed, deliver=tuple(each.id for each in changed))

        await self.store.ledger.settle(By(request=request.id), self.clock(), decide)
        self.journal.milter(request.mail.listener if request.mail else "-", "agent", id=request.id)
        self.holding.wake()


def _leaves_a_helpdesk(request: Request) -> bool:
    return request.mail is not None and request.mail.direction is Direction.PORTAL_OUT
