"""Zendesk, on a fake of ours: tokens, limits, idempotency, placeholders. Nothing here has met the real one."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from stillpost.helpdesks.protocol import Helpdesk, HelpdeskError, OptionError, Surroundings
from stillpost.helpdesks.zendesk import fake
from stillpost.helpdesks.zendesk.ticket import PROVEN_TAG, ZendeskOptions, build, defused
from tests.helpdesks.servers import serving
from tests.helpdesks.tickets import AT, attachment, ticket

Change = Callable[[ZendeskOptions], ZendeskOptions]

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]


@dataclass(slots=True)
class Clock:
    at: datetime = AT

    def __call__(self) -> datetime:
        return self.at


@dataclass(slots=True)
class Account:
    world: fake.World
    desk: Helpdesk
    clock: Clock
    token_file: Path
    url: str


@asynccontextmanager
async def account(
    place: Path, change: Callable[[ZendeskOptions], ZendeskOptions] | None = None
) -> AsyncIterator[Account]:
    clock = Clock()
    world = fake.World(clock=clock, clients={"stillpost": "client-secret"})
    token_file, secret_file = place / "token", place / "client"
    token_file.write_text(world.issue_token())
    secret_file.write_text("client-secret")
    async with serving(fake.account(world)) as url:
        options = ZendeskOptions(url=url, token_file=str(token_file))
        if change is not None:
            options = change(options)
        async with aclosing(build(options, Surroundings(clock=clock, state=place))) as desk:
            yield Account(world, desk, clock, token_file, url)


def by_client(place: Path) -> Change:
    return lambda options: replace(
        options, token_file="", client_id="stillpost", client_secret_file=str(place / "client")
    )


async def test_a_proven_ticket_is_tagged_names_its_requester_and_copies_nobody(tmp_path: Path) -> None:
    async with account(tmp_path) as zendesk:
        assert await zendesk.desk.deliver(ticket(tags=("VIP customer", PROVEN_TAG)), ()) == "1"
        made = zendesk.world.tickets[1]
    assert made["tags"] == [PROVEN_TAG, "vip_customer"]
    assert made["requester"] == {"name": "Alice Example", "email": "alice@example.com"}
    assert made["external_id"] == "T-0001"
    assert not {"collaborators", "email_ccs", "followers", "additional_collaborators"} & set(made)
    text, note = zendesk.world.comments[1]
    assert (text["public"], text["body"]) == (True, "It burns.\nPlease come.")
    assert note["public"] is False
    assert "carol@example.org" in str(note["body"])


async def test_a_quiet_ticket_has_neither_the_tag_nor_a_requester_even_if_somebody_asked_for_the_tag(
    tmp_path: Path,
) -> None:
    async with account(tmp_path) as zendesk:
        await zendesk.desk.deliver(ticket(quiet=True, tags=(PROVEN_TAG, "Stillpost-Proven")), ())
        made = zendesk.world.tickets[1]
    assert made["tags"] == []
    assert "requester" not in made


async def test_brand_group_and_form_are_passed_on_where_they_are_set(tmp_path: Path) -> None:
    async with account(tmp_path, lambda options: replace(options, brand_id=7, group_id=8, ticket_form_id=9)) as zendesk:
        await zendesk.desk.deliver(ticket(), ())
        made = zendesk.world.tickets[1]
    assert (made["brand_id"], made["group_id"], made["ticket_form_id"]) == (7, 8, 9)


async def test_placeholders_of_a_stranger_are_not_filled_in(tmp_path: Path) -> None:
    words = "{{current_user.email}} {% if x %} {{{{x}}}}"
    async with account(tmp_path) as zendesk:
        await zendesk.desk.deliver(ticket(subject=words, text=words, name=words, fields={words: words}), ())
        kept = [str(zendesk.world.tickets[1]), *map(str, zendesk.world.comments[1])]
    assert all("{{" not in text and "{%" not in text for text in kept)


@pytest.mark.parametrize("text", ["{{", "{{{", "{{{{", "{%{{", "{{%", "{", "a"])
def test_what_is_defused_holds_no_placeholder(text: str) -> None:
    assert "{{" not in defused(text)
    assert "{%" not in defused(text)


@pytest.mark.parametrize("letter", ["x", "ü", "\U0001f600"], ids=["one byte", "two bytes", "four bytes"])
async def test_what_is_too_long_for_a_comment_is_cut_there_and_whole_in_a_file(tmp_path: Path, letter: str) -> None:
    async with account(tmp_path) as zendesk:
        one = ticket(text=letter * 100_000)
        for _ in range(2):
            assert await zendesk.desk.deliver(one, ()) == "1"
        bodies = [str(comment["body"]) for comment in zendesk.world.comments[1]]
        (upload,) = zendesk.world.uploads.values()
    assert [len(body.encode()) < 64_000 for body in bodies] == [True, True]
    assert bodies[0].endswith("[cut; the whole is in request.txt]")
    assert (letter * 100_000).encode() in upload.content


async def test_an_answer_lost_after_the_work_makes_no_second_ticket_and_no_second_note(tmp_path: Path) -> None:
    async with account(tmp_path) as zendesk:
        one = ticket(attachments=(attachment("a.pdf", b"abc"),))
        for _ in range(2):
            zendesk.world.fail_after_commit = 1
            with pytest.raises(HelpdeskError, match="answered 500") as failed:
                await zendesk.desk.deliver(one, (b"abc",))
            assert not failed.value.permanent
        assert await zendesk.desk.deliver(one, (b"abc",)) == "1"
        assert len(zendesk.world.tickets) == 1
        assert [comment["attachments"] for comment in zendesk.world.comments[1]] == [[], [{"file_name": "a.pdf"}]]


async def test_the_idempotency_key_holds_where_the_list_of_tickets_lags_behind(tmp_path: Path) -> None:
    async with account(tmp_path) as zendesk:
        await zendesk.desk.deliver(ticket(), ())
        zendesk.world.tickets[1]["external_id"] = "not indexed yet"
        assert await zendesk.desk.deliver(ticket(), ()) == "1"
        assert len(zendesk.world.tickets) == 1


async def test_tickets_of_others_in_the_list_are_not_taken_for_ours(tmp_path: Path) -> None:
    async with account(tmp_path) as zendesk:
        first = await zendesk.desk.deliver(ticket("T-0001"), ())
        second = await zendesk.desk.deliver(ticket("T-0002"), ())
        assert first != second


async def test_a_spent_limit_passes_after_as_long_as_it_says(tmp_path: Path) -> None:
    async with account(tmp_path) as zendesk:
        zendesk.world.limit = 1
        with pytest.raises(HelpdeskError, match="answered 429") as busy:
            await zendesk.desk.deliver(ticket(), ())
        assert busy.value.retry_after == timedelta(seconds=61)
        assert not busy.value.permanent
        zendesk.world.limit = 700
        zendesk.clock.at += busy.value.retry_after
        assert await zendesk.desk.deliver(ticket(), ()) == "1"


async def test_a_token_that_is_refused_is_permanent_until_the_file_holds_a_good_one(tmp_path: Path) -> None:
    async with account(tmp_path) as zendesk:
        zendesk.world.tokens.clear()
        with pytest.raises(HelpdeskError, match="answered 401") as refused:
            await zendesk.desk.deliver(ticket(), ())
        assert refused.value.permanent
        zendesk.token_file.write_text(zendesk.world.issue_token())
        assert await zendesk.desk.deliver(ticket(), ()) == "1"


async def test_client_credentials_fetch_one_token_and_a_new_one_before_it_ends(tmp_path: Path) -> None:
    async with account(tmp_path, by_client(tmp_path)) as zendesk:
        before = len(zendesk.world.tokens)
        await zendesk.desk.deliver(ticket("T-0001"), ())
        await zendesk.desk.deliver(ticket("T-0002"), ())
        assert len(zendesk.world.tokens) == before + 1
        zendesk.clock.at += timedelta(minutes=29, seconds=30)
        await zendesk.desk.deliver(ticket("T-0003"), ())
        assert len(zendesk.world.tokens) == before + 2


async def test_a_token_revoked_early_is_replaced_once(tmp_path: Path) -> None:
    async with account(tmp_path, by_client(tmp_path)) as zendesk:
        await zendesk.desk.deliver(ticket("T-0001"), ())
        zendesk.world.tokens.clear()
        assert await zendesk.desk.deliver(ticket("T-0002"), ()) == "2"


async def test_a_client_that_is_refused_is_a_permanent_error_without_its_secret(tmp_path: Path) -> None:
    async with account(tmp_path, by_client(tmp_path)) as zendesk:
        zendesk.world.clients.clear()
        with pytest.raises(HelpdeskError, match="OAuth server: answered 401") as refused:
            await zendesk.desk.deliver(ticket(), ())
    assert refused.value.permanent
    assert "client-secret" not in str(refused.value)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"token_file": "t", "client_id": "c", "client_secret_file": "s"}, id="both"),
        pytest.param({"client_id": "c"}, id="no secret"),
        pytest.param({"client_secret_file": "s"}, id="no client"),
    ],
)
def test_credentials_are_a_token_or_a_client(changes: dict[str, str]) -> None:
    with pytest.raises(OptionError, match=r"^token_file: "):
        ZendeskOptions(url="https://acme.zendesk.example/", **changes)  # type: ignore[arg-type]


# --- the fake itself ------------------------------------------------------------------------------------------------


async def test_the_fake_answers_errors_as_the_vendor_documents_them(tmp_path: Path) -> None:
    async with account(tmp_path) as zendesk, httpx2.AsyncClient(base_url=zendesk.url, trust_env=False) as client:
        good = {"Authorization": f"Bearer {zendesk.token_file.read_text()}"}
        assert (await client.get("api/v2/tickets")).status_code == 401
        listed = await client.get("api/v2/tickets", headers=good)
        assert listed.headers["x-rate-limit"] == "700"
        assert listed.headers["x-rate-limit-remaining"] == "699"
        empty = await client.post("api/v2/tickets", headers=good, json={"ticket": {"subject": "x"}})
        assert (empty.status_code, empty.json()["error"]) == (422, "RecordInvalid")
        key = good | {"Idempotency-Key": "K"}
        values = {"ticket": {"subject": "x", "comment": {"body": "y"}}}
        made = [await client.post("api/v2/tickets", headers=key, json=values) for _ in range(2)]
        assert [answer.headers["x-idempotency-lookup"] for answer in made] == ["miss", "hit"]
        other = await client.post("api/v2/tickets", headers=key, json={"ticket": {"comment": {"body": "z"}}})
        assert other.status_code == 400
        zendesk.clock.at += fake.IDEMPOTENCY_KEPT
        again = await client.post("api/v2/tickets", headers=key, json=values)
        assert again.headers["x-idempotency-lookup"] == "miss"
        assert (await client.get("api/v2/tickets/99/comments", headers=good)).status_code == 404
        assert (await client.get("api/v2/triggers", headers=good)).status_code == 404
