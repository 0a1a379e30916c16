"""The fewest changes to a Zendesk's settings that stop an exposure, each a whole field, with what people lose by it.

Texts lose the statements that print a stranger's words, and keep everything else; a first answer goes to the requester
alone; an update notice runs for comments by agents only; a trigger's public comment becomes an internal one. Nothing is
switched off.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stillpost.audit.cut import smallest_cut
from stillpost.audit.desk import Desk, Op, Reaction, Trigger
from stillpost.audit.exposure import Exposure, Kind
from stillpost.audit.logic import Tri
from stillpost.audit.product import Aim, Edit, Leak
from stillpost.audit.snapshot import found
from stillpost.helpdesks.template_flow import Use
from stillpost.helpdesks.tidying import speaks, tidied
from stillpost.helpdesks.zendesk.spots import Texts

PROVEN_TAG = "stillpost-proven"
"""The tag that Stillpost's hand-over puts on proven tickets only (a test holds it to ``ticket.PROVEN_TAG``)."""

PLAIN_SUBJECT = "Your request (#{{ticket.id}})"
PLAIN_TEXT = "We have received your request (#{{ticket.id}})."
AGENT_LINE = {"field": "role", "operator": "is", "value": "agent"}
PROVEN_LINE = {"field": "current_tags", "operator": "includes", "value": PROVEN_TAG}


def remedies(
    resources: Mapping[str, Any], desk: Desk, texts: Texts, left: Sequence[Exposure], aim: Aim, attempt: int
) -> tuple[Edit, ...]:
    """The edits of one round; from the second attempt on a text that could not be cut is replaced."""
    edits: dict[str, Edit] = {}
    if aim is Aim.VOLUME and attempt == 0:
        for exposure in left:
            edit = _proven_only(resources, exposure)
            if edit is not None:
                edits[edit.path] = edit
    ways: list[tuple[str, ...]] = []
    for exposure in left:
        if exposure.kind not in (Kind.CONTENT, Kind.COPIES):
            continue
        gentle = _by_condition(resources, desk, exposure)
        if not gentle and exposure.kind is Kind.COPIES:
            gentle = _alone(exposure)
        edits.update((edit.path, edit) for edit in gentle)
        if not gentle:
            ways += [leak.via for leak in exposure.leaks]
    for path in smallest_cut(ways, _unspeakable(resources, left)):
        edit = _cut_text(resources, texts, path, left, rough=attempt > 0)
        if edit is not None:
            edits[path] = edit
    return tuple(edits.values())


def _alone(exposure: Exposure) -> list[Edit]:
    """The notice goes to the requester only."""
    if exposure.notice.recipient != "requester_and_ccs":
        return []
    edit = Edit(
        path=exposure.notice.recipient_path,
        old=exposure.notice.recipient,
        new="requester_id",
        why="one request mails everybody the stranger puts in copy",
        loses="people in copy no longer get this notice",
    )
    return [edit]


def _by_condition(resources: Mapping[str, Any], desk: Desk, exposure: Exposure) -> list[Edit]:
    """Exposures that only an update brings: the condition that leaves agents' answers as they are."""
    trigger = exposure.occasion.trigger
    if trigger is Trigger.PARTICIPANT and not _fires_at_first(exposure.reaction):
        return [_with_line(resources, exposure.reaction, AGENT_LINE, _AGENT_WHY, _AGENT_LOSES)]
    if trigger is Trigger.ECHO:
        return list(_hushed(resources, desk))
    return []


_AGENT_WHY = "an address the stranger put in copy can set this notice off"
_AGENT_LOSES = "answers by people in copy are no longer mailed to the requester; agents' answers are, as before"


def _fires_at_first(reaction: Reaction) -> bool:
    """Whether the trigger also answers new requests: then a condition on agents would switch its first answer off."""
    kept = [term for term in reaction.when.every if term.variable == "update_type"]
    return not any("Change" in term.values and not term.negated for term in kept)


