"""Every mail Roundup writes to outsiders, as templates of ours: its own words stand in its code, not in its settings.

Source: the code of Roundup 2.6.0 (``mailgw``, ``roundupdb``, ``mailer``, ``cgi.actions``), and the running product: the
end-to-end tests send every witness's request and compare the mail.
"""

from collections.abc import Mapping
from typing import Any

from liquid.exceptions import LiquidError

from stillpost.audit.product import Rendered
from stillpost.helpdesks.template_flow import Parsed, Use, environment, parse
from stillpost.helpdesks.texts import OWN, Language

CARRIED = {"request.name": "name", "request.subject": "subject", "request.text": "text"}

RETURNED = (
    "From: {{ request.name }} <{{ request.email }}>\nTo: {{ tracker.email }}\nSubject: {{ request.subject }}\n\n"
    "{{ request.text }}\n"
)
"""The mail that is sent back whole, with the header lines a stranger needs."""

UNREGISTERED = "\n\nYou are not a registered user.{{ tracker.invitation }}\n\nUnknown address: {{ request.email }}\n"
INVITATION = " Please register at:\n\n{web}user?@template=register\n\n...before sending mail to the tracker."
NO_ACCESS = "\nYou are not permitted to access this tracker."
NO_CREATE = "\nYou are not permitted to create {{ tracker.class }}."
NO_EDIT = "\nYou are not permitted to edit {{ tracker.class }}."
NO_MESSAGE = "\nYou are not permitted to create messages."
HELP = "\n\n\nMail Gateway Help\n=================\n"
REFUSED_SUBJECT = "Failed issue tracker submission"
HELP_SUBJECT = "Mail Gateway Help"

NEW = "New submission from {{ author.name }}{{ author.address }}:\n\n"
ADDED = "{{ author.name }}{{ author.address }} added the comment:\n\n"
CREATE_NOTE = "\n----------\nmessages: 1\n{{ note.nosy }}{{ note.status }}title: {{ request.subject }}"
COPY_SUBJECT = "[{{ tracker.class }}1] {{ request.subject }}"

REGISTER_BY_MAIL = """To complete your registration of the user "{{ request.name }}" with
{{ tracker.name }}, please do one of the following:

- send a reply to {{ tracker.email }} and maintain the subject line as is (the
reply's additional "Re:" is ok),

- or visit the following URL:

{{ tracker.web }}?@action=confrego&otk=KEY

"""
REGISTER_BY_WEB = """To complete your registration of the user "{{ request.name }}" with
{{ tracker.name }}, please visit the following URL:

{{ tracker.web }}?@action=confrego&otk=KEY

"""
RESET = """
Someone, perhaps you, has requested that the password be changed for your
username, "{{ known.username }}". If you wish to proceed with the change, please follow
the link below:

  {{ tracker.web }}user?@template=forgotten&@action=passrst&otk=KEY

You should then receive another email with the new password.
"""


def language() -> Language:
    """The language of the templates above: Liquid, nothing escaped."""
    liquid = environment()

    def read(source: str) -> Parsed:
        return parse(liquid, source)

    def render(source: str, values: Mapping[str, Any]) -> Rendered:
        parsed = read(source)
        if parsed.template is None:
            return Rendered(source)
        try:
            return Rendered(str(parsed.template.render(**values)))
        except LiquidError as error:
            return Rendered(source, False, (f"the mail could not be written: {str(error).partition(chr(10))[0]}",))

    return Language(read, meaning, render)


def meaning(use: Use) -> str:
    """What a placeholder carries; the author of a comment is the stranger, under a name he chose."""
    path = ".".join(use.path)
    return "name" if path == "author.name" else CARRIED.get(path, OWN)


def signature(name: str, email: str, page: str) -> str:
    """The lines Roundup puts below (or above) what it passes on."""
    address = f"{name} <{email}>"
    line = "_" * max(len(page) + 2, len(address))
    return f"\n{line}\n{address}\n<{page}>\n{line}"
