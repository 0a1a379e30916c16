"""django-helpdesk's settings as an audit desk: queues as ways in, templates as notices.

Source: the code of django-helpdesk 2.6.1, and the running product (the end-to-end tests send every witness's request
and compare the mail). A missing template means that no mail is sent. A mail whose subject names a ticket is an update
of it, whoever sends it, and its text is mailed to the submitter.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, final

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
from stillpost.audit.snapshot import Snapshot, edited
from stillpost.audit.witness import Words, words
from stillpost.helpdesks.django_helpdesk.templates import language
from stillpost.helpdesks.texts import Texts
from stillpost.helpdesks.tidying import speaks, tidied

CREATED, SECOND, ANSWER = "created", "second", "answer"
SUBJECT = "HELPDESK_EMAIL_SUBJECT_TEMPLATE"
DEFAULT_SUBJECT = "{{ ticket.ticket }} {{ ticket.title|safe }} %(subject)s"
DEFAULT_FORM = "helpdesk.forms.PublicTicketForm"
_NO_FOOTER = "the product's own footer follows; its templates were not among what was read"


@final
@dataclass(frozen=True, slots=True)
class DjangoHelpdesk:
    """One snapshot of a django-helpdesk as a ``Product``. Build it with ``django_helpdesk()``."""

    snapshot: Snapshot
    desk: Desk
    texts: Texts
    given: Words
    name: str = field(default="django-helpdesk")

    def leaks(self, template: Template, scene: Scene) -> tuple[Leak, ...]:
        """See ``Product``. A subject is two settings put together: the leak stands where it was written."""
        found = self.texts.leaks(template)
        if scene.occasion.trigger is Trigger.REQUEST and scene.channel.id.startswith("mail"):
            found = tuple(leak for leak in found if leak.placeholder.partition("|")[0].strip() != "comment")
        if template.syntax == "text":
            return found
        return tuple(self._placed(leak, template) for leak in found)

    def _placed(self, leak: Leak, template: Template) -> Leak:
        """A subject is a setting with a template's subject in it, an HTML text has a heading: where the leak stands."""
        row = self._row(template.path)
        inner = "subject" if template.syntax == "subject" else "heading"
        where = f"settings/{SUBJECT}" if template.syntax == "subject" else template.path
        if leak.placeholder and leak.placeholder in str(row.get(inner) or ""):
            where = f"{template.path.rpartition('/')[0]}/{inner}"
        return replace(leak, path=where, via=(where,))

    def _row(self, path: str) -> Mapping[str, Any]:
        ident = path.split("/")[1]
        rows = self.snapshot.resources.get("templates") or ()
        return next((row for row in rows if str(row.get("id")) == ident), {})

    def render(self, template: Template, scene: Scene, *, toward: Leak | None = None) -> Rendered:
        """See ``Product``."""
        del toward
        values = _values(scene)
        done = self.texts.render(template, values)
        if template.syntax != "text":
            flat = done.text.replace("\n", "").replace("\r", "") if template.syntax == "subject" else done.text
            return replace(done, text=flat)
        footers: Mapping[str, str] = self.snapshot.resources.get("footers") or {}
        footer = footers.get(str(scene.channel.values["locale"].default))
        if footer is None:
            return Rendered(done.text, False, (*done.why, _NO_FOOTER))
        last = self.texts.render(Template(template.path, footer), values)
        return Rendered(f"{done.text}\n\n{last.text}", done.exact and last.exact, (*done.why, *last.why))

    def remedies(self, left: Sequence[Exposure], aim: Aim, attempt: int) -> tuple[Edit, ...]:
        """See ``Product``."""
        edits: dict[str, Edit] = {}
        for exposure in left:
            for edit in self._remedy(exposure, aim, rough=attempt > 0):
                edits[edit.path] = edit
        return tuple(edits.values())

    def _remedy(self, exposure: Exposure, aim: Aim, *, rough: bool) -> Iterator[Edit]:
        if exposure.kind is Kind.COPIES:
            yield _quiet_copies(exposure)
        elif exposure.kind is Kind.CONTENT and not (aim is Aim.VOLUME and not rough):
            for path in dict.fromkeys(way for leak in exposure.leaks for way in leak.via):
                yield self._cut(path)
        elif aim is Aim.VOLUME and exposure.notice.text is not None:
            yield self._switched_off(exposure.notice.text.path, exposure.reaction.title)

    def _cut(self, path: str) -> Edit:
        """Take every stranger's word out of one text; a subject keeps the ticket's number, which the product needs."""
        setting = path == f"settings/{SUBJECT}"
        settings: Mapping[str, Any] = self.snapshot.resources.get("settings") or {}
        name = path.rpartition("/")[2]
        old = settings.get(SUBJECT, DEFAULT_SUBJECT) if setting else self._row(path).get(name)
        source = str(old or "")
        uses = self.texts.leaking(source.replace("%(subject)s", "") if setting else source)
        new = tidied(source, [(use.start, use.stop) for use in uses])
        if not setting and not speaks(new):
            plain = "Your ticket has the number {{ ticket.ticket }}."
            new = {"subject": "(Received)", "heading": "Received"}.get(name, plain)
        loses = ""
        if any(use.path == ("comment",) for use in uses):
            loses = "people read what was answered behind the link only, no longer in the mail"
        return Edit(path=path, old=old, new=new, why=_WHY, loses=loses)

    def _switched_off(self, path: str, title: str) -> Edit:
        """A template under another name is a missing one, and a missing one means no mail; renaming brings it back."""
        place = f"{path.rpartition('/')[0]}/template_name"
        old = self._row(path).get("template_name")
        loses = f"“{title}”: nobody gets this mail any more; the page after the form shows the number instead"
        return Edit(path=place, old=old, new=f"{old}-off", why=_VOLUME, loses=loses)

    def changed(self, edits: Sequence[Edit]) -> Product:
        """See ``Product``."""
        resources = dict(self.snapshot.resources)
        resources.setdefault("settings", {})
        return django_helpdesk(replace(self.snapshot, resources=edited(resources, edits)))


