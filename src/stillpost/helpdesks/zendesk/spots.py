"""Which stranger's words a Zendesk template may print, under suppression or not.

Dynamic content is followed into every active variant; Zendesk does not blank anything inside it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, final

from stillpost.audit.logic import Conjunction, Relation, Term, Tri
from stillpost.audit.product import Leak
from stillpost.helpdesks.template_flow import Parsed, Use, environment, parse
from stillpost.helpdesks.zendesk.placeholders import Fate, Meaning, meaning

MAX_NESTING = 8
MAX_KEPT = 1024
"""Parsed trees are large, and few texts are needed again: more of them cost more than parsing one twice."""
_LAID_OUT = ("formatted", "html", "rich", "comments")
_NO_LAYOUT = "Zendesk's own layout of comments is shown here as plain text"
_WORDS = ("subject", "name", "text", "cc", "file")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One language version of a dynamic-content item; ``path`` is its place in the snapshot."""

    path: str
    locale: str
    content: str
    default: bool


Contents = Mapping[str, tuple[Variant, ...]]


class Spot(NamedTuple):  # thousands are made for a big desk, and a tuple is made ten times faster
    """A leak in a text: everything but where the text itself stands (``inside``: it stands in dynamic content)."""

    source: str
    tri: Tri
    placeholder: str
    use: Use
    inferred: str = ""
    inside: str = ""
    line: int = 1
    needs: Conjunction = ()
    via: tuple[str, ...] = ()


@final
@dataclass(slots=True)
class Texts:
    """The texts of one snapshot, parsed and judged; the last ``MAX_KEPT`` of them are remembered.

    ``free_text`` says for a custom field's id whether strangers write it freely.
    """

    contents: Contents
    free_text: Mapping[str, bool]
    rendered: dict[tuple[object, ...], str] = field(default_factory=dict)
    _environment: Any = field(default_factory=environment)
    _parsed: dict[str, Parsed] = field(default_factory=dict)
    _spots: dict[tuple[str, bool], tuple[Spot, ...]] = field(default_factory=dict)
    _inexact: dict[tuple[str, bool], tuple[str, ...]] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def parsed(self, source: str) -> Parsed:
        """The template, parsed and followed."""
        known = self._parsed.get(source)
        if known is None:
            make_room(self._parsed)
            known = self._parsed[source] = parse(self._environment, source)
        return known

    def leaks(self, source: str, path: str, *, suppressed: bool) -> tuple[Leak, ...]:
        """Where a stranger's words may be printed; NO for what Zendesk blanks."""
        return tuple(
            Leak(s.source, s.tri, s.placeholder, s.inside or path, s.line, path, s.inferred, s.needs, (path, *s.via))
            for s in self.spots(source, suppressed=suppressed)
        )

    def leaking(self, source: str, *, suppressed: bool) -> tuple[Use, ...]:
        """The statements of a text through which words (or things nobody here knows) may travel."""
        spots = self.spots(source, suppressed=suppressed)
        return tuple(dict.fromkeys(spot.use for spot in spots if spot.tri is not Tri.NO))

    def spots(self, source: str, *, suppressed: bool) -> tuple[Spot, ...]:
        """The leaks of one text."""
        if "{" not in source:
            return ()
        known = self._spots.get((source, suppressed))
        if known is None:
            known = tuple(self._spotted(source, suppressed))
            if not self._open:
                make_room(self._spots)
                self._spots[(source, suppressed)] = known
        return known

    def inexact(self, source: str, *, suppressed: bool) -> tuple[str, ...]:
        """What keeps a rendering of this text from being Zendesk's to the letter."""
        known = self._inexact.get((source, suppressed))
        if known is None:
            make_room(self._inexact)
            parsed = self.parsed(source)
            why = [reason for use in parsed.uses for reason in self._unsure(use, suppressed)]
            known = self._inexact[(source, suppressed)] = tuple(dict.fromkeys((*parsed.doubts, *why)))
        return known

    def _unsure(self, use: Use, suppressed: bool) -> Iterator[str]:
        known = meaning(use.path, self.free_text)
        if use.path[0] == "dc":
            return
        if known is None:
            yield f"the placeholder {'.'.join(use.path)} is not known here and shown empty"
        elif use.path[0] == "txt":
            yield "system texts ({{txt.…}}) are not in the settings"
        elif suppressed and known.inferred:
            yield known.inferred
        elif not suppressed and known.source in ("text", "file") and any(w in use.path[-1] for w in _LAID_OUT):
            yield _NO_LAYOUT

    def _spotted(self, source: str, suppressed: bool) -> Iterator[Spot]:
        parsed = self.parsed(source)
        reasons = parsed.doubts
        if parsed.error:
            reasons = (f"the template could not be parsed: {parsed.error}", *reasons)
        for reason in reasons:
            whole = Use((), 0, len(source))
            yield Spot(source="unknown", tri=Tri.PERHAPS, placeholder="", use=whole, inferred=reason)
        for use in parsed.uses:
            line = source.count("\n", 0, use.start) + 1
            if use.path[0] == "dc":
                yield from self._inside(use, line)
                continue
            spot = _judged(use, meaning(use.path, self.free_text), suppressed, line)
            if spot is not None:
                yield spot

    def _inside(self, use: Use, line: int) -> Iterator[Spot]:
        """What an item of dynamic content may print: nothing in it is blanked."""
        name = ".".join(use.path[1:])
        variants = self.contents.get(name)
        reason = ""
        if variants is None:
            reason = f"dynamic content {name!r} was not among what could be read"
        elif name in self._open:
            reason = f"dynamic content {name!r} refers to itself"
        elif len(self._open) >= MAX_NESTING:
            reason = "dynamic content nests too deeply"
        if reason or variants is None:
            yield Spot(source="unknown", tri=Tri.PERHAPS, placeholder=f"dc.{name}", use=use, inferred=reason, line=line)
            return
        self._open.append(name)
        found = [(v, spot) for v in variants for spot in self.spots(v.content, suppressed=False)]
        self._open.pop()
        for variant, spot in found:
            yield Spot(
                source=spot.source,
                tri=spot.tri,
                placeholder=spot.placeholder,
                use=use,
                inferred=spot.inferred,
                inside=spot.inside or variant.path,
                line=spot.line,
                needs=spot.needs + shown_for(variant, variants),
                via=(variant.path, *spot.via),
            )


