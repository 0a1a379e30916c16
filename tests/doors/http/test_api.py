"""The API: what it takes, what it refuses and how it says so, keys, idempotency, vouchers."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from stillpost.lab.world import Page, World
from stillpost.model import ProofMode, ProofOfWork
from tests.worlds import HOME, REQUEST, call, world

pytestmark = pytest.mark.anyio


def body(**changes: Any) -> dict[str, Any]:
    return {**REQUEST, **changes}


def email(address: object) -> dict[str, Any]:
    return body(requester={"email": address})


def state(page: Page) -> str:
    return str(json.loads(page.text)["state"])


async def outcome(home: World) -> tuple[int, int]:
    """Requests kept, mails sent."""
    await home.work()
    return (await home.house.store.ledger.standing()).waiting, len(home.mailer.sent)


async def test_a_call_without_a_key_counts_as_a_form_with_every_guard_failed() -> None:
    home = world()
    page = await call(home)
    answer = json.loads(page.text)
    assert (page.status, answer["state"]) == (202, "mail-first")
    assert set(answer) == {"id", "state", "next"}
    assert answer["next"]["status"].startswith("https://support.lab.example/r/")
    assert answer["next"]["mail_first"]["address"].startswith("prove+")
    assert await outcome(home) == (1, 0)


@pytest.mark.parametrize(
    ("mode", "work", "unkeyed", "keyed"),
    [
        (ProofMode.ADAPTIVE, ProofOfWork.OFF, "mail-first", "challenged"),
        (ProofMode.ADAPTIVE, ProofOfWork.ON, "mail-first", "challenged"),
        (ProofMode.LINK, ProofOfWork.OFF, "challenged", "challenged"),
        (ProofMode.LINK, ProofOfWork.ON, "mail-first", "challenged"),
        (ProofMode.LINK, ProofOfWork.ADAPTIVE, "mail-first", "challenged"),
        (ProofMode.MAIL_FIRST, ProofOfWork.OFF, "mail-first", "mail-first"),
    ],
)
async def test_the_key_stands_for_the_guards(mode: ProofMode, work: ProofOfWork, unkeyed: str, keyed: str) -> None:
    home = world(proof=mode, proof_of_work=work)
    assert state(await call(home)) == unkeyed
    assert state(await call(home, email("bob@example.org"), keyed=True)) == keyed


@pytest.mark.parametrize(
    "value",
    ["Bearer wrong", "Bearer", "Bearer ", "Basic YTpi", "Digest x", "bearer\t", "Bearer \xe9", "x" * 5000],
)
async def test_a_wrong_key_is_refused_and_a_missing_one_is_not(value: str) -> None:
    page = await call(world(), headers={"authorization": value})
    assert page.status == 401
    assert page.headers["www-authenticate"].startswith("Bearer")
    assert "Authorization: Bearer" in json.loads(page.text)["title"]


async def test_the_key_of_another_portal_is_wrong_here() -> None:
    home = world(others=("sales",))
    key = home.house.keys["sales"].decode()
    assert (await call(home, headers={"authorization": f"Bearer {key}"})).status == 401
    assert (await call(home, portal="sales", headers={"authorization": f"Bearer {key}"})).status == 202


async def test_only_a_keyed_call_may_name_the_client() -> None:
    home = world()
    page = await call(home, body(client_ip="203.0.113.9"))
    assert (page.status, json.loads(page.text)["errors"][0]["pointer"]) == (422, "/client_ip")
    assert (await call(home, body(client_ip="203.0.113.9"), keyed=True)).status == 202
    for wrong in ("203.0.113", "x", "203.0.113.9, 1.2.3.4", "::1]"):
        assert (await call(home, body(client_ip=wrong), keyed=True)).status == 422


async def test_the_named_client_is_what_is_counted() -> None:
    home = world()
    states = []
    for number in range(6):
        page = await call(home, email(f"p@d{number}.example") | {"client_ip": "203.0.113.9"}, keyed=True)
        states.append(state(page))
    assert states == ["challenged"] * 5 + ["mail-first"]
    elsewhere = await call(home, email("p@d9.example") | {"client_ip": "203.0.114.9"}, keyed=True)
    assert state(elsewhere) == "challenged"


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        pytest.param([], "", id="a list"),
        pytest.param("x", "", id="a text"),
        pytest.param(None, "", id="null"),
        pytest.param({}, "/requester", id="nothing"),
        pytest.param(body(requester="ann@example.com"), "/requester", id="requester as text"),
        pytest.param(body(requester={}), "/requester/email", id="no address"),
        pytest.param(email(None), "/requester/email", id="address null"),
        pytest.param(email(["ann@example.com"]), "/requester/email", id="address in a list"),
        pytest.param(email("ann@example.com\r\nBcc: bob@example.org"), "/requester/email", id="a header line"),
        pytest.param(email("ann@example.com\x00"), "/requester/email", id="NUL"),
        pytest.param(email("\ud800@example.com"), "/requester/email", id="half a surrogate pair"),
        pytest.param(email("noreply@example.com"), "/requester/email", id="a program's address"),
        pytest.param(email("prove@support.lab.example"), "/requester/email", id="our own address"),
        pytest.param(email("a" * 1001), "/requester/email", id="a long address"),
        pytest.param(
            body(requester={"email": "ann@example.com", "role": "admin"}), "/requester/role", id="more of him"
        ),
        pytest.param(body(requester={"email": "ann@example.com", "name": 1}), "/requester/name", id="name as number"),
        pytest.param(
            body(requester={"email": "ann@example.com", "name": "x" * 101}), "/requester/name", id="long name"
        ),
        pytest.param(body(subject=""), "/subject", id="no subject"),
        pytest.param(body(subject="\u202e\n"), "/subject", id="an invisible subject"),
        pytest.param(body(subject=["x"]), "/subject", id="subject in a list"),
        pytest.param(body(subject="x" * 201), "/subject", id="a long subject"),
        pytest.param(body(text=""), "/text", id="no text"),
        pytest.param(body(text={"a": {"b": {}}}), "/text", id="text nested"),
        pytest.param(body(text="x" * 20_001), "/text", id="a long text"),
        pytest.param(body(locale=1), "/locale", id="locale as number"),
        pytest.param(body(cc="a@example.com"), "/cc", id="cc as text"),
        pytest.param(body(cc=[{"email": "a@example.com"}]), "/cc", id="cc of objects"),
        pytest.param(body(cc=["a@example.com"] * 21), "/cc", id="too many in copy"),
        pytest.param(body(fields=[]), "/fields", id="fields as list"),
        pytest.param(body(fields={"a": 1}), "/fields/a", id="a field as number"),
        pytest.param(body(fields={"a/b~\u202e": 1}), "/fields/a~1b~0?", id="a field's name in a pointer"),
        pytest.param(body(fields={"\ud800": "x"}), "/fields/", id="a field's name half a pair"),
        pytest.param(body(fields={"": "x"}), "/fields", id="a field without a name"),
        pytest.param(body(fields={f"f{n}": "x" for n in range(21)}), "/fields", id="too many fields"),
        pytest.param(body(voucher="x"), "/voucher", id="a voucher that is none"),
        pytest.param(body(solution=1), "/solution", id="a solution as number"),
        pytest.param(body(attachments=[]), "/attachments", id="an unknown field"),
        pytest.param(body(**{"x\u001b[31m": 1}), "/x?[31m", id="an unknown field that steers a terminal"),
    ],
)
async def test_what_cannot_be_taken_is_a_problem_with_a_pointer(given: object, pointer: str) -> None:
    home = world()
    page = await call(home, given)
    assert (page.status, page.headers["content-type"]) == (422, "application/problem+json")
    problem = json.loads(page.text)
    assert problem["status"] == 422
    assert problem["title"]
    assert [error["pointer"] for error in problem.get("errors", [])] == ([pointer] if pointer else [])
    assert page.text.isprintable()
    assert (await home.house.store.ledger.standing()).entries == 0


@pytest.mark.parametrize(
    ("raw", "headers", "status"),
    [
        pytest.param(b"", {}, 400, id="nothing"),
        pytest.param(b"{", {}, 400, id="half"),
        pytest.param(b'{"a":1,"a":1}', {}, 400, id="a name twice"),
        pytest.param(b"{}", {"content-type": "text/plain"}, 415, id="another type"),
        pytest.param(b'"' + b"x" * 300_000 + b'"', {}, 413, id="too large"),
    ],
)
async def test_what_is_no_json_is_a_problem(raw: bytes, headers: Mapping[str, str], status: int) -> None:
    page = await call(world(), raw, headers=headers)
    assert (page.status, page.headers["content-type"]) == (status, "application/problem+json")


async def test_unknown_portals_paths_and_methods_are_problems() -> None:
    home = world()
    assert (await call(home, portal="nowhere")).status == 404
    for method, path, status in (
        ("GET", "/api/v1/portals/support/requests", 405),
        ("POST", "/api/v1/nothing", 404),
        ("POST", "/api/v1/openapi.json", 405),
    ):
        page = await home.ask(method, path, HOME, {})
        assert (page.status, page.headers["content-type"]) == (status, "application/problem+json")


async def test_words_and_fields_reach_the_ticket_clean_and_copies_only_as_text() -> None:
    home = world()
    given = body(
        cc=["boss@example.org\r\nBcc: x@example.org", "b@example.org"],
        fields={"Model\n": "P-1\x00"},
        voucher=home.voucher("ann@example.com"),
        locale="de-AT",
    )
    assert state(await call(home, given)) == "accepted"
    await home.work()
    (ticket,) = home.helpdesk.tickets
    assert ticket.copies == ("boss@example.org Bcc: x@example.org", "b@example.org")
    assert (ticket.fields, ticket.locale, ticket.requester.mailbox) == ({"Model": "P-1"}, "de", "ann@example.com")
    assert home.mailer.sent == []


async def test_addresses_in_copy_are_never_mailed_whatever_happens() -> None:
    home = world(proof=ProofMode.LINK)
    for number in range(3):
        await call(
            home, email(f"p@d{number}.example") | {"cc": [f"victim{n}@example.org" for n in range(20)]}, keyed=True
        )
    await home.work()
    assert {mail.recipient for mail in home.mailer.sent} == {f"p@d{number}.example" for number in range(3)}


async def test_a_voucher_works_once_here_and_a_used_one_is_worth_nothing() -> None:
    home = world(others=("sales",))
    voucher = home.voucher("ann@example.com")
    assert (await call(home, body(voucher=voucher), portal="sales")).status == 422
    assert state(await call(home, email("bob@example.org") | {"voucher": voucher})) == "mail-first"
    assert state(await call(home, body(voucher=voucher))) == "accepted"
    assert state(await call(home, body(voucher=voucher))) == "mail-first"
    old = home.voucher("ann@example.com")
    home.clock.push(minutes=6)
    assert (await call(home, body(voucher=old))).status == 422


async def test_one_voucher_sent_fifty_times_at_once_is_one_ticket() -> None:
    home = world()
    voucher = home.voucher("ann@example.com")
    pages = await asyncio.gather(*(call(home, body(voucher=voucher)) for _ in range(50)))
    assert sorted(state(page) for page in pages).count("accepted") == 1
    await home.work()
    assert len(home.helpdesk.tickets) == 1


async def test_the_same_key_and_body_give_the_same_answer_byte_for_byte() -> None:
    home = world()
    first = await call(home, headers={"idempotency-key": "k1"})
    home.clock.push(hours=23)
    again = await call(home, headers={"idempotency-key": "k1"})
    assert (first.status, first.text) == (again.status, again.text)
    assert await outcome(home) == (1, 0)
    home.clock.push(hours=2)
    assert (await call(home, headers={"idempotency-key": "k1"})).text != first.text


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(email("info@example.com"), id="a role"),
        pytest.param(email("ann@example.com") | {"cc": ["a@b.example"] * 4}, id="many in copy"),
    ],
)
async def test_answers_of_every_state_are_given_again(given: object) -> None:
    home = world()
    pages = [await call(home, given, headers={"idempotency-key": "k"}, keyed=True) for _ in range(3)]
    assert len({(page.status, page.text) for page in pages}) == 1
    assert (await home.house.store.ledger.standing()).entries == 1


async def test_another_body_under_the_same_key_is_refused() -> None:
    home = world()
    await call(home, headers={"idempotency-key": "k1"})
    page = await call(home, body(subject="Other"), headers={"idempotency-key": "k1"})
    assert page.status == 422
    assert "Idempotency-Key" in json.loads(page.text)["title"]
    # the same values written otherwise are another body: what counts is the bytes
    assert (await call(home, json.dumps(REQUEST, indent=1).encode(), headers={"idempotency-key": "k1"})).status == 422


async def test_a_key_is_scoped_to_the_portal_and_to_who_calls() -> None:
    home = world(others=("sales",))
    headers = {"idempotency-key": "k1"}
    pages = [
        await call(home, headers=headers),
        await call(home, headers=headers, portal="sales"),
        await call(home, headers=headers, ip="203.0.113.9"),
        await call(home, headers=headers, keyed=True),
    ]
    assert [page.status for page in pages] == [202] * 4
    assert len({page.text for page in pages}) == 4


async def test_fifty_calls_at_once_under_one_key_are_one_request() -> None:
    home = world()
    pages = await asyncio.gather(*(call(home, headers={"idempotency-key": "k1"}, keyed=True) for _ in range(50)))
    assert len({(page.status, page.text) for page in pages}) == 1
    assert await outcome(home) == (1, 1)


@pytest.mark.parametrize("key", ["", "x" * 256, "ü", "a\tb", "\x7f"])
async def test_a_key_that_is_none_is_refused(key: str) -> None:
    assert (await call(world(), headers={"idempotency-key": key})).status == 422


async def test_the_state_words_are_those_of_the_contract() -> None:
    home = world()
    seen = {
        state(await call(home, body(voucher=home.voucher("ann@example.com")))),
        state(await call(home, email("a@d1.example"), keyed=True)),
        state(await call(home, email("a@d2.example"))),
    }
    assert seen == {"accepted", "challenged", "mail-first"}
