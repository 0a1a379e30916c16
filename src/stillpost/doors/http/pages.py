"""Pages: templates in people's languages, and the headers that keep a page's secrets to itself."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.responses import Response

from stillpost.language import catalogue

_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; worker-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
)


@lru_cache(maxsize=8)
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("stillpost.doors.http"),
        autoescape=select_autoescape(default=True),
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    return environment


def render(name: str, language: str, **values: Any) -> str:
    """The page ``name`` in a language; every value is escaped."""
    return _environment(language).get_template(name).render(language=language, **values)


def page(
    name: str, language: str, *, status: int = 200, ancestors: Sequence[str] = (), private: bool = True, **values: Any
) -> Response:
    """An answer with a page. ``ancestors``: origins that may frame it; ``private``: not kept, no referrer."""
    return Response(
        render(name, language, **values),
        status,
        headers=headers(language, ancestors=ancestors, private=private),
        media_type="text/html",
    )


def headers(language: str, *, ancestors: Sequence[str] = (), private: bool = True) -> Mapping[str, str]:
    """What every page is sent with."""
    frame = " ".join(("'self'", *ancestors)) if ancestors else "'none'"
    made = {
        "Content-Security-Policy": _CSP.format(ancestors=frame),
        "Content-Language": language,
        "Vary": "Accept-Language",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer" if private else "same-origin",
        "Cache-Control": "no-store" if private else "no-cache",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "interest-cohort=()",
    }
    if not ancestors:
        made["X-Frame-Options"] = "DENY"
    return made


def problem_page(language: str, status: int, message: str, **headers_too: str) -> Response:
    """A page that says in one sentence what is wrong and what to do."""
    response = page("problem.html", language, status=status, message=message)
    response.headers.update(headers_too)
    return response
