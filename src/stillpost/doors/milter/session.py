"""One conversation with a mail server: which command may follow which, and what is kept of each. Pure.

Two scopes. Of the connection: who the client is, his greeting, and macros that came with them; they hold for every mail of
the connection. Of the message: envelope, header, body, and their macros; they end with its verdict, or with ABORT.
A command out of order is a broken peer (MilterError: hang up). What a stranger put into a message never is: too long a
header or too many recipients only make the message ``overfull``, and the next one starts clean.

Every command is answered that the server waits for. Only RCPT, DATA and the end of a message are where the server
can be told not to wait; over TCP the answer to DATA also keeps Nagle's algorithm and delayed acknowledgements apart.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias, final

from stillpost.doors.milter import codec
from stillpost.doors.milter.answer import Answer, encode
from stillpost.doors.milter.codec import MilterError, Options, Packets, Peer

HEADER_MAX_BYTES: Final = 262_144  # of all fields, as ``mail.message`` reads them
RECIPIENTS_MAX: Final = 10_000
MACROS_MAX_BYTES: Final = 16_384  # of one command; more are not read
_ARGUMENTS_MAX_BYTES: Final = 4_096  # of one envelope address

# Where a conversation stands; bits, so that one number says where a command may come.
_NEW, _READY, _CONNECTED, _SENDER, _RECIPIENTS, _DATA, _HEADER, _BODY, _ENDED, _CLOSED = (1 << n for n in range(10))
_HEADER_HERE: Final = _RECIPIENTS | _DATA | _HEADER
_IN_MESSAGE: Final = _SENDER | _RECIPIENTS | _DATA | _HEADER | _BODY | _ENDED

_ALLOWED: Final[Mapping[int, int]] = {
    codec.OPTIONS: _NEW,
    codec.CONNECT: _READY,
    codec.HELO: _CONNECTED,
    codec.MAIL: _CONNECTED,
    codec.RECIPIENT: _SENDER | _RECIPIENTS,
    codec.DATA: _RECIPIENTS,
    codec.HEADER: _HEADER_HERE,
    codec.HEADER_END: _HEADER_HERE,
    codec.BODY: _BODY,
    codec.END: _BODY,
    codec.UNKNOWN: _CONNECTED | _SENDER | _RECIPIENTS,
    codec.MACRO: _READY | _CONNECTED | _SENDER | _RECIPIENTS | _DATA | _HEADER | _BODY,
    codec.ABORT: _READY | _CONNECTED | _IN_MESSAGE,
    codec.QUIT: _READY | _CONNECTED | _IN_MESSAGE,
    codec.NEW_CONNECTION: _READY | _CONNECTED | _IN_MESSAGE,
}
"""Where each command may come; the table is the whole order of the protocol."""

MACROS: Final[Mapping[int, tuple[str, ...]]] = {
    codec.MAIL: ("{auth_authen}",),
    codec.END: ("i",),
}
"""What we ask for: who logged in, and the queue id."""

_HEADERS: Final = bytes([codec.HEADER])

_STEPS_WANTED: Final = (
    codec.SILENT_CONNECT
    | codec.SILENT_HELO
    | codec.SILENT_MAIL
    | codec.SILENT_HEADERS
    | codec.SILENT_HEADER_END
    | codec.SILENT_BODY
    | codec.NO_UNKNOWN
    | codec.LEADING_SPACE
)


Fields: TypeAlias = tuple[tuple[bytes, bytes], ...]
"""Header fields in order: name and value."""


def _wants_any(fields: Fields) -> bool:
    return True


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a role needs of the conversation.

    ``actions`` it may ask for; ``body_max_bytes`` of a body that are kept, 0 where none is needed: then the server is told
    not to send any; ``wants_body`` says, by the header, whether this message's is kept.
    """

    actions: int
    body_max_bytes: int = 0
    wants_body: Callable[[Fields], bool] = _wants_any


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A whole message with its envelope, as the server showed it; bytes in any charset.

    ``sender`` and ``recipients`` are spelled as in the dialogue (``<ann@example.com>``). ``fields`` have their folds as
    bare line feeds and, where ``leading_space``, the blank after the colon. ``body`` is None where it was not kept: the
    role needs none, or it is longer than the role keeps. ``overfull``: envelope or header are longer than we read, so
    neither is complete here.
    """

    peer: Peer
    helo: bytes
    sender: bytes
    recipients: tuple[bytes, ...]
    fields: Fields
    body: bytes | None
    overfull: bool
    leading_space: bool
    queue_id: bytes
    login: bytes


@final
class Session:
    """The state of one connection: ``receive`` bytes, ``answer`` a message."""

    __slots__ = (
        "_body", "_body_bytes", "_counted", "_fields", "_header_bytes", "_helo", "_keeps_body", "_macros", "_needs_reply",
        "_overfull", "_packets", "_peer", "_profile", "_raw_fields", "_recipients", "_sender", "_stage", "leading_space",
        "served",
    )  # fmt: skip

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._packets = Packets()
        self._stage = _NEW
        self._needs_reply: frozenset[int] = frozenset()
        self._peer = Peer()
        self._helo = b""
        self.leading_space = False
        self.served = 0
        self._begin()

    def _begin(self) -> None:
        """A clean message scope."""
        self._macros: dict[int, bytes] = {}  # of two commands, MACROS_MAX_BYTES each
        self._sender = b""
        self._recipients: list[bytes] = []  # RECIPIENTS_MAX
        self._raw_fields: list[bytes] = []  # HEADER_MAX_BYTES together
        self._counted = self._header_bytes = 0
        self._fields: Fields = ()
        self._keeps_body = False
        self._body: list[bytes] = []  # the profile's body_max_bytes together
        self._body_bytes = 0
        self._overfull = False

    @property
    def closed(self) -> bool:
        """Whether the server said that it is done."""
        return self._stage == _CLOSED

    @property
    def waiting(self) -> bool:
        """Whether a message waits for its answer."""
        return self._stage == _ENDED

    def receive(self, data: bytes) -> tuple[bytes, Arrived | None]:
        """What to write at once, and the message that is complete now, if any: ``answer`` it.

        Raises MilterError: hang up, and the server does what its ``default_action`` says.
        """
        replies: list[bytes] = []
        arrived: Arrived | None = None
        commands, payloads = self._packets.feed(data)
        at = 0
        while at < len(commands):
            command = commands[at]
            if command == codec.HEADER and self._stage & _HEADER_HERE and command not in self._needs_reply:
                run = len(commands) - at - len(commands[at:].lstrip(_HEADERS))
                self._raw_fields += payloads[at : at + run]
                self._stage = _HEADER
                at += run
                continue
            if not _ALLOWED.get(command, 0) & self._stage:
                raise MilterError(f"command {command:#04x} where it has no place")
            done = self._STEPS[command](self, payloads[at])
            at += 1
            if done is None:
                if command in self._needs_reply:
                    replies.append(codec.CONTINUE)
            elif isinstance(done, Arrived):
                arrived = done
            else:
                replies.append(done)
        if self._stage == _HEADER:
            self._count_fields()
        return b"".join(replies), arrived if self._stage == _ENDED else None

    def answer(self, number: int, answer: Answer) -> bytes:
        """The answer to message ``number`` (``served`` when it arrived) as bytes for one write; the next may come.

        Empty where the server gave up on it meanwhile. Raises ValueError as ``encode`` does.
        """
        if self._stage != _ENDED or number != self.served:
            return b""
        encoded = encode(answer, leading_space=self.leading_space)
        self._finish()
        return encoded

    def _finish(self) -> None:
        self._stage = _CONNECTED
        self.served += 1
        self._begin()

    def _count_fields(self) -> None:
        """Keep within the bound; what goes beyond is not kept, and the message says so."""
        self._header_bytes += sum(map(len, self._raw_fields[self._counted :]))
        self._counted = len(self._raw_fields)
        if self._header_bytes > HEADER_MAX_BYTES:
            self._overfull = True
            self._raw_fields.clear()
            self._counted = 0

    # --- one method for each command ---

    def _on_options(self, payload: bytes) -> bytes:
        offer = codec.read_options(payload)
        actions = self._profile.actions
        if actions & ~offer.actions:
            raise MilterError("the server does not offer the actions that this role needs")
        wanted = _STEPS_WANTED | (0 if self._profile.body_max_bytes else codec.NO_BODY)
        steps = wanted & offer.steps
        self.leading_space = bool(steps & codec.LEADING_SPACE)
        loud = {command for command, flag in codec.SILENT.items() if not steps & flag}
        self._needs_reply = frozenset(loud | {codec.RECIPIENT, codec.DATA, codec.UNKNOWN})
        self._stage = _READY
        chosen = Options(
            version=min(offer.version, codec.VERSION),
            actions=actions | (offer.actions & codec.CHOOSE_MACROS),
            steps=steps,
        )
        return codec.options(chosen, MACROS)

    def _on_connect(self, payload: bytes) -> None:
        self._peer = codec.read_connect(payload)
        self._helo = b""
        self._stage = _CONNECTED

    def _on_helo(self, payload: bytes) -> None:
        self._helo = codec.read_text(payload)[:_ARGUMENTS_MAX_BYTES]

    def _on_macro(self, payload: bytes) -> None:
        if payload and payload[0] in MACROS and len(payload) <= MACROS_MAX_BYTES:
            self._macros[payload[0]] = payload

    def _on_mail(self, payload: bytes) -> None:
        self._sender = self._address(payload)
        self._stage = _SENDER

    def _on_recipient(self, payload: bytes) -> None:
        address = self._address(payload)
        if len(self._recipients) < RECIPIENTS_MAX:
            self._recipients.append(address)
        else:
            self._overfull = True
        self._stage = _RECIPIENTS

    def _address(self, payload: bytes) -> bytes:
        address = codec.read_arguments(payload)[0]
        if len(address) <= _ARGUMENTS_MAX_BYTES:
            return address
        self._overfull = True
        return b""

    def _on_data(self, payload: bytes) -> None:
        self._stage = _DATA

    def _on_header(self, payload: bytes) -> None:
        self._raw_fields.append(payload)
        self._stage = _HEADER

    def _on_header_end(self, payload: bytes) -> None:
        self._count_fields()
        self._fields = codec.read_headers(self._raw_fields)
        self._raw_fields.clear()
        profile = self._profile
        self._keeps_body = profile.body_max_bytes > 0 and not self._overfull and profile.wants_body(self._fields)
        self._stage = _BODY

    def _on_body(self, payload: bytes) -> None:
        if not self._keeps_body:
            return
        self._body_bytes += len(payload)
        if self._body_bytes > self._profile.body_max_bytes:
            self._keeps_body = False
            self._body.clear()
        else:
            self._body.append(payload)

    def _on_end(self, payload: bytes) -> Arrived:
        if payload:
            self._on_body(payload)
        macros: dict[bytes, bytes] = {}
        for raw in self._macros.values():
            macros |= codec.read_macros(raw)
        self._stage = _ENDED
        return Arrived(
            peer=self._peer,
            helo=self._helo,
            sender=self._sender,
            recipients=tuple(self._recipients),
            fields=self._fields,
            body=b"".join(self._body) if self._keeps_body else None,
            overfull=self._overfull,
            leading_space=self.leading_space,
            queue_id=macros.get(b"i", b""),
            login=macros.get(b"{auth_authen}", b""),
        )

    def _on_unknown(self, payload: bytes) -> None:
        """An SMTP command that nobody knows: the mail server refuses it by itself."""

    def _on_abort(self, payload: bytes) -> None:
        """The message is over, the connection goes on."""
        if self._stage & _IN_MESSAGE:
            self._finish()
        else:
            self._begin()

    def _on_quit(self, payload: bytes) -> None:
        self._stage = _CLOSED

    def _on_new_connection(self, payload: bytes) -> None:
        """The next client over the same socket."""
        self._on_abort(payload)
        self._peer, self._helo = Peer(), b""
        self._stage = _READY

    _STEPS: ClassVar[Mapping[int, "Callable[[Session, bytes], bytes | Arrived | None]"]] = {
        codec.OPTIONS: _on_options,
        codec.CONNECT: _on_connect,
        codec.HELO: _on_helo,
        codec.MACRO: _on_macro,
        codec.MAIL: _on_mail,
        codec.RECIPIENT: _on_recipient,
        codec.DATA: _on_data,
        codec.HEADER: _on_header,
        codec.HEADER_END: _on_header_end,
        codec.BODY: _on_body,
        codec.END: _on_end,
        codec.UNKNOWN: _on_unknown,
        codec.ABORT: _on_abort,
        codec.QUIT: _on_quit,
        codec.NEW_CONNECTION: _on_new_connection,
    }
