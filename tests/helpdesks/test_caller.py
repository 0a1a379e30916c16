"""HTTP to a helpdesk that is broken, hijacked, or not a helpdesk at all."""

import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from stillpost.helpdesks.caller import Caller, check_url, read_secret
from stillpost.helpdesks.protocol import HelpdeskError, OptionError
from tests.helpdesks.servers import Raw, Script, answers, drips, floods, raw, says
from tests.helpdesks.tickets import AT

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]

Peer = Callable[[Script], AbstractAsyncContextManager[tuple[Caller, Raw]]]


@asynccontextmanager
async def peer(script: Script, patience: timedelta = timedelta(seconds=20)) -> AsyncIterator[tuple[Caller, Raw]]:
    async with raw(script) as server:
        caller = Caller(server.url, clock=lambda: AT, timeout=patience)
        try:
            yield caller, server
        finally:
            await caller.aclose()


async def test_an_answer_of_five_gigabytes_is_cut_off() -> None:
    async with peer(floods()) as (caller, server):
        with pytest.raises(HelpdeskError, match="longer than 65536 bytes"):
            await caller.call("GET", "api")
        await server.cut_off.wait()


async def test_an_answer_that_never_ends_is_given_up_in_time() -> None:
    async with peer(drips(), timedelta(seconds=0.3)) as (caller, _):
        with pytest.raises(HelpdeskError, match=r"within 0\.3 seconds") as failed:
            await caller.call("GET", "api")
    assert not failed.value.permanent


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00\xff\x00\xff\r\n\r\n", id="binary"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", id="cut off"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}", id="negative length"),
        pytest.param(b"HTTP/1.1 999999 OK\r\n\r\n", id="impossible status"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 40000 + b"\r\n", id="endless header"),
        pytest.param(b"220 mail.example ESMTP\r\n", id="another protocol"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(b"0" * 9_000_000),
            id="compressed",
        ),
    ],
)
async def test_what_is_not_http_is_one_clear_error(answer: bytes) -> None:
    async with peer(says(answer)) as (caller, _):
        with pytest.raises(HelpdeskError) as failed:
            (await caller.call("GET", "api")).json()
    assert not failed.value.permanent
    assert str(failed.value).isprintable()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b"[1]", id="a list"),
        pytest.param(b"[" * 60_000, id="deeply nested"),
        pytest.param(b"\xff\xfe{}", id="not utf-8"),
    ],
)
async def test_an_answer_that_is_no_json_object_is_one_clear_error(body: bytes) -> None:
    async with peer(answers("200 OK", body)) as (caller, _):
        answer = await caller.call("GET", "api")
        with pytest.raises(HelpdeskError, match="not a JSON object"):
            answer.json()


async def test_a_redirect_is_not_followed_and_is_permanent() -> None:
    async with peer(answers("302 Found", b"", "Location: http://127.0.0.1:1/steal")) as (caller, server):
        answer = await caller.call("POST", "api", content=b"{}")
        error = caller.refusal(answer, "the ticket")
        assert len(server.requests) == 1
    assert error.permanent
    assert "redirect" in str(error)


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        *[(f"{code} X", True) for code in (400, 401, 403, 404, 405, 410, 413, 415, 422)],
        *[(f"{code} X", False) for code in (408, 409, 425, 429, 500, 502, 503, 504)],
    ],
)
async def test_a_status_is_permanent_or_passes(status: str, permanent: bool) -> None:
    async with peer(answers(status)) as (caller, _):
        assert caller.refusal(await caller.call("GET", ""), "it").permanent is permanent


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("7", 7, id="seconds"),
        pytest.param("0", 0, id="at once"),
        pytest.param("999999999", 86400, id="at most a day"),
        pytest.param("99999999999999999999", None, id="absurd"),
        pytest.param("Mon, 23 Nov 2026 10:00:30 GMT", 30, id="a date"),
        pytest.param("Mon, 23 Nov 2026 09:00:00 GMT", 0, id="a date that is over"),
        pytest.param("Fri, 01 Jan 9999 00:00:00 GMT", 86400, id="a date far away"),
        pytest.param("soon", None, id="a word"),
        pytest.param("-5", None, id="negative"),
        pytest.param("1.5", None, id="a fraction"),
        pytest.param("\u0663", None, id="another script's digit"),
    ],
)
async def test_retry_after_is_read_strictly(value: str, seconds: int | None) -> None:
    header = f"Retry-After: {value}".encode().decode("latin-1")
    lines = f"HTTP/1.1 429 Slow\r\n{header}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode("latin-1")
    async with peer(says(lines)) as (caller, _):
        error = caller.refusal(await caller.call("GET", ""), "it")
    assert error.retry_after == (None if seconds is None else timedelta(seconds=seconds))


async def test_without_retry_after_the_limits_reset_is_waited_for() -> None:
    async with peer(answers("429 Slow", b"", "ratelimit-reset: 41")) as (caller, _):
        error = caller.refusal(await caller.call("GET", ""), "it")
    assert error.retry_after == timedelta(seconds=41)


async def test_an_error_repeats_neither_addresses_nor_control_characters() -> None:
    body = b'{"error": "victim@example.com is \x1b[31m wrong\x00 \xe2\x80\xae"}'
    async with peer(answers("422 X", body)) as (caller, _):
        text = str(caller.refusal(await caller.call("GET", ""), "it"))
    assert "victim" not in text
    assert text.isprintable()
    assert "\u202e" not in text


async def test_nobody_listening_is_one_clear_error() -> None:
    async with raw(says(b"")) as server:
        url = server.url
    caller = Caller(url, clock=lambda: AT, timeout=timedelta(seconds=5))
    with pytest.raises(HelpdeskError, match=r"127\.0\.0\.1 could not be asked"):
        await caller.call("GET", "")
    await caller.aclose()


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://desk.example/", id="https"),
        pytest.param("http://127.0.0.1:8080/x", id="loopback"),
        pytest.param("http://[::1]:8080/", id="loopback v6"),
        pytest.param("http://localhost/", id="localhost"),
    ],
)
def test_a_good_url_passes(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="empty"),
        pytest.param("desk.example", id="no scheme"),
        pytest.param("ftp://desk.example/", id="another scheme"),
        pytest.param("http://desk.example/", id="in the clear"),
        pytest.param("https://user:secret@desk.example/", id="with a password"),
        pytest.param("https://desk.example/?a=b", id="with a query"),
        pytest.param("https:///x", id="no host"),
        pytest.param("https://desk.example:99999/", id="impossible port"),
        pytest.param("https://a\nb/", id="two lines"),
    ],
)
def test_a_bad_url_is_refused_with_its_key(url: str) -> None:
    with pytest.raises(OptionError, match=r"^url: "):
        check_url(url)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="missing"),
        pytest.param(b"", id="empty"),
        pytest.param(b" \n", id="blank"),
        pytest.param(b"a\nb", id="two lines"),
        pytest.param(b"\xff", id="not text"),
        pytest.param(b"x" * 5000, id="too long"),
    ],
)
def test_a_secret_that_cannot_be_one_is_a_permanent_error_naming_key_and_file(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(HelpdeskError, match=r"password_file: .*secret") as failed:
        read_secret(str(path), "password_file")
    assert failed.value.permanent


def test_a_secret_is_its_line_without_the_line_end(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"pass word\r\n")
    assert read_secret(str(path), "password_file") == "pass word"
