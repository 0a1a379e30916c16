"""Roundup's settings as an audit desk: the mail gateway, registration and the web form as ways in.

Source: the code of Roundup 2.6.0, and the running product (the end-to-end tests compare every mail). Three things mail
strangers: a refused mail is sent back whole to the From it names; an accepted one makes that From an account, which is
mailed what others add; registration mails a key. Those who are on an issue's list already are its participants, not
strangers, and are not judged.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import final

from stillpost.audit.desk import Desk, Fact, Gap, Occasion, Provenance, Sentence, Template, Trigger
from stillpost.audit.exposure import Exposure, Kind
from stillpost.audit.product import Aim, Edit, Leak, Product, Rendered, Scene
from stillpost.audit.snapshot import Snapshot, edited
from stillpost.audit.witness import OWN, Words, words
from stillpost.helpdesks.roundup.gateway import CREATED, ECHOED, SECOND, Tracker, channels, tracker
from stillpost.helpdesks.roundup.mails import INVITATION, language, signature
from stillpost.helpdesks.roundup.reactions import reactions
from stillpost.helpdesks.roundup.reading import KEPT
from stillpost.helpdesks.texts import Texts
from stillpost.language import N_

QUESTIONS: Mapping[str, str] = {"mail_gateway": N_("Is mail from outside handed to roundup-mailgw?")}
"""What ``--attest`` asks: whether the gateway runs stands in the mail server, not in the tracker."""

KEY = "the key in it is made at the moment"


@final
@dataclass(frozen=True, slots=True)
class Roundup:
    """One snapshot of a Roundup tracker as a ``Product``. Build it with ``roundup()``."""

    snapshot: Snapshot
    desk: Desk
    texts: Texts
    given: Words
    tracker: Tracker
    attested: Mapping[str, bool]
    name: str = field(default="roundup")

    def leaks(self, template: Template, scene: Scene) -> tuple[Leak, ...]:
        """See ``Product``. The words stand in Roundup's code: what is shown is the setting that sends them."""
        del scene
        where = template.path.partition("#")[0]
        return tuple(replace(leak, path=where, line=0, via=(where,)) for leak in self.texts.leaks(template))

    def render(self, template: Template, scene: Scene, *, toward: Leak | None = None) -> Rendered:
        """See ``Product``."""
        del toward
        own = self.tracker
        done = self.texts.render(template, _values(own, scene))
        why = [*done.why]
        if "KEY" in template.source:
            why.append(KEY)
        if own.language not in ("", "en"):
            why.append(f"Roundup writes its own words in {own.language!r}")
        if template.source.startswith("\n\n\nMail Gateway Help"):
            why.append("Roundup's own help text stands before the mail that is sent back")
        if not own.classic_issue:
            why.append("the list of values below depends on the classes of this tracker")
        return Rendered(done.text, not why, tuple(why))

    def remedies(self, left: Sequence[Exposure], aim: Aim, attempt: int) -> tuple[Edit, ...]:
        """See ``Product``."""
        if attempt:
            return ()
        edits: dict[str, Edit] = {}
        for exposure in left:
            for edit in self._remedy(exposure):
                edits.setdefault(edit.path, edit)
        return tuple(edits.values())

    def _remedy(self, exposure: Exposure) -> Iterator[Edit]:
        name = exposure.reaction.id.rpartition("/")[2]
        if name.startswith("refusal"):
            yield self._set("main", "error_messages_to", "dispatcher", _REFUSAL, _NOT_TOLD)
        elif name == "copy":
            yield self._set("nosy", "messages_to_author", "no", _COPY, "writers get no copy of what they wrote")
        elif name == "registration":
            yield self._revoked("anonymous", "Register user", _REGISTRATION, _NO_REGISTRATION)
        elif name == "update":
            yield self._set("nosy", "messages_to_author", "no", _COPY, "")
            copies = exposure.kind is Kind.COPIES
            yield self._set("nosy", "add_recipients" if copies else "add_author", "no", _UPDATE, _NO_UPDATES)
        elif name == "list":
            for channel in exposure.channels:
                if channel == "web-account":
                    yield self._revoked("anonymous", "Register user", _REGISTRATION, _NO_REGISTRATION)
                else:
                    yield self._revoked("anonymous", "Create issue", _LIST, "only people with an account make issues")

    def _set(self, section: str, key: str, new: str, why: str, loses: str) -> Edit:
        old = self.tracker.value(section, key)
        same = old == new
        return Edit(path=f"config/{section}/{key}", old=old, new=new, why=why, loses="" if same else loses)

    @staticmethod
    def _revoked(role: str, permission: str, why: str, loses: str) -> Edit:
        return Edit(path=f"permissions/{role}/{permission}", old=True, new=None, why=why, loses=loses)

    def changed(self, edits: Sequence[Edit]) -> Product:
        """See ``Product``."""
        own = self.tracker
        config = {section: dict(own.config.get(section, {})) for section in KEPT}
        whole = {**self.snapshot.resources, "config": config, "permissions": dict(own.grants)}
        return roundup(replace(self.snapshot, resources=edited(whole, edits)), self.attested)


