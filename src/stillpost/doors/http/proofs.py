"""The token pages: ``/confirm`` and ``/not-me`` act on POST alone, and ``/r`` tells where a request stands.

Mail scanners open every link, so GET shows and changes nothing. A token stands in the path only, is never logged, and its
pages are neither kept nor framed nor named in a Referer.
"""

from dataclasses import dataclass
from typing import final

from starlette.requests import Request
from starlette.responses import Response

from stillpost.doors.http.body import BodyError, read_bytes
from stillpost.doors.http.context import BROWSER_COOKIE, Context
from stillpost.doors.http.form import RETRY_SECONDS, TRY_LATER
from stillpost.doors.http.pages import page, problem_page
from stillpost.intake.token import TokenError, code_of
from stillpost.language import N_, translate
from stillpost.reception.proving import Reply, Waiting
from stillpost.store.protocol import StoreError

NOT_OURS = N_("This link is not complete or not ours. Please open it again from the mail, or copy all of it.")
OVER = N_("This link is over. What waited for it was deleted; please write to us again.")
FOREIGN = N_("This answer did not come from our own page. Please open the link in the mail and answer there.")
NO_REQUEST = N_("We know no request with this address. It may have been deleted since.")
_MAX_FIELDS = 100


@final
@dataclass(frozen=True, slots=True)
class Proofs:
    """The pages behind the links in our mails."""

    context: Context

    async def confirm_page(self, request: Request) -> Response:
        """``GET /confirm/<token>``: what waits, none ticked."""
        language = self.context.language(request)
        try:
            waiting = await self.context.proving.waiting(request.path_params["token"], self.context.clock())
        except (TokenError, StoreError) as error:
            return self._problem(language, error)
        return self._asked(language, waiting)

    async def confirm(self, request: Request) -> Response:
        """``POST /confirm/<token>``: the owner's answer. This browser is known from now on."""
        language = self.context.language(request)
        if _foreign(request):
            return problem_page(language, 403, translate(FOREIGN, language))
        try:
            reply, button = await _reply(request)
            if button == "ticked" and not reply.mine:
                waiting = await self.context.proving.waiting(request.path_params["token"], self.context.clock())
                return self._asked(language, waiting, mistake=bool(waiting.requests))
            browser = request.cookies.get(BROWSER_COOKIE, "")
            confirmed = await self.context.proving.confirm(
                request.path_params["token"], reply, browser, self.context.clock()
            )
        except (TokenError, StoreError, BodyError) as error:
            return self._problem(language, error)
        response = page("confirmed.html", language, confirmed=confirmed)
        if confirmed.browser:
            response.set_cookie(
                BROWSER_COOKIE,
                confirmed.browser,
                max_age=int(self.context.proving.limits.proven_for.total_seconds()),
                path="/",
                secure=True,
                httponly=True,
                samesite="lax",
            )
        return response

    async def not_me_page(self, request: Request) -> Response:
        """``GET /not-me/<token>``: asks, changes nothing."""
        language = self.context.language(request)
        try:
            await self.context.proving.check_not_me(request.path_params["token"], self.context.clock())
        except TokenError as error:
            return self._problem(language, error)
        return page("not_me.html", language, done=False, languages=self._languages)

    async def not_me(self, request: Request) -> Response:
        """``POST /not-me/<token>``: no challenge to this address for two years; also one-click (RFC 8058)."""
        language = self.context.language(request)
        try:
            await read_bytes(request, 10_000)
            await self.context.proving.not_me(request.path_params["token"], self.context.clock())
        except (TokenError, StoreError, BodyError) as error:
            return self._problem(language, error)
        return page("not_me.html", language, done=True)

    async def status(self, request: Request) -> Response:
        """``GET /r/<secret>``: where a request stands."""
        language = self.context.language(request)
        secret = request.path_params["secret"]
        try:
            found = await self.context.ledger.request_by_secret(secret) if len(secret) == 32 else None
        except StoreError as error:
            return self._problem(language, error)
        portal = self.context.portals.get(found.portal) if found else None
        if found is None or portal is None:
            return problem_page(language, 404, translate(NO_REQUEST, language))
        over = found.state.value in {"challenged", "mail-first", "held"} and self.context.clock() >= found.expires
        return page(
            "status.html",
            language,
            portal_name=portal.name,
            portal_title=portal.options.title,
            request=found,
            state="expired" if over else found.state.value,
            code=code_of(secret),
            prove_local=portal.prove_address.rpartition("@")[0],
            prove_domain=portal.prove_address.rpartition("@")[2],
            days=max(1, self.context.admission.limits.pending_for.days),
            languages=portal.options.languages,
        )

    def _asked(self, language: str, waiting: Waiting, *, mistake: bool = False) -> Response:
        """The page that asks; ``mistake``: the button for what is ticked was pressed with nothing ticked."""
        return page(
            "confirm.html",
            language,
            status=422 if mistake else 200,
            requests=waiting.requests,
            titles={name: portal.options.title for name, portal in self.context.portals.items()},
            languages=self._languages,
            mistake=mistake,
        )

    @property
    def _languages(self) -> tuple[str, ...]:
        """Offered on pages that belong to no portal, as ``Context.language`` chooses from."""
        return next(iter(self.context.portals.values())).options.languages

    def _problem(self, language: str, error: Exception) -> Response:
        if isinstance(error, TokenError):
            message, status = (OVER, 410) if error.expired else (NOT_OURS, 404)
            return problem_page(language, status, translate(message, language))
        if isinstance(error, BodyError):
            return problem_page(language, error.status, translate(error.message, language).format(**error.values))
        self.context.journal.failed("store", error)
        return problem_page(language, 503, translate(TRY_LATER, language), retry_after=RETRY_SECONDS)


def _foreign(request: Request) -> bool:
    """Whether a browser says that another site made it send this (Fetch Metadata)."""
    return request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}


async def _reply(request: Request) -> tuple[Reply, str]:
    """What the owner's page sent, and which button was pressed. Raises BodyError.

    Its ids are our own, so nothing needs unescaping; whatever else stands there names no request.
    """
    pairs = [pair.partition(b"=") for pair in (await read_bytes(request, 20_000)).split(b"&", _MAX_FIELDS)]
    values = [(name, value.decode("ascii", "replace")) for name, _, value in pairs]
    mine, shown = (frozenset(value for name, value in values if name == wanted) for wanted in (b"mine", b"shown"))
    return Reply(mine, shown), next((value for name, value in values if name == b"answer"), "")
