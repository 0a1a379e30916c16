"""Zammad's settings as an audit desk: the embeddable form and the mail channel as ways in, triggers as reactions.

Source: facts, section 3.1. No running copy was compared with it, so no witness is exact.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stillpost.audit.desk import (
    Audience,
    Channel,
    Desk,
    Fact,
    Gap,
    Notice,
    NoticeKind,
    Occasion,
    Provenance,
    Reaction,
    Sentence,
    Template,
    Trigger,
)
from stillpost.audit.exposure import Exposure
from stillpost.audit.logic import Domain, Tri, fixed
from stillpost.audit.product import Edit, Scene
from stillpost.audit.snapshot import Snapshot
from stillpost.audit.witness import Words, words
from stillpost.helpdesks.marked_text import marked
from stillpost.helpdesks.plain_product import PlainProduct
from stillpost.helpdesks.template_flow import Use
from stillpost.helpdesks.texts import OWN, UNKNOWN, Texts
from stillpost.helpdesks.zammad.conditions import TAGS, condition, effects
from stillpost.language import N_

QUESTIONS: Mapping[str, str] = {"mail_intake": N_("Does Zammad fetch mail from an address that anybody may write to?")}
"""What ``--attest`` asks: mail channels are in neither of the two answers."""

CREATED, SECOND, ANSWER, LATER = "created", "second", "answer", "later"
ALL = frozenset({CREATED, SECOND, ANSWER, LATER})
PROVEN_TAG = "address-proven"
REQUESTER = ("article_last_sender", "ticket_customer")
STAFF = ("ticket_owner", "ticket_agents", "all_agents")
CARRIED = {"ticket.title": "subject", "article.subject": "subject", "article.from": "name", "article.reply_to": "name"}
TEXT_PREFIXES = ("article.body", "article.content")
NAMES = ("ticket.customer.firstname", "ticket.customer.lastname", "ticket.customer.fullname", "ticket.customer.login")
OWN_PREFIXES = (
    "config.",
    "ticket.id",
    "ticket.number",
    "ticket.state",
    "ticket.priority",
    "ticket.group.",
    "ticket.owner.",
    "ticket.created_at",
    "ticket.updated_at",
    "ticket.customer.email",
    "ticket.customer.id",
    "article.id",
    "article.created_at",
    "article.type",
    "article.sender",
    "article.to",
)


def meaning(use: Use) -> str:
    """What a placeholder carries; whatever is not known here is unknown, never the helpdesk's own."""
    path = ".".join(use.path)
    if path in CARRIED:
        return CARRIED[path]
    if path.startswith(TEXT_PREFIXES):
        return "text"
    if path in NAMES or path.startswith("current_user."):
        return "name"
    return OWN if path.startswith(OWN_PREFIXES) or path.startswith("t(") else UNKNOWN


def zammad(snapshot: Snapshot, attested: Mapping[str, bool]) -> PlainProduct:
    """Read a snapshot."""
    stored = snapshot.resources.get("settings")
    settings: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
    rows = [row for row in snapshot.resources.get("triggers") or () if isinstance(row, Mapping)]
    given = words(" ".join(str(row.get("perform")) for row in rows))
    gaps = list(_gaps(snapshot))
    reactions = tuple(_reactions(rows, gaps))
    desk = Desk(
        product="zammad",
        name=snapshot.name,
        channels=tuple(_channels(settings, given, attested)),
        occasions=_OCCASIONS,
        reactions=reactions,
        facts={"settings": Fact("settings" not in snapshot.missing, Provenance.READ, "settings")},
        gaps=tuple(gaps),
    )
    return PlainProduct(
        name="zammad",
        snapshot=snapshot,
        desk=desk,
        texts=Texts(marked("#", meaning)),
        given=given,
        values=lambda scene: _values(scene, settings),
        quiet=lambda exposure: _quiet(exposure, snapshot),
        built=lambda changed: zammad(changed, attested),
        fallbacks=("Your request (#{ticket.number})", "We have your request. Its number is #{ticket.number}."),
    )


_OCCASIONS = (
    Occasion(id=CREATED, trigger=Trigger.REQUEST),
    Occasion(
        id=SECOND,
        trigger=Trigger.SECOND,
        values={"ticket.action": fixed("update"), "ticket.state_id": Domain("2", frozenset({"1", "2"}))},
    ),
    Occasion(
        id=ANSWER,
        trigger=Trigger.ANSWER,
        values={"ticket.action": fixed("update")},
        doubt="Zammad marks mail from autoresponders that say what they are, and its triggers skip it",
    ),
    Occasion(
        id=LATER, trigger=Trigger.TIME, values={"ticket.action": Domain(unknown="no action starts it, time does")}
    ),
)


