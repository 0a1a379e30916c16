"""The ways into a Zendesk account that lead past Stillpost (from its vendor's articles; none could be run here)."""

from typing import Final

from stillpost.helpdesks.protocol import OtherDoor
from stillpost.language import N_

OTHER_DOORS: Final[tuple[OtherDoor, ...]] = (
    OtherDoor(
        "zendesk-requests-api",
        N_(
            "POST /api/v2/requests takes anonymous requests for any address even where the form's page is gone: the wave "
            "of January 2026 used it."
        ),
        N_("Admin Center > People > Configuration > End users: require authentication for request and uploads APIs."),
    ),
    OtherDoor(
        "zendesk-help-center-form",
        N_(
            "The help center's request form. Since March 2026 anonymous requests wait for a link that is mailed to the "
            "address typed in: still one mail for each."
        ),
        N_(
            "Same page: 'Anybody can submit tickets' off, so that only signed-in users can; link your own contact page to "
            "Stillpost's form."
        ),
    ),
    OtherDoor(
        "zendesk-mail",
        N_("The support addresses: anybody may write in anybody's name, and the received-request trigger answers."),
        N_(
            "Put the milter before the address they are forwarded from; add 'Tags contain at least one of "
            "stillpost-proven' to the trigger 'Notify requester of received request' and take every placeholder but the "
            "ticket's number out of it."
        ),
    ),
    OtherDoor(
        "zendesk-widget",
        N_("The Web Widget's contact form and messaging: the address a visitor types is not proven."),
        N_(
            "Admin Center > Channels: remove the contact form from the widget; in messaging, authenticate visitors before "
            "an address is taken."
        ),
    ),
    OtherDoor(
        "zendesk-welcome",
        N_("Account mail: a welcome or verification mail to every new user, also to those made by an API."),
        N_(
            "Admin Center > People > Configuration > End users: 'Also send a welcome email when a new user is created by "
            "an agent or administrator' off; 'Ask users to register' off."
        ),
    ),
    OtherDoor(
        "zendesk-copies",
        N_("CCs of a forged mail become participants and are mailed."),
        N_("Admin Center > Objects and rules > Tickets > Settings: CCs off, or for agents only."),
    ),
)