_WHY = "takes the words out that a stranger types"
_VOLUME = "this notice answers addresses that nobody has proven"


def _quiet_copies(exposure: Exposure) -> Edit:
    queue = exposure.reaction.path
    return Edit(
        path=f"{queue}/enable_notifications_on_email_events",
        old=True,
        new=False,
        why="one mail makes the queue write to everybody in its To and Cc",
        loses="people in copy of a ticket are no longer told of it by mail",
    )


def django_helpdesk(snapshot: Snapshot) -> DjangoHelpdesk:
    """Read a snapshot."""
    resources = snapshot.resources
    rows = [row for row in resources.get("templates") or () if isinstance(row, Mapping)]
    given = words(" ".join(str(row.get(part) or "") for row in rows for part in ("subject", "plain_text", "html")))
    stored = resources.get("settings")
    settings: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
    known = Provenance.ASSUMED if "settings" in snapshot.missing else Provenance.READ
    queues = [queue for queue in resources.get("queues") or () if isinstance(queue, Mapping) and queue.get("slug")]
    shelf = _Shelf(rows, settings)
    reactions: list[Reaction] = []
    channels: list[Channel] = []
    for queue in queues:
        channels += _channels(queue, queues, settings, known, given, resources.get("ignored") or ())
        reactions += _reactions(queue, shelf, len(reactions))
    desk = Desk(
        product="django-helpdesk",
        name=snapshot.name,
        channels=tuple(channels),
        occasions=_OCCASIONS,
        reactions=tuple(reactions),
        facts={"settings": Fact("settings" not in snapshot.missing, known, "settings")},
        gaps=tuple(_gaps(snapshot)),
    )
    return DjangoHelpdesk(snapshot, desk, Texts(language()), given)


_OCCASIONS = (
    Occasion(id=CREATED, trigger=Trigger.REQUEST),
    Occasion(id=SECOND, trigger=Trigger.SECOND),
    Occasion(
        id=ANSWER,
        trigger=Trigger.ANSWER,
        doubt="django-helpdesk knows an autoresponder by Auto-Submitted or X-Auto-Response-Suppress only",
    ),
)


