"""The report in a real browser: readable by everybody, on a phone and in the dark, and a mail can do nothing in it.

``STILLPOST_WRITE_PAGES=1`` keeps the pictures for the docs (``make pictures``).
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.e2e.browsers import DESK, NARROWEST, chromium, visiting
from tests.e2e.conftest import need
from tests.scan.boxes import START, bombed, mail, mbox, scanned
from tests.scan.test_page import HOSTILE, spoiled

from stillpost.scan.page import as_html
from stillpost.scan.result import Result

pytestmark = pytest.mark.e2e

IMG = Path(__file__).parents[3] / "docs/img/scan"
MOST_BYTES = 250_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    need("chromium")
    with chromium() as browser:
        yield browser


@pytest.fixture
def result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.chdir(tmp_path)
    bombed(tmp_path / "Mail/Inbox")
    return apart(Path("Mail"))


def apart(path: Path) -> Result:
    """A scan in a thread of its own: Playwright keeps its loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(scanned, path).result()


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, NARROWEST], ids=["desk", "narrow"])
def test_the_page_is_readable_by_everybody(
    browser: Browser, result: Result, tmp_path: Path, language: str, scheme: str, size: dict[str, int]
) -> None:
    page = tmp_path / "report.html"
    page.write_text(as_html(result, language), encoding="utf-8")
    with visiting(browser, language=language, scheme=scheme, size=size) as anna:  # type: ignore[arg-type]  # one of two
        anna.page.goto(page.as_uri())
        anna.page.locator("summary").click()
        assert anna.violations() == []
        assert not anna.wider_than_its_window()
        assert anna.page.locator("script, a, img, iframe, form").count() == 0


def test_a_mail_can_do_nothing_in_it(browser: Browser, result: Result, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    for words in HOSTILE:
        spoiled_result = spoiled(result, subject=words, sender=words, organization=words, tenant=words, platform=words)
        page.write_text(as_html(spoiled_result, "en"), encoding="utf-8")
        with visiting(browser) as anna:
            anna.page.on("dialog", lambda dialog: anna.troubles.append(dialog.message))  # ends with the block
            anna.page.goto(page.as_uri())
            assert anna.page.locator("h1").inner_text().startswith("This mailbox was bombed")
            assert not anna.wider_than_its_window()


def test_pictures_of_the_report(browser: Browser, result: Result, tmp_path: Path) -> None:
    folder = IMG if os.environ.get("STILLPOST_WRITE_PAGES") else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    for name, language, scheme in (("report", "en", "light"), ("report-de", "de", "dark")):
        page = tmp_path / "report.html"
        page.write_text(as_html(result, language), encoding="utf-8")
        with visiting(browser, language=language, scheme=scheme, size={"width": 1000, "height": 1400}) as anna:  # type: ignore[arg-type]  # one of two
            anna.page.goto(page.as_uri())
            anna.page.screenshot(path=folder / f"{name}.png", animations="disabled")
        assert (folder / f"{name}.png").stat().st_size <= MOST_BYTES
        assert (IMG / f"{name}.png").exists(), "run make pictures"


def test_a_quiet_mailbox_and_one_that_cannot_be_read_have_pages(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "broken.mbox").write_bytes(b"nothing")
    quiet = mbox(tmp_path / "quiet", [mail(START, "Bert <bert@friends.example>")])
    for path in (quiet, tmp_path / "broken.mbox"):
        (tmp_path / "report.html").write_text(as_html(apart(path), "en"), encoding="utf-8")
        with visiting(browser) as anna:
            anna.page.goto((tmp_path / "report.html").as_uri())
            assert anna.violations() == []
