"""Request Tracker's settings as an audit desk: each queue's mail gateway as a way in, scrips as reactions, and refusals.

Source: facts, section 3.4; the code of RT 5.0.3; and the running product (the end-to-end tests compare the mails). Who has
no right to create or to reply is told so by a mail with his whole mail in it: no setting of RT stops that.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, final

from selectolax.lexbor import LexborHTMLParser

from stillpost.audit.desk import (
    Audience,
    Channel,
    Desk,
    Fact,
    Gap,
    Notice,
    NoticeKind,
    Occasion,
    Provenance,
    Reaction,
    Sentence,
    Template,
    Trigger,
)
from stillpost.audit.exposure import Exposure, Kind
from stillpost.audit.logic import Condition, Domain, Relation, Term, Tri, fixed
from stillpost.audit.product import Aim, Edit, Leak, Product, Rendered, Scene
from stillpost.audit.snapshot import Snapshot, edited, found
from stillpost.audit.witness import Words, words
from stillpost.helpdesks.request_tracker.scrips import CREATED, RESOLVED, SECOND, Scrips, parts
from stillpost.helpdesks.request_tracker.templates import language
from stillpost.helpdesks.texts import Texts
from stillpost.helpdesks.tidying import tidied
from stillpost.language import N_

QUESTIONS: Mapping[str, str] = {"mail_gateway": N_("Is mail from outside handed to rt-mailgate?")}
NUMBER = "1"
REFUSED = """{ $refused }

From: {$Ticket->CreatorObj->RealName} <{$Ticket->RequestorAddresses}>
Subject: {$Ticket->Subject}

{$Transaction->Content}"""
"""A refusal: why, and the whole mail that came."""
_COPYING = "ParseNewMessageForTicketCcs"


@final
@dataclass(frozen=True, slots=True)
class RequestTracker:
    """One snapshot of an RT as a ``Product``. Build it with ``request_tracker()``."""

    snapshot: Snapshot
    desk: Desk
    texts: Texts
    given: Words
    attested: Mapping[str, bool]
    name: str = field(default="request-tracker")

    def leaks(self, template: Template, scene: Scene) -> tuple[Leak, ...]:
        """See ``Product``. Subject and text are parts of one template."""
        del scene
        where = template.path.partition("#")[0]
        return tuple(replace(leak, path=where, via=(where,)) for leak in self.texts.leaks(template))

    def render(self, template: Template, scene: Scene, *, toward: Leak | None = None) -> Rendered:
        """See ``Product``."""
        del toward
        done = self.texts.render(template, _values(scene, self.config("rtname"), self.config("CorrespondAddress")))
        if template.syntax == "subject":
            tag = f"[{self.config('rtname')} #{NUMBER}]"
            flat = " ".join(done.text.split())
            refused = scene.reaction.kind == "refusal"
            return replace(done, text=flat if refused or tag in flat else f"{tag} {flat}".strip())
        if template.syntax == "html":
            text = LexborHTMLParser(done.text).text(separator="\n", strip=True)
            return Rendered(text, False, (*done.why, "RT makes the text of the HTML itself: line breaks differ"))
        return done

    def config(self, name: str) -> str:
        """A setting; empty where it was not read."""
        stored = self.snapshot.resources.get("config")
        return str(stored.get(name) or "") if isinstance(stored, Mapping) else ""

    def remedies(self, left: Sequence[Exposure], aim: Aim, attempt: int) -> tuple[Edit, ...]:
        """See ``Product``."""
        edits: dict[str, Edit] = {}
        for exposure in left if not attempt else ():
            for edit in self._remedy(exposure, aim):
                edits.setdefault(edit.path, edit)
        return tuple(edits.values())

    def _remedy(self, exposure: Exposure, aim: Aim) -> Iterator[Edit]:
        if exposure.reaction.kind == "refusal":
            return
        if exposure.kind is Kind.COPIES:
            loses = "people in copy of a new mail are not told of the ticket"
            why = "one mail makes RT write to everybody in its To and Cc"
            path, old = f"config/{_COPYING}", self.config(_COPYING)
            yield Edit(path=path, old=old, new=None, why=why, loses=loses)
        elif aim is Aim.VOLUME:
            path = f"{exposure.reaction.path}/disabled"
            loses = f"“{exposure.reaction.title}”: nobody gets this mail any more"
            yield Edit(path=path, old="0", new="1", why="it answers addresses that nobody has proven", loses=loses)
        elif exposure.kind is Kind.CONTENT:
            for path in dict.fromkeys(way for leak in exposure.leaks for way in leak.via):
                yield self._cut(path)

    def _cut(self, path: str) -> Edit:
        """Take every stranger's word out of a template; one without a Subject gets a constant one."""
        source = str(found(self.snapshot.resources, path))
        head = source[: len(source) - len(parts(source)[1])].strip("\n")
        lines = [_cut_line(line, self.texts) for line in head.split("\n") if line]
        if not any(line.casefold().startswith("subject:") for line in lines):
            lines.insert(0, "Subject: Your request")
        lines = [line for line in lines if not line.casefold().startswith("rt-attach-message:")]
        body = parts(source)[1]
        left = tidied(body, [(use.start, use.stop) for use in self.texts.leaking(body)])
        bare = LexborHTMLParser(left).text(strip=True) if "<" in left else left
        if not any(char.isalpha() for char in bare):
            left = "There is news about your request; it stands in RT."
        loses = "people read what was written in RT only, no longer in the mail" if "Content" in body else ""
        new = "\n".join(lines) + f"\n\n{left}\n"
        return Edit(path=path, old=source, new=new, why="takes the words out that a stranger types", loses=loses)

    def changed(self, edits: Sequence[Edit]) -> Product:
        """See ``Product``."""
        resources = {**self.snapshot.resources}
        resources["config"] = dict(resources.get("config") or {})
        return request_tracker(replace(self.snapshot, resources=edited(resources, edits)), self.attested)