@final
@dataclass(frozen=True, slots=True)
class _Shelf:
    """The templates, found as the product finds them: by name in the queue's locale, else without a locale."""

    rows: Sequence[Mapping[str, Any]]
    settings: Mapping[str, Any]

    def locale(self, queue: Mapping[str, Any]) -> str:
        return str(queue.get("locale") or self.settings.get("HELPDESK_EMAIL_FALLBACK_LOCALE") or "en")

    def notice(
        self, queue: Mapping[str, Any], name: str, kind: NoticeKind, audience: Audience, ident: str
    ) -> Notice | None:
        row = self._row(name, self.locale(queue)) or self._row(name, None)
        if row is None:
            return None
        path = f"templates/{row['id']}"
        subject = str(self.settings.get(SUBJECT, DEFAULT_SUBJECT))
        whole = subject.replace("%(subject)s", str(row.get("subject") or ""))
        html = f"{row.get('heading') or ''}\n{row.get('html') or ''}"
        return Notice(
            id=ident,
            kind=kind,
            audience=(audience,),
            subject=Template(f"{path}/line", whole, syntax="subject"),
            text=Template(f"{path}/plain_text", str(row.get("plain_text") or ""), syntax="text"),
            html=Template(f"{path}/html", html, syntax="html"),
            recipient=name,
            recipient_path=f"queues/{queue['id']}",
        )

    def _row(self, name: str, locale: str | None) -> Mapping[str, Any] | None:
        for row in self.rows:
            if str(row.get("template_name", "")).casefold() == name and (row.get("locale") or None) == locale:
                return row
        return None


def _reactions(queue: Mapping[str, Any], shelf: _Shelf, order: int) -> Iterator[Reaction]:
    """What a queue mails: the confirmation, the update, and the same to people in copy where that is on."""
    base = f"queues/{queue['id']}"
    here = Term("queue", Relation.IS, (str(queue["slug"]),))
    copying = queue.get("enable_notifications_on_email_events") is True
    planned = (
        ("new ticket", "newticket_submitter", Audience.REQUESTER, NoticeKind.CONFIRMATION, {CREATED}, ()),
        ("update", "updated_submitter", Audience.REQUESTER, NoticeKind.UPDATE, {SECOND, ANSWER}, ()),
        ("new ticket, copies", "newticket_cc", Audience.COPIES, NoticeKind.CONFIRMATION, {CREATED}, ("mail",)),
        ("update, copies", "updated_cc", Audience.COPIES, NoticeKind.UPDATE, {SECOND}, ("mail",)),
    )
    for place, (title, template, audience, kind, occasions, ways) in enumerate(planned):
        if audience is Audience.COPIES and not copying:
            continue
        notice = shelf.notice(queue, template, kind, audience, f"{base}/{template}")
        if notice is None:
            continue
        by = (Term("by", Relation.IS, ways),) if ways else ()
        yield Reaction(
            id=f"{base}/{template}",
            title=f"{queue.get('title') or queue['slug']}: {title} ({template})",
            kind="queue",
            path=base,
            order=order + place,
            occasions=frozenset(occasions),
            when=Condition((here, *by)),
            notices=(notice,),
        )


