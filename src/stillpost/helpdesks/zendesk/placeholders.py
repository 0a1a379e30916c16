"""Zendesk's placeholders: which carry a stranger's words, which of those Zendesk blanks on creation.

Source: Zendesk's placeholder reference and its article on placeholder suppression, read in November 2026
(facts: ``ticket.verbatim_description`` and the members of a comment loop are *not* on the list of suppressed ones).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import final


class Fate(Enum):
    """What becomes of a placeholder under suppression: it stays, it is blanked, or nobody documents it."""

    STAYS = "stays"
    BLANKED = "blanked"
    UNDOCUMENTED = "undocumented"


@final
@dataclass(frozen=True, slots=True)
class Meaning:
    """What a placeholder carries. ``source`` is empty for the helpdesk's own text, else the part of the request."""

    source: str = ""
    fate: Fate = Fate.STAYS
    inferred: str = ""


OWN = Meaning()
CHOICE = Meaning()
"""A choice among the helpdesk's own constants (brand, form, channel): the stranger chooses, but writes nothing."""

_COMMENT = Meaning("text", Fate.BLANKED)
_UNLISTED = "whether Zendesk blanks this placeholder on creation is not documented: it is not on the published list"
_LOOP = "whether Zendesk blanks the members of a comment loop on creation is not documented"

TITLE = Meaning("subject")
VERBATIM = Meaning("text", Fate.STAYS, _UNLISTED)

_PERSON: dict[str, Meaning] = {
    "name": Meaning("name"),
    "first_name": Meaning("name"),
    "last_name": Meaning("name"),
    "email": Meaning("email"),
    "phone": Meaning("phone"),
    "details": Meaning("profile"),
    "notes": Meaning("profile"),
    "language": CHOICE,
    "locale": CHOICE,
    "time_zone": CHOICE,
    "id": OWN,
    "external_id": OWN,
    "signature": OWN,
    "extended_role": OWN,
    "role": OWN,
    "tags": OWN,
    "organization": OWN,
}

_TICKET: dict[str, Meaning] = {
    "title": TITLE,
    "description": _COMMENT,
    "verbatim_description": VERBATIM,
    **dict.fromkeys(
        (
            "comments",
            "public_comments",
            "latest_comment",
            "latest_public_comment",
            "latest_comment_html",
            "latest_public_comment_html",
            "latest_comment_formatted",
            "latest_public_comment_formatted",
            "latest_comment_rich",
            "latest_public_comment_rich",
            "comments_formatted",
            "public_comments_formatted",
        ),
        _COMMENT,
    ),
    **dict.fromkeys(("cc_names", "email_cc_names", "follower_names"), Meaning("cc")),
    **dict.fromkeys(
        ("ticket_form", "via", "tags", "ticket_type", "in_business_hours", "ticket_form_id", "type"),
        CHOICE,
    ),
    **dict.fromkeys(
        (
            "id",
            "external_id",
            "link",
            "link_with_protocol",
            "url",
            "url_with_protocol",
            "encoded_id",
            "status",
            "custom_status",
            "priority",
            "created_at",
            "created_at_with_timestamp",
            "created_at_with_time",
            "updated_at",
            "updated_at_with_timestamp",
            "updated_at_with_time",
            "due_date",
            "due_date_with_timestamp",
            "account",
            "current_holiday_name",
            "brand",
            "group",
            "organization",
            "assignee",
            "satisfaction",
            "support_channel",
            "is_current_user_an_agent",
        ),
        OWN,
    ),
}

_LOOP_ROOTS = ("comments", "public_comments")
_LOOP_MEMBERS: dict[str, Meaning] = {
    "value": Meaning("text", Fate.UNDOCUMENTED, _LOOP),
    "author": Meaning("name", Fate.UNDOCUMENTED, _LOOP),
    "attachments": Meaning("file", Fate.UNDOCUMENTED, _LOOP),
    "value_rich": _COMMENT,
    "rich": _COMMENT,
    "created_at": OWN,
    "created_at_with_time": OWN,
    "id": OWN,
    "is_public": OWN,
    "public": OWN,
}

_PEOPLE = ("requester", "submitter")
_OWN_ROOTS = ("account", "agent", "satisfaction", "txt", "forloop", "assignee", "organization")


def meaning(path: tuple[str, ...], free_text_fields: Mapping[str, bool] | None = None) -> Meaning | None:
    """What ``{{a.b.c}}`` carries; None if nobody taught us the placeholder.

    ``free_text_fields`` says for a custom field's id whether it is free text; fields not in it are taken for free text.
    A list member is written ``[]``: ``("ticket", "comments", "[]", "value")``.
    """
    root = path[0]
    if root == "current_user":
        return _person(path[1:])
    if root in _OWN_ROOTS:
        return OWN
    if root != "ticket" or len(path) == 1:
        return None
    second, rest = path[1], path[2:]
    if second in _PEOPLE:
        return _person(rest)
    if second in _LOOP_ROOTS and rest:
        return _member(rest)
    if second in ("ccs", "email_ccs", "followers"):
        return Meaning("cc")
    if second.startswith("ticket_field_option_title_"):
        return CHOICE
    if second.startswith("ticket_field_"):
        field = second.removeprefix("ticket_field_")
        free = (free_text_fields or {}).get(field, True)
        return Meaning(f"field:{field}") if free else CHOICE
    if second in ("latest_comment", "latest_public_comment") and rest:
        return _COMMENT
    return _TICKET.get(second)


def _person(rest: tuple[str, ...]) -> Meaning | None:
    if not rest:
        return Meaning("name")
    if rest[0] == "custom_fields":
        return Meaning("profile")
    return _PERSON.get(rest[0])


def _member(rest: tuple[str, ...]) -> Meaning | None:
    """A member of ``ticket.comments``: ``[]`` alone prints the comment, ``[].value`` and so on its parts."""
    names = [name for name in rest if name not in ("[]", "first", "last") and not name.isdigit()]
    if not names:
        return Meaning("text", Fate.UNDOCUMENTED, _LOOP)
    if names[0] == "size":
        return OWN
    return _LOOP_MEMBERS.get(names[0])
