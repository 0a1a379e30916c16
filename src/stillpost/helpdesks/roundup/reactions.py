"""What Roundup does by itself: refuses, copies, passes on, confirms; each with the setting that makes it do so.

Source: the code of Roundup 2.6.0; see ``mails`` for the words.
"""

from collections.abc import Iterator

from stillpost.audit.desk import Audience, Notice, NoticeKind, Reaction, Template
from stillpost.audit.logic import Condition, Relation, Term, Tri
from stillpost.helpdesks.roundup import mails
from stillpost.helpdesks.roundup.gateway import (
    AS_ANONYMOUS,
    CREATED,
    ECHOED,
    NO_ACCESS,
    NO_CREATE,
    NO_MESSAGE,
    SECOND,
    TAKEN,
    UNREGISTERED,
    Tracker,
)

_HELP = Term("subject", Relation.IS, ("help",))
_NO_HELP = Term("subject", Relation.IS, ("help",), negated=True)
_REFUSALS = {
    UNREGISTERED: mails.UNREGISTERED,
    NO_ACCESS: mails.NO_ACCESS,
    NO_CREATE: mails.NO_CREATE,
    NO_MESSAGE: mails.NO_MESSAGE,
}
_BY_MAIL = Term("by", Relation.IS, ("mail",))


def reactions(own: Tracker) -> Iterator[Reaction]:
    """Every reaction of a tracker with these settings."""
    for order, reaction in enumerate(_all(own)):
        yield Reaction(
            id=reaction.id,
            title=reaction.title,
            kind=reaction.kind,
            path=reaction.path,
            order=order,
            occasions=reaction.occasions,
            when=reaction.when,
            notices=reaction.notices,
        )


def _all(own: Tracker) -> Iterator[Reaction]:
    if own.value("main", "error_messages_to").casefold() != "dispatcher":
        yield from _refusals()
    yield from _registration(own)
    if own.detectors.get("nosyreaction.py") is not None and own.reads is not Tri.NO:
        yield from _passing_on(own)


def _gateway(*outcomes: str) -> Term:
    return Term("gateway", Relation.IS, outcomes)


def _reaction(
    ident: str, title: str, path: str, occasions: set[str], terms: tuple[Term, ...], notice: Notice
) -> Reaction:
    return Reaction(
        id=ident, title=title, kind="setting", path=path, order=0, occasions=frozenset(occasions),
        when=Condition(terms), notices=(notice,),
    )  # fmt: skip


def _notice(
    path: str,
    name: str,
    kind: NoticeKind,
    subject: str,
    text: str,
    audience: tuple[Audience, ...] = (Audience.REQUESTER,),
) -> Notice:
    return Notice(
        id=f"{path}/{name}",
        kind=kind,
        audience=audience,
        subject=Template(f"{path}#{name}-subject", subject),
        text=Template(f"{path}#{name}-text", text),
        recipient_path=path,
    )


def _refusals() -> Iterator[Reaction]:
    """A mail the gateway does not take, or a call for help, goes back whole."""
    path = "config/main/error_messages_to"
    for outcome, text in _REFUSALS.items():
        name = f"refusal-{outcome}"
        notice = _notice(path, name, NoticeKind.REJECTION, mails.REFUSED_SUBJECT, text + mails.RETURNED)
        terms = (_BY_MAIL, _gateway(outcome), _NO_HELP)
        yield _reaction(f"{path}/{name}", "Refused mail", path, {CREATED, ECHOED}, terms, notice)
    name = "refusal-no-edit"
    notice = _notice(path, name, NoticeKind.REJECTION, mails.REFUSED_SUBJECT, mails.NO_EDIT + mails.RETURNED)
    there = (_BY_MAIL, _gateway(TAKEN, AS_ANONYMOUS), Term("edits", Relation.IS, ("no",)), _NO_HELP)
    yield _reaction(f"{path}/{name}", "Refused mail to an issue that is there", path, {SECOND}, there, notice)
    notice = _notice(path, "refusal-help", NoticeKind.REJECTION, mails.HELP_SUBJECT, mails.HELP + mails.RETURNED)
    title = "Mail that asks for help (or names what is not there)"
    yield _reaction(f"{path}/refusal-help", title, path, {CREATED}, (_BY_MAIL, _HELP), notice)


