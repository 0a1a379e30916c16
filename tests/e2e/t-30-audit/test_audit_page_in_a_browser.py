"""The audit's page in a real browser: accessible, no wider than a phone, and deaf to whatever the settings hold."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.e2e.browsers import DESK, NARROWEST, chromium, visiting
from tests.e2e.conftest import need

pytestmark = pytest.mark.e2e

CASES = Path(__file__).parents[2] / "cases/audit"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    need("chromium")
    with chromium() as browser:
        yield browser


def written(case: str, place: Path, language: str = "C.UTF-8") -> str:
    product = case.partition("-")[0]
    command = [sys.executable, "-m", "stillpost", "audit", product, "--from", str(CASES / case), "--format", "html"]
    made = subprocess.run(command, capture_output=True, text=True, check=False, env={"LC_ALL": language})
    assert made.stdout, made.stderr
    page = place / f"{case}.html"
    page.write_text(made.stdout, encoding="utf-8")
    return page.as_uri()


PAGES = [
    pytest.param("zendesk-default-2013", "C.UTF-8", id="a leaking Zendesk"),
    pytest.param("zendesk-default-2013", "de_DE.UTF-8", id="in German"),
    pytest.param("zammad-proven-only", "C.UTF-8", id="nothing found"),
    pytest.param("zendesk-hostile-text", "C.UTF-8", id="hostile text in every field"),
]


@pytest.mark.parametrize(("case", "language"), PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_fits_a_phone_and_runs_nothing(
    browser: Browser, case: str, language: str, scheme: str, tmp_path: Path
) -> None:
    for size in (DESK, NARROWEST):
        with visiting(browser, size=size, scheme="dark" if scheme == "dark" else "light") as boss:
            boss.page.on("dialog", lambda dialog: boss.troubles.append(f"a dialog: {dialog.message}"))
            boss.page.goto(written(case, tmp_path, language))
            assert boss.violations() == []
            assert not boss.wider_than_its_window()
            assert boss.page.locator("h1").count() == 1
            assert boss.page.locator("script").count() == 0
            assert boss.page.locator("html").get_attribute("lang") == ("de" if language.startswith("de") else "en")


def test_the_demo_shows_the_leak_fixes_it_and_shows_it_gone_within_a_minute() -> None:
    command = [sys.executable, "-m", "stillpost", "audit", "demo"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env={"LC_ALL": "C.UTF-8"})
    before, _, after = shown.stdout.partition("--apply made the change")
    assert "Subject: [Acme] Request received: Zimbrolt" in before
    assert "Subject: [Acme] Request received\n" in after
    assert "Zimbrolt" not in after
