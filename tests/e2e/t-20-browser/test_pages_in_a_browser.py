"""Every page as people meet it: nothing for axe to find, nothing to scroll sideways, nothing a stranger wrote comes alive."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, expect
from tests.e2e.browsers import NARROWEST, PHONE, Visitor, visiting
from tests.e2e.stillposts import WIDE, Stillpost, eventually, link

Start = Callable[..., Stillpost]

pytestmark = pytest.mark.e2e

HOSTILE = (
    "<img src=x onerror=alert(1)><script>alert(2)</script> {{ 7*7 }}",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2,
    "طلب جديد http://evil.example/?a=1&b=2 \N{RIGHT-TO-LEFT OVERRIDE}evil",
)
OPTIONS = {
    "support": {"title": "Nordlicht Bicycles", "proof": "link"},
    "puzzle": {"title": "With a puzzle", "proof_of_work": "on"},
    "first": {"title": "First mails only", "proof": "mail-first"},
}


def challenge(stillpost: Stillpost) -> bytes:
    folder = stillpost.state / "outgoing/new"
    found: list[bytes] = eventually(lambda: [file.read_bytes() for file in folder.iterdir()], f"no mail in {folder}")
    return found[0]


def every_page(visitor: Visitor, stillpost: Stillpost) -> Iterator[str]:
    """Walk over every page there is; yields a name while the page is open."""
    page, url = visitor.page, stillpost.url
    page.goto(f"{url}/")
    yield "index"
    page.goto(f"{url}/p/support")
    yield "form"
    visitor.send()
    yield "form with problems"
    answers = [
        stillpost.ask("ada@people.example", subject, "x" * 700 if number else "Text", ip=f"203.0.{number}.9")
        for number, subject in enumerate(HOSTILE, 113)
    ]
    assert {answer.state for answer in answers} == {"challenged"}
    for portal in ("support", "first"):
        page.goto(f"{url}/p/{portal}")
        visitor.fill_in("ada@people.example", "My order")
        visitor.send()
        if portal == "support":
            page.locator("summary").click()
        yield f"answer of {portal}"
    for number, answer in enumerate(answers[:1]):
        page.goto(f"{url}/r/{answer.secret}")
        yield f"status {number}"
    mail = challenge(stillpost)
    page.goto(url + link(mail, "not-me"))
    yield "not me"
    page.goto(url + link(mail, "confirm"))
    yield "confirm"
    page.locator("button[value=ticked]").click()
    yield "confirm with nothing ticked"
    page.locator("input[name=mine]").first.check()
    page.locator("button[value=ticked]").click()
    yield "confirmed"
    page.goto(url + link(mail, "confirm"))
    yield "nothing waits"
    stillpost.idle()
    page.goto(f"{url}/r/{answers[0].secret}")
    yield "status delivered"
    page.goto(f"{url}/r/{answers[1].secret}")
    yield "status deleted"
    page.goto(f"{url}/p/support")
    visitor.fill_in("ada@people.example", "Known now")
    visitor.send()
    yield "answer to somebody known"
    page.goto(url + link(mail, "not-me"))
    page.get_by_role("button").click()
    yield "not me, done"
    page.goto(f"{url}/p/nothing")
    yield "no such portal"
    page.goto(f"{url}/confirm/nonsense")
    yield "no such link"


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_nothing_against_any_page(browser: Browser, start: Start, language: str, scheme: str) -> None:
    stillpost: Stillpost = start(OPTIONS, limits=WIDE)
    with visiting(browser, language=language, scheme=scheme, size=PHONE) as visitor:  # type: ignore[arg-type]
        found = [each for name in every_page(visitor, stillpost) for each in visitor.violations()]
    assert found == []


def test_axe_would_have_found_something(browser: Browser) -> None:
    with visiting(browser) as visitor:
        visitor.page.set_content('<title>x</title><p style="color:#ccc;background:#fff">faint</p><input>')
        assert {line.split(": ")[1] for line in visitor.violations()} >= {"color-contrast", "label", "html-has-lang"}


def test_no_page_scrolls_sideways_on_the_narrowest_phone(browser: Browser, start: Start) -> None:
    stillpost: Stillpost = start(OPTIONS, limits=WIDE)
    with visiting(browser, language="de", size=NARROWEST) as visitor:
        too_wide = [name for name in every_page(visitor, stillpost) if visitor.wider_than_its_window()]
    assert too_wide == []


def test_what_a_stranger_wrote_is_shown_as_text_and_does_nothing(browser: Browser, start: Start) -> None:
    stillpost: Stillpost = start(OPTIONS, limits=WIDE)
    for number, subject in enumerate(HOSTILE, 113):
        stillpost.ask("ada@people.example", subject, subject, ip=f"203.0.{number}.9")
    with visiting(browser) as visitor:
        page = visitor.page
        page.goto(stillpost.url + link(challenge(stillpost), "confirm"))
        assert page.locator("article").count() == len(HOSTILE)
        assert page.locator("article :is(img, script, a, b)").count() == 0
        shown = page.locator("article label bdi").all_inner_texts()
        assert HOSTILE[0] in shown
        assert not [text for text in shown if "\N{RIGHT-TO-LEFT OVERRIDE}" in text]


def test_the_puzzle_is_solved_while_the_visitor_types(browser: Browser, start: Start) -> None:
    stillpost: Stillpost = start(OPTIONS)
    with visiting(browser, language="de") as visitor:
        visitor.page.goto(f"{stillpost.url}/p/puzzle")
        visitor.fill_in("ada@people.example", "Mit Rätsel")
        expect(visitor.page.get_by_text("Ihr Browser hat das Rätsel gelöst")).to_be_visible(timeout=60_000)
        assert visitor.violations() == []
        assert visitor.send() == "challenged"
    assert challenge(stillpost)


def test_without_script_mail_first_stands_in_for_the_puzzle(browser: Browser, start: Start) -> None:
    stillpost: Stillpost = start(OPTIONS)
    with visiting(browser, script=False) as visitor:
        visitor.page.goto(f"{stillpost.url}/p/puzzle")
        noscript = visitor.page.locator("noscript")  # Playwright's "no script" does not render it, real ones do
        assert "Your browser runs no scripts" in noscript.inner_text() + noscript.inner_html()
        visitor.fill_in("ada@people.example", "Without script")
        assert visitor.send() == "mail-first"
        assert visitor.page.locator("#mail-first-address").is_visible()


@dataclass(slots=True)
class Website:
    """Another site: ``localhost`` is not ``127.0.0.1`` to a browser."""

    origin: str
    frame: str = ""


@pytest.fixture
def website() -> Iterator[Website]:
    """A site on loopback with one page, in which ``frame`` is shown."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = f'<!doctype html><title>Shop</title><iframe title="Contact" src="{site.frame}" width="700" height="900"></iframe>'
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site = Website(f"http://localhost:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


def test_a_site_on_the_list_may_show_the_form_in_a_frame(browser: Browser, start: Start, website: Website) -> None:
    stillpost = start({"support": {"allow_origins": [website.origin]}})
    website.frame = f"{stillpost.url}/p/support"
    with visiting(browser) as visitor:
        visitor.page.goto(website.origin)
        frame = visitor.page.frame_locator("iframe")
        for name, text in {
            "email": "ada@people.example",
            "subject": "Framed",
            "message": "From the shop's page " * 4,
        }.items():
            frame.locator(f"#{name}").press_sequentially(text, delay=40)
        frame.get_by_role("button", name="Send").click()
        expect(frame.get_by_role("heading", level=1)).to_have_text("One step left: show that the address is yours")
        with visitor.context.expect_page() as opened:
            frame.get_by_role("link", name="See where your request stands").click()
        expect(opened.value.get_by_role("heading", level=1)).to_have_text("Where your request stands")


@pytest.mark.parametrize(
    "origins",
    [pytest.param([], id="nobody is on the list"), pytest.param(["https://shop.example"], id="another site is")],
)
def test_no_other_site_may_show_it(browser: Browser, start: Start, website: Website, origins: list[str]) -> None:
    stillpost = start({"support": {"allow_origins": origins}})
    website.frame = f"{stillpost.url}/p/support"
    with visiting(browser, expected=["Framing", "Refused to frame", "Refused to display"]) as visitor:
        visitor.page.goto(website.origin)
        framed = visitor.page.frames[1]
        framed.wait_for_load_state()
        assert framed.locator("form").count() == 0
