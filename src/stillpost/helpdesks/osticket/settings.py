"""osTicket's settings as an audit desk: the web form and mail as ways in, the auto responses as reactions.

Source: facts, section 3.2: measured on osTicket 1.18, else read in its code. No running copy was compared mail by mail,
so no witness is exact. What a form may choose (the topic, and with it the department) a stranger chooses.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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
    Reach,
    Reaction,
    Sentence,
    Template,
    Trigger,
)
from stillpost.audit.exposure import Exposure
from stillpost.audit.logic import Condition, Domain, Relation, Term, Tri
from stillpost.audit.product import Edit, Scene
from stillpost.audit.snapshot import Snapshot
from stillpost.audit.witness import Words, words
from stillpost.helpdesks.marked_text import marked
from stillpost.helpdesks.plain_product import PlainProduct
from stillpost.helpdesks.template_flow import Use
from stillpost.helpdesks.texts import OWN, UNKNOWN, Texts
from stillpost.language import N_

QUESTIONS: Mapping[str, str] = {
    "mail_intake": N_("Does osTicket take mail from an address that anybody may write to?"),
    "api_by_site": N_("Does a site of yours open tickets by the API with addresses that nobody proved?"),
}

CREATED, SECOND, LIMIT, ANSWER, SIGNED_UP = "created", "second", "limit", "answer", "signed-up"
TICKETS = frozenset({CREATED, SECOND, LIMIT, ANSWER})
CARRIED = {"ticket.subject": "subject", "message": "text", "ticket.name": "name", "ticket.email": OWN, "response": OWN}
PREFIXES = (
    ("recipient.name", "name"),
    ("ticket.name", "name"),
    ("ticket.user.name", "name"),
    ("user.name", "name"),
    ("ticket.thread", "text"),
    ("message", "text"),
)
OWN_PREFIXES = (
    "ticket.number",
    "ticket.id",
    "ticket.client_link",
    "ticket.topic",
    "ticket.dept",
    "ticket.status",
    "ticket.create_date",
    "ticket.due_date",
    "ticket.staff",
    "ticket.team",
    "ticket.priority",
    "recipient.ticket_link",
    "recipient.email",
    "recipient.ticket_list",
    "company",
    "signature",
    "url",
    "dept",
    "staff",
    "poster",
)


def meaning(use: Use) -> str:
    """What a placeholder carries; a field of a form of your own is unknown, never the helpdesk's own."""
    path = ".".join(use.path)
    if path in CARRIED:
        return CARRIED[path]
    for prefix, source in PREFIXES:
        if path.startswith(prefix):
            return source
    return OWN if path.startswith(OWN_PREFIXES) else UNKNOWN


@final
@dataclass(frozen=True, slots=True)
class Install:
    """The settings of one installation, as they were read."""

    snapshot: Snapshot

    def on(self, key: str, default: str = "0") -> bool:
        """Whether a core setting is on."""
        return self.value(key, default) not in ("", "0", "off", "no")

    def value(self, key: str, default: str = "") -> str:
        """A core setting."""
        config = self.snapshot.resources.get("config")
        return str(config.get(key, default)) if isinstance(config, Mapping) else default

    def rows(self, table: str) -> list[Mapping[str, Any]]:
        """The rows of a table; none where it was not read."""
        found = self.snapshot.resources.get(table)
        return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []

    def departments(self, column: str) -> frozenset[str]:
        """The departments that answer (``ticket_auto_response`` or ``message_auto_response``)."""
        return frozenset(_ident(row) for row in self.rows("department") if str(row.get(column, "1")) != "0")

    def template(self, code: str) -> Mapping[str, Any] | None:
        """The default set's template; the only one where the default is not known."""
        rows = [row for row in self.rows("email_template") if row.get("code_name") == code]
        default = self.value("default_template_id")
        return next((row for row in rows if str(row.get("tpl_id")) == default), rows[0] if rows else None)


def _ident(row: Mapping[str, Any]) -> str:
    return str(row.get("dept_id") or row.get("id") or "")


