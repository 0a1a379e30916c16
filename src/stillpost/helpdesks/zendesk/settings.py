"""Zendesk's settings as an audit desk: the product's side of the audit, pure; reading them is ``export`` or ``client``.

Everything read is checked for its shape; what has another shape is a gap or UNMODELLED, never passed over.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, final

from stillpost.audit.desk import (
    Audience,
    Desk,
    Fact,
    Gap,
    Notice,
    NoticeKind,
    Provenance,
    Reaction,
    Sentence,
    Template,
    Trigger,
)
from stillpost.audit.logic import Condition, Domain, Relation, Term
from stillpost.audit.product import Edit, Leak, Product, Rendered, Scene
from stillpost.audit.snapshot import Snapshot, edited
from stillpost.audit.witness import Words, words
from stillpost.helpdesks.zendesk import channels as ways
from stillpost.helpdesks.zendesk.actions import Surroundings, deeds
from stillpost.helpdesks.zendesk.conditions import condition, text_of
from stillpost.helpdesks.zendesk.context import values
from stillpost.helpdesks.zendesk.liquid import Rendering
from stillpost.helpdesks.zendesk.spots import Texts, Variant

FREE_TEXT = ("text", "textarea", "regexp", "partialcreditcard", "lookup")
OPTIONS = ("tagger", "multiselect")


def objects(resource: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a listed resource that have an id; others are counted by ``misshapen``."""
    for item in resource if isinstance(resource, list) else ():
        if isinstance(item, Mapping) and item.get("id") is not None:
            yield item


def misshapen(resource: Any) -> int:
    """How many members of a listed resource are no objects with an id."""
    if resource is None:
        return 0
    return len(resource) - sum(1 for _ in objects(resource)) if isinstance(resource, list) else 1


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
    name: str = field(default="zendesk")

    def suppressed(self, scene: Scene) -> bool:
        """Whether Zendesk blanks listed placeholders: open, no registration, end users, a trigger, on creation."""
        if scene.notice.exempt or scene.occasion.trigger is not Trigger.REQUEST:
            return False
        anybody, register = self.desk.fact("anybody_can_submit"), self.desk.fact("ask_to_register")
        return bool(anybody.value) and not register.value

    def leaks(self, template: Template, scene: Scene) -> tuple[Leak, ...]:
        """See ``Product``."""
        return self.texts.leaks(template.source, template.path, suppressed=self.suppressed(scene))

    def render(self, template: Template, scene: Scene, *, toward: Leak | None = None) -> Rendered:
        """See ``Product``."""
        if template.syntax == "hidden":
            return Rendered("", False, ("the text is in no setting that Zendesk's API shows",))
        if "{" not in template.source:
            return Rendered(template.source)
        suppressed = self.suppressed(scene)
        plain = values(scene, self.account, self.snapshot.name, blanked=False)
        shown = values(scene, self.account, self.snapshot.name, blanked=True) if suppressed else plain
        variant = toward.path if toward is not None and toward.path != template.path else ""
        aim = toward.placeholder if toward is not None else ""
        return Rendering(self.texts, shown, plain, suppressed, variant, aim).text(template.source)

    def cures(self, template: Template, leaks: Sequence[Leak]) -> tuple[tuple[Edit, ...], ...]:
        """See ``Product``."""
        raise NotImplementedError

    def changed(self, edits: Sequence[Edit]) -> Product:
        """See ``Product``."""
        resources = edited(self.snapshot.resources, edits)
        return zendesk(replace(self.snapshot, resources=resources), self.attested)


