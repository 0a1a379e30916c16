"""What Zendesk's placeholders hold for one request: blanked by suppression for a trigger's own text, whole inside
dynamic content.

Numbers, links and dates are example values: they are the moment's, never a stranger's words.
"""

from typing import Any, final

from stillpost.audit.product import Scene

TICKET_NUMBER = "1204"
BLANKED = (
    "description",
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
)


def values(scene: Scene, account: str, subdomain: str, *, blanked: bool, fields: tuple[str, ...]) -> dict[str, Any]:
    """The variables of a template, for one request. ``fields`` are the custom fields' variables."""
    request, state = scene.request, scene.state
    person = _person(request.name, request.email, str(state.get("locale_id", "")))
    url = f"{subdomain}.zendesk.com/hc/requests/{TICKET_NUMBER}"
    link = f"https://{url}"
    copied = request.cc
    ticket: dict[str, Any] = {
        "id": TICKET_NUMBER,
        "title": str(state.get("subject") or request.subject) or request.text,
        "account": account,
        "verbatim_description": request.text,
        "link": link,
        "link_with_protocol": link,
        "url": url,
        "url_with_protocol": link,
        "status": str(state.get("status", "new")).capitalize(),
        "priority": str(state.get("priority", "")).capitalize(),
        "ticket_type": str(state.get("type", "")).capitalize() or "Ticket",
        "via": scene.channel.title,
        "requester": person,
        "submitter": person,
        "ccs": [_person(address.partition("@")[0], address, "") for address in copied],
        "cc_names": ", ".join([address.partition("@")[0] for address in copied]),
        "email_cc_names": ", ".join(copied),
        "tags": " ".join(sorted(state.get("tags", ()))),
        "brand": {"name": account},
    }
    for variable in fields:
        value = request.fields.get(variable, state.get(variable, ""))
        field = variable.removeprefix("custom_fields_")
        ticket[f"ticket_field_{field}"] = ticket[f"ticket_field_option_title_{field}"] = value
    ticket.update(written(scene, blanked=blanked))
    return {"ticket": ticket, "current_user": person, "account": {}, "agent": {}, "satisfaction": {}, "txt": {}}


def written(scene: Scene, *, blanked: bool) -> dict[str, Any]:
    """What Zendesk blanks under suppression: the description and the comments."""
    request = scene.request
    comments = _comments(request.name, request.email, request.text, blanked=blanked)
    return {
        **dict.fromkeys(BLANKED, "" if blanked else request.text),
        "comments": comments,
        "public_comments": comments,
    }


def _person(name: str, email: str, locale: str) -> dict[str, Any]:
    first, _, last = name.partition(" ")
    return {
        "name": name,
        "first_name": first,
        "last_name": last,
        "email": email,
        "language": locale,
        "locale": locale,
    }


@final
class Comment(dict[str, Any]):
    """A comment as templates see it: its members, and itself as text (which is blanked like the list it is in)."""

    def __str__(self) -> str:
        return str(self["rich"])


def _comments(name: str, email: str, text: str, *, blanked: bool) -> list[Comment]:
    """The one comment of a new request, with a file whose name the stranger chose; rich text is on the list."""
    files = [{"filename": "attachment.txt", "url": "https://example.com/attachment.txt"}]
    rich = "" if blanked else text
    author = _person(name, email, "")
    return [Comment(value=text, value_rich=rich, rich=rich, author=author, attachments=files)]
