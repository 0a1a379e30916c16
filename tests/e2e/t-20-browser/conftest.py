"""Fixtures: a browser for a file of tests, a fresh Stillpost for each test."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.e2e.browsers import chromium
from tests.e2e.conftest import need
from tests.e2e.stillposts import Stillpost, install, running

Start = Callable[..., Stillpost]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; not for longer, since Playwright keeps its loop running in this thread."""
    need("chromium")
    with chromium() as browser:
        yield browser


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """``start(portals=…)``: a real ``stillpost serve``, its outgoing mail in a Maildir, its tickets in another."""
    with ExitStack() as stack:

        def begin(portals: Mapping[str, Mapping[str, object]] | None = None, **more: object) -> Stillpost:
            made = install(tmp_path / "stillpost", portals=portals, **more)  # type: ignore[arg-type]  # as it takes them
            entered: AbstractContextManager[Stillpost] = running(made)
            return stack.enter_context(entered)

        yield begin