def _channels(settings: Mapping[str, Any], given: Words, attested: Mapping[str, bool]) -> Iterator[Channel]:
    common = {
        "ticket.action": fixed("create"),
        "article.action": fixed("create"),
        "ticket.state_id": fixed("1"),
        "ticket.priority_id": fixed("2"),
        "article.sender_id": fixed("2"),
        "article.internal": fixed("false"),
        TAGS: fixed(frozenset()),
        "subject": Domain(given.subject, open=True),
        "text": Domain(given.text, open=True),
    }
    form = settings.get("form_ticket_create")
    yield Channel(
        id="form",
        title="The embeddable form",
        open=Tri.PERHAPS if form is None else Tri.YES if form is True else Tri.NO,
        provenance=Provenance.UNKNOWN if form is None else Provenance.READ,
        why=Sentence("the setting form_ticket_create was not read" if form is None else "the form takes any address"),
        values={**common, "article.type_id": fixed("11")},
        occasions=ALL,
    )
    mail = attested.get("mail_intake")
    yield Channel(
        id="mail",
        title="Mail with a forged From or Reply-To",
        open=Tri.NO if mail is False else Tri.YES,
        provenance=Provenance.ASSUMED if mail is None else Provenance.ATTESTED,
        why=Sentence("a mail channel takes anybody's mail"),
        values={**common, "article.type_id": fixed("1")},
        occasions=ALL,
    )


def _reactions(rows: list[Mapping[str, Any]], gaps: list[Gap]) -> Iterator[Reaction]:
    """The active triggers, in the order Zammad runs them in: by name."""
    active = [row for row in rows if row.get("active") is not False]
    for order, row in enumerate(sorted(active, key=lambda row: str(row.get("name", "")).casefold())):
        perform = row.get("perform")
        if not isinstance(perform, Mapping):
            gaps.append(_gap(f"the actions of trigger {row.get('name')!r} could not be read"))
            continue
        path = f"triggers/{row.get('id')}"
        by_time = row.get("activator") == "time"
        yield Reaction(
            id=path,
            title=str(row.get("name", path)),
            kind="trigger",
            path=path,
            order=order,
            occasions=frozenset({LATER}) if by_time else frozenset({CREATED, SECOND, ANSWER}),
            when=condition(row.get("condition")),
            effects=tuple(effects(perform)),
            notices=tuple(_notices(path, perform)),
        )


def _notices(path: str, perform: Mapping[str, Any]) -> Iterator[Notice]:
    for kind in ("notification.email", "notification.sms"):
        action = perform.get(kind)
        if not isinstance(action, Mapping):
            continue
        audience = _audience(action.get("recipient"))
        inner = f"{path}/perform/{kind}"
        subject = Template(f"{inner}/subject", str(action.get("subject") or ""), syntax="subject")
        yield Notice(
            id=inner,
            kind=NoticeKind.CONFIRMATION,
            audience=audience,
            subject=subject if kind == "notification.email" else None,
            text=Template(f"{inner}/body", str(action.get("body") or ""), syntax="html"),
            recipient=str(action.get("recipient")),
            recipient_path=f"{inner}/recipient",
            medium="mail" if kind == "notification.email" else "sms",
        )


def _audience(recipient: object) -> tuple[Audience, ...]:
    given = recipient if isinstance(recipient, list) else [recipient]
    kinds: dict[Audience, None] = {}
    for name in map(str, given):
        kinds[Audience.REQUESTER if name in REQUESTER else Audience.STAFF if name in STAFF else Audience.FIXED] = None
    return tuple(kinds)


def _gaps(snapshot: Snapshot) -> Iterator[Gap]:
    for name, why in snapshot.missing.items():
        yield _gap(f"{name}: {why}")


def _gap(what: str) -> Gap:
    return Gap(id=what, what=Sentence("{what}", {"what": what}), how=Sentence("see docs/audit/zammad.md"))


def _quiet(exposure: Exposure, snapshot: Snapshot) -> Iterator[Edit]:
    """The condition on our tag, in the form the trigger's condition is kept in."""
    path = f"{exposure.reaction.path}/condition"
    rows = snapshot.resources.get("triggers") or ()
    ident = exposure.reaction.path.rpartition("/")[2]
    old = next((row.get("condition") for row in rows if str(row.get("id")) == ident), None)
    test = {"operator": "contains all", "value": PROVEN_TAG}
    if isinstance(old, Mapping) and "conditions" not in old:
        new: dict[str, Any] = {**old, TAGS: test}
    elif isinstance(old, Mapping) and old.get("operator") == "AND" and isinstance(old["conditions"], list):
        new = {**old, "conditions": [*old["conditions"], {"name": TAGS, **test}]}
    else:
        return
    loses = f"“{exposure.reaction.title}”: who writes past Stillpost gets no confirmation"
    yield Edit(path=path, old=old, new=new, why="this trigger answers addresses that nobody has proven", loses=loses)


def _values(scene: Scene, settings: Mapping[str, Any]) -> dict[str, str]:
    request = scene.request
    hook = str(settings.get("ticket_hook") or "Ticket#")
    values = {
        "ticket.title": request.subject,
        "article.subject": request.subject,
        "article.from": f"{request.name} <{request.email}>",
        "article.body": request.text,
        "article.body_as_html": request.text,
        "article.body_as_text": request.text,
        "article.body_as_html_with_quote": request.text,
        "article.body_as_text_with_quote": request.text,
        "ticket.customer.firstname": request.name,
        "ticket.customer.lastname": "",
        "ticket.customer.fullname": request.name,
        "ticket.customer.login": request.email,
        "ticket.customer.email": request.email,
        "ticket.number": "10001",
        "ticket.id": "1",
        "config.ticket_hook": hook,
        "config.http_type": "https",
    }
    return values | {f"config.{name}": str(value) for name, value in settings.items() if isinstance(value, str)}