def _registration(own: Tracker) -> Iterator[Reaction]:
    path = "permissions/anonymous/Register user"
    by_mail = own.flag("main", "email_registration_confirmation")
    subject = "Complete your registration to {{ tracker.name }}" + (" -- key KEY" if by_mail else "")
    text = mails.REGISTER_BY_MAIL if by_mail else mails.REGISTER_BY_WEB
    notice = _notice(path, "registration", NoticeKind.ACCOUNT, subject, text)
    yield _reaction(f"{path}/registration", "Registration", path, {CREATED}, (_gateway("registration"),), notice)
    path = "permissions/anonymous/Web Access"
    subject = "Confirm reset of password for {{ tracker.name }}"
    notice = _notice(path, "reset", NoticeKind.ACCOUNT, subject, mails.RESET)
    yield _reaction(f"{path}/reset", "Password reset", path, {CREATED}, (_gateway("reset"),), notice)


def _passing_on(own: Tracker) -> Iterator[Reaction]:
    """What the stock detector nosyreaction mails: to the author, to the list, to whom the web form named."""
    to_author = own.value("nosy", "messages_to_author").casefold()
    path = "config/nosy/messages_to_author"
    taken = (_BY_MAIL, _gateway(TAKEN), _NO_HELP)
    if to_author in ("yes", "new") or (to_author == "nosy" and own.adds_author):
        notice = _notice(
            path, "copy", NoticeKind.CONFIRMATION, mails.COPY_SUBJECT, _text(own, mails.NEW, mails.CREATE_NOTE)
        )
        yield _reaction(f"{path}/copy", "A copy of every new message to its author", path, {CREATED}, taken, notice)
    yield from _updates(own, to_author, taken)
    path = "permissions/anonymous/Create issue"
    either = (Audience.REQUESTER, Audience.COPIES)
    web = Term("by", Relation.IS, ("account", "anonymous"))
    text = _text(own, mails.NEW, mails.CREATE_NOTE)
    notice = _notice(path, "list", NoticeKind.UPDATE, mails.COPY_SUBJECT, text, either)
    yield _reaction(f"{path}/list", "New issues to the list their maker chose", path, {CREATED}, (web,), notice)


def _updates(own: Tracker, to_author: str, taken: tuple[Term, ...]) -> Iterator[Reaction]:
    """What is added to an issue goes to its list; the list holds who made it, and who stood in copy."""
    listed = own.adds_author and own.updates is not Tri.NO
    again = to_author == "yes" or (to_author == "nosy" and own.adds_author)
    audience = (Audience.REQUESTER,) if listed or again else ()
    if own.adds_recipients:
        audience = (*audience, Audience.COPIES)
    if not audience:
        return
    path = "config/nosy/add_author" if listed else "config/nosy/messages_to_author"
    if Audience.REQUESTER not in audience:
        path = "config/nosy/add_recipients"
    status = "\n----------\nstatus: unread -> chatting" if own.sets_status else ""
    notice = _notice(path, "update", NoticeKind.UPDATE, mails.COPY_SUBJECT, _text(own, mails.ADDED, status), audience)
    occasions = {SECOND, ECHOED} if again else {SECOND}
    yield _reaction(f"{path}/update", "What is added to an issue, to its list", path, occasions, taken, notice)


def _text(own: Tracker, opening: str, note: str) -> str:
    """A message as Roundup passes it on: signature above or below, who wrote it, the words, what changed."""
    position = own.value("nosy", "signature_position").casefold()
    sign = "\n{{ tracker.signature }}"
    head = f"\n{sign.strip()}\n" if position == "top" else "\n"
    author = opening if own.flag("mail", "add_authorinfo") else ""
    tail = sign if position == "bottom" else ""
    note = f"\n{note}" if note else ""
    return f"{head}{author}{{{{ request.text }}}}{note}{tail}"
