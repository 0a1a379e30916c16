"""A ``Product`` whose templates stand in its settings and blank nothing: what such products have in common.

A product gives the desk, its template language, the values of a scene, and what to change against volume and copies;
how words are cut out of a template is the same for all.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

from selectolax.lexbor import LexborHTMLParser

from stillpost.audit.desk import Desk, Template
from stillpost.audit.exposure import Exposure, Kind
from stillpost.audit.product import Aim, Edit, Leak, Product, Rendered, Scene
from stillpost.audit.snapshot import Snapshot, edited, found
from stillpost.audit.witness import Words
from stillpost.helpdesks.texts import Texts
from stillpost.helpdesks.tidying import tidied

WHY = "takes the words out that a stranger types"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PlainProduct:
    """One snapshot. ``values`` gives a scene's placeholders; ``quiet`` the edits against an exposure's volume or copies.

    ``fallbacks`` are the texts for a subject and for a text in which nothing would be left; ``built`` reads a changed
    snapshot from the start.
    """

    name: str
    snapshot: Snapshot
    desk: Desk
    texts: Texts
    given: Words
    values: Callable[[Scene], Mapping[str, Any]]
    quiet: Callable[[Exposure], Iterator[Edit]]
    built: Callable[[Snapshot], Product]
    fallbacks: tuple[str, str] = ("Your request", "We have your request.")

    def leaks(self, template: Template, scene: Scene) -> tuple[Leak, ...]:
        """See ``Product``."""
        del scene
        return self.texts.leaks(template)

    def render(self, template: Template, scene: Scene, *, toward: Leak | None = None) -> Rendered:
        """See ``Product``."""
        del toward
        done = self.texts.render(template, self.values(scene))
        if template.syntax == "html":
            text = LexborHTMLParser(done.text).text(separator="\n", strip=True) if "<" in done.text else done.text
            return replace(done, text=text)
        return replace(done, text=" ".join(done.text.splitlines())) if template.syntax == "subject" else done

    def remedies(self, left: Sequence[Exposure], aim: Aim, attempt: int) -> tuple[Edit, ...]:
        """See ``Product``."""
        edits: dict[str, Edit] = {}
        for exposure in left:
            own = list(self.quiet(exposure))
            if exposure.kind is Kind.CONTENT and (aim is Aim.CONTENT or not own):
                own = [self._cut(path, exposure) for leak in exposure.leaks for path in leak.via]
            elif aim is Aim.CONTENT and exposure.kind is not Kind.COPIES:
                own = []
            for edit in own if not attempt else ():
                edits.setdefault(edit.path, edit)
        return tuple(edits.values())

    def _cut(self, path: str, exposure: Exposure) -> Edit:
        """Take every stranger's word out of one text; if nothing of it is left, say something plain."""
        source = str(found(self.snapshot.resources, path))
        parsed = self.texts.parsed(source)
        new = tidied(source, [(use.start, use.stop) for use in self.texts.leaking(source)])
        bare = tidied(source, [(use.start, use.stop) for use in parsed.uses])
        subject = exposure.notice.subject
        plain = self.fallbacks[0 if subject is not None and subject.path == path else 1]
        if parsed.error or not any(char.isalpha() for char in bare):
            new = plain
        return Edit(path=path, old=source, new=new, why=WHY)

    def changed(self, edits: Sequence[Edit]) -> Product:
        """See ``Product``."""
        return self.built(replace(self.snapshot, resources=edited(self.snapshot.resources, edits)))
