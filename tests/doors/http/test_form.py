"""The form: what is shown, what is taken, what is refused, and what is said."""

import re
from collections.abc import Mapping, Sequence

import pytest

from stillpost.lab.world import Page, hidden_field, link_in
from stillpost.model import ProofMode, ProofOfWork, Way
from tests.worlds import FORM, HOME, call, code_of, fill_in, multipart, secret_of, told, world

pytestmark = pytest.mark.anyio


async def upload(files: Sequence[tuple[str, str, bytes]]) -> tuple[Page, list[tuple[str, str, bytes]]]:
    """A vouched-for person's form with files; the page, and the files that reached the helpdesk."""
    home = world()
    parts = [(f'Content-Disposition: form-data; name="{name}"', value.encode()) for name, value in FORM.items()]
    parts.append(('Content-Disposition: form-data; name="voucher"', home.voucher(FORM["email"]).encode()))
    parts += [
        (f'Content-Disposition: form-data; name="attachments"; filename="{name}"\r\nContent-Type: {kind}', content)
        for name, kind, content in files
    ]
    headers = {"content-type": "multipart/form-data; boundary=frontier"}
    page = await home.ask("POST", "/p/support", HOME, headers, [multipart(parts)])
    await home.work()
    (ticket,) = home.helpdesk.tickets
    contents = home.helpdesk.files[ticket.id]
    return page, [
        (file.name, file.media_type, content) for file, content in zip(ticket.attachments, contents, strict=True)
    ]


async def test_the_form_works_without_script_and_names_every_field() -> None:
    page = await world().get("/p/support", HOME)
    assert page.status == 200
    assert "<script" not in page.text.partition("<body>")[2]
    for name in ("name", "email", "subject", "message", "attachments"):
        assert f'<label for="{name}"' in page.text
        assert re.search(rf'<(input|textarea) id="{name}" name="{name}"', page.text)
    assert 'enctype="multipart/form-data"' in page.text


async def test_the_form_asks_for_a_puzzle_only_where_the_portal_does() -> None:
    home = world(proof_of_work=ProofOfWork.ON)
    page = await home.get("/p/support", HOME)
    assert "altcha-widget" in page.text
    assert "<noscript>" in page.text
    assert (await home.get("/p/support/puzzle", HOME)).status == 200
    assert (await world().get("/p/support/puzzle", HOME)).status == 404
    assert (await home.get("/p/nowhere/puzzle", HOME)).status == 404


async def test_a_calm_request_is_kept_and_challenged() -> None:
    home = world()
    page = await fill_in(home)
    assert (page.status, told(page)) == (202, "challenged")
    assert re.search(r'id="reference">[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{2}<', page.text)
    assert home.helpdesk.tickets == []
    await home.work()
    assert [mail.recipient for mail in home.mailer.sent] == ["ann@example.com"]


async def test_the_first_mail_is_offered_with_every_answer_that_waits() -> None:
    for mode in ProofMode:
        page = await fill_in(world(proof=mode))
        assert f"prove+{code_of(page)}@support.lab.example" in page.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"email": ""}, "email", id="no address"),
        pytest.param({"email": "ann"}, "email", id="no domain"),
        pytest.param({"email": "ann@example.com\r\nBcc: victim@example.org"}, "email", id="a header line"),
        pytest.param({"email": "ann@example.com, victim@example.org"}, "email", id="two addresses"),
        pytest.param({"email": "Ann <ann@example.com>"}, "email", id="a name with it"),
        pytest.param({"email": '"ann b"@example.com'}, "email", id="quoted local part"),
        pytest.param({"email": '"a\\"@evil.example\\""@example.com'}, "email", id="an address in quotes"),
        pytest.param({"email": "ann@[127.0.0.1]"}, "email", id="an address literal"),
        pytest.param({"email": "ann@localhost"}, "email", id="this machine"),
        pytest.param({"email": "ann\x00@example.com"}, "email", id="NUL"),
        pytest.param({"email": "ann\u202e@example.com"}, "email", id="right-to-left override"),
        pytest.param({"email": "a" * 5000 + "@example.com"}, "email", id="five thousand characters"),
        pytest.param({"email": "-oQ/tmp@example.com"}, "email", id="an option of sendmail"),
        pytest.param({"email": "noreply@example.com"}, "email", id="a program's address"),
        pytest.param({"email": "MAILER-DAEMON@example.com"}, "email", id="a mail system's address"),
        pytest.param({"email": "postmaster@example.com"}, "email", id="postmaster"),
        pytest.param({"email": "abuse@example.com"}, "email", id="abuse"),
        pytest.param({"email": "owner-list@example.com"}, "email", id="a list's owner"),
        pytest.param({"email": "list-request@example.com"}, "email", id="a list's program"),
        pytest.param({"email": "prove@support.lab.example"}, "email", id="our own address"),
        pytest.param({"email": "Prove+x@SUPPORT.lab.example"}, "email", id="our own address, otherwise written"),
        pytest.param({"email": "support@support.lab.example"}, "email", id="our own sender"),
        pytest.param({"subject": ""}, "subject", id="no subject"),
        pytest.param({"subject": "\u200b\x00 \u2028"}, "subject", id="an invisible subject"),
        pytest.param({"subject": "x" * 201}, "subject", id="a long subject"),
        pytest.param({"message": " \r\n "}, "message", id="no message"),
        pytest.param({"message": "x" * 20_001}, "message", id="a long message"),
        pytest.param({"name": "x" * 101}, "name", id="a long name"),
    ],
)
async def test_what_cannot_be_taken_is_marked_at_its_field_and_nothing_is_kept(
    changes: Mapping[str, str], field: str
) -> None:
    home = world()
    page = await fill_in(home, changes)
    assert page.status == 422
    assert re.findall(r'id="(\w+)-problem"', page.text) == [field]
    assert re.search(rf'aria-describedby="[a-z -]*{field}-problem"', page.text)
    assert (await home.house.store.ledger.standing()).entries == 0
    await home.work()
    assert home.mailer.sent == []


