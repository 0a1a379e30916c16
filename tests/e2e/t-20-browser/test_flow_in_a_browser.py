"""The whole way of a request in a real browser: with and without script, in English and German."""

import re
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser
from tests.e2e.browsers import Visitor, visiting
from tests.e2e.stillposts import Stillpost, eventually, first_mail, hand_over, hidden, link, tickets

Start = Callable[..., Stillpost]

pytestmark = pytest.mark.e2e

WORDS = {
    "en": {
        "form": "Write to us",
        "challenged": "One step left: show that the address is yours",
        "confirm": "Did you write this?",
        "confirmed": "Thank you, your request is in",
        "accepted": "We have your request",
        "mail-first": "One step left: send us a mail",
        "status": "Our support has it.",
        "mail": "Automatic question: did you write to us?",
        "not-me": "We will not ask again",
        "deleted": "Deleted",
    },
    "de": {
        "form": "Schreiben Sie uns",
        "challenged": "Noch ein Schritt: Zeigen Sie, dass die Adresse Ihnen gehört",
        "confirm": "Haben Sie das geschrieben?",
        "confirmed": "Danke, Ihre Anfrage ist angekommen",
        "accepted": "Wir haben Ihre Anfrage",
        "mail-first": "Noch ein Schritt: Schicken Sie uns eine E-Mail",
        "status": "Unser Support hat sie.",
        "mail": "Automatische Rückfrage: Haben Sie uns geschrieben?",
        "not-me": "Wir fragen nicht wieder nach",
        "deleted": "Gelöscht",
    },
}
every_language = pytest.mark.parametrize("language", ["en", "de"])
with_and_without_script = pytest.mark.parametrize(
    "script", [pytest.param(True, id="script"), pytest.param(False, id="no script")]
)


def mails(stillpost: Stillpost, at_least: int = 1) -> list[bytes]:
    """What Stillpost mailed, read from the Maildir of outgoing mail."""
    folder = stillpost.state / "outgoing/new"

    def read() -> list[bytes]:
        found = [file.read_bytes() for file in sorted(folder.iterdir())] if folder.is_dir() else []
        return found if len(found) >= at_least else []

    found: list[bytes] = eventually(read, f"not {at_least} mails in {folder}")
    return found


def open_form(visitor: Visitor, stillpost: Stillpost, portal: str = "support") -> None:
    visitor.page.goto(f"{stillpost.url}/p/{portal}")


def delivered(stillpost: Stillpost, count: int) -> list[bytes]:
    found: list[bytes] = eventually(
        lambda: found if len(found := tickets(stillpost.state)) >= count else [], f"not {count} tickets"
    )
    assert len(found) == count
    return found


@every_language
@with_and_without_script
def test_form_mail_confirm_page_ticket_and_the_next_request_goes_straight_in(
    browser: Browser, start: Start, language: str, script: bool
) -> None:
    said, stillpost = WORDS[language], start()
    with visiting(browser, language=language, script=script) as visitor:
        page = visitor.page
        open_form(visitor, stillpost)
        assert page.locator("html").get_attribute("lang") == language
        assert visitor.heading == said["form"]
        visitor.fill_in("ada@people.example", "My order has not arrived")
        assert visitor.send() == "challenged"
        assert visitor.heading == said["challenged"]
        number = page.locator("#reference").inner_text()
        page.get_by_role("link", name=re.compile("stands|steht")).click()
        status = page.url
        assert visitor.state == "challenged"

        (mail,) = mails(stillpost)
        assert message_from_bytes(mail)["To"] == "ada@people.example"
        assert b"order" not in mail
        page.goto(stillpost.url + link(mail, "confirm"))
        assert visitor.heading == said["confirm"]
        assert tickets(stillpost.state) == []
        assert not page.locator("input[name=mine]").is_checked()
        page.get_by_label("My order has not arrived").check()
        page.locator("button[value=ticked]").click()
        assert visitor.heading == said["confirmed"]
        assert page.locator("#reference-1").inner_text() == number

        (ticket,) = delivered(stillpost, 1)
        assert message_from_bytes(ticket)["Subject"] == "My order has not arrived"
        stillpost.idle()
        page.goto(status)
        assert visitor.state == "delivered"
        assert said["status"] in page.locator("main").inner_text()

        (cookie,) = visitor.context.cookies()
        assert (cookie["name"], cookie["path"], cookie["sameSite"]) == ("__Host-stillpost", "/", "Lax")
        assert cookie["secure"]
        assert cookie["httpOnly"]

        open_form(visitor, stillpost)
        visitor.fill_in("ada@people.example", "One more thing")
        assert visitor.send() == "accepted"
        assert visitor.heading == said["accepted"]
        delivered(stillpost, 2)
        assert len(mails(stillpost)) == 1


