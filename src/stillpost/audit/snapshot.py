"""A snapshot: the settings of one helpdesk at one time, the audit's only input. It can be saved and compared."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias, final

from stillpost.audit.product import Edit

Json: TypeAlias = Any
"""What a JSON text can hold. The products check what they take from it; nothing of it travels further untyped."""

FORMAT = 1


class SnapshotError(Exception):
    """The text is no snapshot; the message says what to do."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """``resources``: what was read, by name. ``missing``: what could not be read, and why. ``taken_at``: aware UTC."""

    product: str
    name: str
    taken_at: datetime
    resources: Mapping[str, Json]
    missing: Mapping[str, str] = field(default_factory=dict)


def dumped(snapshot: Snapshot) -> str:
    """The snapshot as JSON. Secrets are the product's business: it redacts before it builds the snapshot."""
    document = {
        "stillpost_snapshot": FORMAT,
        "product": snapshot.product,
        "name": snapshot.name,
        "taken_at": snapshot.taken_at.isoformat().replace("+00:00", "Z"),
        "resources": snapshot.resources,
        "missing": dict(snapshot.missing),
    }
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def loaded(text: str) -> Snapshot:
    """Read a saved snapshot. Raises SnapshotError."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SnapshotError(f"this is not JSON ({error}); a snapshot is written by audit --save") from None
    if not isinstance(document, dict) or document.get("stillpost_snapshot") != FORMAT:
        raise SnapshotError("this is no snapshot; write one with audit --save, or give a folder with --from")
    try:
        taken = datetime.fromisoformat(str(document["taken_at"]))
        resources, missing = document["resources"], document.get("missing", {})
        if not isinstance(resources, dict) or not isinstance(missing, dict) or taken.tzinfo is None:
            raise ValueError("resources")
        return Snapshot(
            product=str(document["product"]),
            name=str(document["name"]),
            taken_at=taken,
            resources=resources,
            missing={str(key): str(why) for key, why in missing.items()},
        )
    except (KeyError, ValueError):
        raise SnapshotError("the snapshot is damaged; write it again with audit --save") from None


def edited(resources: Mapping[str, Json], edits: Sequence[Edit]) -> dict[str, Json]:
    """The resources with some fields changed; only what is changed is copied. A path is ``resource/id/key/index``.

    A list of objects is entered by the object's ``id`` (as text), any other list by position; ``-`` appends. Raises
    KeyError where the path leads nowhere.
    """
    result: dict[str, Json] = dict(resources)
    for edit in edits:
        steps = edit.path.split("/")
        result[steps[0]] = _changed(result.get(steps[0]), steps[1:], edit)
    return result


def _changed(value: Json, steps: Sequence[str], edit: Edit) -> Json:
    if not steps:
        return edit.new
    step, rest = steps[0], steps[1:]
    if isinstance(value, dict):
        return {**value, step: _changed(value.get(step), rest, edit)}
    if isinstance(value, list):
        if step == "-":
            return [*value, edit.new]
        place = position(value, step)
        return [*value[:place], _changed(value[place], rest, edit), *value[place + 1 :]]
    raise KeyError(edit.path)


def position(items: Sequence[Json], step: str) -> int:
    """Where in a list a path's step leads: the object with this id, else the position."""
    for place, item in enumerate(items):
        if isinstance(item, dict) and str(item.get("id", "")) == step:
            return place
    if step.isdigit() and int(step) < len(items):
        return int(step)
    raise KeyError(step)


def found(resources: Mapping[str, Json], path: str) -> Json:
    """The value at a path. Raises KeyError where it leads nowhere."""
    value: Json = dict(resources)
    for step in path.split("/"):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list):
            value = value[position(value, step)]
        else:
            raise KeyError(path)
    return value
