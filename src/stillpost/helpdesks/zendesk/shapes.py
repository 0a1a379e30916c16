"""The shapes of Zendesk's resources: lists of objects with an id. What has another shape is counted."""

from collections.abc import Iterator, Mapping
from typing import Any

from stillpost.helpdesks.zendesk.conditions import text_of

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


def options(item: Mapping[str, Any]) -> list[str]:
    """The values of a drop-down or multi-select field."""
    if item.get("type") not in OPTIONS:
        return []
    given = item.get("custom_field_options")
    found = given if isinstance(given, list) else ()
    return [text_of(o.get("value")) for o in found if isinstance(o, Mapping) and o.get("value")]


_SECRET_RESOURCES = {
    # Targets and webhooks hold passwords, tokens and signing secrets: only what is judged is kept.
    "targets": ("id", "type", "title", "active", "email", "subject"),
    "webhooks": ("id", "name", "status", "subscriptions"),
    # Suspended tickets are strangers' mail: only why they wait.
    "suspended_tickets": ("id", "cause", "cause_id", "created_at"),
}
_SETTINGS = ("tickets", "email", "user", "active_features", "brands")
REDACTED = "(redacted by stillpost)"


def redacted(resource: str, value: Any) -> Any:
    """A resource without secrets and people: what the audit judges, and nothing else of what could hurt."""
    kept = _SECRET_RESOURCES.get(resource)
    if kept is not None:
        items = value if isinstance(value, list) else []
        return [{k: item[k] for k in kept if k in item} if isinstance(item, Mapping) else item for item in items]
    if resource == "mailed":
        return _mailed(value)
    if resource == "settings" and isinstance(value, Mapping):
        return {name: block for name, block in value.items() if name in _SETTINGS}
    return value


def for_saving(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Resources for a file: what triggers send to webhooks can hold tokens and is taken out."""
    result = dict(resources)
    for name in ("triggers", "automations", "macros"):
        if isinstance(result.get(name), list):
            result[name] = [_without_payloads(item) for item in result[name]]
    return result


def _without_payloads(item: Any) -> Any:
    actions = item.get("actions") if isinstance(item, Mapping) else None
    if not isinstance(actions, list):
        return item
    return {**item, "actions": [_without_payload(action) for action in actions]}


def _without_payload(action: Any) -> Any:
    if not isinstance(action, Mapping) or action.get("field") not in ("notification_webhook", "notification_zis"):
        return action
    value = action.get("value")
    ident = value[:1] if isinstance(value, list) else []
    return {**action, "value": [*ident, REDACTED]}


def _mailed(audits: Any) -> list[dict[str, Any]]:
    """Of ticket audits only this: which trigger mailed how many recipients. The rest is people."""
    counts: dict[str, int] = {}
    for audit in audits if isinstance(audits, list) else []:
        events = audit.get("events") if isinstance(audit, Mapping) else None
        for event in events if isinstance(events, list) else []:
            if isinstance(event, Mapping) and event.get("type") == "Notification":
                origin = _deep(event, "via", "source", "from", "id")
                recipients = event.get("recipients")
                if origin is not None and isinstance(recipients, list):
                    counts[str(origin)] = counts.get(str(origin), 0) + len(recipients)
    return [{"id": origin, "count": count} for origin, count in counts.items()]


def _deep(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