def _cut_line(line: str, texts: Texts) -> str:
    cut = tidied(line, [(use.start, use.stop) for use in texts.leaking(line)])
    return f"{cut}: Your request" if cut.casefold() == "subject" else cut


def request_tracker(snapshot: Snapshot, attested: Mapping[str, bool]) -> RequestTracker:
    """Read a snapshot."""
    stored = snapshot.resources.get("config")
    config: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
    texts = Texts(language())
    acting = str(config.get("NotifyActor") or "0") != "0"
    scrips = Scrips(snapshot.resources, acting, lambda content: not texts.parsed(content).error)
    given = words(" ".join(str(row.get("content")) for row in scrips.rows("templates")))
    queues = [queue for queue in scrips.rows("queues") if str(queue.get("disabled") or "0") == "0"]
    reactions = [*scrips.reactions(queues), *(_refusal(queue, kind) for queue in queues for kind in _KINDS)]
    gaps = [*scrips.gaps, *_gaps(snapshot, config)]
    desk = Desk(
        product="request-tracker",
        name=snapshot.name,
        channels=tuple(_channel(queue, scrips, config, given, attested) for queue in queues),
        occasions=_OCCASIONS,
        reactions=tuple(replace(reaction, order=order) for order, reaction in enumerate(reactions)),
        facts={"config": Fact("config" not in snapshot.missing, Provenance.READ, "RT_SiteConfig.pm")},
        gaps=tuple({gap.id: gap for gap in gaps}.values()),
    )
    return RequestTracker(snapshot, desk, texts, given, attested)


_OCCASIONS = (
    Occasion(id=CREATED, trigger=Trigger.REQUEST),
    Occasion(id=SECOND, trigger=Trigger.SECOND),
    Occasion(id=RESOLVED, trigger=Trigger.AGENT),
)


def _granted(scrips: Scrips, queue: str, right: str) -> bool:
    """Whether everybody (or everybody without privileges) has a right in a queue."""
    names = ("Everyone", "Unprivileged")
    groups = {str(g.get("id")) for g in scrips.rows("groups") if (g.get("name") or g.get("type")) in names}
    return any(
        str(row.get("principalid")) in groups
        and row.get("rightname") in (right, "SuperUser")
        and (row.get("objecttype") == "RT::System" or (row.get("objecttype") == "RT::Queue" and str(row.get("objectid")) == queue))
        for row in scrips.rows("acl")
    )  # fmt: skip


