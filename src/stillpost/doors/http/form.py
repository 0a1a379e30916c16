"""The form: ``GET /p/<portal>`` shows it, ``POST`` takes a request in. Works without script."""

from dataclasses import dataclass
from datetime import timedelta
from typing import final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stillpost.doors.http import words
from stillpost.doors.http.body import BodyError, Form, read_form
from stillpost.doors.http.context import BROWSER_COOKIE, Context
from stillpost.doors.http.pages import headers, page, problem_page, quick_page
from stillpost.intake.token import fill_time, page_token
from stillpost.intake.voucher import Voucher, VoucherError, read_voucher
from stillpost.language import N_, translate
from stillpost.mail.addresses import AddressError, parse
from stillpost.model import Address, Guards, ProofOfWork, RequestState
from stillpost.reception.portal import Portal
from stillpost.reception.submit import Answer, Submitted, Unavailable, Upload

PAGE_LIFETIME = timedelta(days=1)
HONEYPOT = "fax_number"
NO_SUCH_PORTAL = N_("There is no such portal here.")
TRY_LATER = N_("We cannot take your request right now. Please try again in a few minutes; nothing was kept.")
NEEDED = N_("Please fill this in.")
REFUSED_ADDRESS = N_("This address belongs to a program or to us; please give one that a person reads.")
RETRY_SECONDS = 120
_STATUS = {RequestState.REFUSED: 422}


@final
@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a field, in the reader's language."""

    field: str
    message: str


@final
@dataclass(frozen=True, slots=True)
class Forms:
    """The form of every portal."""

    context: Context

    async def show(self, request: Request) -> Response:
        """``GET /p/<portal>``."""
        portal = self.context.portals.get(request.path_params["portal"])
        language = self.context.language(request, portal)
        if portal is None:
            return problem_page(language, 404, translate(NO_SUCH_PORTAL, language))
        return self._form(portal, language, Form({"voucher": request.query_params.get("voucher", "")[:2048]}), [])

    async def puzzle(self, request: Request) -> Response:
        """``GET /p/<portal>/puzzle``: a puzzle for the widget; 404 where the portal asks for none."""
        portal = self.context.portals.get(request.path_params["portal"])
        if portal is None or portal.options.proof_of_work is ProofOfWork.OFF:
            return JSONResponse({}, 404)
        return JSONResponse(self.context.puzzles.make(self.context.clock()), headers={"Cache-Control": "no-store"})

    async def take(self, request: Request) -> Response:
        """``POST /p/<portal>``."""
        context = self.context
        portal = context.portals.get(request.path_params["portal"])
        language = context.language(request, portal)
        if portal is None:
            return problem_page(language, 404, translate(NO_SUCH_PORTAL, language))
        try:
            form = await read_form(request)
        except BodyError as error:
            message = translate(error.message, language).format(**error.values)
            return problem_page(language, error.status, message, ancestors=portal.options.allow_origins)
        submitted, problems = self._read(request, portal, language, form)
        if submitted is None:
            return self._form(portal, language, form, problems, status=422)
        try:
            answer = await context.admission.submit(submitted)
        except Unavailable:
            response = self._form(portal, language, form, [], status=503, notice=translate(TRY_LATER, language))
            response.headers["Retry-After"] = str(RETRY_SECONDS)
            return response
        return self._answer(portal, language, answer)

    def _read(
        self, request: Request, portal: Portal, language: str, form: Form
    ) -> tuple[Submitted | None, list[Problem]]:
        fields, problems = form.fields, []
        cleaned: dict[str, str] = {}
        for name, clean, limit in (
            ("name", words.one_line, words.NAME_CHARS),
            ("subject", words.one_line, words.SUBJECT_CHARS),
            ("message", words.many_lines, words.TEXT_CHARS),
        ):
            try:
                cleaned[name] = clean(fields.get(name, ""), name, limit)
            except words.WordsError as error:
                problems.append(Problem(name, translate(error.message, language).format(**error.values)))
        problems += [
            Problem(name, translate(NEEDED, language)) for name in ("subject", "message") if cleaned.get(name) == ""
        ]
        requester = self._requester(fields.get("email", ""), language, problems)
        if problems or requester is None:
            return None, problems
        now = self.context.clock()
        solution = self.context.puzzles.solved(fields.get("altcha", ""))
        return Submitted(
            portal=portal.name,
            at=now,
            requester=requester,
            source=self.context.source(request),
            guards=Guards(
                honeypot=bool(fields.get(HONEYPOT)),
                fill_time=fill_time(self.context.signer, fields.get("page", ""), now, PAGE_LIFETIME),
                solved=bool(solution),
            ),
            name=cleaned["name"],
            subject=cleaned["subject"],
            text=cleaned["message"],
            locale=language,
            uploads=tuple(
                Upload(words.file_name(file.name), words.media_type(file.media_type), file.content)
                for file in form.files
            ),
            browser=request.cookies.get(BROWSER_COOKIE, "")[:64],
            voucher=self._voucher(portal, fields.get("voucher", "")),
            solution=solution,
        ), []

    def _requester(self, typed: str, language: str, problems: list[Problem]) -> Address | None:
        try:
            requester = parse(typed[:1000])
        except AddressError as error:
            problems.append(Problem("email", translate(str(error), language)))
            return None
        if self.context.admission.refuses(requester):
            problems.append(Problem("email", translate(REFUSED_ADDRESS, language)))
            return None
        return requester

    def _voucher(self, portal: Portal, text: str) -> Voucher | None:
        """A good voucher, or None: a bad one is no worse than none."""
        key = self.context.keys.get(portal.name)
        if not text or key is None:
            return None
        try:
            return read_voucher(key, portal.name, text, self.context.clock())
        except VoucherError:
            return None

    def _form(
        self,
        portal: Portal,
        language: str,
        form: Form,
        problems: list[Problem],
        *,
        status: int = 200,
        notice: str = "",
    ) -> Response:
        """The form with what was typed: nobody loses his words to a mistake, or to a failure of ours."""
        return page(
            "form.html",
            language,
            status=status,
            ancestors=portal.options.allow_origins,
            private=False,
            portal_name=portal.name,
            portal_title=portal.options.title,
            fields=form.fields,
            files_lost=bool(form.files),
            notice=notice,
            problems={problem.field: problem.message for problem in problems},
            honeypot=HONEYPOT,
            page_token=page_token(self.context.signer, self.context.clock(), PAGE_LIFETIME),
            puzzle=portal.options.proof_of_work is not ProofOfWork.OFF,
            languages=portal.options.languages,
        )

    def _answer(self, portal: Portal, language: str, answer: Answer) -> Response:
        text = quick_page(
            "answer.html",
            language,
            (
                ("portal_name", portal.name),
                ("portal_title", portal.options.title),
                ("framed", bool(portal.options.allow_origins)),
                ("state", answer.told.value),
                ("attachments_refused", answer.attachments_refused),
                ("kept", bool(answer.secret)),
                ("days", max(1, self.context.admission.limits.pending_for.days)),
                ("prove_local", portal.prove_address.rpartition("@")[0]),
                ("prove_domain", portal.prove_address.rpartition("@")[2]),
            ),
            {"id": answer.id, "secret": answer.secret, "code": answer.code},
        )
        return Response(
            text,
            _STATUS.get(answer.told, 202),
            headers=headers(language, portal.options.allow_origins),
            media_type="text/html",
        )