def zendesk(snapshot: Snapshot, attested: Mapping[str, bool]) -> Zendesk:
    """Read a snapshot. ``attested``: settings somebody vouches for (``channels.ATTESTABLE``), still valid."""
    resources = snapshot.resources
    kinds = {text_of(item["id"]): text_of(item.get("type")) for item in objects(resources.get("ticket_fields"))}
    given = words(_constants(resources))
    known = ways.facts(attested, snapshot.taken_at)
    settings = resources.get("settings")
    choices = _choices(resources, settings if isinstance(settings, Mapping) else None, kinds)
    around = _surroundings(resources)
    reactions, unknown = _reactions(resources, kinds, around)
    desk = Desk(
        product="zendesk",
        name=snapshot.name,
        channels=ways.channels(known, choices, given),
        occasions=ways.occasions(),
        reactions=reactions,
        facts={**known, "copies": choices.copies, "sender_checked": choices.sender_checked},
        gaps=(*_gaps(snapshot), *unknown),
        grants=_grants(resources, choices.fields),
    )
    free = {ident: kind in FREE_TEXT for ident, kind in kinds.items()}
    texts = Texts(_contents(resources.get("dynamic_content")), free)
    return Zendesk(snapshot, dict(attested), desk, texts, given, _account(resources, snapshot.name))


def _constants(resources: Mapping[str, Any]) -> str:
    """The helpdesk's own texts, so that the invented words are none of them."""
    parts: list[str] = []
    for name in ("triggers", "automations", "dynamic_content"):
        parts += [str(item.get("actions", item.get("variants", ""))) for item in objects(resources.get(name))]
    return " ".join(parts)


def _account(resources: Mapping[str, Any], name: str) -> str:
    for brand in objects(resources.get("brands")):
        if brand.get("default") is True and brand.get("name"):
            return text_of(brand["name"])
    return name


def _reactions(
    resources: Mapping[str, Any], kinds: Mapping[str, str], around: Surroundings
) -> tuple[tuple[Reaction, ...], list[Gap]]:
    """Active triggers in the order they run, then automations."""
    reactions: list[Reaction] = []
    gaps: list[Gap] = []
    triggers = [t for t in objects(resources.get("triggers")) if t.get("active") is not False]
    order = _category_order(resources)
    triggers.sort(key=lambda t: (order.get(text_of(t.get("category_id")), 0), _place(t)))
    automations = [a for a in objects(resources.get("automations")) if a.get("active") is not False]
    automations.sort(key=_place)
    for kind, items in (("trigger", triggers), ("automation", automations)):
        for item in items:
            reaction, unknown = _reaction(kind, item, len(reactions), kinds, around)
            reactions.append(reaction)
            if unknown:
                gaps.append(_gap(reaction, unknown))
    return (*reactions, *_account_mails(len(reactions))), gaps


def _account_mails(order: int) -> Iterator[Reaction]:
    """The two mails Zendesk sends without any trigger; their text is in no setting the API shows."""
    for place, (ident, title, occasion) in enumerate(
        (("welcome", "User welcome mail", ways.SIGNED_UP), ("verification", "Email verification mail", ways.HELD))
    ):
        notice = Notice(
            id=f"system/{ident}",
            kind=NoticeKind.ACCOUNT,
            audience=(Audience.REQUESTER,),
            subject=Template(f"system/{ident}/subject", "", syntax="hidden"),
            text=Template(f"system/{ident}/text", "", syntax="hidden"),
            inferred="that this page mails any address typed in is inferred from Zendesk's description of these mails",
        )
        yield Reaction(
            id=f"system/{ident}",
            title=title,
            kind="system mail",
            path=f"system/{ident}",
            order=order + place,
            occasions=frozenset({occasion}),
            notices=(notice,),
        )


def _category_order(resources: Mapping[str, Any]) -> dict[str, int]:
    return {text_of(c["id"]): _place(c) for c in objects(resources.get("trigger_categories"))}


def _place(item: Mapping[str, Any]) -> int:
    position = item.get("position")
    return position if isinstance(position, int) else 1 << 30