@pytest.mark.parametrize(
    ("email", "mailbox"),
    [
        pytest.param("ann@bücher.example", "ann@xn--bcher-kva.example", id="IDNA"),
        pytest.param("jörg@bücher.example", "jörg@xn--bcher-kva.example", id="EAI"),
        pytest.param("  ann@example.com ", "ann@example.com", id="blanks around"),
        pytest.param("o'neil+tag@example.com", "o'neil+tag@example.com", id="an apostrophe"),
        pytest.param("a&b<c>@example.com", "", id="angle brackets"),
    ],
)
async def test_addresses_of_every_language_are_mailed_as_they_are(email: str, mailbox: str) -> None:
    home = world()
    page = await fill_in(home, {"email": email})
    await home.work()
    assert [mail.recipient for mail in home.mailer.sent] == ([mailbox] if mailbox else [])
    assert page.status == (202 if mailbox else 422)


async def test_what_was_typed_comes_back_escaped_with_the_problem() -> None:
    typed = {"email": '"><script>alert(1)</script>', "subject": "</title><b>", "message": "</textarea><img src=x>"}
    page = await fill_in(world(), typed)
    assert page.status == 422
    for raw in ("<script>", "<b>", "<img"):
        assert raw not in page.text


async def test_words_reach_the_ticket_as_one_visible_line_each() -> None:
    home = world()
    changes = {
        "name": "Ann\r\nBcc: victim@example.org",
        "subject": "Broken\nX-Evil: 1\u202e",
        "message": "line\r\nline\x00\x1b[2J\u2066",
        "voucher": home.voucher("ann@example.com"),
    }
    assert told(await fill_in(home, changes)) == "accepted"
    await home.work()
    (ticket,) = home.helpdesk.tickets
    assert (ticket.name, ticket.subject) == ("Ann Bcc: victim@example.org", "Broken X-Evil: 1")
    assert ticket.text == "line\nline[2J"
    assert ticket.proven is Way.VOUCHED


async def test_files_arrive_with_clean_names_and_types() -> None:
    page, kept = await upload(
        [("../../a\\b.html", "text/html; charset=x", b"<p>"), ("", "image/png", b"p"), ("c", "", b"")]
    )
    assert told(page) == "accepted"
    assert kept == [("b.html", "text/html", b"<p>"), ("attachment", "image/png", b"p")]


async def test_a_filled_trap_holds_the_request_for_a_person() -> None:
    home = world()
    assert told(await fill_in(home, {"fax_number": "1"})) == "held"
    await home.work()
    assert home.mailer.sent == []
    assert [request.tags for request in await home.house.agent.held()] == [("HONEYPOT_FILLED",)]


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        pytest.param({}, 1.0, id="sooner than anybody can type"),
        pytest.param({"page": ""}, 40.0, id="past our page"),
        pytest.param({"page": "x.y.z"}, 40.0, id="with a made-up page"),
        pytest.param({}, 90_000.0, id="a day later"),
    ],
)
async def test_whoever_shows_less_than_a_calm_visitor_is_asked_for_the_first_mail(
    changes: Mapping[str, str], seconds: float
) -> None:
    home = world()
    assert told(await fill_in(home, changes, seconds=seconds)) == "mail-first"
    await home.work()
    assert home.mailer.sent == []


