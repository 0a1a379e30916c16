"""Who gets in: what Roundup's mail gateway, registration and web form do with a stranger, by the roles' permissions.

Source: ``mailgw.get_author_id``, ``check_permissions`` and ``create_msg`` of Roundup 2.6.0.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

from stillpost.audit.desk import Channel, Provenance, Reach, Sentence
from stillpost.audit.logic import Domain, Tri, fixed
from stillpost.audit.witness import Words
from stillpost.helpdesks.roundup.reading import KEPT

CREATED, SECOND, ECHOED = "created", "second", "answer"
ALL = frozenset({CREATED, SECOND, ECHOED})
KNOWN_PROPERTIES = frozenset({"assignedto", "keyword", "priority", "status"})

TAKEN, AS_ANONYMOUS, UNREGISTERED, NO_ACCESS, NO_CREATE, NO_MESSAGE = (
    "taken",
    "as-anonymous",
    "unregistered",
    "no-access",
    "no-create",
    "no-message",
)
"""What the gateway does with a mail: takes it as its sender's, as anonymous's, or refuses it (in three ways)."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker:
    """A tracker's settings, with Roundup's defaults where a key is missing."""

    config: Mapping[str, Mapping[str, str]]
    grants: Mapping[str, Mapping[str, bool | None]]
    detectors: Mapping[str, str]
    properties: frozenset[str]
    gateway: bool | None

    def value(self, section: str, key: str) -> str:
        """A setting of ``config.ini``."""
        return str(self.config.get(section, {}).get(key, KEPT[section][key]))

    def flag(self, section: str, key: str) -> bool:
        """A yes-or-no setting; Roundup takes yes, true, on and 1."""
        return self.value(section, key).casefold() in ("yes", "true", "on", "1")

    def may(self, roles: str, permission: str, klass: str = "") -> Tri:
        """Whether one of the roles (comma-separated) is granted it; for some items only is perhaps."""
        best = Tri.NO
        for role in roles.casefold().split(","):
            granted = self.grants.get(role.strip(), {})
            for name in (permission, f"{permission} {klass}".strip()):
                whole = granted.get(name)
                best = max(best, Tri.NO if whole is None else Tri.YES if whole else Tri.PERHAPS)
        return best

    @property
    def klass(self) -> str:
        """The class that mail makes."""
        return self.value("mailgw", "default_class")

    @property
    def web(self) -> str:
        """The tracker's address, with a slash at its end."""
        web = self.value("tracker", "web")
        return web if web.endswith("/") else f"{web}/"

    @property
    def email(self) -> str:
        """The tracker's mail address."""
        email = self.value("tracker", "email")
        return email if "@" in email else f"{email}@{self.value('mail', 'domain')}"

    @property
    def language(self) -> str:
        """The language of the gateway's own words; empty where its surroundings decide."""
        return self.value("mailgw", "language") or self.value("tracker", "language")

    @property
    def adds_author(self) -> bool:
        """Whether who makes an issue is put on its list."""
        return self.value("nosy", "add_author").casefold() in ("new", "yes")

    @property
    def adds_recipients(self) -> bool:
        """Whether those in To and Cc are put on the list."""
        return self.value("nosy", "add_recipients").casefold() in ("new", "yes")

    @property
    def sets_status(self) -> bool:
        """Whether the stock detector gives issues their first status."""
        return self.detectors.get("statusauditor.py") == "stock" and "status" in self.properties

    @property
    def classic_issue(self) -> bool:
        """Whether an issue's own properties are those of the classic template, which are empty at first."""
        return self.properties <= KNOWN_PROPERTIES

    @property
    def registers(self) -> Tri:
        """Whether anybody may register by the web."""
        return min(self.may("anonymous", "Web Access"), self.may("anonymous", "Register", "user"))

    @property
    def invites(self) -> bool:
        """Whether the refusal says where to register."""
        return self.registers is not Tri.NO

    def of_stranger(self) -> str:
        """What the gateway does with a mail from an address nobody has registered."""
        if self.may("anonymous", "Email Access") is Tri.NO:
            return UNREGISTERED
        if self.may("anonymous", "Register", "user") is Tri.NO:
            return self._judged("anonymous", AS_ANONYMOUS)
        return self.of_role(self.value("main", "new_email_user_roles"))

    def of_role(self, roles: str) -> str:
        """What the gateway does with a mail from somebody with these roles."""
        if self.may(roles, "Email Access") is Tri.NO:
            return NO_ACCESS
        return self._judged(roles, TAKEN)

    def _judged(self, roles: str, otherwise: str) -> str:
        if self.may(roles, "Create", self.klass) is Tri.NO:
            return NO_CREATE
        return NO_MESSAGE if self.may(roles, "Create", "msg") is Tri.NO else otherwise

    @property
    def reads(self) -> Tri:
        """Whether people are shown messages: Roundup mails nobody what he may not see."""
        return self.may(self.value("main", "new_email_user_roles"), "View", "msg")

    @property
    def updates(self) -> Tri:
        """Whether somebody else than its maker can add to an issue by mail."""
        roles = self.value("main", "new_web_user_roles")
        return min(self.may(roles, "Email Access"), self.may(roles, "Edit", self.klass))


def tracker(resources: Mapping[str, Any], attested: Mapping[str, bool]) -> Tracker:
    """The settings of a snapshot; what has another shape counts as not there."""
    config = resources.get("config")
    grants = resources.get("permissions")
    detectors = resources.get("detectors")
    return Tracker(
        config={k: v for k, v in config.items() if isinstance(v, dict)} if isinstance(config, dict) else {},
        grants={k: v for k, v in grants.items() if isinstance(v, dict)} if isinstance(grants, dict) else {},
        detectors=detectors if isinstance(detectors, dict) else {},
        properties=frozenset(map(str, resources.get("issue") or ())),
        gateway=attested.get("mail_gateway"),
    )


def channels(own: Tracker, given: Words, known: Provenance) -> Iterator[Channel]:
    """The mail gateway for strangers and for known people, registration, password reset and the web form."""
    doubt = known is Provenance.UNKNOWN
    said = {"subject": Domain(given.subject, open=True), "text": Domain(given.text, open=True)}

    def channel(ident: str, title: str, opened: Tri, why: str, by: str, gateway: str, **more: Any) -> Channel:
        new = "new_email_user_roles" if ident == "mail" else "new_web_user_roles"
        writer = "anonymous" if gateway == AS_ANONYMOUS else own.value("main", new)
        edits = fixed("no" if own.may(writer, "Edit", own.klass) is Tri.NO else "yes")
        values = {**said, "by": fixed(by), "gateway": fixed(gateway), "edits": edits}
        if doubt and opened is not Tri.NO:
            opened, why = Tri.PERHAPS, "schema.py could not be read as a whole"
        return Channel(id=ident, title=title, open=opened, provenance=known, why=Sentence(why), values=values, **more)

    mail = Tri.NO if own.gateway is False else Tri.PERHAPS if own.flag("pgp", "enable") else Tri.YES
    why = "with PGP on, unsigned mail may be refused" if mail is Tri.PERHAPS else "the gateway takes any From"
    copied = Tri.YES if own.adds_recipients else Tri.NO
    stranger = own.of_stranger()
    yield channel(
        "mail", "Mail with a forged From", mail, why, "mail", stranger, occasions=ALL,
        copies=copied if stranger == TAKEN else Tri.NO,
    )  # fmt: skip
    member = own.of_role(own.value("main", "new_web_user_roles"))
    yield channel(
        "mail-known", "Mail in the name of somebody with an account", mail, why, "mail", member, occasions=ALL,
        copies=copied if member == TAKEN else Tri.NO, reach=Reach.CUSTOMERS,
    )  # fmt: skip
    instant = own.flag("main", "instant_registration")
    free = "anybody may register"
    yield channel("registration", "Registration", Tri.NO if instant else own.registers, free, "web", "registration")
    yield channel(
        "web-account", "The web, by an account without a proven address", own.registers if instant else Tri.NO, free,
        "account", TAKEN, copies=Tri.YES,
    )  # fmt: skip
    makes = min(own.may("anonymous", "Create", own.klass), own.may("anonymous", "Create", "msg"))
    yield channel(
        "web-anonymous", "The web, by anybody", min(own.may("anonymous", "Web Access"), makes),
        "anybody may make issues", "anonymous", AS_ANONYMOUS, copies=Tri.YES, reach=Reach.CUSTOMERS,
    )  # fmt: skip
    yield channel(
        "password-reset", "The password reset page", own.may("anonymous", "Web Access"),
        "the page takes any user name and any address that has an account", "web", "reset", reach=Reach.CUSTOMERS,
    )  # fmt: skip
