"""A real browser (Debian's Chromium, driven by Playwright) that tells everything a page should not have done."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1200, "height": 800}
NARROWEST = {"width": 320, "height": 640}  # WCAG 2.2, 1.4.10 Reflow

_WATCH = """
document.addEventListener("securitypolicyviolation", event =>
    console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`));
"""
_addresses = count(1)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, for as many visitors as wanted."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass(slots=True)
class Visitor:
    """One person with one browser: types like a person, and keeps what went wrong in his console."""

    context: BrowserContext
    page: Page
    language: str
    troubles: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def fill_in(
        self, email: str, subject: str, message: str = "Please help me with this, I have tried it twice."
    ) -> None:
        """Type into the form, at 40 ms a key; nobody fills it in within three seconds."""
        fields = {"name": "Ada Example", "email": email, "subject": subject}
        for name, text in fields.items():
            self.page.locator(f"#{name}").fill("")
            self.page.locator(f"#{name}").press_sequentially(text, delay=15)
        self.page.locator("#message").fill("")
        self.page.locator("#message").press_sequentially(message, delay=max(15, 3200 / len(message)))

    def send(self) -> str:
        """Press the button; the state that the next page tells."""
        with self.page.expect_navigation():
            self.page.locator("form > button[type=submit]").click()
        return self.state

    @property
    def state(self) -> str:
        """The state that the page tells, empty where it tells none."""
        return self.page.locator("main").get_attribute("data-state") or ""

    @property
    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    def violations(self) -> list[str]:
        """What axe-core has against the page as it is now."""
        found: dict[str, Any] = Axe().run(self.page).response
        return [
            f"{self.page.url}: {each['id']}: {node['html'][:120]}: {node.get('failureSummary', '')}"
            for each in found["violations"]
            for node in each["nodes"]
        ]

    def wider_than_its_window(self) -> bool:
        """Whether somebody would have to scroll sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@contextmanager
def visiting(
    browser: Browser,
    *,
    language: str = "en",
    script: bool = True,
    scheme: Literal["light", "dark"] = "light",
    size: dict[str, int] | None = None,
    expected: Sequence[str] = (),
) -> Iterator[Visitor]:
    """A person with a fresh browser, from an address of his own; fails if a page did what it should not.

    ``expected``: beginnings of console messages that belong to what is tested.
    """
    number = next(_addresses)
    context = browser.new_context(
        locale=language,
        java_script_enabled=script,
        color_scheme=scheme,
        viewport=size or DESK,  # type: ignore[arg-type]  # a size
        extra_http_headers={"X-Forwarded-For": f"198.51.{number % 250}.7"},
    )
    context.set_default_timeout(20_000)
    context.add_init_script(_WATCH)
    visitor = Visitor(context, context.new_page(), language, expected=list(expected))
    context.on("console", lambda message: _console(visitor, message))
    context.on("weberror", lambda error: visitor.troubles.append(f"exception: {error.error}"))
    context.on("request", lambda request: _request(visitor, request))
    try:
        yield visitor
    finally:
        context.close()
    assert visitor.troubles == []


def _console(visitor: Visitor, message: ConsoleMessage) -> None:
    if message.type not in {"error", "warning"} or any(message.text.startswith(start) for start in visitor.expected):
        return
    page = message.page
    where = message.location["url"]
    if page is not None and where == page.url and message.text.startswith("Failed to load resource"):
        return  # the page itself, sent with a status such as 422: what the test looks at
    visitor.troubles.append(f"console {message.type} on {where}: {message.text}")


def _request(visitor: Visitor, request: Request) -> None:
    host = urlsplit(request.url).hostname
    if host not in {"127.0.0.1", "localhost", None}:
        visitor.troubles.append(f"a request to {host}: {request.url}")
