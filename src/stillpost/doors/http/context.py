"""What the HTTP door is given by ``service``: the rooms behind it, and nothing it would have to look up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import final

from starlette.requests import Request

from stillpost.doors.http.puzzle import Puzzles
from stillpost.doors.http.sources import UNKNOWN, Network, client_ip, source_of
from stillpost.intake.token import Signer
from stillpost.journal import Journal
from stillpost.language import choose
from stillpost.model import Source
from stillpost.reception.portal import Portal
from stillpost.reception.proving import Proving
from stillpost.reception.submit import Admission
from stillpost.store.protocol import Ledger

BROWSER_COOKIE = "__Host-stillpost"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The rooms behind the door. ``keys`` are the portals' API keys, by portal name.

    ``abused``: who takes part in waves on our mailboxes now (organizations, ``zendesk:0a1b2c3``, ``list:…``).
    """

    portals: Mapping[str, Portal]
    admission: Admission
    proving: Proving
    ledger: Ledger
    signer: Signer
    puzzles: Puzzles
    journal: Journal
    clock: Callable[[], datetime]
    trusted: tuple[Network, ...] = ()
    keys: Mapping[str, bytes]
    ready: Callable[[], str]
    abused: Callable[[], Sequence[str]] = tuple

    def source(self, request: Request) -> Source:
        """Where the request came from; unknown networks (a Unix socket) are counted under none."""
        peer = request.client.host if request.client else ""
        try:
            return source_of(client_ip(peer, request.headers.getlist("x-forwarded-for"), self.trusted))
        except ValueError:
            return UNKNOWN

    def language(self, request: Request, portal: Portal | None = None) -> str:
        """The reader's language: ``?lang=`` if offered, else by Accept-Language."""
        offered = portal.options.languages if portal else next(iter(self.portals.values())).options.languages
        asked = request.query_params.get("lang", "") if request.scope.get("query_string") else ""
        return asked if asked in offered else choose(request.headers.get("accept-language", ""), offered)
