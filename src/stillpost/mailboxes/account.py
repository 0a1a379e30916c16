"""An IMAP account over one connection that may break at any time (RFC 3501, by imap-tools).

Whatever a server does ends in an answer or in MailboxError: what it sends is bounded for each command, a connection that
breaks is made again, and a folder that was numbered anew meanwhile is never read as if it were the old one.
"""

import imaplib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from socket import socket
from typing import Any, Final, TypeVar, final

from imap_tools import BaseMailBox
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError

from stillpost.mailboxes.place import Place
from stillpost.mailboxes.protocol import MailboxError

TIMEOUT_SECONDS: Final = 60.0
TRIES: Final = 4
PAUSE_SECONDS: Final = 1.0  # before the second try; then twice as long each time
POLL_SECONDS: Final = 30.0  # where a server has no IDLE
ANSWER_MAX_BYTES: Final = 134_217_728  # of one command: 200 headers of the longest kind, or one mail
FOLDERS_MAX: Final = 10_000

_Answer = TypeVar("_Answer")
_TROUBLE: Final = (
    *(OSError, imaplib.IMAP4.error, ImapToolsError, EOFError),
    *(
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ),  # what imaplib and imap-tools raise for an answer in disorder
)


@final
class _Client(imaplib.IMAP4):
    """The library's client, with TLS and with a bound on what one command may bring."""

    def __init__(self, place: Place, tls: ssl.SSLContext | None, timeout: float) -> None:
        self._tls = tls
        self.left = ANSWER_MAX_BYTES
        super().__init__(place.host, place.port, timeout)

    def _create_socket(self, timeout: float | None) -> socket:
        plain: socket = super()._create_socket(timeout)  # type: ignore[misc]  # the typeshed does not know it
        return plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=self.host)

    def read(self, size: int) -> bytes:
        """Take a literal off the connection."""
        self._spend(size)
        return super().read(size)

    def readline(self) -> bytes:
        """Take a line off the connection."""
        line = super().readline()
        self._spend(len(line))
        return line

    def _spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            message = "the server sends more than was asked for"
            raise self.abort(message)


@final
class _Box(BaseMailBox):
    """The library's mailbox over our client."""

    def __init__(self, place: Place, tls: ssl.SSLContext | None, timeout: float) -> None:
        self._place = place
        self._tls = tls
        self._timeout = timeout
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return _Client(self._place, self._tls, self._timeout)


