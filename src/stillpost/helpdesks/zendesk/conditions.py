"""Zendesk's conditions in the audit's terms: every field and operator we were taught, UNMODELLED for the rest.

Source: the conditions reference and a recorded ``triggers/definitions`` reply (facts, section 2.1). Values come as
strings, booleans, nulls or lists; all are accepted.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from stillpost.audit.logic import Condition, Conjunction, Relation, Term

STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
PRIORITIES = ("", "low", "normal", "high", "urgent")
_ORDERS = {"status": STATUSES, "priority": PRIORITIES}

_PLAIN = {
    "update_type": "update_type",
    "status": "status",
    "priority": "priority",
    "type": "type",
    "via_id": "via_id",
    "current_via_id": "current_via_id",
    "role": "role",
    "requester_role": "requester_role",
    "ticket_is_public": "ticket_is_public",
    "brand_id": "brand_id",
    "ticket_form_id": "ticket_form_id",
    "group_id": "group_id",
    "assignee_id": "assignee_id",
    "organization_id": "organization_id",
    "locale_id": "locale_id",
    "recipient": "recipient",
    "in_business_hours": "in_business_hours",
    "on_holiday": "on_holiday",
    "attachment": "attachment",
    "satisfaction_score": "satisfaction_score",
    "custom_status_id": "custom_status_id",
    "schedule_id": "schedule_id",
    "within_schedule": "schedule_id",
}
_COUNTS = ("reopens", "replies", "agent_stations", "group_stations", "requester_twitter_followers_count")
_TEXTS = {
    "subject_includes_word": "subject",
    "comment_includes_word": "text",
    "description_includes_word": "text",
}
_HOURS = {
    "NEW": (),
    "OPEN": (("status", ("open",)),),
    "PENDING": (("status", ("pending",)),),
    "HOLD": (("status", ("hold",)),),
    "SOLVED": (("status", ("solved",)),),
    "CLOSED": (("status", ("closed",)),),
    "created_at": (),
    "updated_at": (),
    "requester_updated_at": (),
}
_COMMENT = {
    "true": ("public",),
    "false": ("private",),
    "not_relevant": ("public", "private"),
    "requester_can_see_comment": ("public",),
}
_NEGATIONS = {
    "is_not": "is",
    "not_changed": "changed",
    "not_value": "value",
    "not_value_previous": "value_previous",
    "not_includes": "includes",
    "not_present": "present",
    "not_includes_words": "includes_words",
    "not_includes_string": "includes_string",
}


def text_of(value: Any) -> str:
    """A condition's value as text: null is empty, booleans are ``true`` and ``false``, lists are joined by blanks."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(text_of(item) for item in value)
    return str(value)


def condition(raw: Any, field_kinds: Mapping[str, str]) -> Condition:
    """The conditions of a trigger or automation. ``field_kinds``: a custom field's type by its id.

    Zendesk lets ``all`` be empty and ignores an empty ``any``. What has another shape is UNMODELLED, never ignored.
    """
    if not isinstance(raw, Mapping):
        return Condition((_unknown("", "the conditions are missing or have another shape"),))
    every: list[Term] = []
    for item in _items(raw.get("all")):
        every += terms(item, field_kinds)
    some = tuple(terms(item, field_kinds) for item in _items(raw.get("any")))
    return Condition(tuple(every), some)


def _items(raw: Any) -> Iterator[Any]:
    if raw is None:
        return
    if not isinstance(raw, list):
        yield None
        return
    yield from raw


def terms(item: Any, field_kinds: Mapping[str, str]) -> Conjunction:
    """One condition line; a line can need more than one term (hours pending need the status pending)."""
    if not isinstance(item, Mapping) or not isinstance(item.get("field"), str):
        return (_unknown("", "a condition has another shape than Zendesk documents"),)
    field, value = item["field"], text_of(item.get("value"))
    operator = item.get("operator")
    if not isinstance(operator, str):
        return (_unknown(field, f"the condition on {field} has no operator"),)
    negated = operator in _NEGATIONS
    plain = _NEGATIONS.get(operator, operator)
    kind = field_kinds.get(field.removeprefix("custom_fields_"), "") if field.startswith("custom_fields_") else ""
    return _field(field, plain, operator, value, negated, kind)


