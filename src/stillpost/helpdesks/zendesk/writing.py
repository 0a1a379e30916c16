"""A plan's edits as Zendesk's own calls: whole payloads, the originals beside them, and the way there and back.

Before a call is made the object is read again; if it is no longer what the plan was made from, nothing is written.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from stillpost.audit.product import Edit
from stillpost.audit.snapshot import found
from stillpost.helpdesks.protocol import HelpdeskError
from stillpost.helpdesks.zendesk.session import Session
from stillpost.helpdesks.zendesk.shapes import REDACTED


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One PUT: its path, the body that goes there, what the object holds until then in the same fields, and why."""

    path: str
    wrapper: str
    body: Mapping[str, Any]
    original: Mapping[str, Any]
    why: tuple[str, ...]

    def reversed(self) -> "Call":
        """The way back."""
        why = ("undoes the change",)
        return Call(path=self.path, wrapper=self.wrapper, body=self.original, original=self.body, why=why)

    def as_json(self) -> dict[str, Any]:
        """Plain values for a plan file."""
        return {
            "method": "PUT",
            "path": f"/api/v2/{self.path}",
            "body": {self.wrapper: dict(self.body)},
            "original": {self.wrapper: dict(self.original)},
            "why": list(self.why),
        }


def calls(before: Mapping[str, Any], after: Mapping[str, Any], edits: Sequence[Edit]) -> tuple[Call, ...]:
    """The calls that make the edits, one for each changed object; a trigger's PUT replaces both its arrays."""
    grouped: dict[str, list[Edit]] = {}
    for edit in edits:
        grouped.setdefault(_object(edit.path), []).append(edit)
    return tuple(_call(path, before, after, group) for path, group in grouped.items())


def _object(path: str) -> str:
    steps = path.split("/")
    return "/".join(steps[:4] if steps[0] == "dynamic_content" else steps[:2])


def _call(path: str, before: Mapping[str, Any], after: Mapping[str, Any], edits: Sequence[Edit]) -> Call:
    old, new = found(before, path), found(after, path)
    kind, _, rest = path.partition("/")
    names: tuple[str, ...] = ("conditions", "actions")
    if kind == "dynamic_content":
        item, _, variant = rest.partition("/variants/")
        target, wrapper, names = f"dynamic_content/items/{item}/variants/{variant}", "variant", ("content",)
    elif kind == "targets":
        target, wrapper, names = path, "target", ("type", "title", "email", "subject")
    else:
        target, wrapper = path, kind.removesuffix("s")
    why = tuple(dict.fromkeys(edit.why for edit in edits))
    body = {name: new[name] for name in names if name in new}
    original = {name: old[name] for name in names if name in old}
    if REDACTED in repr(original):
        raise HelpdeskError(
            f"{path}: the snapshot was redacted when it was saved; make the plan from the account itself"
        )
    return Call(path=target, wrapper=wrapper, body=body, original=original, why=why)


def read(document: Any) -> tuple[Call, ...]:
    """The calls of a plan file. Raises HelpdeskError; only paths that a plan can hold are believed."""
    raw = document.get("calls") if isinstance(document, dict) else None
    if not isinstance(raw, list):
        raise HelpdeskError("the plan holds no calls; write one with --fix")
    made: list[Call] = []
    for item in raw:
        try:
            path = str(item["path"]).removeprefix("/api/v2/")
            ((wrapper, body),) = item["body"].items()
            original = item["original"][wrapper]
            why = tuple(str(reason) for reason in item.get("why", ()))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise HelpdeskError("the plan is damaged; write it again with --fix") from None
        known = path.split("/")[0] in ("triggers", "automations", "dynamic_content", "targets")
        if not known or ".." in path or "?" in path or not isinstance(body, dict) or not isinstance(original, dict):
            raise HelpdeskError(f"the plan holds a call that no plan of ours makes: {path[:80]!r}")
        made.append(Call(path=path, wrapper=wrapper, body=body, original=original, why=why))
    return tuple(made)


async def carry_out(
    session: Session, made: Sequence[Call], agreed: Callable[[Call], bool], done: Callable[[Call], Awaitable[None]]
) -> tuple[Call, ...]:
    """Make the calls that are agreed to, and none if any object changed meanwhile; ``done`` hears of each.

    Gives the calls made. Raises HelpdeskError at the first that is refused: what was done until then stays done.
    """
    carried: list[Call] = []
    wanted = [call for call in made if agreed(call)]
    for call in wanted:
        await _unchanged(session, call)  # all of them before the first is written
    for call in wanted:
        await _unchanged(session, call)
        answer = await session.call("PUT", call.path, value={call.wrapper: dict(call.body)})
        if not answer.ok:
            raise HelpdeskError(f"{call.path}: Zendesk answered {answer.status}; nothing more was changed")
        carried.append(call)
        await done(call)
    return tuple(carried)


async def _unchanged(session: Session, call: Call) -> None:
    answer = await session.call("GET", call.path)
    if not answer.ok:
        raise HelpdeskError(f"{call.path}: could not be read again ({answer.status}); nothing more was changed")
    current = answer.json().get(call.wrapper)
    if not isinstance(current, dict):
        raise HelpdeskError(f"{call.path}: Zendesk's answer holds no {call.wrapper}; nothing more was changed")
    differing = [name for name, value in call.original.items() if current.get(name) != value]
    if differing:
        names = ", ".join(differing)
        raise HelpdeskError(f"{call.path}: {names} changed since the plan was made; audit again and make a new plan")
