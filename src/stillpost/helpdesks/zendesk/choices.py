"""What a stranger can choose in a Zendesk, read from its fields, forms, brands, addresses and settings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stillpost.audit.desk import (
    Fact,
    Provenance,
)
from stillpost.audit.logic import Domain
from stillpost.helpdesks.zendesk import channels as ways
from stillpost.helpdesks.zendesk.conditions import text_of
from stillpost.helpdesks.zendesk.rulebook import surroundings_of
from stillpost.helpdesks.zendesk.shapes import OPTIONS, objects, options


def grants_of(resources: Mapping[str, Any], fields: Mapping[str, Domain]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Tags that come with a choice in a field the stranger can fill."""
    grants: dict[str, list[tuple[str, str]]] = {}
    for (variable, value), tags in surroundings_of(resources).option_tags.items():
        if variable in fields and fields[variable].chosen:
            for tag in tags:
                grants.setdefault(tag, []).append((variable, value))
    return {tag: tuple(choices) for tag, choices in grants.items()}


def choices_of(
    resources: Mapping[str, Any], settings: Mapping[str, Any] | None, kinds: Mapping[str, str]
) -> ways.Choices:
    """What the settings let a stranger choose among; None for lists that were not given."""
    mentioned = _mentioned(resources, kinds)
    fields = {**_fields(resources), **{n: d for n, d in mentioned.items() if n.startswith("custom_fields_")}}
    return ways.Choices(
        brands=_listed(resources.get("brands"), lambda b: b.get("active") is not False, "default"),
        forms=_listed(resources.get("ticket_forms"), _shown_form, "default"),
        addresses=_addresses(resources.get("recipient_addresses")),
        fields=fields,
        tags=frozenset(grants_of(resources, fields)),
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
            result[variable] = Domain("", frozenset(options(item)))
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