@lru_cache(maxsize=4096)  # the same few lines stand in most triggers
def _field(field: str, plain: str, operator: str, value: str, negated: bool, kind: str) -> Conjunction:
    if field == "current_tags":
        return _tags(field, plain, operator, value, negated)
    if field in _TEXTS:
        return _words(_TEXTS[field], field, plain, operator, value, negated)
    if field == "comment_is_public":
        values = _COMMENT.get(value.casefold())
        if values and plain == "is":
            return (Term("comment", Relation.IS, values, negated),)
        return (_unknown(field, f"comment_is_public {operator} {value}"),)
    if field == "requester_id":
        return _requester(plain, operator, value, negated)
    if field in _HOURS:
        needs = tuple(Term(variable, Relation.IS, values) for variable, values in _HOURS[field])
        return (*needs, *_scalar(f"hours:{field}", field, plain, operator, value, negated))
    if field in _COUNTS:
        return _scalar(field, field, plain, operator, value, negated)
    if field.startswith("custom_fields_"):
        return _custom(field, plain, operator, value, negated, kind)
    if field.startswith(("requester.custom_fields.", "organization.custom_fields.")):
        return _scalar(field, field, plain, operator, value, negated)
    if field in _PLAIN:
        return _scalar(_PLAIN[field], field, plain, operator, value.casefold() if field == "status" else value, negated)
    return (_unknown(field, f"the condition on {field} is not modelled"),)


def _scalar(variable: str, field: str, plain: str, operator: str, value: str, negated: bool) -> Conjunction:
    simple = {
        "is": (Relation.IS, (value,)),
        "changed": (Relation.CHANGED, ()),
        "value": (Relation.BECAME, (value,)),
        "value_previous": (Relation.CAME_FROM, (value,)),
    }
    if plain in simple:
        relation, values = simple[plain]
        return (Term(variable, relation, values, negated),)
    if plain == "present":
        return (Term(variable, Relation.IS, ("", "not_present"), not negated),)
    if field in _ORDERS and operator.startswith(("less_than", "greater_than")):
        return _ordered(variable, field, operator, value)
    comparison = {
        "less_than": (Relation.LESS, False),
        "greater_than": (Relation.GREATER, False),
        "less_than_equal": (Relation.GREATER, True),
        "greater_than_equal": (Relation.LESS, True),
    }.get(operator)
    if comparison is not None and _number(value):
        return (Term(variable, comparison[0], (value,), comparison[1]),)
    return (_unknown(field, f"{field} {operator} {value}".strip()),)


def _ordered(variable: str, field: str, operator: str, value: str) -> Conjunction:
    """Statuses and priorities have an order: ``less_than solved`` is every one before it."""
    order = _ORDERS[field]
    if value not in order:
        return (_unknown(field, f"{field} {operator} {value}"),)
    place = order.index(value)
    kept = {
        "less_than": order[:place],
        "less_than_equal": order[: place + 1],
        "greater_than": order[place + 1 :],
        "greater_than_equal": order[place:],
    }.get(operator)
    return (Term(variable, Relation.IS, kept),) if kept is not None else (_unknown(field, f"{field} {operator}"),)


def _number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _tags(field: str, plain: str, operator: str, value: str, negated: bool) -> Conjunction:
    if plain not in ("includes", "is"):
        return (_unknown(field, f"current_tags {operator}"),)
    return (Term("tags", Relation.HAS, tuple(value.split()), negated),)


def _words(variable: str, field: str, plain: str, operator: str, value: str, negated: bool) -> Conjunction:
    """``includes`` is any of the words; ``is`` is the text as it stands, somewhere."""
    if plain in ("includes", "includes_words"):
        return (Term(variable, Relation.SAYS, tuple(value.split()), negated),)
    if plain in ("is", "includes_string"):
        return (Term(variable, Relation.SAYS, (value,), negated),)
    return (_unknown(field, f"{field} {operator}"),)


def _requester(plain: str, operator: str, value: str, negated: bool) -> Conjunction:
    if plain == "is" and value == "current_user":
        return (Term("actor_is_requester", Relation.IS, ("true",), negated),)
    return _scalar("requester_id", "requester_id", plain, operator, value, negated)


def _custom(field: str, plain: str, operator: str, value: str, negated: bool, kind: str) -> Conjunction:
    if plain in ("includes_words", "includes_string"):
        return _words(field, field, plain, operator, value, negated)
    if kind == "multiselect" and plain in ("includes", "is"):
        return (Term(field, Relation.IS, tuple(value.split()), negated),)
    return _scalar(field, field, plain, operator, value, negated)


def _unknown(field: str, why: str) -> Term:
    return Term(field or "?", Relation.UNMODELLED, why=f"{why}: not modelled here")
