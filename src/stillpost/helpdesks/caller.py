"""HTTP to a helpdesk: no redirects, no proxies, a deadline over everything, answers capped and read raw.

The other end is the operator's own choice and still may be broken, hijacked or replaced: an answer may be five
gigabytes, one byte a second, compressed a thousandfold, or not HTTP at all. Each becomes one HelpdeskError.
"""

import asyncio
import base64
import json
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import final

import httpx2

from stillpost.helpdesks.protocol import HelpdeskError, OptionError
from stillpost.helpdesks.rendering import line

ANSWER_BYTES = 64 * 1024
SECRET_BYTES = 4096
RETRY_AFTER_LIMIT = timedelta(days=1)
LATER = frozenset({408, 409, 425, 429})
"""The 4xx that may pass by themselves; every other one is permanent."""

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_MAILBOX = re.compile(r"[^\s\"'<>()\[\]:;,]+@[^\s\"'<>()\[\]:;,]+")
_NO_BODY: Mapping[str, str] = {}

Files = Mapping[str, tuple[str, bytes, str]]


@final
@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer: status, headers with lower-case names, at most the cap's bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> dict[str, object]:
        """The body as a JSON object. Raises HelpdeskError if it is anything else."""
        try:
            value = json.loads(self.body.decode("utf-8"))
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise HelpdeskError(f"the answer ({self.status}) is not a JSON object: is the url the product's own?")
        return value


@final
class Caller:
    """Calls one product's API below ``url``."""

    def __init__(self, url: str, *, clock: Callable[[], datetime], timeout: timedelta, ca_file: str = "") -> None:
        self._url = url if url.endswith("/") else f"{url}/"
        self._clock = clock
        self._timeout = timeout.total_seconds()
        self._client = httpx2.AsyncClient(
            verify=_trust(ca_file),
            follow_redirects=False,
            trust_env=False,
            timeout=self._timeout,
            # A pooled connection that the product closed meanwhile would make a POST's outcome unknown.
            limits=httpx2.Limits(max_connections=8, max_keepalive_connections=4, keepalive_expiry=2.0),
            headers={"Accept-Encoding": "identity", "User-Agent": "Stillpost"},
        )

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] = _NO_BODY,
        headers: Mapping[str, str] = _NO_BODY,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        files: Files | None = None,
        answer_bytes: int = ANSWER_BYTES,
    ) -> Answer:
        """One request below the url; any status is an answer. Raises HelpdeskError if there was none in time."""
        where = self._url + path if path else self._url.rstrip("/")
        try:
            async with asyncio.timeout(self._timeout):
                request = self._client.build_request(
                    method, where, params=dict(params), headers=dict(headers), content=content, data=form, files=files
                )
                response = await self._client.send(request, stream=True)
                try:
                    body = await _read(response, answer_bytes)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx2.TimeoutException):
            raise HelpdeskError(f"{self._host} did not answer within {self._timeout:g} seconds") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            raise HelpdeskError(
                f"{self._host} could not be asked: {line(_without_addresses(str(error)), 200)}"
            ) from None
        return Answer(response.status_code, {key.lower(): value for key, value in response.headers.items()}, body)

    @property
    def _host(self) -> str:
        return httpx2.URL(self._url).host

    def refusal(self, answer: Answer, what: str) -> HelpdeskError:
        """The error that an answer means which is not 2xx, by the usual reading of its status class."""
        status = answer.status
        if 300 <= status < 400:
            return HelpdeskError(f"{what}: answered {status}, a redirect; set url to where it leads", permanent=True)
        why = line(_without_addresses(answer.body[:2000].decode("utf-8", "replace")), 300)
        permanent = 400 <= status < 500 and status not in LATER
        return HelpdeskError(
            f"{what}: answered {status} {why}".rstrip(),
            permanent=permanent,
            retry_after=None if permanent else self._retry_after(answer),
        )

    def _retry_after(self, answer: Answer) -> timedelta | None:
        """Retry-After as seconds or a date (RFC 9110 section 10.2.3), never negative, at most a day.

        Without one, ``ratelimit-reset`` in seconds, which Zendesk and others send with every answer.
        """
        value = (answer.headers.get("retry-after") or answer.headers.get("ratelimit-reset", "")).strip()
        if re.fullmatch(r"[0-9]{1,9}", value):
            return min(timedelta(seconds=int(value)), RETRY_AFTER_LIMIT)
        try:
            at = parsedate_to_datetime(value[:64])
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - self._clock()
        return min(max(wait, timedelta(0)), RETRY_AFTER_LIMIT)

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._client.aclose()


async def _read(response: httpx2.Response, limit: int) -> bytes:
    # Raw: a decoder would unpack a kilobyte into a gigabyte before anybody counts.
    if response.headers.get("content-encoding", "identity").lower() not in {"", "identity"}:
        raise HelpdeskError("the answer is compressed though none was asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise HelpdeskError(f"the answer is longer than {limit} bytes")
    return bytes(body)


def _without_addresses(text: str) -> str:
    return _MAILBOX.sub("(an address)", text)


def _trust(ca_file: str) -> ssl.SSLContext | bool:
    if not ca_file:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise OptionError(f"ca_file: {ca_file} holds no certificates that could be read") from None


def check_url(url: str, key: str = "url") -> None:
    """Refuse what cannot be a helpdesk's address: https, or http on loopback only; no user, query or fragment."""
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError, TypeError):
        raise OptionError(f"{key}: {url!r} is not a URL") from None
    if parsed.scheme not in {"http", "https"} or not parsed.host or not 0 < (parsed.port or 443) < 65536:
        raise OptionError(f"{key}: {url!r} must be https://host/…")
    if parsed.scheme == "http" and parsed.host not in _LOCAL:
        raise OptionError(f"{key}: http:// shows key and ticket to the network; use https (http is for loopback)")
    if parsed.userinfo or parsed.query or parsed.fragment:
        raise OptionError(f"{key}: {url!r} must hold no password, query or fragment")


def basic(username: str, password: str) -> str:
    """The value of Authorization for HTTP Basic (RFC 7617), UTF-8."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def read_secret(path: str, key: str) -> str:
    """The secret in a file, read anew each time so that it can be replaced while we run. Raises HelpdeskError."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(SECRET_BYTES + 1)
        secret = content.decode("utf-8").strip()
    except (OSError, ValueError):
        raise HelpdeskError(f"{key}: {path} cannot be read", permanent=True) from None
    if not secret or len(content) > SECRET_BYTES or not secret.isprintable():
        raise HelpdeskError(f"{key}: {path} must hold one line with the secret", permanent=True)
    return secret
