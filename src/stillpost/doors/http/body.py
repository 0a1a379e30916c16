"""Bodies of requests: bounded in size, in time, in fields; one clear error for each way to be wrong."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final
from urllib.parse import parse_qsl

from starlette.requests import Request

from stillpost.deadline import within
from stillpost.doors.http.multipart import MultipartError, Part, header_value, split
from stillpost.language import N_

MAX_FORM_BYTES = 6_000_000
MAX_JSON_BYTES = 256_000
MAX_FIELDS = 40
MAX_FILES = 10
MAX_FIELD_BYTES = 128_000
BODY_SECONDS = 30.0


@final
class BodyError(Exception):
    """The body cannot be used: ``status`` is the HTTP answer, ``message`` a sentence to translate, ``values`` fill it."""

    def __init__(self, status: int, message: str, **values: object) -> None:
        super().__init__(message.format(**values))
        self.status = status
        self.message = message
        self.values = values


@final
@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file as the browser named it."""

    name: str
    media_type: str
    content: bytes


@final
@dataclass(frozen=True, slots=True)
class Form:
    """A parsed form: each field once, and the files that are not empty."""

    fields: Mapping[str, str]
    files: tuple[File, ...] = ()


async def read_bytes(request: Request, limit: int) -> bytes:
    """The whole body. Raises BodyError: 413 over ``limit``, 408 when it takes longer than half a minute."""
    declared = request.headers.get("content-length", "0")
    if len(declared) > 20 or (declared.isascii() and declared.isdigit() and int(declared) > limit):
        raise _too_large(limit)
    try:
        return await within(
            BODY_SECONDS, _whole(request, limit)
        )  # from the first byte on: he may also send none at all
    except TimeoutError as error:
        raise BodyError(408, N_("The request took too long to arrive; please send it again.")) from error


async def _whole(request: Request, limit: int) -> bytes:
    chunks, size = [], 0
    message = await request.receive()
    while message["type"] == "http.request":
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks) if len(chunks) > 1 else chunk
        message = await request.receive()
    raise BodyError(400, N_("The connection ended before the request was complete."))


def _too_large(limit: int) -> BodyError:
    return BodyError(413, N_("The request is larger than {limit} kB; please send less."), limit=limit // 1000)


async def read_form(request: Request) -> Form:
    """A form, url-encoded or multipart. Raises BodyError."""
    kind = request.headers.get("content-type", "")
    if kind == "application/x-www-form-urlencoded":
        return Form(_urlencoded(await read_bytes(request, 4 * MAX_FIELD_BYTES)))
    media_type, parameters = header_value(kind)
    if media_type == "application/x-www-form-urlencoded":
        return Form(_urlencoded(await read_bytes(request, 4 * MAX_FIELD_BYTES)))
    if media_type == "multipart/form-data" and (boundary := parameters.get("boundary")):
        return _multipart(boundary, await read_bytes(request, MAX_FORM_BYTES))
    raise BodyError(415, N_("The request is not a form."))


def _urlencoded(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict", separator="&"
        )
    except UnicodeDecodeError as error:
        raise BodyError(400, N_("The form is not UTF-8.")) from error
    except ValueError as error:
        raise BodyError(400, N_("The form has too many fields.")) from error
    return _each_once(pairs)


def _each_once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            raise BodyError(400, N_("A field of the form came twice."))
        fields[name] = value
    return fields


def _multipart(boundary: str, body: bytes) -> Form:
    pairs: list[tuple[str, str]] = []
    files: list[File] = []
    try:
        for count, part in enumerate(split(boundary, body)):
            if count == MAX_FIELDS + MAX_FILES:
                raise BodyError(400, N_("The form has too many fields."))
            if part.file_name is None:
                if part.end - part.start > MAX_FIELD_BYTES:
                    raise _too_large(MAX_FIELD_BYTES)
                pairs.append((_text(part.name), _text(body[part.start : part.end])))
            elif part.end > part.start:
                files.append(_file(part, part.file_name, body))
    except MultipartError as error:
        if error.incomplete:
            raise BodyError(400, N_("The form is incomplete; please send it again.")) from error
        raise BodyError(400, N_("The form is damaged; please send it again.")) from error
    if len(files) > MAX_FILES:
        raise BodyError(400, N_("There are more than {limit} attachments."), limit=MAX_FILES)
    return Form(_each_once(pairs), tuple(files))


def _file(part: Part, name: bytes, body: bytes) -> File:
    return File(
        name=name.decode("utf-8", "replace"),
        media_type=part.media_type.decode("utf-8", "replace"),
        content=body[part.start : part.end],
    )


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BodyError(400, N_("The form is not UTF-8.")) from error


async def read_json(request: Request) -> tuple[bytes, Any]:
    """A JSON body with its raw bytes. Raises BodyError: 415, 413, or 400 for what is not strict JSON (RFC 8259)."""
    if header_value(request.headers.get("content-type", ""))[0] != "application/json":
        raise BodyError(415, N_("Send JSON with Content-Type: application/json."))
    raw = await read_bytes(request, MAX_JSON_BYTES)
    try:
        text = raw.decode("utf-8")
        return raw, json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise BodyError(400, N_("The body is not UTF-8.")) from error
    except RecursionError as error:
        raise BodyError(400, N_("The body is nested too deeply.")) from error
    except ValueError as error:
        raise BodyError(400, N_("The body is not JSON.")) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise BodyError(400, N_("A name came twice in one object."))
    return made


def _no_constant(name: str) -> Any:
    message = f"{name} is not JSON"
    raise ValueError(message)
