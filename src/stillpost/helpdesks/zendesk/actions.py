"""Zendesk's actions in the audit's words: effects on the ticket, and notices that leave the house."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from stillpost.audit.desk import Audience, Effect, Notice, NoticeKind, Op, Template
from stillpost.helpdesks.zendesk.conditions import text_of

_SCALARS = {
    "status",
    "priority",
    "type",
    "group_id",
    "assignee_id",
    "brand_id",
    "ticket_form_id",
    "locale_id",
    "custom_status_id",
}
_SILENT = {
    "set_schedule",
    "follower",
    "notification_group",
    "notification_zis",
    "notification_messaging_csat",
    "notification_sms_group",
    "side_conversation_ticket",
    "side_conversation_slack",
    "reply_internal",
    "tweet_requester",
    "add_skills",
    "set_skills",
    "organization_id",
}
_COMMENTS = ("reply_public", "comment_value", "comment_value_html")
CREATED = "created"
_CURRENT_USER = "that current_user is the requester when a ticket is created anonymously is inferred, not documented"
_AUDIENCES = {
    "requester_id": (Audience.REQUESTER,),
    "requester_and_ccs": (Audience.REQUESTER, Audience.COPIES),
    "current_user": (Audience.REQUESTER,),
    "assignee_id": (Audience.STAFF,),
    "all_agents": (Audience.STAFF,),
}


class Deeds(NamedTuple):
    """What a trigger's actions come to; ``unknown`` names actions nobody taught us."""

    effects: tuple[Effect, ...]
    notices: tuple[Notice, ...]
    unknown: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Surroundings:
    """What actions refer to: e-mail targets by id, tags that come with a field's value, webhooks that may answer."""

    email_targets: Mapping[str, Mapping[str, Any]]
    option_tags: Mapping[tuple[str, str], tuple[str, ...]]
    calling_back: frozenset[str]


def deeds(raw: Any, path: str, notice_kind: NoticeKind, around: Surroundings) -> Deeds:
    """Read a list of actions."""
    effects: list[Effect] = []
    notices: list[Notice] = []
    unknown: list[str] = []
    private = isinstance(raw, list) and any(_private(item) for item in raw)
    for place, item in enumerate(raw if isinstance(raw, list) else [None]):
        if not isinstance(item, Mapping) or not isinstance(item.get("field"), str):
            unknown.append("an action has another shape than Zendesk documents")
            continue
        field, value, here = item["field"], item.get("value"), f"{path}/actions/{place}"
        made = _effects(field, value, around, private)
        notice = _notice(field, value, here, notice_kind, around)
        if made is not None:
            effects += made
        if notice is not None:
            notices.append(notice)
        if made is None and notice is None and field not in _SILENT:
            unknown.append(f"the action {field} is not modelled here")
    return Deeds(tuple(effects), tuple(notices), tuple(unknown))


def _private(item: Any) -> bool:
    return (
        isinstance(item, Mapping)
        and item.get("field") == "comment_mode_is_public"
        and text_of(item.get("value")).casefold() == "false"
    )


def _effects(field: str, value: Any, around: Surroundings, private: bool) -> list[Effect] | None:
    """The changes an action makes; None if it is no change we know."""
    text = text_of(value)
    if field == "set_tags":
        return [Effect("tags", Op.SET, tuple(text.split()))]
    if field == "current_tags":
        return [Effect("tags", Op.ADD, tuple(text.split()))]
    if field == "remove_tags":
        return [Effect("tags", Op.REMOVE, tuple(text.split()))]
    if field == "subject":
        return [Effect("subject", Op.SET, (text,)), Effect("title_kept", Op.SET, ("false",))]
    if field in _SCALARS:
        return [Effect(field, Op.SET, (text,))]
    if field.startswith("custom_fields_"):
        tags = around.option_tags.get((field, text), ())
        made = [Effect(field, Op.SET, (text,))]
        return [*made, Effect("tags", Op.ADD, tags)] if tags else made
    if field in _COMMENTS:
        return [] if private else [Effect("comment", Op.COMMENT, (text,))]
    if field in ("cc", "comment_mode_is_public") or field.startswith(("requester.", "organization.")):
        return []
    if field in ("notification_webhook", "notification_target"):
        ident = text_of(value[0]) if isinstance(value, list) and value else text
        if field == "notification_webhook" and ident in around.calling_back:
            doubt = "what the webhook's receiver writes back into the ticket is not in the settings"
            return [Effect("comment", Op.COMMENT, (), doubt)]
        return []
    return None


def _notice(field: str, value: Any, here: str, kind: NoticeKind, around: Surroundings) -> Notice | None:
    """The mail an action sends to somebody a stranger may have chosen, or to staff."""
    if field == "notification_user" and isinstance(value, list) and len(value) >= 3:
        return _user_notice(value, here, kind)
    if field == "deflection" and isinstance(value, list) and len(value) >= 2:
        texts = [text_of(part) for part in value]
        to = texts[0] if texts[0] in _AUDIENCES else "requester_id"
        first = 1 if texts[0] in _AUDIENCES else 0
        return Notice(
            id=here,
            kind=kind,
            audience=_AUDIENCES[to],
            subject=Template(f"{here}/value/{first}", texts[first]),
            text=Template(f"{here}/value/{first + 1}", texts[first + 1]) if len(texts) > first + 1 else None,
            recipient=to,
            recipient_path=f"{here}/value/0",
            inferred="the value's shape of the autoreply with articles is not documented",
        )
    if field == "notification_sms_user" and isinstance(value, list) and len(value) >= 3:
        to = text_of(value[0])
        return Notice(
            id=here,
            kind=kind,
            audience=_AUDIENCES.get(to, (Audience.FIXED,)),
            subject=None,
            text=Template(f"{here}/value/2", text_of(value[2])),
            recipient=to,
            medium="sms",
            inferred="the value's shape of the text message action is not documented",
        )
    if field == "notification_target" and isinstance(value, list) and len(value) >= 2:
        return _target_notice(value, here, kind, around)
    return None


def _user_notice(value: list[Any], here: str, kind: NoticeKind) -> Notice:
    to = text_of(value[0])
    return Notice(
        id=here,
        kind=kind,
        audience=_AUDIENCES.get(to, (Audience.FIXED,)),
        subject=Template(f"{here}/value/1", text_of(value[1])),
        text=Template(f"{here}/value/2", text_of(value[2])),
        recipient=to,
        recipient_path=f"{here}/value/0",
        inferred=_CURRENT_USER if to == "current_user" else "",
        only_on=frozenset({CREATED}) if to == "current_user" else frozenset(),
    )


def _target_notice(value: list[Any], here: str, kind: NoticeKind, around: Surroundings) -> Notice | None:
    """An e-mail target: its subject lives on the target, nothing in it is blanked."""
    ident = text_of(value[0])
    target = around.email_targets.get(ident)
    if target is None:
        return None
    address = text_of(target.get("email"))
    stranger = "{{" in address and "requester" in address
    return Notice(
        id=here,
        kind=kind,
        audience=(Audience.REQUESTER,) if stranger else (Audience.FIXED,),
        subject=Template(f"targets/{ident}/subject", text_of(target.get("subject"))),
        text=Template(f"{here}/value/1", text_of(value[1])),
        recipient=address,
        recipient_path=f"targets/{ident}/email",
        medium="target",
        exempt=True,
    )
