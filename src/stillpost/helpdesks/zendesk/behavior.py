"""What a Zendesk does with a request, as its articles describe it: tickets, triggers, suppression, mail.

The loopback fake runs it, and it is the audit's independent opinion: written from the articles on the raw JSON, with
nothing of ``audit`` in it, one concrete ticket at a time. Agreement with it is agreement with our reading of the
articles, not with Zendesk.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

from liquid import Environment

from stillpost.helpdesks.zendesk.mailing import Letter, language
from stillpost.helpdesks.zendesk.tickets import Request, Sent, Ticket

STATUS_ORDER = {"new": 0, "open": 1, "pending": 2, "hold": 3, "solved": 4, "closed": 5}
PRIORITY_ORDER = {"": 0, "low": 1, "normal": 2, "high": 3, "urgent": 4}
VIA = {"form": "0", "mail": "4", "api": "5", "widget": "48"}
ECHO_LIMIT = 2


class Unsupported(Exception):  # noqa: N818  # says what this small Zendesk was not taught
    """A field, operator or action this interpreter was not taught; guessing would make its opinion worthless."""


@final
@dataclass(slots=True, kw_only=True)
class Account:
    """One Zendesk account: its settings as the API gives them, what Admin Center says, its tickets, its mail."""

    name: str
    resources: dict[str, Any]
    anybody_can_submit: bool = True
    ask_to_register: bool = False
    api_authentication_required: bool = False
    anonymous_requests_verified: bool = False
    tickets: list[Ticket] = field(default_factory=list)
    outbox: list[Sent] = field(default_factory=list)
    language: Environment = field(default_factory=language)

    def submit(self, request: Request) -> Ticket | None:
        """Take a request in; None where it is refused or held and no ticket is made."""
        if not self.anybody_can_submit or self.ask_to_register:
            return None
        if request.channel in ("api", "widget") and self.api_authentication_required:
            return None
        if request.channel == "form" and self.anonymous_requests_verified:
            return None
        ticket = self._ticket(request)
        self.tickets.append(ticket)
        before = dict.fromkeys(ticket.values, "")
        self._update(ticket, _Moment("Create", "end_user", True, ticket.values["via_id"], "public"), before)
        return ticket

    def hours_later(self, ticket: Ticket, hours: Mapping[str, int]) -> None:
        """Run the automations once, with these hours gone by for each clock (NEW, PENDING…)."""
        clocks = {f"hours {name}": str(count) for name, count in hours.items()}
        moment = _Moment("Change", "system", False, "8", "none", automation=True)
        self._run(ticket, self._rules("automations"), moment, dict(ticket.values), clocks)

    def _ticket(self, request: Request) -> Ticket:
        fields = {str(f["id"]): f for f in self.resources.get("ticket_fields", ())}
        given = dict(request.fields) if request.channel != "mail" else {}
        tags: set[str] = set()
        for ident, value in given.items():
            tags |= set(option_tags(fields.get(ident, {}), value))
        values = {
            "status": "new",
            "priority": request.priority,
            "type": request.kind,
            "via_id": VIA[request.channel],
            "group_id": "",
            "assignee_id": "",
            "organization_id": "",
            "brand_id": request.brand,
            "ticket_form_id": request.form,
            "locale_id": request.locale,
            "recipient": request.to,
            "subject": request.subject,
            **{f"custom_fields_{ident}": value for ident, value in given.items()},
        }
        return Ticket(len(self.tickets) + 1, request, values, tags, [request.body])

    def _rules(self, kind: str) -> list[dict[str, Any]]:
        rules = [rule for rule in self.resources.get(kind, ()) if rule.get("active", True)]
        return sorted(rules, key=lambda rule: int(rule.get("position", 0)))

    def _update(self, ticket: Ticket, moment: "_Moment", before: Mapping[str, str]) -> None:
        """One update: the triggers, and another update for every public comment they write."""
        for _ in range(ECHO_LIMIT + 1):
            comments = len(ticket.texts)
            self._run(ticket, self._rules("triggers"), moment, before, {})
            if len(ticket.texts) == comments:
                return
            before = dict(ticket.values)
            moment = _Moment("Change", "system", False, "8", "public")

    def _run(
        self,
        ticket: Ticket,
        rules: Sequence[Mapping[str, Any]],
        moment: "_Moment",
        before: Mapping[str, str],
        clocks: Mapping[str, str],
    ) -> None:
        """In order, from the top again after every change, each rule once."""
        done: set[int] = set()
        restart = True
        while restart:
            restart = False
            for rule in rules:
                if rule["id"] in done or not holds(rule.get("conditions", {}), ticket, moment, before, clocks):
                    continue
                done.add(rule["id"])
                was = (dict(ticket.values), set(ticket.tags))
                for action in rule.get("actions", ()):
                    self._act(ticket, rule, action, moment)
                if (ticket.values, ticket.tags) != was:
                    restart = True
                    break

    def _act(self, ticket: Ticket, rule: Mapping[str, Any], action: Mapping[str, Any], moment: "_Moment") -> None:
        name, value = str(action["field"]), action["value"]
        if name == "notification_user":
            self._notify(ticket, rule, value, moment)
        elif name == "notification_target":
            self._target(ticket, rule, value, moment)
        elif name == "current_tags":
            ticket.tags |= set(str(value).split())
        elif name == "remove_tags":
            ticket.tags -= set(str(value).split())
        elif name == "set_tags":
            ticket.tags.clear()
            ticket.tags |= set(str(value).split())
        elif name in ("status", "priority", "type", "group_id", "assignee_id", "brand_id", "ticket_form_id", "subject"):
            ticket.values[name] = str(value)
        elif name.startswith("custom_fields_"):
            ticket.values[name] = str(value)
            fields = {str(f["id"]): f for f in self.resources.get("ticket_fields", ())}
            ticket.tags |= set(option_tags(fields.get(name.removeprefix("custom_fields_"), {}), str(value)))
        elif name == "reply_public":
            ticket.texts.append(str(value))
        elif name not in ("notification_group", "reply_internal", "follower", "notification_webhook"):
            raise Unsupported(f"action {name}")

    def _notify(self, ticket: Ticket, rule: Mapping[str, Any], value: Sequence[str], moment: "_Moment") -> None:
        audience = value[0]
        request = ticket.request
        if audience == "requester_id" or (audience == "current_user" and moment.requester):
            to: tuple[str, ...] = (request.email,)
        elif audience == "requester_and_ccs":
            to = (request.email, *(request.cc if self.copies_allowed else ()))
        else:
            return
        open_desk = self.anybody_can_submit and not self.ask_to_register
        blank = open_desk and moment.event == "Create" and moment.role == "end_user" and not moment.automation
        render = Letter(self.language, self.name, self.resources, ticket, blank).render
        self.outbox.append(Sent(rule=rule["id"], recipients=to, subject=render(value[1]), text=render(value[2])))

    def _target(self, ticket: Ticket, rule: Mapping[str, Any], value: Sequence[str], moment: "_Moment") -> None:
        for target in self.resources.get("targets", ()):
            if str(target["id"]) == str(value[0]) and target.get("type") == "email_target":
                render = Letter(self.language, self.name, self.resources, ticket, False).render
                subject, to = render(str(target.get("subject", ""))), render(str(target.get("email", "")))
                sent = Sent(rule=rule["id"], recipients=(to,), subject=subject, text=render(value[1]), medium="target")
                self.outbox.append(sent)

    @property
    def copies_allowed(self) -> bool:
        """Whether people in copy are mailed."""
        tickets = self.resources.get("settings", {}).get("tickets", {})
        return bool(tickets.get("collaboration") and tickets.get("comment_email_ccs_allowed"))


@final
@dataclass(frozen=True, slots=True)
class _Moment:
    """The circumstances of an update: created or changed, by whom, by which channel, with which comment."""

    event: str
    role: str
    requester: bool
    via: str
    comment: str
    automation: bool = False


def option_tags(definition: Mapping[str, Any], value: str) -> list[str]:
    """The tags that come with a field's value: the option itself, or a checkbox's tag."""
    if definition.get("type") in ("tagger", "multiselect"):
        return [o["value"] for o in definition.get("custom_field_options", ()) if o.get("value") == value]
    if definition.get("type") == "checkbox" and value == "true" and definition.get("tag"):
        return [str(definition["tag"])]
    return []


def holds(
    conditions: Mapping[str, Any],
    ticket: Ticket,
    moment: _Moment,
    before: Mapping[str, str],
    clocks: Mapping[str, str],
) -> bool:
    """Every line of ``all``, and if there are any lines of ``any``, one of them."""
    every = [_line(line, ticket, moment, before, clocks) for line in conditions.get("all") or ()]
    some = [_line(line, ticket, moment, before, clocks) for line in conditions.get("any") or ()]
    return all(every) and (any(some) or not some)


def _line(
    line: Mapping[str, Any], ticket: Ticket, moment: _Moment, before: Mapping[str, str], clocks: Mapping[str, str]
) -> bool:
    name, operator, value = line["field"], line["operator"], _plain(line.get("value"))
    if operator.startswith("not_"):
        return not _positive(name, operator[4:], value, ticket, moment, before, clocks)
    if operator == "is_not":
        return not _positive(name, "is", value, ticket, moment, before, clocks)
    return _positive(name, operator, value, ticket, moment, before, clocks)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _positive(
    name: str,
    operator: str,
    value: str,
    ticket: Ticket,
    moment: _Moment,
    before: Mapping[str, str],
    clocks: Mapping[str, str],
) -> bool:
    if name == "current_tags" and operator == "includes":
        return any(tag in ticket.tags for tag in value.split())
    if name in ("subject_includes_word", "comment_includes_word"):
        said = (ticket.values["subject"] if name.startswith("subject") else ticket.texts[-1]).lower()
        wanted = value.split() if operator == "includes" else [value]
        return any(word.lower() in said for word in wanted)
    if name == "comment_is_public" and operator == "is":
        accepted = {"true": ("public",), "false": ("private",), "not_relevant": ("public", "private")}
        return moment.comment in accepted.get(value, ("public",))
    now = _value(name, ticket, moment, clocks)
    was = before.get(name, "")
    if operator == "is":
        return now == value
    if operator == "changed":
        return now != was
    if operator == "value":
        return now == value and now != was
    if operator == "value_previous":
        return was == value and now != was
    if operator == "present":
        return now != ""
    return _compared(name, operator, value, now)


def _compared(name: str, operator: str, value: str, now: str) -> bool:
    ranks = {"status": STATUS_ORDER, "priority": PRIORITY_ORDER}.get(name)
    left, right = (ranks[now], ranks[value]) if ranks else (float(now), float(value))
    if operator == "less_than":
        return left < right
    if operator == "greater_than":
        return left > right
    if operator == "less_than_equal":
        return left <= right
    if operator == "greater_than_equal":
        return left >= right
    raise Unsupported(f"operator {operator}")


def _value(name: str, ticket: Ticket, moment: _Moment, clocks: Mapping[str, str]) -> str:
    if name in ticket.values:
        return ticket.values[name]
    if f"hours {name}" in clocks:
        return clocks[f"hours {name}"]
    facts = {
        "update_type": moment.event,
        "role": moment.role,
        "requester_role": "0",
        "current_via_id": moment.via,
        "ticket_is_public": "public",
        "requester_id": "current_user" if moment.requester else "somebody",
        "reopens": "0",
        "replies": "0",
    }
    if name in facts:
        return facts[name]
    if name.startswith("custom_fields_"):
        return ""
    raise Unsupported(f"field {name}")
