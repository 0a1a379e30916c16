"""The ways into django-helpdesk that lead past Stillpost (read and measured with 2.6.1)."""

from typing import Final

from stillpost.helpdesks.protocol import OtherDoor
from stillpost.language import N_

OTHER_DOORS: Final[tuple[OtherDoor, ...]] = (
    OtherDoor(
        "django-helpdesk-form",
        N_(
            "The public form, which takes posts at three addresses: the start page, tickets/submit/ and "
            "tickets/submit_iframe/ (this one without a CSRF token). 15 posts for one address gave 15 mails."
        ),
        N_(
            "Untick 'Allow Public Submission?' in every queue. HELPDESK_SUBMIT_A_TICKET_PUBLIC = False is not enough: it "
            "hides the form, posts still make tickets and mails."
        ),
    ),
    OtherDoor(
        "django-helpdesk-mail",
        N_("get_email: each new mail makes a ticket and a confirmation to its From."),
        N_(
            "Set QUEUE_EMAIL_BOX_UPDATE_ONLY = True (replies only; the rest stays in the mailbox, so empty it now and then), "
            "or put the milter before the mailbox."
        ),
    ),
    OtherDoor(
        "django-helpdesk-copies",
        N_(
            "Addresses in Cc of an incoming mail are mailed too where 'Notify contacts when email updates arrive' is on."
        ),
        N_("Untick 'Notify contacts when email updates arrive' (enable_notifications_on_email_events) in every queue."),
    ),
    OtherDoor(
        "django-helpdesk-api",
        N_("The REST API: every staff account can make tickets that mail any address."),
        N_("Give the API to Stillpost's account only (web server rule for /helpdesk/api/), or accept it and say so."),
    ),
    OtherDoor(
        "django-helpdesk-submitter-mail",
        N_("The confirmation itself, template newticket_submitter: title in Subject and body."),
        N_(
            "Delete the newticket_submitter templates (every locale) if no confirmation is wanted: without a template no "
            "mail is sent."
        ),
    ),
)
