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
