"""The HTTP server: uvicorn as we run it, with an end to how long and how large a connection may be.

uvicorn waits for ever for headers, reads headers of any size, and takes every byte after an answer as a reason to wait on.
Each of the three lets one client keep our memory or our connections for as long as he likes.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CONNECTIONS_MAX: Final = 2000
IDLE_SECONDS: Final = 10
STOP_SECONDS: Final = 10


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How much one connection may ask of us.

    ``head_seconds``: from the connection, or from the end of an answer, to the end of the next request's headers;
    ``request_seconds``: from there to the last byte of the answer, of which a body may take a third.
    """

    head_seconds: float = 15.0
    request_seconds: float = 90.0
    head_bytes: int = 65_536


@final
class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol with a deadline that no byte of the client's moves, and a cap on the headers."""

    def __init__(self, *args: Any, patience: Patience, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patience = patience
        self._in_head, self._head_bytes = False, 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own signature
        """Start the clock."""
        super().connection_made(transport)
        self._due = self.loop.time() + self._patience.head_seconds
        self._look = self.loop.call_later(self._patience.head_seconds, self._keep_time)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; hang up on headers that do not end."""
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > self._patience.head_bytes and not self.transport.is_closing():
                self.send_400_response("The headers of this request are too long.")

    def on_message_begin(self) -> None:
        """Headers begin, and are counted from here."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """The application has the request now."""
        self._in_head = False
        self._due = self.loop.time() + self._patience.request_seconds
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, and for what is left of a body that nobody reads."""
        super().on_response_complete()
        if self.cycle.response_complete:
            self._due = self.loop.time() + self._patience.head_seconds

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._look.cancel()
        super().connection_lost(exc)

    def _keep_time(self) -> None:
        """Look now and then instead of setting a timer for every request: cheaper, and late by one look at most."""
        left = self._due - self.loop.time()
        if left <= 0:
            self.transport.abort()  # close() would wait for a client that does not read
            return
        self._look = self.loop.call_later(min(left, self._patience.head_seconds), self._keep_time)


def http_server(app: ASGIApp, patience: Patience = Patience()) -> uvicorn.Server:
    """uvicorn as we run it: no access log (token paths!), no proxy headers (``sources`` reads them), no banner.

    Nor does it write a log: it has a line, unbounded and not ours, for every byte that is no HTTP.
    """
    return uvicorn.Server(
        uvicorn.Config(
            app,
            loop="none",
            http=partial(BoundedHttp, patience=patience),  # type: ignore[arg-type]  # called like the class it is
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="critical",
            proxy_headers=False,
            server_header=False,
            date_header=True,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )
