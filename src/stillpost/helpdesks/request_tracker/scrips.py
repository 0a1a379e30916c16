"""RT's scrips as reactions: when they run, whom they mail, from which template.

Source: RT 5.0.3 (``Action/Notify.pm``, ``Action/Autoreply.pm``, ``Action/SendEmail.pm``), and the running product. ``Notify``
leaves out who acted; ``Autoreply`` does not.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

from stillpost.audit.desk import Audience, Gap, Notice, NoticeKind, Reaction, Sentence, Template
from stillpost.audit.logic import Condition, Relation, Term

CREATED, SECOND, RESOLVED = "created", "second", "resolved"
HEADER = re.compile(r"[^\s:]+:")
NO_SUBJECT = "{$Transaction->Subject}"
"""What RT puts where a template has no Subject: the subject of the mail that came in."""
BROKEN = "the template does not parse, and RT mails nothing then"
_NOTIFY = ("Notify", "NotifyAsComment")
_SILENT = (
    "AutoOpen",
    "AutoOpenInactive",
    "ExtractSubjectTag",
    "SLA_SetStarts",
    "SLA_SetDue",
    "SendForward",
    "CreateTickets",
    "NotifyOwnerOrAdminCc",
)
_WITH_AGENTS = (
    "PriorityChange",
    "OwnerChange",
    "QueueChange",
    "TimeWorkedChange",
    "SLA_RequireStartsSet",
    "SLA_RequireDueSet",
)


@final
@dataclass(slots=True)
class Scrips:
    """The scrips of one snapshot; ``gaps`` collects what could not be understood."""

    resources: Mapping[str, Any]
    notify_actor: bool
    parses: Callable[[str], bool]
    gaps: list[Gap] = field(default_factory=list)

    def reactions(self, queues: Sequence[Mapping[str, Any]]) -> Iterator[Reaction]:
        """One reaction for each scrip, queue and occasion."""
        conditions, actions = self._by_id("scripconditions"), self._by_id("scripactions")
        for scrip in self.rows("scrips"):
            if str(scrip.get("disabled") or "0") != "0":
                continue
            condition = conditions.get(str(scrip.get("scripcondition")))
            action = actions.get(str(scrip.get("scripaction")))
            if condition is None or action is None:
                self._gap(f"scrip {scrip.get('id')} names a condition or an action that was not read")
                continue
            everywhere, places = self._applied(str(scrip.get("id")))
            for queue in queues:
                if everywhere or str(queue.get("id")) in places:
                    yield from self._of(scrip, condition, action, queue)

    def rows(self, table: str) -> list[Mapping[str, Any]]:
        """The rows of a table; none where it was not read."""
        found = self.resources.get(table)
        return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []

    def _by_id(self, table: str) -> dict[str, Mapping[str, Any]]:
        return {str(row.get("id")): row for row in self.rows(table)}

    def _applied(self, ident: str) -> tuple[bool, frozenset[str]]:
        """Whether a scrip is global, and the queues it is applied to."""
        places = {str(row.get("objectid")) for row in self.rows("objectscrips") if str(row.get("scrip")) == ident}
        return "0" in places, frozenset(places)

    def _of(
        self,
        scrip: Mapping[str, Any],
        condition: Mapping[str, Any],
        action: Mapping[str, Any],
        queue: Mapping[str, Any],
    ) -> Iterator[Reaction]:
        template = self.template(str(scrip.get("template")), str(queue.get("id")))
        for occasion, doubt in _occasions(scrip, condition):
            audience = self._audience(scrip, action, occasion)
            if not audience or template is None:
                continue
            here = Term("queue", Relation.IS, (str(queue.get("id")),))
            why = doubt or ("" if self.parses(str(template.get("content") or "")) else BROKEN)
            unsure = (Term("condition", Relation.UNMODELLED, why=why),) if why else ()
            allowed = Term("replies" if occasion == SECOND else "creates", Relation.IS, ("yes",))
            path = f"scrips/{scrip.get('id')}"
            yield Reaction(
                id=f"{path}/{occasion}/{queue.get('id')}",
                title=str(scrip.get("description") or condition.get("name")),
                kind="scrip",
                path=path,
                order=0,
                occasions=frozenset({occasion}),
                when=Condition((here, allowed, *unsure)),
                notices=(_notice(f"{path}/{occasion}/{queue.get('id')}", template, audience, occasion),),
            )

    def template(self, name: str, queue: str) -> Mapping[str, Any] | None:
        """The template of that name: the queue's own, or the global one."""
        rows = [row for row in self.rows("templates") if str(row.get("name")) == name]
        for place in (queue, "0"):
            found = next((row for row in rows if str(row.get("queue")) == place), None)
            if found is not None:
                return found
        return None

    def _audience(self, scrip: Mapping[str, Any], action: Mapping[str, Any], occasion: str) -> tuple[Audience, ...]:
        module = str(action.get("execmodule"))
        words = {word.strip() for word in str(action.get("argument") or "").split(",")}
        if module == "Autoreply":
            return (Audience.REQUESTER,)
        if module not in _NOTIFY:
            if module not in _SILENT:
                self._gap(f"scrip {scrip.get('id')} runs {module}, whose mail nobody taught the audit")
            return ()
        actor = self.notify_actor or "AlwaysNotifyActor" in words
        everybody = "All" in words
        found: list[Audience] = []
        if (everybody or "Requestor" in words) and (actor or occasion != CREATED):
            found.append(Audience.REQUESTER)
        if everybody or "Cc" in words:
            found.append(Audience.COPIES)
        return tuple(found)

    def _gap(self, what: str) -> None:
        how = Sentence("read this scrip by eye")
        self.gaps.append(Gap(id=what, what=Sentence("{what}", {"what": what}), how=how))


