"""The API: ``POST /api/v1/portals/<portal>/requests``.

Without the portal's key a call is a form with every guard failed. Errors are problem details (RFC 9457); what a visitor
can put right is said in his ``locale``.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stillpost.doors.http import words
from stillpost.doors.http.body import BodyError, read_json
from stillpost.doors.http.context import Context
from stillpost.doors.http.form import NEEDED, NO_SUCH_PORTAL, REFUSED_ADDRESS, RETRY_SECONDS, TRY_LATER
from stillpost.doors.http.openapi import openapi
from stillpost.doors.http.sources import UNKNOWN, source_of
from stillpost.intake.voucher import VoucherError, read_voucher
from stillpost.language import OFFERED, choose, translate
from stillpost.mail.addresses import AddressError, parse
from stillpost.model import Address, Guards, RequestState, Source
from stillpost.reception.portal import Portal
from stillpost.reception.submit import Answer, IdempotencyConflict, Submitted, Unavailable

_MAX_KEY = 255
_KNOWN = frozenset({"requester", "subject", "text", "locale", "cc", "fields", "voucher", "solution", "client_ip"})


@final
class ApiError(Exception):
    """An answer that is a problem: status, title, the JSON pointer of the culprit if there is one."""

    def __init__(self, status: int, title: str, pointer: str = "", **extra: Any) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.pointer = pointer
        self.extra = extra


def problem(status: int, title: str, pointer: str = "", **extra: Any) -> Response:
    """Problem details (RFC 9457)."""
    body: dict[str, Any] = {"type": "about:blank", "status": status, "title": title, **extra}
    if pointer:
        body["errors"] = [{"pointer": pointer, "detail": title}]
    headers = {"Cache-Control": "no-store"}
    if status == 503:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="stillpost"'
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


@final
@dataclass(frozen=True, slots=True)
class Api:
    """The API of every portal."""

    context: Context

    async def description(self, request: Request) -> Response:
        """``GET /api/v1/openapi.json``."""
        return JSONResponse(openapi(tuple(self.context.portals)))

    async def take(self, request: Request) -> Response:
        """``POST /api/v1/portals/<portal>/requests``."""
        language = OFFERED[0]
        try:
            portal = self.context.portals.get(request.path_params["portal"])
            if portal is None:
                raise ApiError(404, NO_SUCH_PORTAL)
            keyed = self._keyed(request, portal)
            raw, body = await read_json(request)
            language = _language(body, portal)
            submitted = self._read(request, portal, raw, body, keyed=keyed)
            answer = await self.context.admission.submit(submitted)
        except BodyError as error:
            return problem(error.status, str(error))
        except ApiError as error:
            return problem(error.status, translate(error.title, language), error.pointer, **error.extra)
        except words.WordsError as error:
            return problem(422, translate(error.message, language).format(**error.values), f"/{error.field}")
        except IdempotencyConflict:
            return problem(422, "This Idempotency-Key was used with another body.")
        except Unavailable:
            return problem(503, translate(TRY_LATER, language))
        return self._answer(portal, answer)

    def _keyed(self, request: Request, portal: Portal) -> bool:
        """Whether the call brings the portal's key. A wrong key is refused, a missing one is not."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return False
        key = self.context.keys.get(portal.name)
        if key is None or scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), key):
            raise ApiError(401, "The key is not this portal's; send it as Authorization: Bearer KEY.")
        return True

    def _read(self, request: Request, portal: Portal, raw: bytes, body: Any, *, keyed: bool) -> Submitted:
        if not isinstance(body, dict):
            raise ApiError(422, "The body must be an object.")
        for name in body:
            if name not in _KNOWN:
                raise ApiError(422, "This field is not known.", f"/{_pointer(name)}")
        requester, name = self._requester(body.get("requester"))
        now = self.context.clock()
        solution = self.context.puzzles.solved(_text(body, "solution", 8_000))
        voucher = _text(body, "voucher", 2_048)
        subject = words.one_line(_text(body, "subject", 4_000), "subject", words.SUBJECT_CHARS)
        text = words.many_lines(_text(body, "text", 4 * words.TEXT_CHARS), "text", words.TEXT_CHARS)
        if not subject or not text:
            raise ApiError(422, NEEDED, "/text" if subject else "/subject")
        key = self.context.keys.get(portal.name)
        try:
            vouched = read_voucher(key, portal.name, voucher, now) if voucher and key else None
        except VoucherError as error:
            raise ApiError(422, f"The voucher is no good: {error}.", "/voucher") from error
        return Submitted(
            portal=portal.name,
            at=now,
            requester=requester,
            source=self._source(request, body, keyed=keyed),
            guards=Guards(solved=bool(solution), keyed=keyed),
            name=name,
            subject=subject,
            text=text,
            locale=choose(_text(body, "locale", 64), portal.options.languages),
            copies=words.copies(_texts(body, "cc")),
            fields=words.extra_fields(_pairs(body, "fields")),
            voucher=vouched,
            solution=solution,
            idempotency=self._idempotency(request, portal, raw, keyed=keyed),
        )

    def _requester(self, value: Any) -> tuple[Address, str]:
        if not isinstance(value, dict):
            raise ApiError(422, "The requester must be an object with email and name.", "/requester")
        for name in value:
            if name not in {"email", "name"}:
                raise ApiError(422, "This field is not known.", f"/requester/{_pointer(name)}")
        try:
            requester = parse(_text(value, "email", 1_000, "/requester"))
        except AddressError as error:
            raise ApiError(422, str(error), "/requester/email") from error
        if self.context.admission.refuses(requester):
            raise ApiError(422, REFUSED_ADDRESS, "/requester/email")
        typed = _text(value, "name", 1_000, "/requester")
        return requester, words.one_line(typed, "requester/name", words.NAME_CHARS)

    def _source(self, request: Request, body: Mapping[str, Any], *, keyed: bool) -> Source:
        if "client_ip" in body and not keyed:
            raise ApiError(422, "Only a call with the portal's key may pass client_ip.", "/client_ip")
        if not keyed:
            return self.context.source(request)
        given = _text(body, "client_ip", 64)
        if not given:
            return UNKNOWN
        try:
            return source_of(given)
        except ValueError as error:
            raise ApiError(422, "This is not an IP address.", "/client_ip") from error

    def _idempotency(self, request: Request, portal: Portal, raw: bytes, *, keyed: bool) -> tuple[str, str] | None:
        """Scoped to portal and key: a stranger's key never meets another's."""
        given = request.headers.get("idempotency-key")
        if given is None:
            return None
        if not 1 <= len(given) <= _MAX_KEY or not given.isascii() or not given.isprintable():
            raise ApiError(422, "An Idempotency-Key has 1 to 255 printable characters.")
        scope = "keyed" if keyed else f"source {self.context.source(request).ip}"
        return f"{portal.name}|{scope}|{given}", hashlib.sha256(raw).hexdigest()

    def _answer(self, portal: Portal, answer: Answer) -> Response:
        if answer.told is RequestState.REFUSED:
            return problem(422, "The request looks like part of a flood.", id=answer.id, state="refused")
        following: dict[str, Any] = {"status": f"{portal.proof_base}/r/{answer.secret}"}
        if answer.told in {RequestState.CHALLENGED, RequestState.MAIL_FIRST}:
            following["mail_first"] = {"address": portal.prove_with(answer.code), "subject": answer.code}
        return JSONResponse(
            {"id": answer.id, "state": answer.told.value, "next": following}, 202, headers={"Cache-Control": "no-store"}
        )


