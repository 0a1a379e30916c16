"""Zendesk's templates rendered: the text Zendesk would give, and what keeps us from being sure of every letter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from liquid.exceptions import LiquidError

from stillpost.audit.product import Rendered
from stillpost.helpdesks.template_flow import Parsed, Use
from stillpost.helpdesks.zendesk.spots import MAX_NESTING, Texts, Variant, fallback, make_room

_FAILURES = (LiquidError, ArithmeticError, ValueError, TypeError, RecursionError)

Values = Mapping[str, Any]


@final
@dataclass(frozen=True, slots=True)
class Rendering:
    """One rendering: the values as blanked for the template, as they are for dynamic content, and what to aim at.

    ``locale`` is the requester's language, ``aim`` the placeholder whose branch to reach.
    """

    texts: Texts
    values: Values
    plain: Values
    suppressed: bool
    locale: str = ""
    aim: str = ""

    def text(self, source: str) -> Rendered:
        """The template's text."""
        if "{" not in source:
            return Rendered(source)
        parsed = self.texts.parsed(source)
        if parsed.error:
            return Rendered(source, False, (f"the template could not be parsed: {parsed.error}",))
        if parsed.template is None:
            return Rendered(source)
        chosen = _chosen(parsed.uses, self.aim) if self.aim else {}
        why = list(self.texts.inexact(source, suppressed=self.suppressed))
        contents: dict[str, Any] = {}
        if any(use.path[0] == "dc" for use in parsed.uses):
            contents, more = self._contents(parsed.uses, chosen, ())
            why += more
        try:
            text = parsed.template.render(**(_with(self.values, chosen) if chosen else self.values), dc=contents)
        except _FAILURES as error:
            return Rendered(source, False, (f"the template could not be rendered: {_first(error)}",))
        fields = {".".join(path): value for path, value in chosen.items()}
        return Rendered(text, not why, tuple(dict.fromkeys(why)), fields)

    def _contents(
        self, uses: Sequence[Use], chosen: Mapping[tuple[str, ...], str], above: tuple[str, ...]
    ) -> tuple[dict[str, Any], list[str]]:
        """The dynamic content a template prints, in the requester's language, and what is inexact in it."""
        shown: dict[str, Any] = {}
        why: list[str] = []
        for use in uses:
            if use.path[0] != "dc":
                continue
            name = ".".join(use.path[1:])
            variant = None if name in above or len(above) >= MAX_NESTING else self._variant(name)
            if variant is None:
                why.append(f"dynamic content {name!r} could not be read and is shown empty")
                continue
            inner = self.texts.parsed(variant.content)
            below, more = self._contents(inner.uses, chosen, (*above, name))
            why += [*more, *self.texts.inexact(variant.content, suppressed=False)]
            put(shown, use.path[1:], self._inner(inner, variant.content, chosen, below))
        return shown, why

    def _inner(
        self, inner: Parsed, source: str, chosen: Mapping[tuple[str, ...], str], below: Mapping[str, Any]
    ) -> str:
        if inner.template is None:
            return source
        values = _with(self.plain, chosen) if chosen else self.plain
        # The same values give the same text, notice after notice.
        key = (source, *(str(_value(values, use.path)) for use in inner.uses if use.path[0] != "dc"), *below.values())
        known = self.texts.rendered.get(key)
        if known is None:
            try:
                known = inner.template.render(**values, dc=below)
            except _FAILURES:
                known = ""
            make_room(self.texts.rendered)
            self.texts.rendered[key] = known
        return known

    def _variant(self, name: str) -> Variant | None:
        """The variant in the requester's language, else the default."""
        variants = self.texts.contents.get(name, ())
        return next((one for one in variants if one.locale == self.locale), None) or fallback(variants)


def _value(values: Values, path: Sequence[str]) -> object:
    """What a placeholder holds; a whole list or person where the path goes deeper than plain values."""
    found: Any = values
    for step in path:
        if not isinstance(found, Mapping) or step not in found:
            break
        found = found[step]
    return found


def _chosen(uses: Sequence[Use], aim: str) -> dict[tuple[str, ...], str]:
    """What the stranger chooses so that the aimed-at statement is reached: compared placeholders get the constants."""
    for use in uses:
        if ".".join(use.path) == aim:
            return {path: constant for path, constant in use.steers if _choosable(path)}
    return {}


def _choosable(path: tuple[str, ...]) -> bool:
    names = ("language", "locale", "ticket_form", "via", "ticket_type", "title", "tags", "name", "time_zone")
    return path[0] in ("ticket", "current_user") and (path[-1] in names or path[-1].startswith("ticket_field_"))


def _with(values: Values, chosen: Mapping[tuple[str, ...], str]) -> dict[str, Any]:
    result = dict(values)
    for path, value in chosen.items():
        put(result, path, value)
    return result


def put(tree: dict[str, Any], path: Sequence[str], value: object) -> None:
    """Set a value deep in a tree of dictionaries, copying what lies on the way."""
    for step in path[:-1]:
        below = tree.get(step)
        tree[step] = dict(below) if isinstance(below, dict) else {}
        tree = tree[step]
    tree[path[-1]] = value


def _first(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