def shown_for(variant: Variant, variants: Sequence[Variant]) -> Conjunction:
    """Which language of the requester shows this variant: its own, or for the default any that no other has."""
    others = tuple(other.locale for other in variants if other is not variant)
    if variant is fallback(variants):
        return (Term("locale_id", Relation.IS, others, negated=True),) if others else ()
    return (Term("locale_id", Relation.IS, (variant.locale,)),)


def fallback(variants: Sequence[Variant]) -> Variant | None:
    """The variant for every language that has none of its own."""
    return next((one for one in variants if one.default), variants[0] if variants else None)


def make_room(kept: dict[Any, Any]) -> None:
    """Forget the older half of a full memory."""
    if len(kept) >= MAX_KEPT:
        for key in list(islice(kept, MAX_KEPT // 2)):
            del kept[key]


def _judged(use: Use, known: Meaning | None, suppressed: bool, line: int) -> Spot | None:
    """A placeholder's leak; None where it carries no stranger's words."""
    name = ".".join(use.path)
    if known is None:
        reason = f"the placeholder {name} is not known here"
        return Spot(source="unknown", tri=Tri.PERHAPS, placeholder=name, use=use, inferred=reason, line=line)
    if known.source not in _WORDS and not known.source.startswith("field:"):
        return None
    tri, inferred = Tri.YES, known.inferred if suppressed else ""
    if suppressed and known.fate is not Fate.STAYS:
        tri = Tri.NO if known.fate is Fate.BLANKED else Tri.PERHAPS
    return Spot(source=known.source, tri=tri, placeholder=name, use=use, inferred=inferred, line=line)
