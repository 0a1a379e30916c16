"""A portal as its operator describes it: an intake we run, with its way of asking for proof."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import final
from urllib.parse import SplitResult, urlsplit

from stillpost.intake.limits import PortalLimits
from stillpost.language import OFFERED
from stillpost.model import Mode, ProofMode, ProofOfWork

_ORIGIN = re.compile(r"https?://(?:(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")
"""An origin as a Content-Security-Policy takes it; anything else in it would be a directive or a source of its own."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PortalOptions:
    """``[portals.NAME]``."""

    title: str = field(default="Support", metadata={"help": "what visitors and challenges call this portal"})
    from_: str = field(
        default="", metadata={"help": "the address challenges come from; empty: [relay] from", "key": "from"}
    )
    base_url: str = field(
        default="http://127.0.0.1:8025",
        metadata={"help": "where people reach us; every link we write starts with it, whatever a request claims"},
    )
    proof: ProofMode = field(
        default=ProofMode.ADAPTIVE,
        metadata={"help": "adaptive: a link in quiet times, else mail-first; mail-first: never send; link"},
    )
    mode: Mode = field(
        default=Mode.ENFORCE,
        metadata={"help": "observe withholds what detectors add (proof stays); enforce acts on it"},
    )
    proof_of_work: ProofOfWork = field(
        default=ProofOfWork.OFF,
        metadata={"help": "on: a link needs a solved puzzle; adaptive: only while something looks wrong"},
    )
    languages: tuple[str, ...] = field(
        default=OFFERED, metadata={"help": "offered languages, the first is the default"}
    )
    allow_origins: tuple[str, ...] = field(
        default=(), metadata={"help": "sites that may show the form in an iframe, as https://www.example.com"}
    )
    api_key_file: str = field(
        default="", metadata={"help": "file with the key of the site that calls the API; without it no call is keyed"}
    )
    limits: PortalLimits = field(default=PortalLimits(), metadata={"help": "lower budgets for this portal alone"})

    def problems(self) -> Iterator[str]:
        """What cannot work, one sentence each."""
        url = _parts(self.base_url)
        if url.scheme not in {"http", "https"} or not url.hostname or url.query or url.fragment or url.path.strip("/"):
            yield f"base_url = {self.base_url!r} must be an address such as https://support.example.com"
        if not self.title.strip() or not self.title.isprintable() or len(self.title) > 80:
            yield "title must be 1 to 80 printable characters"
        if not self.languages or not set(self.languages) <= set(OFFERED):
            yield f"languages must be some of {', '.join(OFFERED)}"
        for origin in self.allow_origins:
            if not _ORIGIN.fullmatch(origin) or not _parts(origin).hostname:
                yield f"allow_origins: {origin!r} must be an origin such as https://www.example.com"

    @property
    def secure(self) -> bool:
        """Whether visitors come over TLS, or from this machine alone, so that a ``__Host-`` cookie is kept."""
        url = _parts(self.base_url)
        return url.scheme == "https" or url.hostname in {"127.0.0.1", "localhost", "::1"}


def _parts(url: str) -> SplitResult:
    """The parts of a URL; none of what is no URL."""
    try:
        split = urlsplit(url)
        split.port  # noqa: B018  # looked at, since a wrong one is found only so
    except ValueError:
        return urlsplit("")
    return split
