"""Zendesk's triggers, automations and own mails as reactions in the order they run, and what was not understood."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from stillpost.audit.desk import (
    Audience,
    Gap,
    Notice,
    NoticeKind,
    Reaction,
    Sentence,
    Template,
)
from stillpost.audit.logic import Relation
from stillpost.audit.snapshot import Snapshot
from stillpost.helpdesks.zendesk import channels as ways
from stillpost.helpdesks.zendesk.actions import Surroundings, deeds
from stillpost.helpdesks.zendesk.conditions import condition, text_of
from stillpost.helpdesks.zendesk.shapes import misshapen, objects, options

_PRINTED = (("status", "status"), ("priority", "priority"), ("type", "type"))


def constants_of(resources: Mapping[str, Any]) -> str:
    """The helpdesk's own texts, so that the invented words are none of them."""
    parts: list[str] = []
    for name in ("triggers", "automations", "dynamic_content"):
        parts += [str(item.get("actions", item.get("variants", ""))) for item in objects(resources.get(name))]
    return " ".join(parts)


def account_of(resources: Mapping[str, Any], name: str) -> str:
    """What ``{{ticket.account}}`` prints: the default brand's name, else the subdomain."""
    for brand in objects(resources.get("brands")):
        if brand.get("default") is True and brand.get("name"):
            return text_of(brand["name"])
    return name


def reactions_of(
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
        prints=frozenset(variable for word, variable in _PRINTED if _mentions(notices, word)),
    )
    unknown = [term.why for term in when.terms() if term.relation is Relation.UNMODELLED]
    return reaction, (*unknown, *done.unknown)


def _mentions(notices: tuple[Notice, ...], word: str) -> bool:
    return any(t is not None and word in t.source for notice in notices for t in (notice.subject, notice.text))


def _gap(reaction: Reaction, unknown: tuple[str, ...]) -> Gap:
    return Gap(
        id=f"unmodelled:{reaction.id}",
        what=Sentence(
            "{kind} “{title}”: {unknown}",
            {"kind": reaction.kind, "title": reaction.title, "unknown": "; ".join(dict.fromkeys(unknown))},
        ),
        how=Sentence("read it by eye, and tell the makers of Stillpost which field or action is missing"),
    )


def gaps_of(snapshot: Snapshot) -> Iterator[Gap]:
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


def surroundings_of(resources: Mapping[str, Any]) -> Surroundings:
    """What actions refer to."""
    targets = {text_of(t["id"]): t for t in objects(resources.get("targets")) if t.get("type") == "email_target"}
    tags: dict[tuple[str, str], tuple[str, ...]] = {}
    for item in objects(resources.get("ticket_fields")):
        variable = f"custom_fields_{text_of(item['id'])}"
        for value in options(item):
            tags[(variable, value)] = (value,)
        if item.get("type") == "checkbox" and item.get("tag"):
            tags[(variable, "true")] = (text_of(item["tag"]),)
    webhooks = frozenset(text_of(w["id"]) for w in objects(resources.get("webhooks")) if w.get("status") != "inactive")
    return Surroundings(targets, tags, webhooks)