@final
@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as the server lists it; ``flags`` with their backslash."""

    name: str
    flags: frozenset[str]
    delimiter: str


@final
class Account:
    """One account. ``pause`` waits before the connection is made again, ``timeout`` is for one answer (seconds)."""

    def __init__(
        self, place: Place, pause: Callable[[float], None] = time.sleep, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        self.place = place
        self._pause = pause
        self._timeout = timeout
        self._box: _Box | None = None
        self._tls = ssl.create_default_context() if place.tls else None
        self._folder = ""
        self._writing = False
        self._numbering: dict[str, int] = {}
        self._abilities: frozenset[str] = frozenset()

    def close(self) -> None:
        """Leave; it may be used again."""
        box, self._box, self._folder = self._box, None, ""
        if box is None:
            return
        try:
            box.logout()
        except _TROUBLE:
            _drop(box)

    def folders(self) -> list[Folder]:
        """Every folder. Raises MailboxError."""
        found = self.ask(lambda box: box.folder.list())
        return [Folder(each.name, frozenset(each.flags), each.delim) for each in found[:FOLDERS_MAX]]

    def numbering(self, folder: str) -> int:
        """The folder's UIDVALIDITY; the same one means that its UIDs still are what they were."""
        self.ask(lambda _: None, folder)
        return self._numbering[folder]

    def has(self, capability: str) -> bool:
        """Whether the server says it can do it, now that it knows who asks: before login it says less. Raises MailboxError."""
        if not self._abilities:
            self._abilities = self.ask(_abilities)
        return capability in self._abilities

    def wait(self, folder: str, seconds: float) -> None:
        """Wait until the server tells of a change in a folder (IDLE, RFC 2177), or so long. Raises MailboxError."""
        if self.has("IDLE"):
            self.ask(lambda box: _idle(box, seconds), folder)
        else:
            self._pause(min(seconds, POLL_SECONDS))
            self.ask(lambda box: box.client.noop(), folder)

    def ask(
        self, do: Callable[[BaseMailBox], _Answer], folder: str = "", *, writing: bool = False, again: bool = True
    ) -> _Answer:
        """Do something in a folder (none: in any), connecting where needed, and again where the connection breaks.

        ``again``: doing it twice does no harm. Raises MailboxError; as refused where it is, and where the folder
        was numbered anew since it was first opened.
        """
        for attempt in range(TRIES):
            try:
                box = self._ready(folder, writing=writing)
                self._allow(box)
            except MailboxError:
                raise
            except _TROUBLE as error:
                self._wait_after(attempt, error, again=True)
                continue
            try:
                return do(box)
            except MailboxError:
                raise
            except _TROUBLE as error:
                self._wait_after(attempt, error, again=again)
        raise AssertionError  # the last attempt raised

    def _ready(self, folder: str, *, writing: bool) -> _Box:
        box = self._box or self._connected()
        if folder and (folder != self._folder or (writing and not self._writing)):
            self._folder = ""
            self._allow(box)
            try:
                box.folder.set(folder, readonly=not writing)
            except MailboxFolderSelectError as error:
                message = f"{self.place.host} has no folder {folder!r} that can be opened"
                raise MailboxError(message, refused=True) from error
            self._renumbered(box, folder)
            self._folder, self._writing = folder, writing
        return box

    def _connected(self) -> _Box:
        place = self.place
        try:
            box = self._box = _Box(place, self._tls, self._timeout)
        except ssl.SSLCertVerificationError as error:
            message = f"{place.host} shows a certificate that is not to be trusted: {error.verify_message}"
            raise MailboxError(message, refused=True) from error
        try:
            login = box.login if f"{place.user}{place.password}".isascii() else box.login_utf8
            login(place.user, place.password, initial_folder=None)
        except MailboxLoginError as error:
            self._box = None
            _drop(box)
            message = f"{place.host} refuses this user or password; with two-factor login it wants an app password"
            raise MailboxError(message, refused=True) from error
        return box

    def _renumbered(self, box: _Box, folder: str) -> None:
        answer: Any = box.client.response("UIDVALIDITY")[1]
        numbering = int(answer[0])
        if self._numbering.setdefault(folder, numbering) != numbering:
            message = f"{self.place.host} gave the mails of {folder!r} new numbers meanwhile; start again"
            raise MailboxError(message, refused=True)

    def _allow(self, box: _Box) -> None:
        if isinstance(box.client, _Client):
            box.client.left = ANSWER_MAX_BYTES

    def _wait_after(self, attempt: int, error: Exception, *, again: bool) -> None:
        """After a failure: hang up; wait, or raise where it was the last attempt."""
        box, self._box, self._folder = self._box, None, ""
        if box is not None:
            _drop(box)
        if attempt + 1 == TRIES or not again:
            message = f"{self.place.host} cannot be read: {_said(error)}"
            raise MailboxError(message) from error
        self._pause(PAUSE_SECONDS * 2**attempt)


def _abilities(box: BaseMailBox) -> frozenset[str]:
    lines: Any = box.client.capability()[1]
    return frozenset(word.decode("ascii").upper() for line in lines for word in line.split())


def _idle(box: BaseMailBox, seconds: float) -> None:
    """One IDLE. The library's own overlooks what came with the server's go-ahead, and would wait on."""
    client: Any = box.client
    tag = client._command("IDLE")  # noqa: SLF001  # as imap-tools does: the standard library has no public way
    has_news = False
    while client._get_response() is not None:  # noqa: SLF001  # as above
        has_news = True
        if client.tagged_commands[tag]:
            message = "the server refuses to tell of new mail"
            raise client.abort(message)
    timeout = client.sock.gettimeout()
    client.sock.settimeout(0)
    try:
        stream: Any = vars(client).get("_file") or vars(client)["file"]  # its name depends on the Python
        has_news = has_news or bool(stream.peek(1))
    except OSError:  # nothing has come
        pass
    finally:
        client.sock.settimeout(timeout)
    if not has_news:
        box.idle.poll(seconds)
    client.send(b"DONE\r\n")
    box.consume_until_tagged_response(tag)


def _drop(box: BaseMailBox) -> None:
    """Hang up without a word."""
    try:
        box.client.shutdown()
    except _TROUBLE:
        return


def _said(error: Exception) -> str:
    """An error in one line; what a server said is cut, and is escaped where it is shown."""
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, (imaplib.IMAP4.abort, ImapToolsError, EOFError)):
        return " ".join(str(error).split())[:200] or "it hung up"
    return "its answer is in disorder"
