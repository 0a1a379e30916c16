"""The pictures of the pages in ``docs/img``: made by this test from the real thing.

``STILLPOST_WRITE_PAGES=1 pytest -m e2e tests/e2e/t-20-browser/test_pictures.py`` writes them (``make pictures``).
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.e2e.browsers import Visitor, visiting
from tests.e2e.stillposts import Stillpost, eventually, link

pytestmark = pytest.mark.e2e

IMG = Path(__file__).parents[3] / "docs/img"
MOST_BYTES = 200_000
TABLET = {"width": 860, "height": 600}
PHONE = {"width": 390, "height": 600}
MESSAGE = "Hello,\n\nI ordered a bell on Monday and it has not arrived yet.\n\nAda"
AUDITED = Path(__file__).parents[2] / "cases/audit/zendesk-default-2013"
NACHRICHT = "Guten Tag,\n\nam Montag habe ich eine Klingel bestellt, sie ist noch nicht da.\n\nAda"


class Pictures:
    """Takes pictures, and keeps them only if asked to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.taken: list[str] = []

    def take(self, visitor: Visitor, name: str, *, whole: bool = True) -> None:
        visitor.page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        visitor.page.screenshot(path=self.folder / f"{name}.png", full_page=whole, animations="disabled")
        assert (self.folder / f"{name}.png").stat().st_size <= MOST_BYTES
        self.taken.append(f"{name}.png")


def audited(page: Path) -> str:
    """The audit of settings as a page for one's boss; its address."""
    command = [sys.executable, "-m", "stillpost", "audit", "zendesk", "--from", str(AUDITED), "--name", "acme"]
    made = subprocess.run(
        [*command, "--format", "html"], capture_output=True, text=True, check=False, env={"LC_ALL": "C.UTF-8"}
    )
    assert made.returncode == 1, made.stderr
    page.write_text(made.stdout, encoding="utf-8")
    return page.as_uri()


def test_pictures_of_the_pages(browser: Browser, start: Callable[..., Stillpost], tmp_path: Path) -> None:
    writing = bool(os.environ.get("STILLPOST_WRITE_PAGES"))
    pictures = Pictures(IMG if writing else tmp_path)
    IMG.mkdir(exist_ok=True)
    stillpost = start({"support": {"title": "Nordlicht Bicycles"}})
    with visiting(browser, size=TABLET) as ada:
        page = ada.page
        page.goto(f"{stillpost.url}/p/support")
        ada.fill_in("ada@people.example", "My order has not arrived", MESSAGE)
        pictures.take(ada, "form")
        assert ada.send() == "challenged"
        pictures.take(ada, "answer")
        page.get_by_role("link", name="See where").click()
        pictures.take(ada, "status")
        mail = eventually(
            lambda: [file.read_bytes() for file in (stillpost.state / "outgoing/new").iterdir()], "no mail"
        )[0]
        stillpost.ask("ada@people.example", "Cheap watches", "Buy now at http://watches.example/", ip="203.0.113.9")
        page.goto(stillpost.url + link(mail, "confirm"))
        page.get_by_label("My order").check()
        pictures.take(ada, "confirm")
    with visiting(browser, language="de", size=TABLET) as ada:
        ada.page.goto(f"{stillpost.url}/p/support")
        ada.fill_in("ada.de@people.example", "Meine Bestellung ist nicht da", NACHRICHT)
        pictures.take(ada, "form-de")
    with visiting(browser, scheme="dark", size=PHONE) as ada:
        ada.page.goto(f"{stillpost.url}/p/support")
        ada.fill_in("ada.phone@people.example", "My order has not arrived", MESSAGE)
        pictures.take(ada, "form-phone")
    with visiting(browser, size=TABLET) as boss:
        boss.page.goto(audited(tmp_path / "audit.html"))
        pictures.take(boss, "audit", whole=False)
    assert sorted(pictures.taken) == sorted(path.name for path in IMG.glob("*.png")), "run make pictures"
