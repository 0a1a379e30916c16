"""Every exposure of a desk: notices walked over occasions and channels, the surest way kept for each kind.

``search`` says whether a notice fires, the product which words may reach it; the mail is rendered, and a YES is
believed only if the invented words are really in it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple, final

from stillpost.audit.desk import (
    Audience,
    Channel,
    Desk,
    Notice,
    NoticeKind,
    Occasion,
    Reach,
    Reaction,
    Template,
    Trigger,
)
from stillpost.audit.exposure import Confidence, Exposure, Grade, Kind, Severity, graded, lowered
from stillpost.audit.logic import Conjunction, Tri, evaluate
from stillpost.audit.product import Leak, Product, Request, Scene
from stillpost.audit.search import Answer, Search
from stillpost.audit.witness import Draft, Witness, Words, draft, request_of, witnessed


class Way(NamedTuple):  # thousands are made for a big desk, and a tuple is made ten times faster
    """One channel and occasion on which a reaction fires, and the request that does it."""

    channel: Channel
    occasion: Occasion
    answer: Answer
    tri: Tri
    why: tuple[str, ...]


_OUTWARD = (Audience.REQUESTER, Audience.COPIES)
_SEVERITIES = {Kind.LOOP: Severity.LOW, Kind.COPIES: Severity.HIGH}
_PATHS = {
    NoticeKind.ACCOUNT: Kind.ACCOUNT,
    NoticeKind.REJECTION: Kind.REJECTION,
    NoticeKind.LIMIT: Kind.LIMIT,
}


def exposures(desk: Desk, product: Product, given: Words) -> tuple[Exposure, ...]:
    """Every exposure of the desk that is not proven to be none, in the order of its reactions."""
    search = Search(desk)
    found: list[Exposure] = []
    for reaction in desk.reactions:
        outward = [n for n in reaction.notices if any(a in _OUTWARD for a in n.audience)]
        if not outward:
            continue
        ways = _Ways(desk, search, reaction)
        for notice in outward:
            found += _Judge(desk, product, given, reaction, notice, search).judge(ways)
    return tuple(found)


@final
class _Ways:
    """The ways a reaction fires, worked out occasion by occasion and only when asked for."""

    def __init__(self, desk: Desk, search: Search, reaction: Reaction) -> None:
        self._desk = desk
        self._search = search
        self._reaction = reaction
        self._known: dict[str, tuple[Way, ...]] = {}

    def on(self, occasion: Occasion) -> tuple[Way, ...]:
        """The ways on one occasion, the surest first; channels no stranger can use are left out."""
        if occasion.id not in self._known:
            if self._search.never(self._reaction, occasion):
                self._known[occasion.id] = ()
                return ()
            self._known[occasion.id] = tuple(sorted(self._all(occasion), key=_unsure))
        return self._known[occasion.id]

    def _all(self, occasion: Occasion) -> Iterable[Way]:
        for channel in self._desk.channels:
            tri = min(channel.open, Tri.PERHAPS if occasion.doubt else Tri.YES)
            if tri is Tri.NO or (occasion.trigger is Trigger.PARTICIPANT and channel.copies is Tri.NO):
                continue
            answer = self._search.fires(self._reaction, channel, occasion)
            if answer.tri is Tri.NO:
                continue
            why = (*answer.why, *((occasion.doubt,) if occasion.doubt else ()))
            if channel.open is Tri.PERHAPS:
                why = (*why, str(channel.why))
            yield Way(channel, occasion, answer, min(tri, answer.tri), why)


def _unsure(way: Way) -> tuple[int, int]:
    return (-way.tri, -way.channel.provenance)


@final
class _Judge:
    """All exposures of one notice: the surest way for each kind."""

    def __init__(
        self, desk: Desk, product: Product, given: Words, reaction: Reaction, notice: Notice, search: Search
    ) -> None:
        self._search = search
        self._known: dict[Conjunction, Way | None] = {}
        self._desk = desk
        self._product = product
        self._given = given
        self._reaction = reaction
        self._notice = notice
        self._templates: list[Template] = [t for t in (notice.subject, notice.text, notice.html) if t is not None]

    def judge(self, ways: _Ways) -> list[Exposure]:
        """The notice's exposures, at most one of each kind."""
        best: dict[Kind, Exposure] = {}
        for occasion in self._desk.occasions:
            meant = self._notice.only_on
            if occasion.id not in self._reaction.occasions or (meant and occasion.id not in meant):
                continue
            if self._settled(best):
                break
            firing = ways.on(occasion)
            if firing:
                for exposure in self._on(firing):
                    known = best.get(exposure.kind)
                    if known is None or exposure.tri > known.tri:
                        best[exposure.kind] = exposure
        return list(best.values())

    def _settled(self, best: dict[Kind, Exposure]) -> bool:
        """Whether no further occasion can make it worse."""
        content = best.get(Kind.CONTENT)
        rest = best.get(Kind.VOLUME) or best.get(_PATHS.get(self._notice.kind, Kind.VOLUME))
        if rest is None or rest.tri is not Tri.YES:
            return False
        return (content is not None and content.tri is Tri.YES) or not (content or rest.blanked)

    def _on(self, ways: Sequence[Way]) -> Iterable[Exposure]:
        way = ways[0]
        copied = self._copies(way.channel)
        if way.occasion.trigger is Trigger.ANSWER:
            if Audience.REQUESTER in self._notice.audience:
                yield self._loop(way, ways)
            return
        if Audience.REQUESTER in self._notice.audience:
            yield from self._mailed(way, ways, copied)
        if Audience.COPIES in self._notice.audience and copied is not Tri.NO:
            yield self._copied(way, ways, copied)

    def _copies(self, channel: Channel) -> Tri:
        return channel.copies if Audience.COPIES in self._notice.audience else Tri.NO

    def _scene(self, way: Way, audience: Audience, copied: Tri) -> Scene:
        return Scene(
            desk=self._desk,
            channel=way.channel,
            occasion=way.occasion,
            reaction=self._reaction,
            notice=self._notice,
            audience=audience,
            state=way.answer.state,
            request=request_of(way.channel, way.answer.chosen, copied is not Tri.NO, self._given),
        )

    def _mailed(self, way: Way, ways: Sequence[Way], copied: Tri) -> Iterable[Exposure]:
        scene = self._scene(way, Audience.REQUESTER, copied)
        leaks = [leak for template in self._templates for leak in self._product.leaks(template, scene)]
        if any(leak.needs for leak in leaks):
            leaks, way = self._needy(leaks, ways)
            scene = self._scene(way, Audience.REQUESTER, copied)
        blanked = tuple(leak for leak in leaks if leak.tri is Tri.NO)
        drafted, shown = self._shown(scene, [leak for leak in leaks if leak.tri is not Tri.NO])
        witness = witnessed(scene, drafted, copied is not Tri.NO, _steps(way))
        kind = _PATHS.get(self._notice.kind, Kind.VOLUME)
        yield self._exposure(kind, way, ways, way.tri, (), blanked, witness, way.why)
        if shown:
            yield self._exposure(Kind.CONTENT, way, ways, way.tri, tuple(shown), blanked, witness, way.why)

    def _needy(self, leaks: list[Leak], ways: Sequence[Way]) -> tuple[list[Leak], Way]:
        """Leaks that show only if something holds: drop those for which it never does, find a request for one."""
        judged: list[Leak] = []
        better = ways[0]
        known = self._known = {}
        for leak in leaks:
            if leak.needs not in known:
                known[leak.needs] = self._with(leak.needs, (better, *ways))
            own = known[leak.needs]
            if own is None:
                continue
            if own.answer.tri is Tri.PERHAPS:
                why = leak.inferred or "; ".join(own.answer.why)
                leak = replace(leak, tri=min(leak.tri, Tri.PERHAPS), inferred=why)  # noqa: PLW2901  # the same, weighed
            elif better is ways[0] and leak.tri is Tri.YES:
                better = own
            judged.append(leak)
        return judged, better

    def _with(self, needs: Conjunction, ways: Sequence[Way]) -> Way | None:
        """A way that fires the notice with the needs met, the one at hand if it does; None if there is none."""
        state = ways[0].answer.state
        if self._search.untouched(needs) and all(evaluate(term, state, {}) is Tri.YES for term in needs):
            return ways[0]
        perhaps: Way | None = None
        for way in ways[1:]:
            answer = self._search.besides(self._reaction, way.answer, way.channel, way.occasion, needs)
            if answer.tri is Tri.YES:
                return way._replace(answer=answer)
            if answer.tri is Tri.PERHAPS:
                perhaps = perhaps or way._replace(answer=answer)
        return perhaps

    def _loop(self, way: Way, ways: Sequence[Way]) -> Exposure:
        scene = self._scene(way, Audience.REQUESTER, Tri.NO)
        witness = witnessed(scene, draft(self._product, scene), False, _steps(way))
        return self._exposure(Kind.LOOP, way, ways, way.tri, (), (), witness, way.why)

    def _copied(self, way: Way, ways: Sequence[Way], copied: Tri) -> Exposure:
        scene = self._scene(way, Audience.COPIES, copied)
        drafted = draft(self._product, scene)
        why = (*way.why, way.channel.copies_why) if copied is Tri.PERHAPS else way.why
        witness = witnessed(scene, drafted, True, _steps(way))
        return self._exposure(Kind.COPIES, way, ways, min(way.tri, copied), (), (), witness, why)

    def _shown(self, scene: Scene, leaks: list[Leak]) -> tuple[Draft, list[Leak]]:
        """Render, and keep YES only for words that are really there; steer the templates where they are not."""
        drafted = draft(self._product, scene)
        if not leaks:
            return drafted, leaks
        missing = [leak for leak in leaks if leak.tri is Tri.YES and not self._visible(leak, scene.request, drafted)]
        if not missing:
            return drafted, leaks
        if len(missing) == sum(leak.tri is Tri.YES for leak in leaks):
            steered = draft(self._product, scene, tuple(missing))
            if any(self._visible(leak, scene.request, steered) for leak in missing):
                drafted = steered
        return drafted, [self._weighed(leak, scene, drafted) for leak in leaks]

    def _weighed(self, leak: Leak, scene: Scene, drafted: Draft) -> Leak:
        if leak.tri is not Tri.YES or self._visible(leak, scene.request, drafted):
            return leak
        own = self._known.get(leak.needs)
        if own is not None:
            apart = self._scene(own, scene.audience, Tri.NO)
            if self._visible(leak, apart.request, draft(self._product, apart)):
                return leak
        why = leak.inferred or "the words are not in the mail as it was rendered here"
        return replace(leak, tri=Tri.PERHAPS, inferred=why)

    def _visible(self, leak: Leak, request: Request, drafted: Draft) -> bool:
        notice = self._notice
        parts = ((notice.subject, drafted.subject), (notice.html, drafted.html))
        rendered = next((done for part, done in parts if part and part.path == leak.template), drafted.text)
        return marks_in(leak.source, request, rendered.text)

    def _exposure(
        self,
        kind: Kind,
        way: Way,
        ways: Sequence[Way],
        tri: Tri,
        leaks: tuple[Leak, ...],
        blanked: tuple[Leak, ...],
        witness: Witness,
        why: tuple[str, ...],
    ) -> Exposure:
        notice, occasion = self._notice, way.occasion
        reach = Reach.WITH_AGENT if occasion.trigger is Trigger.AGENT else way.channel.reach
        unsure = tuple(dict.fromkeys(filter(None, why))) if why else ()
        if kind is Kind.CONTENT:
            grade = graded(notice, occasion, reach, leaks, tri, unsure)
        else:
            doubtful = occasion.inferred or notice.inferred or tri is not Tri.YES
            severity = lowered(_SEVERITIES.get(kind, Severity.MEDIUM), reach)
            grade = Grade(tri, severity, Confidence.MEDIUM if doubtful else Confidence.HIGH, unsure)
        return Exposure(
            id=f"{notice.id}:{kind.value}",
            kind=kind,
            tri=grade.tri,
            severity=grade.severity,
            confidence=grade.confidence,
            reach=reach,
            provenance=way.channel.provenance,
            reaction=self._reaction,
            notice=notice,
            occasion=occasion,
            channels=tuple([other.channel.id for other in ways]),
            fires=way.tri,
            unsure=unsure,
            leaks=leaks,
            blanked=blanked,
            why=grade.why,
            witness=witness,
        )


def marks_in(source: str, request: Request, text: str) -> bool:
    """Whether this part of the request can be seen in a text (upper or lower case, HTML escaped or not)."""
    said = {"name": request.name, "email": request.email, "subject": request.subject, "text": request.text}
    folded = text.casefold()
    if source == "cc":
        return any(address.casefold() in folded for address in request.cc)
    if source == "file":
        return "attachment" in folded
    value = said.get(source) or request.fields.get(source.partition(":")[2], "") or request.name
    words = [word for word in value.casefold().split() if word not in ("|", "")]
    return bool(words) and any(word in folded for word in words)


def _steps(way: Way) -> tuple[str, ...]:
    """The occasions that led to the mail, in order."""
    return tuple(done.occasion.id for done in way.answer.rounds) or (way.occasion.id,)
