"""The live audit and its fix against a Zendesk of our own on loopback: few calls, patience, and nothing written twice."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from stillpost.audit.fix import plan
from stillpost.audit.product import Aim
from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.helpdesks.zendesk.behavior import Account
from stillpost.helpdesks.zendesk.live import ENDPOINTS, Live
from stillpost.helpdesks.zendesk.session import Session, opened
from stillpost.helpdesks.zendesk.settings import Zendesk, zendesk
from stillpost.helpdesks.zendesk.stage import Stage
from stillpost.helpdesks.zendesk.writing import Call, calls, carry_out, read
from tests.audit.zendesks import OPEN, SETTINGS, TAKEN, item, mail, trigger
from tests.helpdesks.servers import serving

pytestmark = [pytest.mark.enable_socket, pytest.mark.anyio]


def stage(count: int = 1, **more: Any) -> Stage:
    triggers = [trigger(n + 1, mail("Re: {{ticket.title}}", f"Text {n}, {{{{dc.a}}}}")) for n in range(count)]
    resources = {
        "triggers": triggers,
        "automations": [],
        "dynamic_content": [item(5, "a", "Kind regards, {{ticket.requester.name}}")],
        "settings": SETTINGS,
    }
    return Stage(Account(name="acme", resources=resources), **more)


@asynccontextmanager
async def session(made: Stage, folder: Path) -> AsyncIterator[Session]:
    token = folder / "token"
    token.write_text(made.token, encoding="utf-8")
    async with serving(made.application()) as url:
        files = {"token_file": str(token), "client_id": "", "client_secret_file": ""}
        async with opened(url, clock=lambda: TAKEN, **files) as ready:
            yield ready


async def test_one_call_a_resource_and_one_more_for_every_further_hundred(tmp_path: Path) -> None:
    made = stage(250)
    async with session(made, tmp_path) as ready:
        live = Live(ready)
        snapshot = await live.snapshot("acme", lambda: TAKEN)
    assert live.calls == len(made.calls) == len(ENDPOINTS) + 2
    assert all(call.startswith("GET ") for call in made.calls)
    assert len(snapshot.resources["triggers"]) == 250
    assert snapshot.missing == {}


async def test_a_limit_is_waited_out_as_long_as_the_account_asks(tmp_path: Path) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async with session(stage(busy=3), tmp_path) as ready:
        snapshot = await Live(ready, sleep).snapshot("acme", lambda: TAKEN)
    assert waited == [1.0, 1.0, 1.0]
    assert snapshot.missing == {}


async def test_a_storm_of_limits_ends_in_a_gap_not_in_a_hang(tmp_path: Path) -> None:
    async def sleep(seconds: float) -> None:
        assert seconds == 1.0

    async with session(stage(busy=10_000), tmp_path) as ready:
        snapshot = await Live(ready, sleep).snapshot("acme", lambda: TAKEN)
    assert "429" in snapshot.missing["triggers"]


async def test_a_missing_scope_is_named_and_an_answer_that_was_cut_is_a_gap(tmp_path: Path) -> None:
    made = stage(forbidden=frozenset({"automations"}), cut=frozenset({"webhooks"}))
    async with session(made, tmp_path) as ready:
        snapshot = await Live(ready).snapshot("acme", lambda: TAKEN)
    assert "automations:read" in snapshot.missing["automations"]
    assert "cut off" in snapshot.missing["webhooks"]


async def test_a_token_that_is_not_accepted_says_what_to_make(tmp_path: Path) -> None:
    made = stage()
    async with session(made, tmp_path) as ready:
        made.token = "another"  # nothing but this stage accepts it
        with pytest.raises(HelpdeskError, match="scope read"):
            await Live(ready).snapshot("acme", lambda: TAKEN)


async def test_the_links_an_answer_gives_are_never_followed(tmp_path: Path) -> None:
    """The stage's pages point to another host; had we followed, the socket guard would have stopped us."""
    async with session(stage(150), tmp_path) as ready:
        snapshot = await Live(ready).snapshot("acme", lambda: TAKEN)
    assert len(snapshot.resources["triggers"]) == 150


async def test_a_plan_is_carried_out_and_taken_back_field_by_field(tmp_path: Path) -> None:
    made = stage()
    before = json.dumps(made.account.resources)
    heard: list[Call] = []

    async def done(call: Call) -> None:
        heard.append(call)

    async with session(made, tmp_path) as ready:
        planned = await _planned(ready)
        carried = await carry_out(ready, planned, lambda _: True, done)
        assert {call.path for call in carried} == {"triggers/1", "dynamic_content/items/5/variants/50"}
        assert heard == list(carried)
        assert "ticket.title" not in json.dumps(made.account.resources)
        back = [call.reversed() for call in reversed(carried)]
        await carry_out(ready, read({"calls": [call.as_json() for call in back]}), lambda _: True, done)
    assert json.dumps(made.account.resources) == before


async def _planned(ready: Session) -> tuple[Call, ...]:
    snapshot = await Live(ready).snapshot("acme", lambda: TAKEN)
    product = zendesk(snapshot, OPEN)
    fixed = plan(product, Aim.CONTENT, product.given)
    assert isinstance(fixed.product, Zendesk)
    return calls(snapshot.resources, fixed.product.snapshot.resources, fixed.edits)


async def test_nothing_is_written_where_somebody_was_faster(tmp_path: Path) -> None:
    made = stage()
    async with session(made, tmp_path) as ready:
        planned = await _planned(ready)
        made.account.resources["triggers"][0]["actions"][0]["value"][2] = "changed meanwhile"
        with pytest.raises(HelpdeskError, match="changed since the plan was made"):
            await carry_out(ready, planned, lambda _: True, _silent)
    assert not [call for call in made.calls if call.startswith("PUT")]


async def test_what_is_not_agreed_to_is_left_alone(tmp_path: Path) -> None:
    made = stage()
    async with session(made, tmp_path) as ready:
        carried = await carry_out(ready, await _planned(ready), lambda call: "dynamic" in call.path, _silent)
    assert [call.path for call in carried] == ["dynamic_content/items/5/variants/50"]
    assert "ticket.title" in json.dumps(made.account.resources["triggers"])


async def _silent(_call: Call) -> None:
    return None


CALL = {"path": "/api/v2/triggers/1", "body": {"trigger": {}}, "original": {"trigger": {}}}
FORGED = [
    pytest.param(None, id="nothing"),
    pytest.param({"calls": "x"}, id="no list"),
    pytest.param({"calls": [{}]}, id="an empty call"),
    pytest.param({"calls": [{**CALL, "path": "/api/v2/users/1"}]}, id="a user"),
    pytest.param({"calls": [{**CALL, "path": "/api/v2/triggers/../users/1"}]}, id="a way up"),
    pytest.param({"calls": [{**CALL, "path": "/api/v2/triggers/1?x=1"}]}, id="a query"),
    pytest.param({"calls": [{**CALL, "body": {"trigger": {}, "user": {}}}]}, id="two wrappers"),
]


@pytest.mark.parametrize("document", FORGED)
async def test_a_plan_file_can_only_hold_what_a_plan_of_ours_holds(document: Any) -> None:
    with pytest.raises(HelpdeskError, match=r"plan"):
        read(document)
