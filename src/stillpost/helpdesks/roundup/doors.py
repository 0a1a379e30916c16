"""The ways into Roundup that lead past Stillpost (measured with 2.6.0, classic template)."""

from typing import Final

from stillpost.helpdesks.protocol import OtherDoor
from stillpost.language import N_

OTHER_DOORS: Final[tuple[OtherDoor, ...]] = (
    OtherDoor(
        "roundup-rejection",
        N_(
            "Mail from somebody who is not registered: the stock tracker sends the whole mail back to the forged sender."
        ),
        N_("Set error_messages_to = dispatcher in [main] of config.ini (the default is user)."),
    ),
    OtherDoor(
        "roundup-mail",
        N_(
            "The mail gateway, where strangers may use it (Anonymous has 'Email Access' in schema.py) and "
            "messages_to_author is new or yes: every mail is answered with its own text."
        ),
        N_(
            "Leave messages_to_author = no in [nosy], keep 'Email Access' from Anonymous, or put the milter before the "
            "gateway."
        ),
    ),
    OtherDoor(
        "roundup-registration",
        N_("Self-registration mails a confirmation key to any address typed in, with the user name in it."),
        N_("Take 'Register' from Anonymous in schema.py (keep registration_delay at 4 or more where you cannot)."),
    ),
    OtherDoor(
        "roundup-web",
        N_("Anonymous visitors who may create issues, and password resets (which mail registered users only)."),
        N_("Do not give Anonymous 'Create' on issue, msg or file (the classic template does not)."),
    ),
    OtherDoor(
        "roundup-api",
        N_("REST and XML-RPC: every registered user may make issues whose nosy list is mailed."),
        N_("Keep registration closed, and 'Rest Access' and 'Xmlrpc Access' to the roles that need them."),
    ),
)
