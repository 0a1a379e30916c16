"""What kind of mailbox an address names by its local part: a person, a role, a robot.

By name only, so it is a guess in the mailbox's favor: a role is asked to write first, a robot is never mailed. The
names are in ``names.toml``; the patterns below are those that list managers, mailers and forwarders build.
"""

import re
from enum import StrEnum
from functools import lru_cache

from stillpost.mail.names import names
from stillpost.model import Address


class Role(StrEnum):
    """What may be mailed to an address that proved nothing yet.

    ``REFUSED``: nothing; a robot, or a mailbox that must not be made to receive answers (postmaster, abuse).
    ``MAIL_FIRST_ONLY``: nothing before it wrote first; several people or a list read it, so one forged request would
    reach many. ``PERSON``: one challenge.
    """

    REFUSED = "refused"
    MAIL_FIRST_ONLY = "mail-first-only"
    PERSON = "person"


_ROBOT = re.compile(
    r"^(?:owner|bounces?|mailer|srs[01]|prvs|btv1|fbl|dmarc)[-=]"
    r"|-(?:request|bounces?|owner|subscribe|unsubscribe|join|leave|confirm|daemon|errors?)$"
    r"|^(?:sub|unsub)scribe-"
    r"|(?:^|-)(?:no-?reply|no-?replies|non-?reply|not-?reply|no-?response|no-?respond|do-?not-?(?:reply|respond)"
    r"|dont-?reply|never-?reply|no-?return|ne-?pas-?repondre|pas-?de-?reponse|no-?responder|no-?contestar"
    r"|nao-?responda?|nao-?responder|non-?rispondere|nicht-?antworten|keine-?antwort|niet-?(?:be)?antwoorden"
    r"|nie-?odpowiadaj|nepodgovarjaj|ei-?vastata|svara-?ej|svar-?ikke)(?:$|-)"
)
_ROLE = re.compile(
    r"-(?:list|l|users?|announce|announcements?|discuss|discussion|devel|dev|all|team|group|members|staff|support|admin"
    r"|admins|info|office|news|newsletter)$"
    r"|^(?:list|lists|team|support|info|all)-"
)
_AUTOMATIC = re.compile(
    r"^(?:alerts?|alarms?|auto|autoreply|auto-?(?:confirm|mailer|notify|responder|response)|automated|automation|automatic"
    r"|bots?|ci|cron|jenkins|monitor|monitoring|nagios|notices?|notify|notifier|notifications?|reports?|reporting|robot|root"
    r"|script|server|status|system|updates?|virus|watchdog|zabbix)$"
    r"|(?:^|-)(?:alerts?|autoreply|auto-?responder|bot|notifications?|notify|notifier|robot)(?:$|-)"
)

_SEPARATORS = str.maketrans({".": "-", "_": "-"})


@lru_cache(maxsize=1024)  # one request asks three times
def role(address: Address) -> Role:
    """Which kind of mailbox ``address`` names; the plus part is judged too (``anna+bounces`` is a robot's)."""
    local = address.proof_key.rpartition("@")[0]
    name = local.partition("+")[0].translate(_SEPARATORS).strip("-")
    if name in names().robots or _ROBOT.search(name) or _robot_suffix(local) or _robot_domain(address):
        return Role.REFUSED
    if name in names().shared or _ROLE.search(name) or _list_domain(address):
        return Role.MAIL_FIRST_ONLY
    return Role.PERSON


@lru_cache(maxsize=1024)  # the engine asks, and the record
def is_automatic(address: Address) -> bool:
    """True where the name says that a program writes from there: a robot, or ``alerts@``, ``notifications@``, ``bot@``.

    A clue for detectors, never the sole reason to refuse: a name is chosen by whoever types it.
    """
    if role(address) is Role.REFUSED:
        return True
    name = address.proof_key.rpartition("@")[0].partition("+")[0].translate(_SEPARATORS)
    return _AUTOMATIC.search(name) is not None


def _robot_suffix(local: str) -> bool:
    tag = local.partition("+")[2]
    return tag.startswith(("bounce", "caf_=", "srs=")) or tag in {"noreply", "no-reply", "autoreply"}


def _robot_domain(address: Address) -> bool:
    """``users.noreply.example.com`` and the bounce domains of mailing services: nobody reads what comes there."""
    return not {"noreply", "no-reply", "bounce", "bounces"}.isdisjoint(_own_labels(address))


def _list_domain(address: Address) -> bool:
    return address.organization in names().list_domains or not names().list_labels.isdisjoint(_own_labels(address))


def _own_labels(address: Address) -> list[str]:
    """The labels an organization chose below its own name; a company may well be called Lists or Bounce."""
    return address.domain.removesuffix(address.organization).split(".")