def _channels(
    queue: Mapping[str, Any],
    queues: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    known: Provenance,
    given: Words,
    ignored: Sequence[Any],
) -> Iterator[Channel]:
    """The queue's form and mailbox."""
    slug = str(queue["slug"])
    fetched = [q for q in queues if q.get("allow_email_submission") is True and q.get("email_box_type")]
    update_only = settings.get("QUEUE_EMAIL_BOX_UPDATE_ONLY") is True
    values = {
        "queue": fixed(slug),
        "locale": fixed(str(queue.get("locale") or settings.get("HELPDESK_EMAIL_FALLBACK_LOCALE") or "en")),
        "address": fixed(str(queue.get("email_address") or "")),
        "title": fixed(str(queue.get("title") or slug)),
        "subject": Domain(given.subject, open=True),
        "text": Domain(given.text, open=True),
    }
    silent = _all_ignored(ignored, queue)
    written = fetched and queue.get("email_box_type") and not silent
    later = frozenset({SECOND, ANSWER}) if written else frozenset()
    form, why = _form_open(queue, settings)
    yield Channel(
        id=f"form-{slug}",
        title=f"The public form, queue {slug}",
        open=form,
        provenance=known,
        why=Sentence(why),
        values={**values, "by": fixed("form")},
        occasions=frozenset({CREATED}) | later,
    )
    takes = queue in fetched and not update_only and not silent
    yield Channel(
        id=f"mail-{slug}",
        title=f"Mail with a forged From, queue {slug}",
        open=Tri.YES if takes else Tri.NO,
        provenance=known,
        why=Sentence("the mailbox of this queue takes anybody's mail"),
        values={**values, "by": fixed("mail")},
        copies=Tri.YES if queue.get("enable_notifications_on_email_events") is True else Tri.NO,
        occasions=frozenset({CREATED}) | later,
    )


def _form_open(queue: Mapping[str, Any], settings: Mapping[str, Any]) -> tuple[Tri, str]:
    if queue.get("allow_public_submission") is not True or settings.get("HELPDESK_SUBMIT_A_TICKET_PUBLIC") is False:
        return Tri.NO, "the form is closed"
    only = settings.get("HELPDESK_PUBLIC_TICKET_QUEUE")
    if only is not None and only != queue.get("slug"):
        return Tri.NO, "the form serves another queue"
    if settings.get("HELPDESK_PUBLIC_TICKET_FORM_CLASS", DEFAULT_FORM) != DEFAULT_FORM:
        return Tri.PERHAPS, "what a form class of your own asks for is code, which the audit does not run"
    if settings.get("HELPDESK_PUBLIC_VIEW_PROTECTOR"):
        return Tri.PERHAPS, "whom HELPDESK_PUBLIC_VIEW_PROTECTOR lets in is code, which the audit does not run"
    return Tri.YES, "the form takes any address"


def _all_ignored(ignored: Sequence[Any], queue: Mapping[str, Any]) -> bool:
    """Whether an entry ignores every sender, in this queue or in all of them."""
    for entry in ignored:
        if isinstance(entry, Mapping) and entry.get("email_address") == "*@*":
            only = entry.get("queues") or ()
            if not only or queue["id"] in only:
                return True
    return False


def _gaps(snapshot: Snapshot) -> Iterator[Gap]:
    for name, why in snapshot.missing.items():
        yield Gap(
            id=f"missing:{name}",
            what=Sentence("{name}: {why}", {"name": name, "why": why}),
            how=Sentence("see docs/audit/django-helpdesk.md"),
        )


def _values(scene: Scene) -> dict[str, Any]:
    """The context that django-helpdesk gives its templates; numbers, links and dates are the moment's."""
    request, channel = scene.request, scene.channel
    slug = str(channel.values["queue"].default)
    ticket = {
        "title": request.subject,
        "description": request.text,
        "submitter_email": request.email,
        "ticket": f"[{slug}-1]",
        "ticket_for_url": f"{slug}-1",
        "ticket_url": f"http://helpdesk.example.org/view/?ticket={slug}-1",
        "staff_url": "http://helpdesk.example.org/tickets/1/",
        "status": 1,
        "get_status": "Open",
        "get_status_display": "Open",
        "priority": 3,
        "get_priority_display": "3. Normal",
        "assigned_to": "Unassigned",
        "created": "",
        "modified": "",
    }
    queue = {
        "title": str(channel.values["title"].default),
        "slug": slug,
        "email_address": str(channel.values["address"].default),
        "locale": str(channel.values["locale"].default),
    }
    ticket["queue"] = queue
    values: dict[str, Any] = {"ticket": ticket, "queue": queue}
    if scene.occasion.trigger is not Trigger.REQUEST:
        values["comment"] = f"{request.text}\n"  # a mail's text ends with its last line's end
    elif channel.values["by"].default == "form":
        values["comment"] = request.text
    return values