async def test_the_token_of_a_page_is_no_token_for_anything_else() -> None:
    home = world()
    await fill_in(home)
    await home.work()
    link = link_in(home.mailer.sent[0], "confirm")
    page = await home.get("/p/support", HOME)
    assert (await home.get(f"/confirm/{hidden_field(page, 'page')}", HOME)).status == 404
    assert told(await fill_in(home, {"page": link.rpartition("/")[2], "email": "bob@example.org"})) == "mail-first"


async def test_a_form_from_the_future_was_filled_in_no_time() -> None:
    """The clock jumped back while the visitor typed: he is asked for the first mail, and nothing breaks."""
    assert told(await fill_in(world(), seconds=-3600)) == "mail-first"


async def test_a_voucher_works_once_for_its_portal_and_its_address() -> None:
    home = world(others=("sales",))
    voucher = home.voucher("ann@example.com")
    assert told(await fill_in(home, {"voucher": voucher, "email": "bob@example.org"})) == "challenged"
    assert told(await fill_in(home, {"voucher": voucher}, portal="sales", ip="198.51.101.7")) == "challenged"
    assert told(await fill_in(home, {"voucher": voucher})) == "accepted"
    assert told(await fill_in(home, {"voucher": voucher})) == "challenged"
    assert told(await fill_in(home, {"voucher": home.voucher("ann@example.com")}, seconds=301)) == "challenged"
    await home.work()
    assert len(home.helpdesk.tickets) == 1


async def test_a_voucher_for_the_address_in_another_spelling_is_good() -> None:
    home = world()
    assert (
        told(await fill_in(home, {"voucher": home.voucher("Jörg@Bücher.example"), "email": "jörg@bücher.example"}))
        == "accepted"
    )


async def test_a_voucher_in_the_address_of_the_page_is_put_into_the_form() -> None:
    home = world()
    page = await home.get(f"/p/support?voucher={home.voucher('ann@example.com')}", HOME)
    assert hidden_field(page, "voucher").count(".") == 1
    assert 'name="voucher"' not in (await home.get("/p/support", HOME)).text


async def test_a_body_that_is_no_form_gets_one_sentence() -> None:
    home = world()
    for content_type, content, status in (
        ("text/plain", b"x", 415),
        ("multipart/form-data; boundary=b", b"x", 400),
        ("application/x-www-form-urlencoded", b"a=1&a=2", 400),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 6_100_000, 413),
    ):
        page = await home.ask("POST", "/p/support", HOME, {"content-type": content_type}, [content])
        assert (page.status, page.text.count('role="alert"')) == (status, 1)
    assert home.errors == []


async def test_a_form_without_any_field_marks_what_is_needed() -> None:
    page = await world().post("/p/support", {}, HOME)
    assert sorted(re.findall(r'id="(\w+)-problem"', page.text)) == ["email", "message", "subject"]


async def test_the_address_of_the_visitor_is_what_the_trusted_proxy_says_from_the_right() -> None:
    """Five challenges an hour from one network: a forged X-Forwarded-For buys no sixth."""
    home = world()
    page = await home.get("/p/support", HOME)
    home.clock.push(seconds=40)
    seen = []
    for number in range(7):
        body = "&".join(f"{key}={value}" for key, value in (FORM | {"email": f"p{number}@d{number}.example"}).items())
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-forwarded-for": f"192.0.{number}.1",
            "forwarded": f"for=192.0.{number}.2",
            "x-real-ip": f"192.0.{number}.3",
        }
        body += f"&page={hidden_field(page, 'page')}"
        seen.append(told(await home.ask("POST", "/p/support", HOME, headers, [body.encode()])))
    assert seen == ["challenged"] * 5 + ["mail-first"] * 2


async def test_a_visitor_without_a_network_is_served() -> None:
    """Behind a Unix socket, or through a proxy that says nothing, no network is known."""
    home = world()
    page = await fill_in(home, ip="")
    assert told(page) == "challenged"
    keyed = await call(home, keyed=True)
    assert keyed.status == 202


async def test_a_double_click_is_two_requests_and_one_challenge() -> None:
    home = world()
    page = await home.get("/p/support", HOME)
    home.clock.push(seconds=40)
    fields = {**FORM, "page": hidden_field(page, "page")}
    first, second = [await home.post("/p/support", fields, HOME) for _ in range(2)]
    await home.work()
    assert secret_of(first) != secret_of(second)
    assert len(home.mailer.sent) == 1