def _language(body: Any, portal: Portal) -> str:
    """The visitor's language, for what the site may show him; a locale that is no text is complained about later."""
    locale = body.get("locale", "") if isinstance(body, dict) else ""
    return choose(locale if isinstance(locale, str) else "", portal.options.languages)


def _text(body: Mapping[str, Any], name: str, limit: int, at: str = "") -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise ApiError(422, "This must be text.", f"{at}/{_pointer(name)}")
    if len(value) > limit:
        raise ApiError(422, f"This is longer than {limit} characters.", f"{at}/{_pointer(name)}")
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise ApiError(422, "This is not Unicode text.", f"{at}/{_pointer(name)}")
    return value


def _texts(body: Mapping[str, Any], name: str) -> list[str]:
    value = body.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ApiError(422, "This must be a list of texts.", f"/{name}")
    return [_text({name: item}, name, 1_000) for item in value[: words.MAX_COPIES + 1]]


def _pairs(body: Mapping[str, Any], name: str) -> dict[str, str]:
    value = body.get(name, {})
    if not isinstance(value, dict):
        raise ApiError(422, "This must be an object of texts.", f"/{name}")
    return {_text({"": key}, "", 1_000, f"/{name}"): _text(value, key, 4_000, f"/{name}") for key in value}


def _pointer(name: str) -> str:
    """A name as part of a JSON pointer (RFC 6901): a stranger's, so without anything but visible ASCII, and cut."""
    name = "".join(char if char.isprintable() else "?" for char in name)
    return name.encode("ascii", "backslashreplace").decode()[:60].replace("~", "~0").replace("/", "~1")
