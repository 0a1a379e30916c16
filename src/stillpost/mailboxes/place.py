"""Where an account is: ``imaps://user@host:port/folder``."""

from dataclasses import dataclass, field
from typing import Final, final
from urllib.parse import unquote, urlsplit

from stillpost.mailboxes.protocol import MailboxError

HOW: Final = "write it like imaps://anna@imap.example.org/INBOX"
_LOOPBACK = frozenset(["127.0.0.1", "::1", "localhost"])
_PORTS = {"imaps": 993, "imap": 143}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An account, and one folder of it or all of them (empty). The password is never shown.

    ``tls`` is off only for a program on this machine (``imap://localhost``), such as a provider's bridge.
    """

    user: str
    host: str
    port: int
    folder: str = ""
    tls: bool = True
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """What people call it: the address they gave, without port."""
        return f"{'imaps' if self.tls else 'imap'}://{self.user}@{self.host}/{self.folder}".rstrip("/")


def is_place(text: str) -> bool:
    """True for what is meant to be an account, rightly written or not."""
    return text.lower().startswith(("imaps:", "imap:"))


def place_of(text: str) -> Place:
    """Read an address; a user may have an @ in it. Raises MailboxError, in one sentence that says what to do."""
    try:
        parts = urlsplit(text)
        user, host, port, password = parts.username, parts.hostname, parts.port, parts.password
    except ValueError as error:
        message = f"{error}: {HOW}"
        raise MailboxError(message) from error
    if password is not None:
        message = "leave the password out of the address, where others can read it: it is asked for"
        raise MailboxError(message)
    if parts.scheme not in _PORTS or not host or not user or parts.query or parts.fragment:
        message = f"this is no account: {HOW}"
        raise MailboxError(message)
    if parts.scheme == "imap" and host not in _LOOPBACK:
        message = "imap:// would send the password for everybody to read; use imaps://"
        raise MailboxError(message)
    names = [unquote(name) for name in (user, parts.path.strip("/"))]
    if any(not name.isprintable() for name in names):
        message = f"there are control characters in it: {HOW}"
        raise MailboxError(message)
    return Place(
        user=names[0], host=host, port=port or _PORTS[parts.scheme], folder=names[1], tls=parts.scheme == "imaps"
    )
