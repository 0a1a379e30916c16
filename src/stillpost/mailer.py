"""Sends our own mails: through the operator's relay, or into a Maildir where there is none.

A challenge is spent before its first byte leaves, so there are three steps: ``connect``; ``offer``, in which the relay
hears sender and recipient and may say no; then the caller spends, and ``send``. What fails before that is tried again;
a mail that fails in ``send`` is lost, never repeated.
"""

import asyncio
import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, final

import aiosmtplib

from stillpost.mail.compose import Outgoing

_TIMEOUT_SECONDS = 30.0


class MailerError(Exception):
    """The relay could not be reached, or did not take the mail; the message says what to look at."""


@final
class RecipientRefusedError(MailerError):
    """The relay will not take mail for this recipient, now or later (5xx). The session goes on."""


class Tls(StrEnum):
    """How the connection to the relay is protected."""

    OFF = "off"
    STARTTLS = "starttls"
    TLS = "tls"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RelayOptions:
    """``[relay]``."""

    smtp: str = field(
        default="", metadata={"help": "host:port of the relay; empty: a Maildir, <state>/outgoing, instead of a relay"}
    )
    from_: str = field(
        default="support@localhost.localdomain",
        metadata={"help": "the address our mails come from; a person must read what is sent to it", "key": "from"},
    )
    envelope_from: str = field(
        default="", metadata={"help": "envelope sender for relays that refuse <>; bounces to it return as feedback"}
    )
    tls: Tls = field(default=Tls.STARTTLS, metadata={"help": "off (loopback only), starttls, or tls"})
    user: str = field(default="", metadata={"help": "user name at the relay; empty: no login"})
    password_file: str = field(default="", metadata={"help": "file with the password at the relay"})

    def problems(self) -> Iterator[str]:
        """What cannot work, one sentence each."""
        if self.smtp and not self.host:
            yield f"relay.smtp = {self.smtp!r} must be host:port"
        if self.smtp and self.tls is Tls.OFF and self.host not in {"127.0.0.1", "::1", "localhost"}:
            yield "relay.tls = 'off' is for a relay on this machine; use starttls or tls"
        if bool(self.user) != bool(self.password_file):
            yield "relay.user and relay.password_file go together"

    @property
    def host(self) -> str:
        """The relay's host name; empty if ``smtp`` is malformed."""
        host, _, port = self.smtp.rpartition(":")
        return host.strip("[]") if port.isdigit() and 0 < int(port) < 65536 else ""

    @property
    def port(self) -> int:
        """The relay's port."""
        return int(self.smtp.rpartition(":")[2])


class Session(Protocol):
    """A relay that is there. After a MailerError that is not a RecipientRefusedError it is of no more use."""

    async def offer(self, mail: Outgoing) -> None:
        """Name sender and recipient of a mail; nothing of it leaves. Raises MailerError."""
        ...

    async def send(self, mail: Outgoing) -> None:
        """Hand over the mail just offered. Raises MailerError: it is lost, or the relay has it and did not say so."""
        ...

    async def close(self) -> None:
        """End the session; never raises."""
        ...


class Mailer(Protocol):
    """Where our mails go."""

    async def connect(self) -> Session:
        """Reach the relay. Raises MailerError; nothing was sent."""
        ...


@final
class SmtpMailer:
    """Sends through the operator's relay, one session for a handful of mails."""

    def __init__(self, options: RelayOptions, password: str = "") -> None:
        self._options = options
        self._password = password

    async def connect(self) -> "SmtpSession":
        """Connect, secure, log in."""
        options = self._options
        client = aiosmtplib.SMTP(
            hostname=options.host,
            port=options.port,
            timeout=_TIMEOUT_SECONDS,
            use_tls=options.tls is Tls.TLS,
            start_tls=options.tls is Tls.STARTTLS,
            tls_context=ssl.create_default_context() if options.tls is not Tls.OFF else None,
        )
        try:
            await client.connect()
            if options.user:
                await client.login(options.user, self._password)
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            client.close()
            message = f"the relay {options.smtp} cannot be used: {error}"
            raise MailerError(message) from error
        return SmtpSession(client)


@final
class SmtpSession:
    """One SMTP session with the relay."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self._client = client
        self._offered = False

    async def offer(self, mail: Outgoing) -> None:
        """MAIL and one RCPT, after a RSET if another mail was offered and not sent."""
        client = self._client
        encoding = "utf-8" if mail.smtputf8 else "ascii"
        try:
            await client.ehlo() if client.is_ehlo_or_helo_needed else None
            if mail.smtputf8 and not client.supports_extension("smtputf8"):
                message = "the relay takes no address that is not ASCII (no SMTPUTF8)"
                raise RecipientRefusedError(message)
            if self._offered:
                await client.rset()
            self._offered = True
            options = ["SMTPUTF8"] if mail.smtputf8 else []
            if not mail.content.isascii() and client.supports_extension("8bitmime"):
                options.append("BODY=8BITMIME")
            await client.mail(mail.sender, options=options, encoding=encoding)
            await client.rcpt(mail.recipient, encoding=encoding)
        except aiosmtplib.SMTPRecipientRefused as error:
            message = f"the relay refuses a recipient: {error.code}"
            raise (RecipientRefusedError if error.code >= 500 else MailerError)(message) from error
        except aiosmtplib.SMTPSenderRefused as error:
            whom = mail.sender.partition("+")[0] or "<> (set [relay] envelope_from)"
            message = f"the relay refuses the envelope sender {whom}: {error.code}"
            raise MailerError(message) from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            message = f"the relay did not hear a challenge out: {type(error).__name__}"
            raise MailerError(message) from error

    async def send(self, mail: Outgoing) -> None:
        """DATA."""
        try:
            await self._client.data(mail.content)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            message = f"the relay did not take a mail: {type(error).__name__}"
            raise MailerError(message) from error
        self._offered = False

    async def close(self) -> None:
        """QUIT, or just hang up."""
        try:
            await self._client.quit()
        except (aiosmtplib.SMTPException, OSError):
            self._client.close()


@final
class MaildirMailer:
    """Writes mails into a Maildir: the embedded default, and a place to look at what would be sent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def connect(self) -> "MaildirMailer":
        """Make the folders."""
        try:
            for name in ("tmp", "new", "cur"):
                (self._folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            message = f"{self._folder} cannot be written: {error.strerror}"
            raise MailerError(message) from error
        return self

    async def offer(self, mail: Outgoing) -> None:
        """A folder refuses nobody."""

    async def send(self, mail: Outgoing) -> None:
        """Write one mail with its envelope recipient as Delivered-To."""
        await asyncio.to_thread(self._write, mail)

    async def close(self) -> None:
        """Nothing to close."""

    def _write(self, mail: Outgoing) -> None:
        name = f"{mail.message_id.strip('<>').partition('@')[0]}.stillpost"
        envelope = f"Return-Path: <{mail.sender}>\r\nDelivered-To: {mail.recipient}\r\n".encode()
        try:
            draft = self._folder / "tmp" / name
            with draft.open("xb") as handle:
                handle.write(envelope + mail.content)
                handle.flush()
                os.fsync(handle.fileno())
            draft.rename(self._folder / "new" / name)
        except OSError as error:
            message = f"{self._folder} cannot be written: {error.strerror}"
            raise MailerError(message) from error