_REFUSAL = "a refused mail is sent back, whole, to whoever it says it is from"
_NOT_TOLD = "people whose mail was refused are not told; the dispatcher is"
_COPY = "a mail is sent back to whoever it says it is from"
_UPDATE = "a mail puts whoever it names on the list of people who are mailed everything that follows"
_NO_UPDATES = "people who write, or stand in copy, hear of answers only if somebody puts them on the issue's list"
_REGISTRATION = "registration mails any address, with the user name that was typed"
_NO_REGISTRATION = "nobody registers by himself; make accounts, or have the address proven first"
_LIST = "anybody who makes an issue chooses who is on its list, and all of them are mailed"


def roundup(snapshot: Snapshot, attested: Mapping[str, bool]) -> Roundup:
    """Read a snapshot."""
    own = tracker(snapshot.resources, attested)
    given = words(f"{own.value('tracker', 'name')} {own.web}")
    known = Provenance.UNKNOWN if "permissions" in snapshot.missing else Provenance.READ
    desk = Desk(
        product="roundup",
        name=snapshot.name,
        channels=tuple(channels(own, given, known)),
        occasions=_OCCASIONS,
        reactions=tuple(reactions(own)),
        facts={
            "permissions": Fact("permissions" not in snapshot.missing, known, "schema.py"),
            "registration_delay": Fact(own.value("web", "registration_delay") != "0", Provenance.READ, "config/web"),
        },
        gaps=tuple(_gaps(snapshot)),
    )
    return Roundup(snapshot, desk, Texts(language()), given, own, attested)


_OCCASIONS = (
    Occasion(id=CREATED, trigger=Trigger.REQUEST),
    Occasion(id=SECOND, trigger=Trigger.SECOND),
    Occasion(
        id=ECHOED,
        trigger=Trigger.ANSWER,
        doubt="Roundup knows an autoresponder by Auto-Submitted or Precedence: bulk only",
    ),
)


def _gaps(snapshot: Snapshot) -> Iterator[Gap]:
    how = Sentence("see docs/audit/roundup.md")
    for name, why in snapshot.missing.items():
        yield Gap(id=f"missing:{name}", what=Sentence("{name}: {why}", {"name": name, "why": why}), how=how)
    told = {"own": "detectors/{name} is your own code and may send mail", "changed": "detectors/{name} was changed"}
    for name, state in (snapshot.resources.get("detectors") or {}).items():
        if state in told:
            text = told[state]
            yield Gap(id=f"detector:{name}", what=Sentence(text, {"name": name}), how=Sentence("read it by eye"))


def _values(own: Tracker, scene: Scene) -> dict[str, object]:
    """What Roundup puts into its mails. In an update the writer is somebody else, who chose his name."""
    request = scene.request
    by = scene.channel.values["by"].default
    second = scene.occasion.trigger is not Trigger.REQUEST
    author, address = request.name, request.email
    if by == "anonymous":
        author, address = "anonymous", ""
    elif by == "account" or (second and own.adds_author):
        address = OWN
    shown = f" <{address}>" if address and own.flag("mail", "add_authoremail") else ""
    login = request.email.partition("@")[0]
    listed = [login] if own.adds_author and by == "mail" else []
    listed += [copy.partition("@")[0] for copy in request.cc] if own.adds_recipients else []
    nosy = f"nosy: {', '.join(sorted(listed))}\n" if listed else ""
    page = f"{own.web}{own.klass}1"
    return {
        "request": {"name": author, "subject": request.subject, "text": request.text, "email": request.email},
        "author": {"name": author, "address": shown},
        "note": {"nosy": nosy, "status": "status: unread\n" if own.sets_status else ""},
        "known": {"username": login},
        "tracker": {
            "name": own.value("tracker", "name"),
            "email": own.email,
            "web": own.web,
            "class": own.klass,
            "invitation": INVITATION.format(web=own.web) if own.invites else "",
            "signature": signature(own.value("tracker", "name"), own.email, page),
        },
    }
