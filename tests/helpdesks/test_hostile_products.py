"""Every product that is called over HTTP, answered by something that is broken, busy or hostile."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from stillpost.helpdesks.django_helpdesk.ticket import DjangoHelpdeskOptions
from stillpost.helpdesks.protocol import Helpdesk, HelpdeskError
from stillpost.helpdesks.roundup.ticket import RoundupOptions
from stillpost.helpdesks.webhook.ticket import WebhookOptions
from stillpost.helpdesks.zendesk.ticket import ZendeskOptions
from tests.helpdesks.desks import build, secret
from tests.helpdesks.servers import Raw, Script, answers, drips, floods, raw, says
from tests.helpdesks.tickets import ticket

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]

LIMIT = timedelta(seconds=20)
NAMES = ("webhook", "django-helpdesk", "roundup", "zendesk", "zendesk by client")


def options(name: str, url: str, key: str, patience: timedelta) -> object:
    made = {
        "webhook": lambda: WebhookOptions(url=url, secret_file=key, timeout=patience),
        "django-helpdesk": lambda: DjangoHelpdeskOptions(url=url, username="s", password_file=key, timeout=patience),
        "roundup": lambda: RoundupOptions(url=url, username="s", password_file=key, timeout=patience),
        "zendesk": lambda: ZendeskOptions(url=url, token_file=key, timeout=patience),
        "zendesk by client": lambda: ZendeskOptions(url=url, client_id="s", client_secret_file=key, timeout=patience),
    }
    return made[name]()


@asynccontextmanager
async def desk_before(
    name: str, script: Script, place: Path, patience: timedelta = LIMIT
) -> AsyncIterator[tuple[Helpdesk, Raw]]:
    async with raw(script) as server:
        desk = build(name.partition(" ")[0], options(name, server.url, secret(place), patience), place)
        async with aclosing(desk):
            yield desk, server


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("script", "permanent"),
    [
        pytest.param(answers("429 Slow down", b"", "Retry-After: 7"), False, id="storm of 429"),
        pytest.param(answers("503 Busy", b"<html>", "Retry-After: 7"), False, id="busy"),
        pytest.param(answers("302 Found", b"", "Location: http://127.0.0.1:1/"), True, id="redirect"),
        pytest.param(answers("401 Who", b'{"detail": "no"}'), True, id="wrong key"),
        pytest.param(floods("500 Oops"), False, id="five gigabytes"),
        pytest.param(says(b"220 mail.example ESMTP\r\n"), False, id="another protocol"),
        pytest.param(says(b""), False, id="hung up"),
    ],
)
async def test_one_clear_error_and_one_request(name: str, script: Script, permanent: bool, tmp_path: Path) -> None:
    async with desk_before(name, script, tmp_path) as (desk, server):
        with pytest.raises(HelpdeskError) as failed:
            await desk.deliver(ticket(), ())
    assert failed.value.permanent is permanent
    assert str(failed.value).isprintable()
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", NAMES)
async def test_the_wait_that_was_asked_for_is_passed_on(name: str, tmp_path: Path) -> None:
    async with desk_before(name, answers("429 Slow", b"", "Retry-After: 7"), tmp_path) as (desk, _):
        with pytest.raises(HelpdeskError) as failed:
            await desk.deliver(ticket(), ())
    assert failed.value.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize("name", NAMES)
async def test_an_answer_that_never_ends_is_given_up_in_time(name: str, tmp_path: Path) -> None:
    async with desk_before(name, drips(), tmp_path, timedelta(seconds=0.3)) as (desk, _):
        with pytest.raises(HelpdeskError, match="did not answer within") as failed:
            await desk.deliver(ticket(), ())
    assert not failed.value.permanent


@pytest.mark.parametrize("name", [name for name in NAMES if name != "webhook"])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>log in</html>", id="a log-in page"),
        pytest.param(b"[" * 60_000, id="deeply nested"),
        pytest.param(b'{"data": 1, "results": 1, "tickets": 1, "count": "x"}', id="other shapes"),
        pytest.param(b'{"data": {"collection": [1]}, "results": [1], "tickets": [1]}', id="other shapes inside"),
        pytest.param(b'{"data": {"collection": [{}]}, "results": [{}], "tickets": [{}]}', id="empty items"),
        pytest.param(b'{"data": {"collection": [{"id": "1"}]}, "tickets": [{"id": 1}]}', id="somebody else's items"),
        pytest.param(
            b'{"data": {"collection": {}}, "results": {}, "tickets": {}, "access_token": "a\\nb"}', id="no lists"
        ),
    ],
)
async def test_a_200_that_says_nothing_usable_never_counts_as_delivered(name: str, body: bytes, tmp_path: Path) -> None:
    async with desk_before(name, answers("200 OK", body), tmp_path) as (desk, _):
        with pytest.raises(HelpdeskError) as failed:
            await desk.deliver(ticket(), ())
    assert not failed.value.permanent
