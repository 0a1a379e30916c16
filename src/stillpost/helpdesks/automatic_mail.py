"""What each helpdesk does with a mail marked as automatic, and whose address it then writes to: a measured table.

Measured on running software (django-helpdesk 2.6.1, Request Tracker 5.0.3, osTicket 1.18, FreeScout 1.8.235, Roundup
2.6.0, Redmine 5.0.4) or read in source only. Unmeasured is unknown, and unknown is never quiet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final


class OnMark(StrEnum):
    """What ``Auto-Submitted: auto-replied`` on a mail to the helpdesk does."""

    SILENT = "silent"
    """the ticket is made and nobody is mailed (measured)"""
    DROPPED = "dropped"
    """the mail is thrown away: no ticket"""
    UNKNOWN = "unknown"
    """never measured"""


@final
@dataclass(frozen=True, slots=True)
class Intake:
    """How one product takes mail.

    ``on_mark``: what the mark does. ``answers_reply_to``: the product takes Reply-To as the requester (so a mail From
    the portal can name him); otherwise only From counts. ``basis``: ``measured`` or ``read``.
    """

    title: str
    on_mark: OnMark
    answers_reply_to: bool
    basis: str


INTAKES: Final[Mapping[str, Intake]] = {
    "django-helpdesk": Intake("django-helpdesk", OnMark.SILENT, answers_reply_to=False, basis="measured"),
    "request-tracker": Intake("Request Tracker", OnMark.SILENT, answers_reply_to=True, basis="measured"),
    "osticket": Intake("osTicket", OnMark.SILENT, answers_reply_to=False, basis="measured"),
    "freescout": Intake("FreeScout", OnMark.SILENT, answers_reply_to=True, basis="measured"),
    "roundup": Intake("Roundup", OnMark.DROPPED, answers_reply_to=False, basis="measured"),
    "redmine": Intake("Redmine", OnMark.DROPPED, answers_reply_to=False, basis="measured"),
    "zammad": Intake("Zammad", OnMark.UNKNOWN, answers_reply_to=False, basis="read"),
    "znuny": Intake("Znuny", OnMark.UNKNOWN, answers_reply_to=True, basis="read"),
    "gitlab": Intake("GitLab Service Desk", OnMark.DROPPED, answers_reply_to=False, basis="read"),
    "discourse": Intake("Discourse", OnMark.DROPPED, answers_reply_to=False, basis="read"),
}
