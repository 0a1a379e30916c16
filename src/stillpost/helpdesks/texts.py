"""Templates of products that blank nothing: which placeholders carry a stranger's words, and the text they give.

A product says how its templates are parsed, what its placeholders mean, and how one is rendered; the rest is here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from stillpost.audit.desk import Template
from stillpost.audit.logic import Tri
from stillpost.audit.product import Leak, Rendered
from stillpost.helpdesks.template_flow import Parsed, Use

UNKNOWN = "unknown"
OWN = ""

Meaning = Callable[[Use], str]
"""The part of the request a placeholder carries ("subject", "text", "name"), OWN, or UNKNOWN."""


@final
@dataclass(frozen=True, slots=True)
class Language:
    """One product's template language.

    ``parse`` reads a text; ``meaning`` says what a placeholder carries; ``render`` gives the text for some values and
    what is not exact about it.
    """

    parse: Callable[[str], Parsed]
    meaning: Meaning
    render: Callable[[str, Mapping[str, Any]], Rendered]


@final
@dataclass(slots=True)
class Texts:
    """A language, and the templates of one snapshot parsed once each."""

    language: Language
    _parsed: dict[str, Parsed] = field(default_factory=dict)

    def parsed(self, source: str) -> Parsed:
        """The template, parsed and followed."""
        known = self._parsed.get(source)
        if known is None:
            known = self._parsed[source] = self.language.parse(source)
        return known

    def leaks(self, template: Template) -> tuple[Leak, ...]:
        """Where a stranger's words may be printed; what nobody understands is PERHAPS."""
        source, path = template.source, template.path
        parsed = self.parsed(source)
        reasons = list(parsed.doubts)
        if parsed.error:
            reasons.append(f"the template could not be parsed: {parsed.error}")
        found = [Leak(UNKNOWN, Tri.PERHAPS, "", path, 0, path, reason, via=(path,)) for reason in reasons]
        for use in parsed.uses:
            carried = self.language.meaning(use)
            if carried == OWN:
                continue
            line = source.count("\n", 0, use.start) + 1
            written = source[use.start : use.stop]
            name = written.strip("{}% ") if written.startswith("{") else written or ".".join(use.path)
            if carried == UNKNOWN:
                reason = f"a placeholder that is not known here: {'.'.join(use.path)}"
                found.append(Leak(UNKNOWN, Tri.PERHAPS, name, path, line, path, reason, via=(path,)))
            else:
                found.append(Leak(carried, Tri.YES, name, path, line, path, via=(path,)))
        return tuple(found)

    def leaking(self, source: str) -> tuple[Use, ...]:
        """The statements of a text through which words (or things nobody knows) may travel."""
        return tuple(use for use in self.parsed(source).uses if self.language.meaning(use) != OWN)

    def render(self, template: Template, values: Mapping[str, Any]) -> Rendered:
        """The text for these values."""
        parsed = self.parsed(template.source)
        if parsed.error:
            return Rendered(template.source, False, (f"the template could not be parsed: {parsed.error}",))
        done = self.language.render(template.source, values)
        why = tuple(dict.fromkeys((*parsed.doubts, *done.why)))
        return Rendered(done.text, not why, why)
