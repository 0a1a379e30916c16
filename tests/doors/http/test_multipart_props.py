"""Our multipart reader against the one Starlette uses, and against any bytes."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import UploadFile
from starlette.requests import Request

from stillpost.doors.http.body import BodyError, read_form
from stillpost.doors.http.multipart import MultipartError, header_value, split

pytestmark = pytest.mark.anyio

BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), min_size=1, max_size=20)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
FIELDS = st.dictionaries(NAMES, TEXTS, max_size=8)
FILES = st.lists(st.tuples(NAMES, st.binary(max_size=80)), max_size=4)
LINES = st.sampled_from(
    [b"\r\n", b"\n", b"--", b"----", BOUNDARY.encode(), b"\r\n--" + BOUNDARY.encode()[:-1], b"\x00"]
)


def as_browsers_send(fields: dict[str, str], files: list[tuple[str, bytes]]) -> bytes:
    made = b""
    for name, value in fields.items():
        made += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, content in files:
        made += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'.encode()
        made += b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n"
    return made + f"--{BOUNDARY}--\r\n".encode()


def request(body: bytes) -> Request:
    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", f"multipart/form-data; boundary={BOUNDARY}".encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def peer(body: bytes) -> tuple[dict[str, str], list[tuple[str, bytes]]]:
    fields: dict[str, str] = {}
    files = []
    async with request(body).form() as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files.append((value.filename or "", await value.read()))
            else:
                fields[name] = value
    return fields, files


@given(FIELDS, FILES)
async def test_what_browsers_send_is_read_as_starlette_reads_it(
    fields: dict[str, str], files: list[tuple[str, bytes]]
) -> None:
    body = as_browsers_send(fields, files)
    ours = await read_form(request(body))
    theirs = await peer(body)
    kept = [(name, content) for name, content in theirs[1] if content]
    assert (dict(ours.fields), [(file.name, file.content) for file in ours.files]) == (theirs[0], kept)


@given(st.lists(st.one_of(LINES, st.binary(max_size=20)), max_size=12).map(b"".join))
async def test_content_that_looks_like_a_boundary_stays_content_or_the_form_is_refused(content: bytes) -> None:
    body = as_browsers_send({"subject": "x"}, [("a.txt", content)])
    if f"--{BOUNDARY}".encode() in content:
        with suppress(BodyError):
            await read_form(request(body))
        return
    found = await read_form(request(body))
    assert found.fields == {"subject": "x"}
    assert [file.content for file in found.files] == ([content] if content else [])


@given(FIELDS, st.integers(1, 200))
async def test_a_form_cut_anywhere_is_refused(fields: dict[str, str], cut: int) -> None:
    body = as_browsers_send(fields, [])
    with pytest.raises(BodyError) as caught:
        await read_form(request(body[: max(0, len(body) - 4 - cut)]))
    assert caught.value.status == 400


@given(
    st.binary(max_size=300),
    st.lists(st.sampled_from([b"--b", b"--b--", b"\r\n", b"\r\n\r\n", b"a:b", b'"']), max_size=20),
)
def test_parts_lie_one_after_another_in_any_bytes_whatever(start: bytes, pieces: list[bytes]) -> None:
    body, at = start + b"".join(pieces), 0
    try:
        for part in split("b", body):
            assert at <= part.start <= part.end <= len(body)
            at = part.end
    except MultipartError:
        return


@pytest.mark.parametrize(
    ("text", "value", "parameters"),
    [
        pytest.param("form-data", "form-data", {}, id="no parameter"),
        pytest.param('Form-Data ; NAME="a;b" ;x=1;', "form-data", {"name": "a;b", "x": "1"}, id="blanks and cases"),
        pytest.param(r'form-data; name="a\"b\\c\d"', "form-data", {"name": r'a"b\c\d'}, id="escapes"),
        pytest.param("text/plain; charset=utf-8", "text/plain", {"charset": "utf-8"}, id="a media type"),
        pytest.param("a; x=1; X=2", "", {}, id="a parameter twice"),
        pytest.param('a; x="1', "", {}, id="an open quote"),
        pytest.param('a; x="1"2', "", {}, id="more behind a quote"),
        pytest.param("a; x", "", {}, id="a name alone"),
        pytest.param("a b", "", {}, id="two words"),
        pytest.param("a" * 5000, "", {}, id="too long"),
        pytest.param("", "", {}, id="nothing"),
    ],
)
def test_a_headers_value_and_parameters_are_read_strictly(text: str, value: str, parameters: dict[str, str]) -> None:
    assert header_value(text) == (value, parameters)
