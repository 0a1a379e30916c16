"""Zendesk's settings over its API: the fewest calls that show them, read only, paged by cursor, patient with limits.

We never follow a link an answer gives: the next page is asked for with the cursor, below our own address. A 403 is a
missing scope and a 404 a plan without the feature; both leave a gap that the audit shows, not an error.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, final

from stillpost.audit.snapshot import Snapshot
from stillpost.helpdesks.caller import Answer
from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.helpdesks.zendesk.session import Session
from stillpost.helpdesks.zendesk.shapes import redacted

PAGE = 100
MAX_PAGES = 1_000
MAX_ANSWER_BYTES = 32 * 1024 * 1024
MAX_TRIES = 6
LONGEST_WAIT = timedelta(minutes=5)
_USAGE = {"include": "usage_1h,usage_24h,usage_7d,usage_30d"}

Sleep = Callable[[float], Awaitable[None]]


@final
@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a resource is read: path, key in the reply, the scope that shows it, whether it comes in pages."""

    path: str
    key: str
    scope: str
    paged: bool = True
    also: Mapping[str, str] = field(default_factory=dict)


ENDPOINTS: Mapping[str, Endpoint] = {
    "triggers": Endpoint("triggers", "triggers", "triggers:read", also=_USAGE),
    "automations": Endpoint("automations", "automations", "automations:read"),
    "dynamic_content": Endpoint("dynamic_content/items", "items", "read"),
    "settings": Endpoint("account/settings", "settings", "read", paged=False),
    "ticket_fields": Endpoint("ticket_fields", "ticket_fields", "read"),
    "ticket_forms": Endpoint("ticket_forms", "ticket_forms", "read", paged=False),
    "brands": Endpoint("brands", "brands", "read"),
    "recipient_addresses": Endpoint("recipient_addresses", "recipient_addresses", "read"),
    "trigger_categories": Endpoint("trigger_categories", "trigger_categories", "triggers:read"),
    "targets": Endpoint("targets", "targets", "targets:read"),
    "webhooks": Endpoint("webhooks", "webhooks", "webhooks:read"),
}
"""One call each, and one more for every further hundred objects."""


@final
class Live:
    """Reads one account. ``calls`` counts the requests made; ``sleep`` waits out a limit."""

    def __init__(self, session: Session, sleep: Sleep = asyncio.sleep) -> None:
        self._session = session
        self._sleep = sleep
        self.calls = 0

    async def snapshot(self, name: str, clock: Callable[[], datetime]) -> Snapshot:
        """Everything the audit needs. Raises HelpdeskError where nobody is let in or nobody answers."""
        resources: dict[str, Any] = {}
        missing: dict[str, str] = {}
        for resource, endpoint in ENDPOINTS.items():
            found, problem = await self._read(endpoint)
            if found is not None:
                resources[resource] = redacted(resource, found)
            if problem:
                missing[resource] = problem
        return Snapshot(product="zendesk", name=name, taken_at=clock(), resources=resources, missing=missing)

    async def _read(self, endpoint: Endpoint) -> tuple[Any, str]:
        """One resource, all pages; what was read of it so far and the reason where it ends early."""
        found: list[Any] = []
        params = {"page[size]": str(PAGE), **endpoint.also} if endpoint.paged else {}
        for page in range(MAX_PAGES):
            answer = await self._patient(endpoint.path, params)
            if answer.status == 400 and endpoint.also and "include" in params:
                del params["include"]  # this plan counts no usage
                answer = await self._patient(endpoint.path, params)
            if not answer.ok:
                return found or None, _refusal(answer, endpoint)
            try:
                reply = answer.json()
            except HelpdeskError:
                return found or None, "an answer was cut off or is not JSON"
            value = reply.get(endpoint.key)
            if isinstance(value, dict):
                return value, ""
            if not isinstance(value, list):
                return found or None, f"the answer has no {endpoint.key}"
            found += value
            following = _following(reply, page)
            if not following:
                return found, ""
            params = {**params, **following}
        return found, f"more than {MAX_PAGES} pages"

    async def _patient(self, path: str, params: Mapping[str, str]) -> Answer:
        """One call; a limit (429) and a hiccup (5xx) are waited out, a few times and not for ever."""
        waited = timedelta(0)
        for attempt in range(MAX_TRIES):
            self.calls += 1
            answer = await self._session.call("GET", path, params=params, answer_bytes=MAX_ANSWER_BYTES)
            if answer.status == 401:
                raise HelpdeskError(
                    "Zendesk does not accept the token: it is wrong or expired; make a new one (OAuth, scope read)",
                    permanent=True,
                )
            if answer.status != 429 and answer.status < 500:
                return answer
            pause = _pause(answer, attempt)
            waited += pause
            if waited > LONGEST_WAIT or attempt == MAX_TRIES - 1:
                break
            await self._sleep(pause.total_seconds())
        return answer


def _pause(answer: Answer, attempt: int) -> timedelta:
    """What the account asks us to wait, or twice as long every time."""
    asked = answer.headers.get("retry-after") or answer.headers.get("ratelimit-reset", "")
    if asked.isdigit():
        return timedelta(seconds=min(int(asked), LONGEST_WAIT.total_seconds() + 1))
    return timedelta(seconds=2**attempt)


def _following(reply: Mapping[str, Any], page: int) -> dict[str, str]:
    """The parameters of the next page. ``links.next`` may be set on the last page, so ``has_more`` decides."""
    meta = reply.get("meta")
    if isinstance(meta, dict) and "has_more" in meta:
        cursor = meta.get("after_cursor")
        return {"page[after]": cursor} if meta["has_more"] is True and isinstance(cursor, str) else {}
    return {"page": str(page + 2)} if reply.get("next_page") else {}


def _refusal(answer: Answer, endpoint: Endpoint) -> str:
    if answer.status == 403:
        return f"the token may not read it (403); it needs the scope {endpoint.scope}"
    if answer.status == 404:
        return "this plan does not have it (404)"
    if answer.status == 429:
        return "the account's rate limit did not let us in (429); try again later"
    return f"Zendesk answered {answer.status}"