def osticket(snapshot: Snapshot, attested: Mapping[str, bool]) -> PlainProduct:
    """Read a snapshot."""
    own = Install(snapshot)
    given = words(" ".join(str(row.get("body")) for row in own.rows("email_template")))
    desk = Desk(
        product="osticket",
        name=snapshot.name,
        channels=tuple(_channels(own, given, attested)),
        occasions=_OCCASIONS,
        reactions=tuple(_reactions(own)),
        facts={"config": Fact(True, Provenance.READ, "config")},
        gaps=tuple(_gaps(snapshot)),
    )
    return PlainProduct(
        name="osticket",
        snapshot=snapshot,
        desk=desk,
        texts=Texts(marked("%", meaning)),
        given=given,
        values=lambda scene: _values(scene, own),
        quiet=_quiet,
        built=lambda changed: osticket(changed, attested),
        fallbacks=("Ticket #%{ticket.number}", "We have your request. Its number is %{ticket.number}."),
    )


_OCCASIONS = (
    Occasion(id=CREATED, trigger=Trigger.REQUEST),
    Occasion(id=SIGNED_UP, trigger=Trigger.REQUEST),
    Occasion(id=LIMIT, trigger=Trigger.SECOND),
    Occasion(id=SECOND, trigger=Trigger.SECOND),
    Occasion(id=ANSWER, trigger=Trigger.ANSWER, doubt="osTicket knows most autoresponders by their headers, not all"),
)


def _channels(own: Install, given: Words, attested: Mapping[str, bool]) -> Iterator[Channel]:
    """The form, mail, a site's API and registration."""
    said = {"subject": Domain(given.subject, open=True), "text": Domain(given.text, open=True)}
    by_form = {**said, "department": _departments(own, _of_topics(own))}
    by_mail = {**said, "department": _departments(own, _of_mailboxes(own))}
    slow = own.on("enable_captcha")
    form = "a captcha slows programs down, not people" if slow else "it takes any address"
    shut = Tri.NO if own.on("clients_only") else Tri.YES
    yield _channel("form", "The web form (open.php)", shut, Provenance.READ, form, by_form)
    mail = attested.get("mail_intake")
    reach = Reach.ANYONE if own.on("accept_unregistered_email", "1") else Reach.CUSTOMERS
    known = Provenance.ASSUMED if mail is None else Provenance.ATTESTED
    taken = Tri.NO if mail is False else Tri.YES
    yield _channel("mail", "Mail with a forged From", taken, known, "mail becomes a ticket", by_mail, reach)
    site = Tri.YES if attested.get("api_by_site") else Tri.NO
    why = "the site passes on any address"
    yield _channel("api", "A site of yours, by the API", site, Provenance.ATTESTED, why, by_form)
    free = Tri.YES if own.value("client_registration") == "public" else Tri.NO
    made = _channel("registration", "Registration", free, Provenance.READ, "anybody may register", said)
    yield replace(made, occasions=frozenset({SIGNED_UP}))


def _channel(
    ident: str,
    title: str,
    opened: Tri,
    known: Provenance,
    why: str,
    values: Mapping[str, Domain],
    reach: Reach = Reach.ANYONE,
) -> Channel:
    return Channel(
        id=ident,
        title=title,
        open=opened,
        provenance=known,
        why=Sentence(why),
        values=values,
        reach=reach,
        occasions=TICKETS,
    )


def _departments(own: Install, reached: frozenset[str]) -> Domain:
    """The departments a stranger can have his ticket put into; the default one where nothing else is said."""
    if {"department", "help_topic", "email"} & own.snapshot.missing.keys():
        return Domain(unknown="the departments, help topics and addresses were not read")
    known = reached or frozenset({own.value("default_dept_id")})
    return Domain(min(known), known)


def _of_topics(own: Install) -> frozenset[str]:
    return frozenset(
        str(topic.get("dept_id") or own.value("default_dept_id"))
        for topic in own.rows("help_topic")
        if str(topic.get("ispublic", "1")) != "0" and str(topic.get("noautoresp", "0")) == "0"
    )


def _of_mailboxes(own: Install) -> frozenset[str]:
    return frozenset(
        str(row.get("dept_id") or own.value("default_dept_id"))
        for row in own.rows("email")
        if str(row.get("noautoresp", "0")) == "0"
    )


_PLANNED = (
    ("ticket.autoresp", "New ticket", "ticket_autoresponder", NoticeKind.CONFIRMATION, CREATED, "ticket_auto_response"),
    ("message.autoresp", "New message", "message_autoresponder", NoticeKind.UPDATE, SECOND, "message_auto_response"),
    ("ticket.overlimit", "Too many tickets", "overlimit_notice_active", NoticeKind.LIMIT, LIMIT, ""),
    ("ticket.autoreply", "Canned answer by a filter", "", NoticeKind.CONFIRMATION, CREATED, ""),
)
"""Template, title, the setting that switches it on, kind, occasion, the department's own switch."""


