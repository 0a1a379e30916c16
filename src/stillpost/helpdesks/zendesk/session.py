"""Who we are to Zendesk: a bearer token from a file, or one fetched with client credentials and fetched again in time.

API tokens (``mail/token:…``) are not offered: the vendor ends them in 2027 and no new account can make one.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from json import dumps
from typing import final

from stillpost.helpdesks.caller import Answer, Caller, check_url, read_secret
from stillpost.helpdesks.protocol import HelpdeskError, OptionError

_EARLY = timedelta(seconds=60)
_SHORTEST = timedelta(minutes=5)


@final
class Session:
    """Calls the API with a valid token; a 401 is tried once more with a new one, since nothing was done."""

    def __init__(
        self,
        caller: Caller,
        *,
        clock: Callable[[], datetime],
        token_file: str,
        client_id: str,
        client_secret_file: str,
        scope: str,
    ) -> None:
        self._caller = caller
        self._clock = clock
        self._token_file = token_file
        self._client_id = client_id
        self._client_secret_file = client_secret_file
        self._scope = scope
        self._token = ""
        self._good_until: datetime | None = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        value: object = None,
        content: bytes | None = None,
        answer_bytes: int = 4 * 1024 * 1024,
    ) -> Answer:
        """One call below ``/api/v2/``; ``value`` is sent as JSON. Raises HelpdeskError if there is no answer."""
        for attempt in (1, 2):
            fetched = self._good_until is None
            sent = {"Authorization": f"Bearer {await self._bearer()}", "Content-Type": "application/json"}
            answer = await self._caller.call(
                method,
                f"api/v2/{path}",
                params=params or {},
                headers=sent | dict(headers or {}),
                content=dumps(value).encode() if value is not None else content,
                answer_bytes=answer_bytes,
            )
            if answer.status != 401 or self._token_file or fetched or attempt == 2:
                break
            self._good_until = None
        return answer

    async def _bearer(self) -> str:
        if self._token_file:
            return read_secret(self._token_file, "token_file")
        if self._good_until is None or self._clock() >= self._good_until:
            await self._fetch()
        return self._token

    async def _fetch(self) -> None:
        asked = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": read_secret(self._client_secret_file, "client_secret_file"),
            "scope": self._scope,
        }
        at = self._clock()
        answer = await self._caller.call(
            "POST", "oauth/tokens", headers={"Content-Type": "application/json"}, content=dumps(asked).encode()
        )
        if not answer.ok:
            raise self._caller.refusal(answer, "Zendesk's OAuth server")
        told = answer.json()
        token, lifetime = told.get("access_token"), told.get("expires_in")
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise HelpdeskError("Zendesk's OAuth server gave no token")
        self._token = token
        seconds = lifetime if isinstance(lifetime, int) else 0
        self._good_until = at + max(timedelta(seconds=min(seconds, 172_800)) - _EARLY, _SHORTEST)


@asynccontextmanager
async def opened(
    url: str, *, clock: Callable[[], datetime], token_file: str, client_id: str, client_secret_file: str
) -> AsyncIterator[Session]:
    """A session for a while, without a configuration. Raises OptionError for an address or credentials that cannot be."""
    check_url(url)
    if bool(token_file) == bool(client_id and client_secret_file):
        raise OptionError("give either --token-file, or --client-id and --client-secret-file")
    caller = Caller(url, clock=clock, timeout=timedelta(seconds=60))
    try:
        yield Session(
            caller,
            clock=clock,
            token_file=token_file,
            client_id=client_id,
            client_secret_file=client_secret_file,
            scope="read write",
        )
    finally:
        await caller.aclose()
