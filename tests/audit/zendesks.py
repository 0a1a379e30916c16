"""Zendesk settings for tests, written by us: triggers as the API gives them, one line each."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from stillpost.audit.exposure import Exposure
from stillpost.audit.snapshot import Snapshot
from stillpost.audit.walk import exposures
from stillpost.helpdesks.zendesk.settings import Zendesk, zendesk

TAKEN = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
CREATE = ("update_type", "is", "Create")
CHANGE = ("update_type", "is", "Change")
OPEN = {"anybody_can_submit": True, "ask_to_register": False, "api_authentication_required": False}


def lines(*items: tuple[str, str, Any]) -> list[dict[str, Any]]:
    return [{"field": field, "operator": operator, "value": value} for field, operator, value in items]


def mail(subject: str, text: str, to: str = "requester_id") -> dict[str, Any]:
    return {"field": "notification_user", "value": [to, subject, text]}


def act(field: str, value: Any) -> dict[str, Any]:
    return {"field": field, "value": value}


def trigger(
    ident: int,
    *actions: dict[str, Any],
    every: tuple[tuple[str, str, Any], ...] = (CREATE,),
    some: tuple[tuple[str, str, Any], ...] = (),
    **more: Any,
) -> dict[str, Any]:
    return {
        "id": ident,
        "title": f"Trigger {ident}",
        "active": True,
        "position": ident,
        "conditions": {"all": lines(*every), "any": lines(*some)},
        "actions": list(actions),
        **more,
    }


def item(ident: int, name: str, *contents: str) -> dict[str, Any]:
    variants = [
        {"id": ident * 10 + n, "content": text, "locale_id": n + 1, "active": True, "default": n == 0}
        for n, text in enumerate(contents)
    ]
    return {"id": ident, "name": name, "placeholder": "{{dc." + name + "}}", "variants": variants}


def field(ident: int, kind: str = "text", *options: str, shown: bool = True) -> dict[str, Any]:
    return {
        "id": ident,
        "type": kind,
        "active": True,
        "visible_in_portal": shown,
        "editable_in_portal": shown,
        "custom_field_options": [{"name": option.title(), "value": option} for option in options],
    }


SETTINGS: dict[str, Any] = {
    "tickets": {"collaboration": True, "comment_email_ccs_allowed": True},
    "email": {
        "email_sender_authentication": True,
        "email_sender_authentication_profile": "enhanced",
        "accept_wildcard_emails": False,
    },
    "user": {"agent_created_welcome_emails": False},
}


def snapshot(*triggers: dict[str, Any], **resources: Any) -> Snapshot:
    """A snapshot in which everything was read; ``resources`` replaces or adds some (None leaves it out)."""
    given: dict[str, Any] = {
        "triggers": list(triggers),
        "automations": [],
        "dynamic_content": [],
        "settings": SETTINGS,
        "ticket_fields": [],
        "targets": [],
        "webhooks": [],
        **resources,
    }
    missing = {name: "not given" for name, value in given.items() if value is None}
    read = {name: value for name, value in given.items() if value is not None}
    return Snapshot(product="zendesk", name="acme", taken_at=TAKEN, resources=read, missing=missing)


def product(*triggers: dict[str, Any], attested: Mapping[str, bool] = OPEN, **resources: Any) -> Zendesk:
    return zendesk(snapshot(*triggers, **resources), attested)


def found(*triggers: dict[str, Any], attested: Mapping[str, bool] = OPEN, **resources: Any) -> dict[str, Exposure]:
    """The exposures of what triggers and automations mail, by ``ID:kind`` (the ID of the trigger)."""
    made = product(*triggers, attested=attested, **resources)
    judged = exposures(made.desk, made, made.given)
    return {
        f"{exposure.reaction.id.rpartition('/')[2]}:{exposure.kind.value}": exposure
        for exposure in judged
        if exposure.reaction.kind != "system mail"
    }