def _reactions(own: Install) -> Iterator[Reaction]:
    limited = own.value("max_open_tickets") not in ("", "0")
    there = {"ticket.overlimit": limited, "ticket.autoreply": _canned(own)}
    for order, (code, title, setting, kind, occasion, column) in enumerate(_PLANNED):
        row = own.template(code)
        if row is None or not there.get(code, True) or (setting and not own.on(setting)):
            continue
        where = (Term("department", Relation.IS, tuple(sorted(own.departments(column)))),) if column else ()
        path = f"config/{setting}" if setting else "filter_action"
        yield Reaction(
            id=code,
            title=f"{title} ({code})",
            kind="auto response",
            path=path,
            order=order,
            occasions=frozenset({occasion, ANSWER} if occasion == SECOND else {occasion}),
            when=Condition(where),
            notices=(_notice(row, code, kind, path),),
        )
    yield _registration(len(_PLANNED))


def _registration(order: int) -> Reaction:
    path = "config/client_registration"
    notice = Notice(
        id="registration",
        kind=NoticeKind.ACCOUNT,
        audience=(Audience.REQUESTER,),
        subject=None,
        text=Template("content/registration", "(the text of the registration mail is kept in osTicket's pages)"),
        recipient_path=path,
    )
    return Reaction(
        id="registration",
        title="Registration",
        kind="account mail",
        path=path,
        order=order,
        occasions=frozenset({SIGNED_UP}),
        notices=(notice,),
    )


def _canned(own: Install) -> bool:
    """Whether an active filter answers with a canned response; it does even while auto responses are off."""
    active = {str(row.get("id")) for row in own.rows("filter") if str(row.get("isactive", "1")) != "0"}
    actions = own.rows("filter_action")
    return any(row.get("type") == "canned" and str(row.get("filter_id")) in active for row in actions)


def _notice(row: Mapping[str, Any], code: str, kind: NoticeKind, path: str) -> Notice:
    inner = f"email_template/{row.get('id')}"
    return Notice(
        id=code,
        kind=kind,
        audience=(Audience.REQUESTER,),
        subject=Template(f"{inner}/subject", str(row.get("subject") or ""), syntax="subject"),
        text=Template(f"{inner}/body", str(row.get("body") or ""), syntax="html"),
        recipient_path=path,
    )


def _gaps(snapshot: Snapshot) -> Iterator[Gap]:
    for name, why in snapshot.missing.items():
        what = Sentence("{name}: {why}", {"name": name, "why": why})
        yield Gap(id=f"missing:{name}", what=what, how=Sentence("see docs/audit/osticket.md"))


_LOSES: Mapping[str, str] = {
    "ticket_autoresponder": "nobody is told by mail that his ticket is there",
    "message_autoresponder": "nobody is told by mail that his message was added",
    "overlimit_notice_active": "who has too many open tickets is told on the page only",
}


def _quiet(exposure: Exposure) -> Iterator[Edit]:
    path = exposure.reaction.path
    key = path.rpartition("/")[2]
    if key in _LOSES:
        yield Edit(path=path, old="1", new="0", why="it answers addresses that nobody has proven", loses=_LOSES[key])
    elif key == "client_registration":
        why = "anybody can have an activation mail sent to any address"
        yield Edit(path=path, old="public", new="closed", why=why, loses="nobody registers by himself")


def _values(scene: Scene, own: Install) -> dict[str, str]:
    request = scene.request
    company = own.value("helpdesk_title", "Support")
    link = f"{own.value('helpdesk_url', 'https://helpdesk.example.org/').rstrip('/')}/view.php"
    return {
        "ticket.subject": request.subject,
        "message": request.text,
        "ticket.name": request.name,
        "ticket.name.first": request.name,
        "ticket.email": request.email,
        "recipient.name": request.name,
        "recipient.name.first": request.name,
        "recipient.name.full": request.name,
        "user.name": request.name,
        "ticket.number": "100001",
        "ticket.client_link": link,
        "recipient.ticket_link": link,
        "company.name": company,
        "signature": "",
        "url": own.value("helpdesk_url"),
    }
