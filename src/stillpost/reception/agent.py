"""The agent's side: look at what is held, let it in or drop it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import final

from stillpost.intake.flow import FlowError, Happening, release, step
from stillpost.journal import Journal
from stillpost.model import Direction, Request, RequestState
from stillpost.reception.acquaintance import Acquaintance
from stillpost.store.protocol import By, Case, Settlement, Store


class NotHeldError(Exception):
    """There is no such request, or it is not held (any more); the message says which."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Releases and drops held requests, journalled."""

    store: Store
    acquaintance: Acquaintance
    journal: Journal
    wake: Callable[[], None]

    async def held(self, limit: int = 100) -> list[Request]:
        """At most ``limit`` held requests, oldest first."""
        return await self.store.ledger.requests(RequestState.HELD, limit)

    async def release(self, request_id: str, at: datetime, *, vouched: bool) -> Request:
        """Take a held request in: quietly, so that nothing is mailed to its requester, or with the agent's word for him.

        Raises NotHeldError, StoreError.
        """
        released = await self._settle(request_id, at, lambda request: release(request, at, vouched=vouched))
        await self._welcome(released, at)
        self.journal.operated("release", id=request_id, vouched=vouched)
        self.wake()
        return released

    async def _welcome(self, released: Request, at: datetime) -> None:
        """Whose mail the owner of a mailbox wants is known to him from now on."""
        if released.mail is not None and released.mail.direction is Direction.RECIPIENT:
            identity = released.fields.get("identity", "")
            if identity:
                await self.acquaintance.welcome(released.requester.limit_key, identity, at)

    async def drop(self, request_id: str, at: datetime) -> Request:
        """Delete a held request unread by anybody else. Raises NotHeldError, StoreError."""
        dropped = await self._settle(request_id, at, lambda request: step(request, Happening.DROPPED))
        await self.store.holds.drop(request_id)
        self.journal.operated("drop", id=request_id)
        return dropped

    async def _settle(self, request_id: str, at: datetime, change: Callable[[Request], Request]) -> Request:
        why: list[str] = []

        def decide(case: Case) -> Settlement:
            why.clear()
            if not case.requests:
                why.append(f"there is no request {request_id}")
                return Settlement()
            try:
                changed = change(case.requests[0])
            except FlowError as error:
                why.append(f"{request_id}: {error}")
                return Settlement()
            deliver = (changed.id,) if changed.state is RequestState.ACCEPTED else ()
            return Settlement(changed=(changed,), deliver=deliver)

        settled = await self.store.ledger.settle(By(request=request_id), at, decide)
        if why:
            raise NotHeldError(why[0])
        return settled.changed[0]
