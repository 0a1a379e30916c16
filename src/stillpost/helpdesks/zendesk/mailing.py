"""How the small Zendesk writes a mail: Liquid over a ticket, with suppression, dynamic content in a language."""

from collections.abc import Iterator, Mapping
from typing import Any, final

from liquid import Environment, Mode

from stillpost.helpdesks.zendesk.tickets import Ticket

SUPPRESSED = (
    "description",
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
)


def language() -> Environment:
    """Liquid, as lenient as Zendesk's."""
    return Environment(tolerance=Mode.LAX)


@final
class Letter:
    """Texts for one ticket; ``blank`` empties the suppressed placeholders, never inside dynamic content."""

    def __init__(
        self, language: Environment, account: str, resources: Mapping[str, Any], ticket: Ticket, blank: bool
    ) -> None:
        self._account = account
        self._contents = resources.get("dynamic_content") or ()
        self._ticket = ticket
        self._blank = blank
        self._environment = language

    def render(self, source: str) -> str:
        """The text."""
        plain = dict(self._values())
        shown = {name: "" if self._blank and name in SUPPRESSED else value for name, value in plain.items()}
        user = {"name": self._ticket.request.name, "email": self._ticket.request.email}
        contents = self._dynamic(plain, user) if "dc." in source else {}
        return self._environment.from_string(source).render(ticket=shown, current_user=user, dc=contents)

    def _values(self) -> Iterator[tuple[str, Any]]:
        ticket, request = self._ticket, self._ticket.request
        first, _, last = request.name.partition(" ")
        yield "id", str(ticket.number)
        yield "account", self._account
        yield "status", ticket.values["status"].capitalize()
        yield "title", ticket.values["subject"] or ticket.texts[0]
        yield "requester", {"name": request.name, "email": request.email, "first_name": first, "last_name": last}
        yield "verbatim_description", ticket.texts[0]
        yield "cc_names", ", ".join(address.partition("@")[0] for address in request.cc)
        for name in SUPPRESSED:
            yield name, ticket.texts[0] if name == "description" else "\n".join(ticket.texts)
        for name, value in ticket.values.items():
            if name.startswith("custom_fields_"):
                yield f"ticket_field_{name.removeprefix('custom_fields_')}", value

    def _dynamic(self, plain: Mapping[str, Any], user: Mapping[str, str]) -> dict[str, str]:
        """Dynamic content in the requester's language (else the default), five references deep."""
        rendered: dict[str, str] = {}
        for _ in range(5):
            rendered = {
                item["placeholder"].strip("{} ").removeprefix("dc."): self._environment.from_string(
                    self._variant(item)
                ).render(ticket=plain, current_user=user, dc=rendered)
                for item in self._contents
            }
        return rendered

    def _variant(self, item: Mapping[str, Any]) -> str:
        variants = [v for v in item["variants"] if v.get("active", True)]
        wanted = [v for v in variants if str(v.get("locale_id")) == self._ticket.values["locale_id"]]
        chosen = wanted or [v for v in variants if v.get("default")] or variants
        return str(chosen[0]["content"]) if chosen else ""
