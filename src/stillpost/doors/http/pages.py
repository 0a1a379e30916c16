"""Pages: templates in people's languages, and the headers that keep a page's secrets to itself."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.responses import Response

from stillpost import __version__
from stillpost.language import NAMES, catalogue

_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; worker-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
)


_PLACES = ("id", "secret", "code")
_PLACE = re.compile(f"\x00({'|'.join(_PLACES)})\x00")


@lru_cache(maxsize=8)
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("stillpost.doors.http"),
        autoescape=select_autoescape(default=True),
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,  # asking the disk whether a template changed cost more than rendering it
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    environment.globals |= {"version": __version__, "names": NAMES}
    return environment


def render(name: str, language: str, **values: Any) -> str:
    """The page ``name`` in a language; every value is escaped."""
    return _environment(language).get_template(name).render(language=language, **values)


@lru_cache(maxsize=256)
def _pattern(name: str, language: str, values: tuple[tuple[str, Any], ...]) -> tuple[str, ...]:
    """A page rendered once with placeholders, cut at them: text, placeholder, text, …"""
    return tuple(_PLACE.split(render(name, language, **dict(values), **{key: f"\x00{key}\x00" for key in _PLACES})))


def quick_page(name: str, language: str, fixed: tuple[tuple[str, Any], ...], ids: Mapping[str, str]) -> str:
    """The page ``name``, rendered once for each ``fixed`` (hashable names and values) and filled with ``ids``.

    ``ids`` are our own: references, secrets, codes, made of letters, digits and hyphens; nothing of a stranger's comes in
    this way, so nothing is escaped. A flood of requests is answered by this page, and rendering costs more than all else.
    """
    parts = _pattern(name, language, fixed)
    return "".join(ids[part] if index % 2 else part for index, part in enumerate(parts))


def page(
    name: str, language: str, *, status: int = 200, ancestors: Sequence[str] = (), private: bool = True, **values: Any
) -> Response:
    """An answer with a page. ``ancestors``: origins that may frame it; ``private``: not kept, no referrer."""
    return Response(
        render(name, language, **values),
        status,
        headers=headers(language, tuple(ancestors), private=private),
        media_type="text/html",
    )


@lru_cache(maxsize=256)
def headers(language: str, ancestors: tuple[str, ...] = (), *, private: bool = True) -> Mapping[str, str]:
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


def problem_page(
    language: str, status: int, message: str, *, ancestors: Sequence[str] = (), retry_after: int = 0
) -> Response:
    """A page that says in one sentence what is wrong and what to do; ``retry_after`` in seconds, 0 for none."""
    response = page("problem.html", language, status=status, ancestors=ancestors, message=message)
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response
