"""A ticket becomes a mail to the helpdesk's own address. At least once: SMTP cannot say whether a lost 250 was one.

What keeps the helpdesk from answering is the mark of RFC 3834, and only some products obey it (``automatic_mail``). The
options refuse what cannot work: an identity the product does not honor, a mark it takes as a reason to throw the mail
away. Every copy of a ticket has the same Message-ID.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, final

import aiosmtplib

from stillpost.helpdesks.automatic_mail import INTAKES, Intake, OnMark
from stillpost.helpdesks.caller import read_secret
from stillpost.helpdesks.message import Look, compose
from stillpost.helpdesks.protocol import Helpdesk, HelpdeskError, OptionError, OtherDoor, Surroundings
from stillpost.helpdesks.rendering import line, message_id
from stillpost.language import N_
from stillpost.model import Ticket

OTHER_DOORS: Final[tuple[OtherDoor, ...]] = (
    OtherDoor(
        "smtp-address",
        N_("The helpdesk's mail address itself: anybody may write to it in anybody's name, and it answers."),
        N_(
            "Accept mail to it from Stillpost's host only (Postfix: check_client_access for that recipient), or put the "
            "milter before it; otherwise switch the product's confirmation of new mail off."
        ),
    ),
    OtherDoor(
        "smtp-own-form",
        N_("The helpdesk's own web form, widget and API."),
        N_("Switch them off or restrict them to agents; the pages of the single products say where."),
    ),
    OtherDoor(
        "smtp-rejection",
        N_("Rejections and limit notices: several helpdesks answer mail they refuse, to the forged sender."),
        N_(
            "Send errors to the administrator, not to the sender (Roundup: error_messages_to = dispatcher; osTicket: "
            "overlimit_notice_active off)."
        ),
    ),
)


_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpOptions:
    """``product = "smtp"``."""

    to: str = field(metadata={"help": "the helpdesk's mail address"})
    behind: str = field(metadata={"help": f"the helpdesk that reads this address: {', '.join(INTAKES)}"})
    sender: str = field(metadata={"help": "our own address: the envelope sender, and From or Sender"})
    host: str = field(default="127.0.0.1", metadata={"help": "the mail server to hand the mail to"})
    port: int = field(default=25, metadata={"help": "its port"})
    tls: str = field(
        default="starttls",
        metadata={"help": "off (loopback only), starttls (required, not just tried), or tls"},
    )
    username: str = field(default="", metadata={"help": "user name for the mail server, if it wants one"})
    password_file: str = field(default="", metadata={"help": "file with the password"})
    identity: str = field(
        default="requester",
        metadata={
            "help": "requester: From the requester, Sender is ours (every product; his domain's DMARC fails, so the "
            "helpdesk's own server must accept that from us); portal: From us, Reply-To the requester (only where the "
            "product honors Reply-To)"
        },
    )
    confirm: bool = field(
        default=False,
        metadata={"help": "let the helpdesk send its own confirmation to requesters who proved their address"},
    )
    timeout: timedelta = field(default=timedelta(seconds=60), metadata={"help": "for the whole delivery"})

    def __post_init__(self) -> None:
        for key, address in (("to", self.to), ("sender", self.sender)):
            _check_address(key, address)
        if self.tls not in {"off", "starttls", "tls"}:
            raise OptionError(f"tls: {self.tls!r} must be off, starttls or tls")
        if self.tls == "off" and self.host not in {"127.0.0.1", "::1", "localhost"}:
            raise OptionError("tls: off shows tickets to the network; use starttls or tls (off is for loopback)")
        if bool(self.username) != bool(self.password_file):
            raise OptionError("username: it and password_file go together: give both or neither")
        _check_identity(self, _intake(self.behind))


def _check_address(key: str, address: str) -> None:
    if _ADDRESS.fullmatch(address) is None:
        raise OptionError(f"{key}: {address!r} is not a plain mail address")


def _intake(behind: str) -> Intake:
    intake = INTAKES.get(behind)
    if intake is None:
        raise OptionError(
            f"behind: nothing is known about how {behind!r} takes mail, so neither identity can be promised to work; "
            f"known are {', '.join(INTAKES)}. Use the webhook for others"
        )
    return intake


def _check_identity(options: SmtpOptions, intake: Intake) -> None:
    if options.identity not in {"requester", "portal"}:
        raise OptionError(f"identity: {options.identity!r} must be requester or portal")
    if options.identity == "portal" and not intake.answers_reply_to:
        raise OptionError(
            f"identity: {intake.title} takes From as the requester and ignores Reply-To, so every ticket would be "
            'from the portal; set identity = "requester"'
        )
    if not options.confirm and intake.on_mark is not OnMark.SILENT:
        fate = "throws marked mail away" if intake.on_mark is OnMark.DROPPED else "was never measured with marked mail"
        raise OptionError(
            f"confirm: {intake.title} {fate}, so it cannot be told not to answer; set confirm = true to let it answer "
            "requesters who proved their address (tickets of the others are refused), or use its API"
        )


def build(options: SmtpOptions, around: Surroundings) -> Helpdesk:
    """The adapter; connects anew for each ticket."""
    del around
    return SmtpDesk(options)


@final
class SmtpDesk:
    """Mails each ticket to one helpdesk."""

    product: Final = "smtp"
    exactly_once: Final = False

    def __init__(self, options: SmtpOptions) -> None:
        self._options = options
        self._intake = _intake(options.behind)

    @property
    def can_be_quiet(self) -> bool:
        """Whether this helpdesk makes a ticket of a marked mail without answering it (measured)."""
        return self._intake.on_mark is OnMark.SILENT

    async def deliver(self, ticket: Ticket, files: Sequence[bytes]) -> str:
        """Hand the mail to the server; the reference is its Message-ID. Raises HelpdeskError."""
        if ticket.quiet and not self.can_be_quiet:
            raise HelpdeskError(
                f"{self._intake.title} cannot take a ticket by mail without answering it; let this one in by hand, or "
                "use the product's API",
                permanent=True,
            )
        options = self._options
        domain = options.sender.rpartition("@")[2]
        look = Look(
            sender=options.sender,
            as_requester=options.identity == "requester",
            to=options.to,
            marked=ticket.quiet or not options.confirm,
            domain=domain,
        )
        await self._send(compose(ticket, files, look), utf8=not ticket.requester.mailbox.isascii())
        return message_id(ticket, domain)

    async def check(self) -> str:
        """Connect, start TLS and log in as a delivery does, then leave."""
        async with self._server() as server:
            await server.ehlo()
        return N_("The mail server speaks with us; whether it takes our mail, only a mail can tell.")

    async def _send(self, mail: bytes, *, utf8: bool) -> None:
        options = ["SMTPUTF8", "BODY=8BITMIME"] if utf8 else []
        async with self._server() as server:
            await server.sendmail(self._options.sender, [self._options.to], mail, mail_options=options)

    @asynccontextmanager
    async def _server(self) -> AsyncIterator[aiosmtplib.SMTP]:
        options = self._options
        password = read_secret(options.password_file, "password_file") if options.password_file else None
        seconds = options.timeout.total_seconds()
        try:
            async with (
                asyncio.timeout(seconds),
                aiosmtplib.SMTP(
                    hostname=options.host,
                    port=options.port,
                    username=options.username or None,
                    password=password,
                    use_tls=options.tls == "tls",
                    start_tls=options.tls == "starttls",
                    timeout=seconds,
                ) as server,
            ):
                yield server
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refusal(error.recipients[0]) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal(error) from None
        except aiosmtplib.SMTPNotSupported as error:
            raise HelpdeskError(f"the mail server cannot do it: {line(str(error), 200)}", permanent=True) from None
        except (aiosmtplib.SMTPException, TimeoutError, OSError, ValueError) as error:
            raise HelpdeskError(
                f"{options.host}:{options.port} did not take the mail: {line(str(error), 200) or 'no answer in time'}"
            ) from None

    async def aclose(self) -> None:
        """Nothing is kept open."""


def _refusal(error: aiosmtplib.SMTPResponseException) -> HelpdeskError:
    # The server's words may repeat the requester's address, so only its numbers are told on.
    return HelpdeskError(f"the mail server answered {error.code}", permanent=500 <= error.code < 600)