def _occasions(scrip: Mapping[str, Any], condition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """When a stranger's mails (or an agent) make the condition hold, and why that is not sure."""
    module, argument = str(condition.get("execmodule")), str(condition.get("argument") or "")
    kinds = {kind.strip() for kind in str(condition.get("applicabletranstypes") or "").split(",")}
    if module == "UserDefined" or scrip.get("customisapplicablecode"):
        for occasion in (CREATED, SECOND):
            yield occasion, "the scrip's condition is code, which the audit does not run"
        return
    if module == "StatusChange":
        if argument == "resolved":
            yield RESOLVED, ""
        return
    if module in _WITH_AGENTS or (module == "ViaInterface" and "Email" not in argument.split(",")):
        return
    doubt = "" if module in ("AnyTransaction", "ViaInterface") else f"nobody taught the audit the condition {module}"
    if kinds & {"Create", "Any"}:
        yield CREATED, doubt
    if kinds & {"Correspond", "Any"}:
        yield SECOND, doubt
    elif "Status" in kinds:
        yield SECOND, "whether a second mail changes the status depends on the ticket"


def parts(content: str) -> tuple[str, str]:
    """The Subject of a template and its text; a template without a Subject gets the mail's own."""
    if not HEADER.match(content):
        return NO_SUBJECT, content.lstrip("\n")
    head, _, body = content.replace("\r\n", "\n").partition("\n\n")
    subjects = [line.partition(":")[2].strip() for line in head.split("\n") if line.casefold().startswith("subject:")]
    return subjects[0] if subjects else NO_SUBJECT, body


def _notice(ident: str, row: Mapping[str, Any], audience: tuple[Audience, ...], occasion: str) -> Notice:
    content = str(row.get("content") or "")
    subject, text = parts(content)
    path = f"templates/{row.get('id')}/content"
    html = "text/html" in content[: len(content) - len(text)].casefold()
    return Notice(
        id=ident,
        kind=NoticeKind.CONFIRMATION if occasion == CREATED else NoticeKind.UPDATE,
        audience=audience,
        subject=Template(f"{path}#subject", subject, syntax="subject"),
        text=Template(f"{path}#text", text, syntax="html" if html else "text"),
        recipient=str(row.get("name")),
        recipient_path=ident.partition("/created")[0],
    )
