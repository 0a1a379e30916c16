"""The webhook's body and signature, and what a receiver may answer."""

import hashlib
import hmac
import json
import re
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.helpdesks.webhook.ticket import WebhookOptions, build, canonical, sign
from tests.helpdesks.servers import Script, answers, drips, floods, raw, says
from tests.helpdesks.tickets import attachment, surroundings, ticket

pytestmark = pytest.mark.anyio


def test_the_body_of_a_ticket_reads_so() -> None:
    one = ticket(attachments=(attachment("a.txt", b"abc", "text/plain"),), tags=("vip",))
    assert json.loads(canonical(one, [b"abc"], 100)) == {
        "version": 1,
        "id": "T-0001",
        "portal": "support",
        "at": "2026-11-23T10:00:00+00:00",
        "requester": {"email": "alice@example.com", "name": "Alice Example"},
        "unproven_email": None,
        "quiet": False,
        "proven": {"way": "link", "at": "2026-11-23T10:00:00+00:00"},
        "subject": "The printer is on fire",
        "text": "It burns.\nPlease come.",
        "locale": "en",
        "copies_asked_for": ["carol@example.org"],
        "fields": {"Order": "4711"},
        "tags": ["vip"],
        "attachments": [
            {
                "name": "a.txt",
                "media_type": "text/plain",
                "size_bytes": 3,
                "sha256": hashlib.sha256(b"abc").hexdigest(),
                "content": "YWJj",
            }
        ],
    }


def test_a_quiet_ticket_names_no_address_to_answer_to() -> None:
    value = json.loads(canonical(ticket(quiet=True), (), 100))
    assert value["requester"]["email"] is None
    assert value["unproven_email"] == "alice@example.com"
    assert value["proven"] is None


def test_attachments_beyond_the_limit_are_named_but_not_carried() -> None:
    files = (attachment("a", b"aaaa"), attachment("b", b"bb"), attachment("c", b"c"))
    value = json.loads(canonical(ticket(attachments=files), [b"aaaa", b"bb", b"c"], 5))
    assert [file["content"] for file in value["attachments"]] == ["YWFhYQ==", None, "Yw=="]
    assert [file["size_bytes"] for file in value["attachments"]] == [4, 2, 1]


def test_the_signature_is_hmac_sha256_over_timestamp_and_body() -> None:
    expected = hmac.new(b"key", b"1795428000.{}", hashlib.sha256).hexdigest()
    assert sign("key", "1795428000", b"{}") == f"v1={expected}"


def test_the_receiver_on_the_page_takes_what_is_ours_and_fresh_and_nothing_else() -> None:
    page = (Path(__file__).parents[2] / "docs/helpdesks/webhook.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"(?ms)^```python\n(.*?)^```", page)
    names: dict[str, Any] = {}
    exec(code, names)
    now = int(datetime.now(UTC).timestamp())  # noqa: TID251  # the page's code asks the system's clock
    for age, secret, good in ((0, "key", True), (290, "key", True), (310, "key", False), (0, "other", False)):
        timestamp = str(now - age)
        headers = {"Stillpost-Timestamp": timestamp, "Stillpost-Signature": sign(secret, timestamp, b"{}")}
        assert names["genuine"]("key", headers, b"{}") is good


async def deliver(script: Script, place: Path) -> str:
    (place / "secret").write_text("key")
    async with raw(script) as receiver:
        options = WebhookOptions(url=f"{receiver.url}take", secret_file=str(place / "secret"))
        async with aclosing(build(options, surroundings(place))) as desk:
            reference = await desk.deliver(ticket(), ())
        assert receiver.requests[0].startswith(b"POST /take HTTP/1.1\r\n")
        assert len(receiver.requests) == 1
        return reference


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("script", "reference"),
    [
        pytest.param(answers("204 No Content"), "T-0001", id="nothing to say"),
        pytest.param(answers("200 OK", b'{"reference": "A-7"}'), "A-7", id="a reference"),
        pytest.param(answers("201 Created", b"<html>"), "T-0001", id="garbage"),
        pytest.param(answers("200 OK", b"[" * 60_000), "T-0001", id="deeply nested"),
        pytest.param(answers("200 OK", b'{"reference": {}}'), "T-0001", id="a reference of another kind"),
        pytest.param(answers("200 OK", b'{"reference": "a\\u0000\\nb"}'), "a\\x00 b", id="control characters"),
    ],
)
async def test_any_2xx_is_success_whatever_it_says(script: Script, reference: str, tmp_path: Path) -> None:
    assert await deliver(script, tmp_path) == reference


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("script", "permanent"),
    [
        pytest.param(answers("302 Found", b"", "Location: http://127.0.0.1:1/"), True, id="redirect"),
        pytest.param(answers("410 Gone"), True, id="gone"),
        pytest.param(answers("409 Conflict"), False, id="conflict"),
        pytest.param(answers("500 Oops"), False, id="broken"),
        pytest.param(says(b""), False, id="cut"),
        pytest.param(floods(), False, id="five gigabytes"),
    ],
)
async def test_anything_else_is_an_error_that_passes_or_not(script: Script, permanent: bool, tmp_path: Path) -> None:
    with pytest.raises(HelpdeskError) as failed:
        await deliver(script, tmp_path)
    assert failed.value.permanent is permanent


@pytest.mark.enable_socket
async def test_a_receiver_that_never_ends_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("key")
    async with raw(drips()) as receiver:
        options = WebhookOptions(url=receiver.url, secret_file=str(tmp_path / "secret"), timeout=timedelta(seconds=0.3))
        async with aclosing(build(options, surroundings(tmp_path))) as desk:
            with pytest.raises(HelpdeskError, match="did not answer within"):
                await desk.deliver(ticket(), ())