def test_the_cookie_is_bound_to_this_host_and_to_tls(start: Start) -> None:
    """RFC 6265bis section 4.1.3.2: Secure, Path=/, no Domain; the browser that *posts* the confirm page gets it."""
    stillpost: Stillpost = start({"support": {"proof": "link"}})
    assert stillpost.ask("ada@people.example", "Cookie").state == "challenged"
    path = link(mails(stillpost)[0], "confirm")
    with stillpost.client() as client:
        shown = client.get(path)
        assert "set-cookie" not in shown.headers
        (number,) = re.findall(r'name="mine" value="([^"]+)"', shown.text)
        answer: httpx2.Response = client.post(path, data={"mine": number})
    name, _, rest = answer.headers["set-cookie"].partition("=")
    attributes = {part.strip().lower() for part in rest.split(";")[1:]}
    assert name == "__Host-stillpost"
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= attributes
    assert not [part for part in attributes if part.startswith("domain")]


@every_language
def test_not_me_asks_first_and_then_never_again(browser: Browser, start: Start, language: str) -> None:
    stillpost: Stillpost = start()
    with visiting(browser, language=language) as visitor:
        open_form(visitor, stillpost)
        visitor.fill_in("victim@people.example", "Not mine")
        visitor.send()
        page, path = visitor.page, link(mails(stillpost)[0], "not-me")
        page.goto(stillpost.url + path)
        assert "suppressed" not in stillpost.command("lists", "show", "suppressed").stdout
        listed = stillpost.command("lists", "show", "suppressed").stdout
        page.get_by_role("button").click()
        assert visitor.heading == WORDS[language]["not-me"]
        assert stillpost.command("lists", "show", "suppressed").stdout != listed


@every_language
@with_and_without_script
def test_first_mail_through_the_listener_proves_too(
    browser: Browser, start: Start, language: str, script: bool
) -> None:
    stillpost: Stillpost = start({"support": {"proof": "mail-first"}})
    with visiting(browser, language=language, script=script) as visitor:
        page = visitor.page
        open_form(visitor, stillpost)
        visitor.fill_in("ada@people.example", "By my own mail")
        assert visitor.send() == "mail-first"
        assert visitor.heading == WORDS[language]["mail-first"]
        address, code = (
            page.locator("#mail-first-address").inner_text(),
            page.locator("#mail-first-subject").inner_text(),
        )
        mailto = page.locator("a[href^='mailto:']").get_attribute("href")
        assert mailto == f"mailto:{address.replace('+', '%2B')}?subject={code}"
        if script:
            visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
            page.locator("button[data-copies=mail-first-subject]").click()
            assert page.evaluate("navigator.clipboard.readText()") == code
        else:
            assert page.locator("button[data-copies]").first.is_hidden()
        page.get_by_role("link", name=re.compile("stands|steht")).click()
        answer = hand_over(stillpost.mail_port, first_mail("ada@people.example", code), "ada@people.example", address)
        assert answer == (250, "")
        stillpost.idle()
        page.reload()
        assert visitor.state == "delivered"
        (ticket,) = delivered(stillpost, 1)
        assert "ada@people.example" in message_from_bytes(ticket)["From"]
        assert not (stillpost.state / "outgoing/new").is_dir() or mails(stillpost, 0) == []


