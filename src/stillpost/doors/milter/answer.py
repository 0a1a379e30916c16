"""What the door answers about one mail: edits, and exactly one verdict. Pure.

A verdict without edits or with them can be said, edits without a verdict cannot. Bodies are never touched.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, final

from stillpost.doors.milter import codec


@final
@dataclass(frozen=True, slots=True)
class InsertField:
    """A field of ours on top of the mail, below the server's own Received."""

    name: str
    value: bytes


@final
@dataclass(frozen=True, slots=True)
class ChangeField:
    """Another value for the ``nth`` field of a name, from 1; an empty value takes it out.

    Of several fields of one name the last is taken out first, since the numbers of the others move.
    """

    name: str
    nth: int
    value: bytes = b""


@final
@dataclass(frozen=True, slots=True)
class RemoveRecipient:
    """Take out an envelope recipient, spelled as the server spelled it."""

    address: bytes


@final
@dataclass(frozen=True, slots=True)
class Quarantine:
    """Put the mail into the server's own hold queue. This is no verdict: one follows."""

    reason: str


Edit: TypeAlias = InsertField | ChangeField | RemoveRecipient | Quarantine


class Say(Enum):
    """The verdicts that have no words of ours."""

    CONTINUE = codec.CONTINUE
    DISCARD = codec.DISCARD
    TEMPFAIL = codec.TEMPFAIL


@final
@dataclass(frozen=True, slots=True)
class Refuse:
    """An SMTP answer of our own: code, enhanced code, one line of printable ASCII without a percent sign."""

    code: int
    enhanced: str
    text: str


@final
@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer about a mail."""

    verdict: Say | Refuse = Say.CONTINUE
    edits: tuple[Edit, ...] = ()


CONTINUE = Answer()
"""Go on, nothing was changed."""


def encode(answer: Answer, *, leading_space: bool) -> bytes:
    """The answer as bytes for one write.

    ``leading_space``: the server leaves the blank after the colon to us (negotiated). Raises ValueError where a value
    would break out of its field, a recipient holds a NUL, or a text is none that SMTP can carry.
    """
    if not answer.edits:
        return _verdict(answer.verdict)
    space = b" " if leading_space else b""
    return b"".join([_edit(edit, space) for edit in answer.edits]) + _verdict(answer.verdict)


def _edit(edit: Edit, space: bytes) -> bytes:
    match edit:
        case InsertField(name, value):
            return codec.insert_header(1, name, space + value)
        case ChangeField(name, nth, value):
            return codec.change_header(nth, name, space + value if value else b"")
        case RemoveRecipient(address):
            return codec.delete_recipient(address)
        case Quarantine(reason):
            return codec.quarantine(reason)


def _verdict(verdict: Say | Refuse) -> bytes:
    if isinstance(verdict, Say):
        return verdict.value
    return codec.reply(verdict.code, verdict.enhanced, verdict.text)
