"""The few mails we write ourselves. Fixed texts: nothing a stranger typed gets in, not even a name.

The challenge follows RFC 3834 and the rules for confirmed opt-in: one recipient, null or dedicated envelope sender,
``Auto-Submitted: auto-generated`` (it answers a form, not a mail), a subject that says it is automatic, under two
kilobytes, who asks and why, that ignoring it is fine, and one click to never be asked again (RFC 8058).
"""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import final

from stillpost.language import N_, translate
from stillpost.model import Address

CHALLENGE_HEADER = "Stillpost-Challenge"
"""In every challenge of every installation, so that recipients can count and filter them."""

_LINE_MAX = 900  # a shorter one would fold the links in the header into encoded words, which no program reads there

_SUBJECT = N_("Automatic question: did you write to us?")
_TEXT = N_(
    """\
Somebody, perhaps you, wrote to us on our website and gave this address.
We take nothing in and send nothing until you say that it was you.

If it was you, open this page, look at what waits and confirm it:
{confirm}

If it was not you, do nothing: what waits is deleted after {days} days.
Or tell us never to ask this address again:
{not_me}
"""
)
_SIGNATURE = N_("This mail was made by a program. {title} at {host} runs it; a person reads mail to {contact}.")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A mail of ours with its envelope; ``sender`` empty is the null sender ``<>``."""

    message_id: str
    sender: str
    recipient: str
    content: bytes
    smtputf8: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a challenge says, all of it ours: portal, links, sender, how many days there are to answer."""

    id: str
    to: Address
    from_address: str
    title: str
    host: str
    confirm_url: str
    not_me_url: str
    days: int
    locale: str
    at: datetime
    envelope_from: str = ""


def compose_challenge(challenge: Challenge) -> Outgoing:
    """The one mail an unproven address may get: in the requester's language first, then in the other."""
    smtputf8 = not challenge.to.mailbox.isascii()
    mail = EmailMessage(policy=(SMTPUTF8 if smtputf8 else SMTP).clone(max_line_length=_LINE_MAX))
    local, _, domain = challenge.from_address.rpartition("@")
    message_id = f"<challenge.{challenge.id}@{domain}>"
    mail["Date"] = format_datetime(challenge.at)
    mail["From"] = HeaderAddress(challenge.title, local, domain)
    mail["To"] = challenge.to.mailbox
    mail["Subject"] = translate(_SUBJECT, challenge.locale)
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail[CHALLENGE_HEADER] = "v=1"
    mail["List-Unsubscribe"] = f"<{challenge.not_me_url}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    languages = ("de", "en") if challenge.locale == "de" else ("en", "de")
    mail["Content-Language"] = ", ".join(languages)
    mail.set_content("\n\n".join(_body(challenge, code) for code in languages) + "\n", cte="quoted-printable")
    return Outgoing(
        message_id=message_id,
        sender=challenge.envelope_from,
        recipient=challenge.to.mailbox,
        content=mail.as_bytes(),
        smtputf8=smtputf8,
    )


def _body(challenge: Challenge, code: str) -> str:
    text = translate(_TEXT, code).format(
        confirm=challenge.confirm_url, not_me=challenge.not_me_url, days=challenge.days
    )
    signature = translate(_SIGNATURE, code).format(
        title=challenge.title, host=challenge.host, contact=challenge.from_address
    )
    return f"{text}\n{signature}"
