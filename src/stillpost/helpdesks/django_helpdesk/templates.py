"""Django's templates as django-helpdesk uses them, read by the Liquid grammar they gave birth to.

Variables, filters, ``if``, ``for``, ``with`` and comments are the same; Django's own filters are added, text is escaped
as Django escapes it. Another tag does not parse, and is unknown then. What comes of it is compared with the real
product.
"""

from collections.abc import Mapping
from html import escape as escape_html
from typing import Any

from liquid import Environment, Mode
from liquid.exceptions import LiquidError
from markupsafe import Markup

from stillpost.audit.product import Rendered
from stillpost.helpdesks.template_flow import Parsed, Use, parse
from stillpost.helpdesks.texts import OWN, Language

CARRIED = {"ticket.title": "subject", "ticket.description": "text", "comment": "text"}
"""All that a stranger writes in the context django-helpdesk gives its templates; any other name prints nothing of his."""

DATES = ("ticket.created", "ticket.modified", "ticket.last_escalation")
_THE_MOMENTS = "dates are the moment's"


class Django(Environment):
    """Liquid with Django's ``not``, parentheses and ``{# comments #}``; bounded, since templates are somebody's text."""

    logical_not_operator = True
    logical_parentheses = True
    loop_iteration_limit = 1_000
    local_namespace_limit = 1_000_000


def language() -> Language:
    """Django's template language, as far as the audit reads it."""
    environment = Django(tolerance=Mode.STRICT, strict_filters=True, autoescape=True, template_comments=True)
    environment.filters.update(
        date=lambda value, *_: value,
        default=lambda value, other: value or other,
        linebreaksbr=lambda value: Markup(escape_html(str(value)).replace("\n", "<br>")),  # noqa: S704  # escaped here
        linebreaks=lambda value: Markup(f"<p>{escape_html(str(value))}</p>"),  # noqa: S704  # escaped here
        striptags=lambda value: value,
        upper=lambda value: str(value).upper(),
        lower=lambda value: str(value).lower(),
        title=lambda value: str(value).title(),
        capfirst=lambda value: str(value)[:1].upper() + str(value)[1:],
        truncatechars=lambda value, size: str(value)[: int(size)],
        truncatewords=lambda value, size: " ".join(str(value).split()[: int(size)]),
        escape=lambda value: value,
        force_escape=lambda value: value,
        urlize=lambda value: value,
        wordwrap=lambda value, *_: value,
    )

    def read(source: str) -> Parsed:
        return parse(environment, source)

    def render(source: str, values: Mapping[str, Any]) -> Rendered:
        parsed = read(source)
        if parsed.template is None:
            return Rendered(source)
        why = (_THE_MOMENTS,) if any(".".join(use.path) in DATES for use in parsed.uses) else ()
        try:
            return Rendered(str(parsed.template.render(**values)), not why, why)
        except (LiquidError, ArithmeticError, ValueError, TypeError, RecursionError) as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            return Rendered(source, False, (f"the template could not be rendered: {reason}",))

    return Language(read, meaning, render)


def meaning(use: Use) -> str:
    """What a variable carries."""
    return CARRIED.get(".".join(use.path), OWN)
