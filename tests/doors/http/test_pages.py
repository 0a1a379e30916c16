"""What every page is sent with: headers, languages, errors; and the pages for machines."""

import json
import re

import pytest

from stillpost.lab.world import Page, World, build_world, lab_config, lab_portal, link_in
from tests.fakes import broken_store
from tests.worlds import FORM, HOME, call, fill_in, ids_on, secret_of, world

pytestmark = pytest.mark.anyio


async def every_page(home: World) -> dict[str, Page]:
    """Each page a person can meet, by name."""
    pages = {
        "index": await home.get("/", HOME),
        "form": await home.get("/p/support", HOME),
        "form with problems": await home.post("/p/support", {}, HOME),
        "answer": await fill_in(home),
        "no such portal": await home.get("/p/nowhere", HOME),
        "no such page": await home.get("/nowhere", HOME),
        "wrong method": await home.ask("DELETE", "/p/support", HOME, {}),
        "no form": await home.ask("POST", "/p/support", HOME, {}, [b"x"]),
    }
    await home.work()
    link, off = (link_in(home.mailer.sent[0], what) for what in ("confirm", "not-me"))
    pages["status"] = await home.get(f"/r/{secret_of(pages['answer'])}", HOME)
    pages["no status"] = await home.get("/r/x", HOME)
    pages["confirm"] = await home.get(link, HOME)
    pages["confirm, bad token"] = await home.get("/confirm/x", HOME)
    pages["confirm, foreign"] = await home.ask("POST", link, HOME, {"sec-fetch-site": "cross-site"})
    ids = ids_on(pages["confirm"])
    pages["confirmed"] = await home.post(link, [("shown", ids[0]), ("mine", ids[0])], HOME)
    pages["not me"] = await home.get(off, HOME)
    pages["not me, done"] = await home.post(off, {}, HOME)
    return pages


TOKEN_PAGES = frozenset(
    [
        "answer",
        "status",
        "no status",
        "confirm",
        "confirm, bad token",
        "confirm, foreign",
        "confirmed",
        "not me",
        "not me, done",
    ]
)


async def test_every_page_has_its_security_headers() -> None:
    for name, page in (await every_page(world())).items():
        policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'", name
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'", name
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'", name
        assert page.headers["x-frame-options"] == "DENY", name
        assert page.headers["x-content-type-options"] == "nosniff", name
        assert page.headers["content-type"] == "text/html; charset=utf-8", name
        assert '<meta name="robots" content="noindex">' in page.text, name
        assert not re.search(r"<[^>]+ (style|on\w+)=", page.text), name


async def test_token_pages_are_neither_kept_nor_named_in_a_referrer() -> None:
    pages = await every_page(world())
    assert pages.keys() > TOKEN_PAGES
    for name in TOKEN_PAGES:
        assert pages[name].headers["cache-control"] == "no-store", name
        assert pages[name].headers["referrer-policy"] == "no-referrer", name


async def test_only_the_form_and_its_answer_may_be_framed_and_only_by_listed_origins() -> None:
    pages = await every_page(world(allow_origins=("https://www.example.com", "https://shop.example.org")))
    allowed = "frame-ancestors 'self' https://www.example.com https://shop.example.org"
    for name, page in pages.items():
        framed = allowed in page.headers["content-security-policy"]
        assert framed == (name in {"form", "form with problems", "answer", "no form"}), name
        assert framed != ("x-frame-options" in page.headers), name


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "", "en"),
        ("", "de", "de"),
        ("", "fr, de;q=0.5, en;q=0.4", "de"),
        ("", "*", "en"),
        ("", "de;q=0", "en"),
        ("?lang=de", "en", "de"),
        ("?lang=en", "de", "en"),
        ("?lang=xx", "de", "de"),
        ("?lang=../../de", "", "en"),
        ("?lang=de&lang=en", "", "en"),
        ("", "x" * 100_000, "en"),
        ("", "de-" + "A" * 300, "en"),
    ],
)
async def test_the_language_is_the_one_asked_for_or_the_best_offered(query: str, header: str, language: str) -> None:
    page = await world().ask("GET", f"/p/support{query}", HOME, {"accept-language": header})
    assert page.headers["content-language"] == language
    assert f'<html lang="{language}">' in page.text
    assert "Accept-Language" in page.headers["vary"]


async def test_a_portal_offers_its_own_languages_only() -> None:
    page = await world(languages=("de",)).ask("GET", "/p/support?lang=en", HOME, {"accept-language": "en"})
    assert page.headers["content-language"] == "de"
    assert "hreflang" not in page.text


async def test_a_wrong_method_is_told_which_ones_are_right() -> None:
    home = world()
    for path, allowed in (("/p/support", "GET, HEAD, POST"), ("/r/x", "GET, HEAD"), ("/confirm/x", "GET, HEAD, POST")):
        for method in ("PUT", "DELETE", "PATCH", "TRACE", "FOO"):
            page = await home.ask(method, path, HOME, {})
            assert page.status == 405
            assert ", ".join(sorted(page.headers["allow"].split(", "))) == allowed


@pytest.mark.parametrize(
    "path", ["/static/../pages.py", "/static/%2e%2e/pages.py", "/static/", "/static/README.md", "/static/x\x00.css"]
)
async def test_nothing_but_the_listed_files_is_served(path: str) -> None:
    assert (await world().get(path, HOME)).status == 404


async def test_static_files_are_kept_by_browsers_and_typed() -> None:
    page = await world().get("/static/stillpost.css", HOME)
    assert (page.status, page.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert page.headers["x-content-type-options"] == "nosniff"
    script = await world().get("/static/puzzle.js", HOME)
    assert "javascript" in script.headers["content-type"]


@pytest.mark.parametrize(
    ("ip", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("", {}, 200),
        ("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, 404),
        ("127.0.0.1", {"forwarded": "for=127.0.0.1"}, 404),
        ("", {"x-forwarded-for": "127.0.0.1"}, 404),
        ("10.0.0.1", {}, 404),
        ("198.51.100.7", {}, 404),
        ("testclient", {}, 404),
    ],
)
async def test_metrics_are_for_this_machine_alone(ip: str, headers: dict[str, str], status: int) -> None:
    page = await world().ask("GET", "/metrics", ip, headers)
    assert page.status == status
    assert ("stillpost_requests" in page.text) == (status == 200)


async def test_a_mistake_of_ours_is_one_sentence_and_never_raised_on() -> None:
    lines: list[str] = []
    store = broken_store("lists", error=RuntimeError("ann@example.com and a token"))
    home = build_world(lab_config({"support": lab_portal()}), store=store, write=lines.append)
    page = await fill_in(home)
    assert (page.status, page.text.count('role="alert"')) == (500, 1)
    answer = await call(home)
    assert (answer.status, answer.headers["content-type"]) == (500, "application/problem+json")
    for text in (page.text, answer.text):
        assert "token" not in text
        assert "RuntimeError" not in text
    assert set(json.loads(answer.text)) == {"type", "status", "title"}
    (told, _) = (json.loads(line) for line in lines)
    assert (told["event"], told["place"], told["error"], told["text"]) == ("failed", "http", "RuntimeError", "")
    assert told["where"].startswith("stillpost.reception.submit:")


async def test_form_fields_come_back_in_the_language_of_the_page() -> None:
    page = await world().post("/p/support?lang=de", {**FORM, "email": "x"}, HOME)
    assert page.headers["content-language"] == "de"
    assert 'action="/p/support?lang=de"' in page.text