def _reaction(
    kind: str, item: Mapping[str, Any], order: int, kinds: Mapping[str, str], around: Surroundings
) -> tuple[Reaction, tuple[str, ...]]:
    ident = text_of(item["id"])
    path = f"{kind}s/{ident}"
    automation = kind == "automation"
    done = deeds(item.get("actions"), path, NoticeKind.UPDATE if automation else NoticeKind.CONFIRMATION, around)
    notices = tuple(replace(n, exempt=True) for n in done.notices) if automation else done.notices
    when = condition(item.get("conditions"), kinds)
    reaction = Reaction(
        id=path,
        title=text_of(item.get("title")) or path,
        kind=kind,
        path=path,
        order=order,
        occasions=ways.AUTOMATION_OCCASIONS if automation else ways.TRIGGER_OCCASIONS,
        when=when,
        effects=done.effects,
        notices=notices,
    )
    unknown = [term.why for term in when.terms() if term.relation is Relation.UNMODELLED]
    return reaction, (*unknown, *done.unknown)


def _gap(reaction: Reaction, unknown: tuple[str, ...]) -> Gap:
    return Gap(
        id=f"unmodelled:{reaction.id}",
        what=Sentence(
            "{kind} “{title}”: {unknown}",
            {"kind": reaction.kind, "title": reaction.title, "unknown": "; ".join(dict.fromkeys(unknown))},
        ),
        how=Sentence("read it by eye, and tell the makers of Stillpost which field or action is missing"),
    )


def _gaps(snapshot: Snapshot) -> Iterator[Gap]:
    """What was not read, or has another shape."""
    for name, why in snapshot.missing.items():
        yield Gap(
            id=f"missing:{name}",
            what=Sentence("{name} could not be read: {why}", {"name": name, "why": why}),
            how=Sentence("see docs/zendesk-export.md for the address to open and the name to save it under"),
        )
    for name, resource in snapshot.resources.items():
        wrong = misshapen(resource) if name != "settings" else int(not isinstance(resource, Mapping))
        if wrong:
            yield Gap(
                id=f"shape:{name}",
                what=Sentence("{name}: {count} entries have another shape", {"name": name, "count": wrong}),
                how=Sentence("export it again"),
            )


def _surroundings(resources: Mapping[str, Any]) -> Surroundings:
    targets = {text_of(t["id"]): t for t in objects(resources.get("targets")) if t.get("type") == "email_target"}
    tags: dict[tuple[str, str], tuple[str, ...]] = {}
    for item in objects(resources.get("ticket_fields")):
        variable = f"custom_fields_{text_of(item['id'])}"
        for value in _options(item):
            tags[(variable, value)] = (value,)
        if item.get("type") == "checkbox" and item.get("tag"):
            tags[(variable, "true")] = (text_of(item["tag"]),)
    webhooks = frozenset(text_of(w["id"]) for w in objects(resources.get("webhooks")) if w.get("status") != "inactive")
    return Surroundings(targets, tags, webhooks)


def _options(item: Mapping[str, Any]) -> list[str]:
    if item.get("type") not in OPTIONS:
        return []
    options = item.get("custom_field_options")
    found = options if isinstance(options, list) else ()
    return [text_of(o.get("value")) for o in found if isinstance(o, Mapping) and o.get("value")]