def _hushed(resources: Mapping[str, Any], desk: Desk) -> Iterator[Edit]:
    """Public comments by triggers become internal ones, so that nothing is an update on creation."""
    for reaction in desk.reactions:
        if not any(effect.op is Op.COMMENT and not effect.doubt for effect in reaction.effects):
            continue
        for place, action in enumerate(found(resources, f"{reaction.path}/actions")):
            if action.get("field") in ("reply_public", "comment_value", "comment_value_html"):
                yield Edit(
                    path=f"{reaction.path}/actions/{place}/field",
                    old=action["field"],
                    new="reply_internal",
                    why="a public comment by a trigger sets off the update notices, in which nothing is blanked",
                    loses="customers no longer see the trigger's comment; put its words into the first answer",
                )


def _with_line(resources: Mapping[str, Any], reaction: Reaction, line: Mapping[str, str], why: str, loses: str) -> Edit:
    path = f"{reaction.path}/conditions/all"
    try:
        old = list(found(resources, path) or [])
    except KeyError:
        old = []
    new = old if dict(line) in old else [*old, dict(line)]
    return Edit(path=path, old=old, new=new, why=why, loses=loses)


def _proven_only(resources: Mapping[str, Any], exposure: Exposure) -> Edit | None:
    """The notice waits for Stillpost's tag, which stands on proven requests only."""
    if exposure.kind is not Kind.VOLUME or exposure.reaction.kind == "system mail":
        return None
    if exposure.occasion.trigger is Trigger.PARTICIPANT and not _fires_at_first(exposure.reaction):
        return _with_line(resources, exposure.reaction, AGENT_LINE, _AGENT_WHY, _AGENT_LOSES)
    why = "this notice answers addresses that nobody has proven"
    loses = (
        f"“{exposure.reaction.title}” reaches only people whose address Stillpost has proven: customers who write"
        " by mail or another form get no confirmation until an agent answers"
    )
    return _with_line(resources, exposure.reaction, PROVEN_LINE, why, loses)


# -- texts


def _unspeakable(resources: Mapping[str, Any], left: Sequence[Exposure]) -> frozenset[str]:
    """Texts that only bring in others: cut, they would say nothing, so what they bring in is cut instead."""
    leaks = [leak for exposure in left for leak in exposure.leaks if leak.via]
    own = {leak.via[-1] for leak in leaks}
    between = {path for leak in leaks for path in leak.via[:-1]} - own
    return frozenset(path for path in between if not speaks(_source(resources, path)))


def _source(resources: Mapping[str, Any], path: str) -> str:
    try:
        return str(found(resources, path))
    except KeyError:
        return ""


def _cut_text(
    resources: Mapping[str, Any], texts: Texts, path: str, left: Sequence[Exposure], *, rough: bool
) -> Edit | None:
    """Take every statement that leads to a stranger's word out of one text; if nothing is left, say it plainly."""
    source = _source(resources, path)
    uses = list(dict.fromkeys(_leading(texts, source, path, left)))
    new = tidied(source, [(use.start, use.stop) for use in uses])
    subject = path.endswith(("/value/1", "/subject"))
    if rough or (not speaks(new) and not path.startswith("dynamic_content/")):
        new = PLAIN_SUBJECT if subject else PLAIN_TEXT
    if new == source:
        return None
    shown = dict.fromkeys("{{" + ".".join(use.path) + "}}" for use in uses)
    return Edit(path=path, old=source, new=new, why=f"takes out {', '.join(shown) or 'what could not be read'}")


def _leading(texts: Texts, source: str, path: str, left: Sequence[Exposure]) -> Iterator[Use]:
    """The statements of a text through which the exposures' leaks go (placeholders that are blanked stay)."""
    leaks = [leak for exposure in left for leak in exposure.leaks if path in leak.via]
    names = {_next(leak, path) for leak in leaks}
    for spot in (*texts.spots(source, suppressed=False), *texts.spots(source, suppressed=True)):
        if spot.tri is not Tri.NO and ((spot.placeholder, spot.via[:1]) in names or not spot.placeholder):
            yield spot.use


def _next(leak: Leak, path: str) -> tuple[str, tuple[str, ...]]:
    place = leak.via.index(path)
    return leak.placeholder, leak.via[place + 1 : place + 2]
