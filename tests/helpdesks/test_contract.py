"""The contract of a helpdesk, over every product of the list."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stillpost.helpdesks.products import PRODUCTS
from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.model import Ticket
from tests.helpdesks.desks import SETTINGS, Beside
from tests.helpdesks.tickets import address, attachment, ticket

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]

CALLED = [name for name in SETTINGS if name not in {"maildir", "smtp"}]
HOSTILE = (
    "\r\nBcc: victim@example.net\r\n\r\n.\r\nQUIT\r\n\x00\x1b[2J\u202eevil\u2028x\ud800 {{ ticket.secret_key }} "
    "{% x %} ${7*7} <script>alert(1)</script> ' OR 1=1 -- \n--- Stillpost ---\nReference: T-0002\n"
)


@pytest.fixture(params=SETTINGS)
async def beside(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Beside]:
    async with SETTINGS[request.param](tmp_path) as beside:
        yield beside


def test_every_product_of_the_list_is_under_contract() -> None:
    assert [product.name for product in PRODUCTS] == list(SETTINGS)


async def test_a_ticket_arrives_whole(beside: Beside) -> None:
    reference = await beside.desk.deliver(ticket(), ())
    assert reference
    assert reference.isprintable()
    (seen,) = beside.seen()
    assert seen.subject == "The printer is on fire"
    for words in ("It burns.\nPlease come.", "T-0001", "alice@example.com", "carol@example.org", "4711"):
        assert words in seen.shown


async def test_nobody_but_the_requester_could_be_mailed(beside: Beside) -> None:
    await beside.desk.deliver(ticket(copies=("carol@example.org", "dave@example.org")), ())
    (seen,) = beside.seen()
    assert seen.mails in {"alice@example.com", None}


async def test_a_quiet_ticket_arrives_and_mails_nobody(beside: Beside) -> None:
    assert beside.desk.can_be_quiet
    await beside.desk.deliver(ticket(quiet=True), ())
    (seen,) = beside.seen()
    assert seen.mails is None
    assert "alice@example.com" in seen.shown


async def test_a_second_delivery_finds_the_first_or_the_product_says_that_it_cannot(beside: Beside) -> None:
    references = {await beside.desk.deliver(ticket(), ()) for _ in range(3)}
    assert len(references) == 1
    if beside.desk.exactly_once:
        assert len(beside.seen()) == 1


async def test_a_check_says_what_it_saw_and_makes_nothing(beside: Beside) -> None:
    said = await beside.desk.check()
    assert said.endswith(".")
    assert beside.seen() == []


async def test_two_tickets_are_two(beside: Beside) -> None:
    assert await beside.desk.deliver(ticket("T-0001"), ()) != await beside.desk.deliver(ticket("T-0002"), ())
    assert len(beside.seen()) == 2


@pytest.mark.parametrize("quiet", [False, True], ids=["proven", "quiet"])
async def test_hostile_words_in_every_field_stay_words(beside: Beside, quiet: bool) -> None:
    one = ticket(
        quiet=quiet,
        name=HOSTILE,
        subject=HOSTILE,
        text=HOSTILE,
        locale="en",
        copies=(HOSTILE,),
        fields={HOSTILE: HOSTILE, "plain": HOSTILE},
        tags=(HOSTILE,),
        attachments=(attachment(HOSTILE + ".txt", b"x", HOSTILE),),
    )
    first = await beside.desk.deliver(one, (b"x",))
    assert await beside.desk.deliver(one, (b"x",)) == first
    seen = beside.seen()
    assert {item.mails for item in seen} <= {None if quiet else "alice@example.com", None}
    assert all("\n" not in item.subject and "\x00" not in item.shown for item in seen)
    if beside.desk.exactly_once:
        assert len(seen) == 1
        other = await beside.desk.deliver(ticket("T-0002"), ())
        assert other != first


async def test_a_ticket_with_nothing_in_it_arrives(beside: Beside) -> None:
    await beside.desk.deliver(ticket(name="", subject="", text="", fields={}, copies=()), ())
    assert len(beside.seen()) == 1


async def test_attachments_arrive_as_they_were(beside: Beside) -> None:
    contents = (bytes(range(256)), b"\r\n.\r\n" * 1000)
    files = tuple(attachment(f"file {place}.txt", content) for place, content in enumerate(contents))
    one = ticket(attachments=files)
    await beside.desk.deliver(one, contents)
    await beside.desk.deliver(one, contents)
    assert beside.seen()[0].files == contents
    if beside.desk.exactly_once:
        assert len(beside.seen()) == 1


@pytest.mark.parametrize(
    "mailbox",
    [
        pytest.param('"a b"@example.com', id="quoted"),
        pytest.param("jörg@example.com", id="non-ASCII"),
        pytest.param("o'brien+x@xn--bcher-kva.example", id="A-label"),
    ],
)
async def test_a_strange_but_legal_address_arrives(beside: Beside, mailbox: str) -> None:
    await beside.desk.deliver(ticket(requester=address(mailbox)), ())
    assert mailbox in beside.seen()[0].shown


@pytest.mark.parametrize("name", CALLED)
@pytest.mark.parametrize("lost", [1, 2, 3, 5])
async def test_lost_answers_make_no_second_ticket(name: str, lost: int, tmp_path: Path) -> None:
    async with SETTINGS[name](tmp_path) as beside:
        assert beside.lose_answers is not None
        beside.lose_answers(lost)
        one = ticket(attachments=(attachment("a.txt", b"abc"),))
        failures = [await _failure(beside, one, b"abc") for _ in range(lost + 1)]
        assert failures[0] == "passes"
        assert failures[-1] == ""
        assert "permanent" not in failures
        (seen,) = beside.seen()
        assert seen.files == (b"abc",)


@pytest.mark.parametrize("name", CALLED)
async def test_a_wrong_secret_is_permanent_and_not_repeated(name: str, tmp_path: Path) -> None:
    async with SETTINGS[name](tmp_path) as beside:
        (tmp_path / "secret").write_text("a-wrong-secret\n")
        with pytest.raises(HelpdeskError, match=r"answered (401|403)") as refused:
            await beside.desk.deliver(ticket(), ())
        assert refused.value.permanent
        assert "wrong-secret" not in str(refused.value)
        if name != "webhook":
            with pytest.raises(HelpdeskError, match=r"answered (401|403)"):
                await beside.desk.check()
        (tmp_path / "secret").unlink()
        with pytest.raises(HelpdeskError, match="cannot be read"):
            await beside.desk.check()
        with pytest.raises(HelpdeskError, match="cannot be read") as refused:
            await beside.desk.deliver(ticket(), ())
        assert refused.value.permanent
        assert beside.seen() == []


async def _failure(beside: Beside, one: Ticket, content: bytes) -> str:
    try:
        await beside.desk.deliver(one, (content,))
    except HelpdeskError as error:
        return "permanent" if error.permanent else "passes"
    return ""
