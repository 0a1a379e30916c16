"""Bodies of requests: bounded in size, time and fields, with one clear error for each way to be wrong."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.requests import Request

from stillpost.doors.http import body
from stillpost.doors.http.body import BodyError, Form, read_bytes, read_form, read_json
from tests.worlds import multipart

pytestmark = pytest.mark.anyio

PLAIN = "application/x-www-form-urlencoded"
MULTI = "multipart/form-data; boundary=frontier"
FIELD = 'Content-Disposition: form-data; name="subject"'
FILE = 'Content-Disposition: form-data; name="attachments"; filename="a.txt"\r\nContent-Type: text/plain'


def request(content_type: str, *chunks: bytes, length: str | None = None, more: bool = False) -> Request:
    """A request whose body comes in these chunks; ``more``: and then the client goes away."""
    headers = [(b"content-type", content_type.encode("latin-1"))]
    if length is not None:
        headers.append((b"content-length", length.encode()))
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if more:
        messages.append({"type": "http.disconnect"})
    else:
        messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Any:
        return messages.pop(0)

    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def form(content_type: str, content: bytes) -> Form:
    return await read_form(request(content_type, content))


async def refused(content_type: str, content: bytes) -> BodyError:
    with pytest.raises(BodyError) as caught:
        await form(content_type, content)
    return caught.value


async def test_a_body_is_put_together_from_its_chunks() -> None:
    assert await read_bytes(request(PLAIN, b"a=", b"", b"1"), 10) == b"a=1"


@pytest.mark.parametrize(
    ("chunks", "length"),
    [
        pytest.param([b"x" * 11], None, id="in one chunk"),
        pytest.param([b"x"] * 11, None, id="byte by byte"),
        pytest.param([b"x"], "11", id="by its own word"),
        pytest.param([b"x" * 11], "1", id="more than it says"),
        pytest.param([b"x"], "9" * 5000, id="a length of five thousand digits"),
        pytest.param([b"x" * 11], "-1", id="a length below zero"),
        pytest.param([b"x" * 11], "²", id="a length in superscript"),
    ],
)
async def test_a_body_over_the_limit_is_refused(chunks: Sequence[bytes], length: str | None) -> None:
    with pytest.raises(BodyError) as caught:
        await read_bytes(request(PLAIN, *chunks, length=length), 10)
    assert caught.value.status == 413


async def test_reading_stops_at_the_limit_and_leaves_the_rest_where_it_is() -> None:
    asked: list[int] = []

    async def receive() -> Any:
        asked.append(1)
        return {"type": "http.request", "body": b"x" * 6, "more_body": True}

    with pytest.raises(BodyError):
        await read_bytes(Request({"type": "http", "method": "POST", "headers": []}, receive), 10)
    assert len(asked) == 2


async def test_a_body_that_never_ends_is_given_up_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "BODY_SECONDS", 0.0)

    async def receive() -> Any:
        await asyncio.Event().wait()

    with pytest.raises(BodyError) as caught:
        await read_bytes(Request({"type": "http", "method": "POST", "headers": []}, receive), 10)
    assert caught.value.status == 408


async def test_a_client_that_went_away_is_no_error_of_ours() -> None:
    with pytest.raises(BodyError) as caught:
        await read_bytes(request(PLAIN, b"a=", more=True), 10)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/json",
        "multipart/form-data",
        "multipart/mixed; boundary=frontier",
        ";;;",
        "\xff\xfe",
    ],
)
async def test_what_is_no_form_is_refused(content_type: str) -> None:
    assert (await refused(content_type, b"a=1")).status == 415


async def test_a_plain_form_keeps_empty_values_and_reads_utf_8() -> None:
    assert (await form(PLAIN + "; charset=UTF-8", b"a=&b=%C3%BC+%26&c")).fields == {"a": "", "b": "ü &", "c": ""}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"a=%FF", id="Latin-1, escaped"),
        pytest.param("a=ü".encode("latin-1"), id="Latin-1, raw"),
        pytest.param("a=ü".encode(), id="UTF-8, not escaped"),
        pytest.param(b"a=%ED%A0%80", id="half of a surrogate pair"),
        pytest.param(b"a=1&a=2", id="a field twice"),
        pytest.param(b"&".join(b"f%d=1" % number for number in range(41)), id="too many fields"),
    ],
)
async def test_a_plain_form_that_cannot_be_read_is_refused(content: bytes) -> None:
    assert (await refused(PLAIN, content)).status == 400


async def test_a_plain_form_is_capped_below_the_multipart_one() -> None:
    assert (await refused(PLAIN, b"a=" + b"x" * 600_000)).status == 413


async def test_a_multipart_form_gives_fields_and_files() -> None:
    found = await form(MULTI, multipart([(FIELD, "Grüße\r\n--front".encode()), (FILE, b"\x00\xff\r\n")]))
    assert found.fields == {"subject": "Grüße\r\n--front"}
    assert [(file.name, file.media_type, file.content) for file in found.files] == [
        ("a.txt", "text/plain", b"\x00\xff\r\n")
    ]


async def test_a_file_that_was_not_chosen_is_no_file() -> None:
    nothing = (
        'Content-Disposition: form-data; name="attachments"; filename=""\r\nContent-Type: application/octet-stream'
    )
    assert await form(MULTI, multipart([(FIELD, b"x"), (nothing, b"")])) == Form({"subject": "x"}, ())


async def test_what_stands_before_and_after_a_multipart_form_is_passed_over() -> None:
    content = b"\r\n" * 100 + multipart([(FIELD, b"x")]) + b"epilogue"
    assert (await form(MULTI, content)).fields == {"subject": "x"}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"no boundary anywhere", id="no boundary"),
        pytest.param(multipart([(FIELD, b"x")], "other"), id="another boundary"),
        pytest.param(multipart([(FIELD, b"x")], end=b""), id="cut before its end"),
        pytest.param(multipart([(FIELD, b"x")])[:40], id="cut in a header"),
        pytest.param(multipart([(FIELD, b"x")]).replace(b"\r\n", b"\n"), id="bare line feeds"),
        pytest.param(multipart([("X: y", b"x")]), id="a part without a disposition"),
        pytest.param(multipart([("Content-Disposition: form-data", b"x")]), id="a part without a name"),
        pytest.param(
            multipart([('Content-Disposition: attachment; name="a"', b"x")]), id="a part that is no form data"
        ),
        pytest.param(multipart([("Content-Disposition: form-data; name*=utf-8''a", b"x")]), id="an extended name"),
        pytest.param(multipart([(FIELD, b"x"), (FIELD, b"y")]), id="a field twice"),
        pytest.param(multipart([(FIELD, b"\xff")]), id="a value in another charset"),
        pytest.param(multipart([(f'{FIELD}"', b"x")]).replace(b"subject", b"\xff"), id="a name in another charset"),
        pytest.param(multipart([(f"{FIELD}\r\nX: {'y' * 5000}", b"x")]), id="a huge header"),
        pytest.param(multipart([(f"{FIELD}\r\n" + "\r\n".join(["X: y"] * 50), b"x")]), id="fifty headers"),
        pytest.param(multipart([(FIELD.replace("subject", f"f{n}"), b"x") for n in range(60)]), id="sixty parts"),
        pytest.param(multipart([(FILE, b"x")] * 11), id="eleven files"),
        pytest.param(multipart([(f"{FIELD}: y:\x00", b"x")]).replace(b"Content", b"Con tent"), id="a blank in a name"),
    ],
)
async def test_a_damaged_multipart_form_is_refused(content: bytes) -> None:
    assert (await refused(MULTI, content)).status == 400


async def test_a_boundary_that_is_none_is_refused() -> None:
    assert (await refused(f"multipart/form-data; boundary={'b' * 300}", b"x")).status == 400


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(FIELD, id="a field"),
        pytest.param(f"{FIELD}; x=filename", id="a field that mentions filename"),
        pytest.param(f'{FIELD}; x="; filename=y"', id="a field that quotes filename"),
        pytest.param(f"{FIELD}; filename*=utf-8''y", id="a field with an extended filename"),
    ],
)
async def test_a_field_has_a_cap_of_its_own_whatever_it_says(head: str) -> None:
    assert (await refused(MULTI, multipart([(head, b"x" * 130_000)]))).status == 413


async def test_a_path_in_a_file_name_stays_for_the_cleaning() -> None:
    found = await form(MULTI, multipart([(FILE.replace("a.txt", "../../b\x00.txt"), b"x")]))
    assert found.files[0].name == "../../b\x00.txt"


async def test_json_comes_with_its_raw_bytes() -> None:
    assert await read_json(request("application/json; charset=utf-8", b'{"a": "\\u00fc"}')) == (
        b'{"a": "\\u00fc"}',
        {"a": "ü"},
    )


@pytest.mark.parametrize(
    ("content_type", "content", "status"),
    [
        pytest.param("text/json", b"{}", 415, id="another type"),
        pytest.param("", b"{}", 415, id="no type"),
        pytest.param("application/json", b"", 400, id="nothing"),
        pytest.param("application/json", b"{", 400, id="half"),
        pytest.param("application/json", b'{"a": 1} {}', 400, id="two"),
        pytest.param("application/json", b'{"a": 1, "a": 2}', 400, id="a name twice"),
        pytest.param("application/json", b'{"b": {"a": 1, "a": 2}}', 400, id="a name twice, deeper"),
        pytest.param("application/json", b'{"a": NaN}', 400, id="NaN"),
        pytest.param("application/json", b"[" * 100_000, 400, id="deeply nested lists"),
        pytest.param("application/json", b'{"a":' * 40_000, 400, id="deeply nested objects"),
        pytest.param("application/json", b"1" * 5_000, 400, id="a number of five thousand digits"),
        pytest.param("application/json", b'"\xff"', 400, id="Latin-1"),
        pytest.param("application/json", '{"a": 1}'.encode("utf-16"), 400, id="UTF-16"),
        pytest.param("application/json", b"\xef\xbb\xbf{}", 400, id="a byte order mark"),
        pytest.param("application/json", b'"' + b"x" * 256_001 + b'"', 413, id="too large"),
    ],
)
async def test_what_is_not_strict_json_is_refused(content_type: str, content: bytes, status: int) -> None:
    with pytest.raises(BodyError) as caught:
        await read_json(request(content_type, content))
    assert caught.value.status == status