def _channel(
    queue: Mapping[str, Any], scrips: Scrips, config: Mapping[str, Any], given: Words, attested: Mapping[str, bool]
) -> Channel:
    ident = str(queue.get("id"))
    rights = {right: _granted(scrips, ident, right) for right in ("CreateTicket", "ReplyToTicket")}
    unread = not scrips.rows("groups") or not isinstance(scrips.resources.get("acl"), list)
    gateway = attested.get("mail_gateway")
    copying = str(config.get("ParseNewMessageForTicketCcs") or "0") != "0"
    creates, replies = ("yes" if rights[right] else "no" for right in ("CreateTicket", "ReplyToTicket"))
    unknown = Domain(unknown="who has which right was not read")
    return Channel(
        id=f"mail-{ident}",
        title=f"Mail with a forged From or Reply-To, queue {queue.get('name')}",
        open=Tri.NO if gateway is False else Tri.YES,
        provenance=Provenance.ASSUMED if gateway is None else Provenance.ATTESTED,
        why=Sentence("the mail gateway takes anybody's mail"),
        values={
            "queue": fixed(ident),
            "queue-name": fixed(str(queue.get("name"))),
            "creates": unknown if unread else fixed(creates),
            "replies": unknown if unread else fixed(replies),
            "subject": Domain(given.subject, open=True),
            "text": Domain(given.text, open=True),
        },
        copies=Tri.YES if copying else Tri.NO,
        occasions=frozenset({CREATED, SECOND, RESOLVED} if creates == "yes" or unread else {CREATED}),
    )


_KINDS = ("create tickets", "reply")


def _refusal(queue: Mapping[str, Any], kind: str) -> Reaction:
    ident, second = str(queue.get("id")), kind == "reply"
    terms = [Term("queue", Relation.IS, (ident,))]
    terms += [Term("replies", Relation.IS, ("no",))] if second else [Term("creates", Relation.IS, ("no",))]
    path = f"acl/{ident}/{'ReplyToTicket' if second else 'CreateTicket'}"
    return Reaction(
        id=path,
        title="Permission Denied",
        kind="refusal",
        path=path,
        order=0,
        occasions=frozenset({SECOND if second else CREATED}),
        when=Condition(tuple(terms)),
        notices=(
            Notice(
                id=path,
                kind=NoticeKind.REJECTION,
                audience=(Audience.REQUESTER,),
                subject=Template(f"{path}#subject", "Permission Denied", syntax="subject"),
                text=Template(f"{path}#text", REFUSED, syntax="text"),
                recipient_path=path,
            ),
        ),
    )


def _gaps(snapshot: Snapshot, config: Mapping[str, Any]) -> Iterator[Gap]:
    how = Sentence("see docs/audit/request-tracker.md")
    for name, why in snapshot.missing.items():
        yield Gap(id=f"missing:{name}", what=Sentence("{name}: {why}", {"name": name, "why": why}), how=how)
    if config.get("MailPlugins"):
        what = Sentence("MailPlugins decide who gets in, and are code")
        yield Gap(id="MailPlugins", what=what, how=how)


def _values(scene: Scene, rtname: str, address: str) -> dict[str, object]:
    request = scene.request
    second = scene.occasion.trigger is not Trigger.REQUEST
    queue = str(scene.channel.values["queue-name"].default)
    right = "reply to ticket 1 in queue" if second else "create tickets in queue"
    return {
        "$Ticket->Subject": request.subject,
        "$TicketSubject": request.subject,
        "$Transaction->Subject": request.subject,
        "$Transaction->Content": f"{request.text}\n",
        "$TransactionContent": f"{request.text}\n",
        "$Transaction->CreatorObj->Name": request.email,
        "$Transaction->CreatorObj->RealName": request.name,
        "$Ticket->CreatorObj->RealName": request.name,
        "$Ticket->RequestorAddresses": request.email,
        "$Ticket->SubjectTag": f"[{rtname} #{NUMBER}]",
        "$Ticket->id": NUMBER,
        "$Ticket->Id": NUMBER,
        "$Ticket->Status": "open" if second else "new",
        "$Ticket->OwnerObj->Name": "Nobody",
        "$Ticket->QueueObj->Name": queue,
        "$Ticket->QueueObj->CorrespondAddress": "",
        "$refused": f"{request.email} has no right to {right} {queue}",
        "$rtname": rtname,
        "address": address,
    }
