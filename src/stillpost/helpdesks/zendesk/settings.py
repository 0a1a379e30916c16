"""Zendesk's settings as an audit desk: the product's side of the audit, pure; reading them is ``export`` or ``client``.

Everything read is checked for its shape; what has another shape is a gap or UNMODELLED, never passed over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any, final

from stillpost.audit.desk import (
    Desk,
    Template,
    Trigger,
)
from stillpost.audit.exposure import Exposure
from stillpost.audit.logic import Relation, Term, Tri
from stillpost.audit.product import Aim, Edit, Leak, Product, Rendered, Scene
from stillpost.audit.snapshot import Snapshot, edited
from stillpost.audit.witness import Words, words
from stillpost.helpdesks.zendesk import channels as ways
from stillpost.helpdesks.zendesk.choices import choices_of, grants_of
from stillpost.helpdesks.zendesk.conditions import text_of
from stillpost.helpdesks.zendesk.context import values, written
from stillpost.helpdesks.zendesk.liquid import Rendering
from stillpost.helpdesks.zendesk.remedy import remedies
from stillpost.helpdesks.zendesk.rulebook import account_of, constants_of, gaps_of, reactions_of, surroundings_of
from stillpost.helpdesks.zendesk.shapes import FREE_TEXT, objects
from stillpost.helpdesks.zendesk.spots import Texts, Variant

_OWN_CHANGE = "whether a notice shows what the same trigger changes is not documented"
_TITLE_KEPT = (Term("title_kept", Relation.IS, ("true",)),)


@final
@dataclass(frozen=True, slots=True)
class Zendesk:
    """One Zendesk snapshot as a ``Product``. Build it with ``zendesk()``."""

    snapshot: Snapshot
    attested: Mapping[str, bool]
    desk: Desk
    texts: Texts
    given: Words
    account: str
    fields: tuple[str, ...]
    blanking: bool
    retitled: bool
    name: str = field(default="zendesk")
    held: dict[str, Any] = field(default_factory=dict)

    def suppressed(self, scene: Scene) -> bool:
        """Whether Zendesk blanks listed placeholders: open, no registration, end users, a trigger, on creation."""
        if scene.notice.exempt or scene.occasion.trigger is not Trigger.REQUEST:
            return False
        return self.blanking

    def leaks(self, template: Template, scene: Scene) -> tuple[Leak, ...]:
        """See ``Product``."""
        found = self.texts.leaks(template.source, template.path, suppressed=self.suppressed(scene))
        if found and any(effect.variable in scene.reaction.prints for effect in scene.reaction.effects):
            found = tuple(replace(leak, tri=min(leak.tri, Tri.PERHAPS), inferred=_OWN_CHANGE) for leak in found)
        return tuple(map(self._titled, found, repeat(scene))) if self.retitled else found

    @staticmethod
    def _titled(leak: Leak, scene: Scene) -> Leak:
        """Where triggers write the subject, the title is the stranger's only while none of them has fired."""
        if leak.source != "subject":
            return leak
        if any(effect.variable == "subject" for effect in scene.reaction.effects):
            return replace(leak, tri=min(leak.tri, Tri.PERHAPS), inferred=_OWN_CHANGE)
        return replace(leak, needs=leak.needs + _TITLE_KEPT)

    def render(self, template: Template, scene: Scene, *, toward: Leak | None = None) -> Rendered:
        """See ``Product``."""
        if template.syntax == "hidden":
            return Rendered("", False, ("the text is in no setting that Zendesk's API shows",))
        if "{" not in template.source:
            return Rendered(template.source)
        suppressed = self.suppressed(scene)
        if self.held.get("scene") is not scene:  # subject and text of one notice share their values
            account, subdomain = self.account, self.snapshot.name
            shown = values(scene, account, subdomain, blanked=suppressed, fields=self.fields)
            self.held.update(scene=scene, shown=shown)
        plain = shown = self.held["shown"]
        if suppressed and "dc" in template.source:
            plain = {**shown, "ticket": {**shown["ticket"], **written(scene, blanked=False)}}
        aim = toward.placeholder if toward is not None else ""
        locale = str(scene.state.get("locale_id", ""))
        return Rendering(self.texts, shown, plain, suppressed, locale, aim).text(template.source)

    def remedies(self, left: Sequence[Exposure], aim: Aim, attempt: int) -> tuple[Edit, ...]:
        """See ``Product``."""
        return remedies(self.snapshot.resources, self.desk, self.texts, left, aim, attempt)

    def changed(self, edits: Sequence[Edit]) -> Product:
        """See ``Product``."""
        resources = edited(self.snapshot.resources, edits)
        return zendesk(replace(self.snapshot, resources=resources), self.attested)


def zendesk(snapshot: Snapshot, attested: Mapping[str, bool]) -> Zendesk:
    """Read a snapshot. ``attested``: settings somebody vouches for (``channels.ATTESTABLE``), still valid."""
    resources = snapshot.resources
    kinds = {text_of(item["id"]): text_of(item.get("type")) for item in objects(resources.get("ticket_fields"))}
    given = words(constants_of(resources))
    known = ways.facts(attested, snapshot.taken_at)
    settings = resources.get("settings")
    choices = choices_of(resources, settings if isinstance(settings, Mapping) else None, kinds)
    around = surroundings_of(resources)
    reactions, unknown = reactions_of(resources, kinds, around)
    desk = Desk(
        product="zendesk",
        name=snapshot.name,
        channels=ways.channels(known, choices, given),
        occasions=ways.occasions(known["copies_may_comment"]),
        reactions=reactions,
        facts={**known, "copies": choices.copies, "sender_checked": choices.sender_checked},
        gaps=(*gaps_of(snapshot), *unknown),
        grants=grants_of(resources, choices.fields),
    )
    free = {ident: kind in FREE_TEXT for ident, kind in kinds.items()}
    texts = Texts(contents_of(resources.get("dynamic_content")), free)
    retitled = any(effect.variable == "subject" for reaction in reactions for effect in reaction.effects)
    return Zendesk(
        snapshot,
        dict(attested),
        desk,
        texts,
        given,
        account=account_of(resources, snapshot.name),
        fields=tuple(choices.fields),
        blanking=bool(known["anybody_can_submit"].value) and not known["ask_to_register"].value,
        retitled=retitled,
    )


def contents_of(resource: Any) -> dict[str, tuple[Variant, ...]]:
    """Dynamic content by the name in its placeholder, active variants only, the default first."""
    found: dict[str, tuple[Variant, ...]] = {}
    for item in objects(resource):
        placeholder = text_of(item.get("placeholder")).strip("{} ")
        name = placeholder.removeprefix("dc.") if placeholder.startswith("dc.") else text_of(item.get("name"))
        variants = [
            Variant(
                path=f"dynamic_content/{text_of(item['id'])}/variants/{text_of(variant['id'])}/content",
                locale=text_of(variant.get("locale_id")),
                content=text_of(variant.get("content")),
                default=variant.get("default") is True,
            )
            for variant in objects(item.get("variants"))
            if variant.get("active") is not False
        ]
        found[name] = tuple(sorted(variants, key=lambda v: not v.default))
    return found