def _grants(resources: Mapping[str, Any], fields: Mapping[str, Domain]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Tags that come with a choice in a field the stranger can fill."""
    grants: dict[str, list[tuple[str, str]]] = {}
    for (variable, value), tags in _surroundings(resources).option_tags.items():
        if variable in fields and fields[variable].chosen:
            for tag in tags:
                grants.setdefault(tag, []).append((variable, value))
    return {tag: tuple(choices) for tag, choices in grants.items()}


def _choices(
    resources: Mapping[str, Any], settings: Mapping[str, Any] | None, kinds: Mapping[str, str]
) -> ways.Choices:
    mentioned = _mentioned(resources, kinds)
    fields = {**_fields(resources), **{n: d for n, d in mentioned.items() if n.startswith("custom_fields_")}}
    return ways.Choices(
        brands=_listed(resources.get("brands"), lambda b: b.get("active") is not False, "default"),
        forms=_listed(resources.get("ticket_forms"), _shown_form, "default"),
        addresses=_addresses(resources.get("recipient_addresses")),
        fields=fields,
        tags=frozenset(_grants(resources, fields)),
        profiles={n: d for n, d in mentioned.items() if not n.startswith("custom_fields_")},
        copies=_setting(settings, "tickets", ("collaboration", "comment_email_ccs_allowed")),
        sender_checked=_setting(settings, "email", ("email_sender_authentication",)),
    )


def _shown_form(form: Mapping[str, Any]) -> bool:
    return form.get("active") is not False and form.get("end_user_visible") is not False


def _listed(resource: Any, keep: Any, first: str) -> tuple[str, ...] | None:
    if not isinstance(resource, list):
        return None
    kept = [item for item in objects(resource) if keep(item)]
    kept.sort(key=lambda item: item.get(first) is not True)
    return tuple(text_of(item["id"]) for item in kept)


def _addresses(resource: Any) -> tuple[str, ...] | None:
    if not isinstance(resource, list):
        return None
    kept = sorted(objects(resource), key=lambda item: item.get("default") is not True)
    return tuple(text_of(item.get("email")) for item in kept if item.get("email"))


def _fields(resources: Mapping[str, Any]) -> dict[str, Domain]:
    """Custom fields: free where strangers write, a choice where they choose, empty where only agents see them."""
    result: dict[str, Domain] = {}
    for item in objects(resources.get("ticket_fields")):
        variable = f"custom_fields_{text_of(item['id'])}"
        shown = item.get("active") is not False and item.get("editable_in_portal") is not False
        shown = shown and item.get("visible_in_portal") is not False
        kind = item.get("type")
        if not shown:
            result[variable] = Domain("", chosen=False)
        elif kind in OPTIONS:
            result[variable] = Domain("", frozenset(_options(item)))
        elif kind == "checkbox":
            result[variable] = Domain("false", frozenset({"true", "false"}))
        else:
            result[variable] = Domain("", open=True)
    return result


def _mentioned(resources: Mapping[str, Any], kinds: Mapping[str, str]) -> dict[str, Domain]:
    """Fields that conditions name: without the field list, who may fill them is not known; profiles never are."""
    result: dict[str, Domain] = {}
    doubt = "whether end users can fill this field stands in ticket_fields, which were not given"
    profile = "only for an address whose profile in Zendesk says so"
    for resource in ("triggers", "automations"):
        for item in objects(resources.get(resource)):
            for name in _names(item.get("conditions")):
                if name.startswith("custom_fields_") and name.removeprefix("custom_fields_") not in kinds:
                    result[name] = Domain("", open=True, doubt=doubt)
                elif name.startswith(("requester.custom_fields.", "organization.custom_fields.")):
                    result[name] = Domain("", open=True, doubt=profile)
    return result


def _names(conditions: Any) -> Iterator[str]:
    for group in conditions.values() if isinstance(conditions, Mapping) else ():
        for line in group if isinstance(group, list) else ():
            if isinstance(line, Mapping) and isinstance(line.get("field"), str):
                yield line["field"]


def _setting(settings: Mapping[str, Any] | None, block: str, names: Sequence[str]) -> Fact:
    """All of the named settings of a block; unknown while one is not there (old accounts lack whole blocks)."""
    where = f"settings/{block}/{names[-1]}"
    inside = settings.get(block) if settings is not None else None
    if not isinstance(inside, Mapping):
        return Fact(None, Provenance.UNKNOWN, where)
    read = [inside[name] for name in names if isinstance(inside.get(name), bool)]
    if any(value is False for value in read):
        return Fact(False, Provenance.READ, where)
    return Fact(True, Provenance.READ, where) if len(read) == len(names) else Fact(None, Provenance.UNKNOWN, where)


def _contents(resource: Any) -> dict[str, tuple[Variant, ...]]:
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


UNKNOWN = Condition((Term("?", Relation.UNMODELLED, why="not read"),))