def test_a_refused_first_mail_says_why_in_the_operators_language(start: Start) -> None:
    stillpost: Stillpost = start({"support": {"proof": "mail-first", "languages": ["de"]}})
    code = stillpost.ask("ada@people.example", "Zuerst die E-Mail").code
    answer = first_mail("ada@people.example", code, In_Reply_To="<1@people.example>")
    status, said = hand_over(stillpost.mail_port, answer, "ada@people.example", f"prove+{code}@portal.example")
    assert (status, said) == (
        550,
        "5.7.1 Ein Nachweis ist eine neue E-Mail, keine Antwort: bitte schreiben Sie eine neue.",
    )
    assert said.isascii()


@with_and_without_script
def test_what_is_wrong_is_named_focused_and_nothing_typed_is_lost(browser: Browser, start: Start, script: bool) -> None:
    stillpost: Stillpost = start()
    with visiting(browser, script=script) as visitor:
        page = visitor.page
        open_form(visitor, stillpost)
        page.fill("#name", "Ada")
        page.fill("#message", "What I wrote\nin two lines")
        page.fill("#email", "ada at people.example")
        assert visitor.send() == ""
        assert page.title().startswith("Not sent yet")
        assert page.evaluate("document.activeElement.id") == "problems"
        assert page.input_value("#message") == "What I wrote\nin two lines"
        for name in ("email", "subject"):
            field = page.locator(f"#{name}")
            assert field.get_attribute("aria-invalid") == "true"
            described = (field.get_attribute("aria-describedby") or "").split()
            assert f"{name}-problem" in described
            assert all(page.locator(f"#{each}").is_visible() for each in described)
        page.locator("#problems a[href='#subject']").click()
        assert page.evaluate("document.activeElement.id") == "subject"


def test_nothing_ticked_is_asked_again_and_none_of_this_deletes(browser: Browser, start: Start) -> None:
    stillpost: Stillpost = start({"support": {"proof": "link"}})
    secret = stillpost.ask("ada@people.example", "Mine").secret
    with visiting(browser) as visitor:
        page = visitor.page
        page.goto(stillpost.url + link(mails(stillpost)[0], "confirm"))
        page.locator("button[value=ticked]").click()
        assert page.evaluate("document.activeElement.id") == "problems"
        assert stillpost.stands(secret) == "waiting"
        page.locator("button[value=none]").click()
        assert visitor.heading == "Deleted"
        assert stillpost.stands(secret) == "deleted"
        assert visitor.context.cookies() == []


def test_the_form_is_filled_in_with_the_keyboard_alone(browser: Browser, start: Start) -> None:
    stillpost: Stillpost = start()
    with visiting(browser) as visitor:
        page = visitor.page
        open_form(visitor, stillpost)
        page.locator("#name").focus()
        visited = []
        for _ in range(6):
            visited.append(page.evaluate("document.activeElement.id || document.activeElement.type"))
            page.keyboard.press("Tab")
        assert visited == ["name", "email", "subject", "message", "attachments", "submit"]


def test_attachments_reach_the_ticket(browser: Browser, start: Start, tmp_path: Path) -> None:
    stillpost: Stillpost = start()
    photo = tmp_path / "broken bell.txt"
    photo.write_text("made-up bytes")
    with visiting(browser) as visitor:
        open_form(visitor, stillpost)
        visitor.fill_in("ada@people.example", "With a file")
        visitor.page.set_input_files("#attachments", photo)
        assert visitor.send() == "challenged"
        visitor.page.goto(stillpost.url + link(mails(stillpost)[0], "confirm"))
        visitor.page.locator("input[name=mine]").check()
        visitor.page.locator("button[value=ticked]").click()
    (ticket,) = delivered(stillpost, 1)
    parts = {part.get_filename(): part.get_payload(decode=True) for part in message_from_bytes(ticket).walk()}
    assert parts["broken bell.txt"] == b"made-up bytes"


def test_a_page_left_open_over_night_still_sends(start: Start) -> None:
    """The page's own token only times the visitor: without a good one the request is still taken."""
    stillpost: Stillpost = start()
    with stillpost.client() as client:
        page = hidden(client.get("/p/support").text, "page")
        fields = {"email": "ada@people.example", "subject": "Late", "message": "Text", "page": page[:-4] + "aaaa"}
        assert client.post("/p/support", data=fields).status_code == 202
