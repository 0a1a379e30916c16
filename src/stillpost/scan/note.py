"""What is noted of every mail: when, who, which thread, where to find it again.

It is all the replay needs for mail of people one knows, which is nearly all mail; a ``Detail`` (``scan.detail``) is read
for the rest. Notes are plain tuples of plain values, since they are written to disk by the ten thousand.
"""

from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, NamedTuple, TypeAlias

from stillpost.language import N_
from stillpost.mail.auth import results_from
from stillpost.mail.author import author_of, mailboxes
from stillpost.mail.border import EARLIEST, Border, Clock, arrival, border_of
from stillpost.mail.domains import organization
from stillpost.mail.message import Headers, MessageError, message_ids, read
from stillpost.mail.platform import attribute, identity
from stillpost.mail.received import parse_date, parse_separator
from stillpost.mailboxes.kinds import kind_of_labels
from stillpost.mailboxes.protocol import Found, Kind, Where
from stillpost.model import Address, AuthResult

RECIPIENTS_MAX: Final = 100  # of a sent mail; more is a list, not a relation
THREAD_MAX: Final = 8  # message ids a mail refers to: the thread's first and its last
ID_MAX_LENGTH: Final = 200

MAIL, SENT, DRAFT = 0, 1, 2
"""The kind of a note."""

_KINDS = {Kind.MAIL: MAIL, Kind.SENT: SENT, Kind.DRAFTS: DRAFT}
_CLOCKS = {clock: place for place, clock in enumerate(Clock)}
NO_TIME: Final = N_("nothing says when it arrived")

Told: TypeAlias = tuple[Any, ...]
"""A ``Detail`` as plain values, or nothing."""


class Note(NamedTuple):
    """One mail. ``at``: seconds since 1970; ``digest``: the same for copies of one mail; ``to``: of sent mail only.

    ``author`` and ``organization`` are what From names, empty where it does not name exactly one. ``clock`` is the place
    in ``Clock``. ``told``: its detail, where the mail cannot be read again.
    """

    at: float
    digest: bytes
    kind: int
    where: tuple[int, int, int, str]
    identity: str
    author: str
    organization: str
    message_id: str
    thread: tuple[str, ...]
    clock: int
    to: tuple[str, ...] = ()
    told: Told = ()


def note_of(found: Found, latest: datetime, mine: frozenset[str] = frozenset()) -> Note:
    """Note a mail. ``latest``: no mail arrived after it; ``mine``: the owner's addresses (limit keys).

    Raises MessageError, in one sentence, for what is no mail or says nowhere when it arrived.
    """
    headers = read(found.head).headers
    border = border_of(headers)
    author = author_of(headers).address
    kind = _kind(found.kind, headers, author, mine)
    at, clock = _arrival(found, headers, border, latest, sent=kind != MAIL)
    sender, owner = (author.limit_key, author.organization) if author else ("", "")
    who = "" if kind else identity_of(headers, author, border, results_of(headers, border))
    message_id = headers.first("message-id")
    return Note(
        at,
        digest_of(headers),
        kind,
        (*found.where,),
        who,
        sender,
        owner,
        message_id.strip("<> \t")[:ID_MAX_LENGTH],
        _thread(headers),
        _CLOCKS[clock],
        _recipients(headers) if kind == SENT else (),
    )


def digest_of(headers: Headers) -> bytes:
    """The same for two copies of one mail, for no others: what servers wrote into it on its way is part of it."""
    way = headers.by_name.get("received", ())
    said = "\n".join(
        (headers.first("message-id"), headers.first("date"), headers.first("from"), headers.first("subject"), *way)
    )
    return blake2b(said.replace("\r", "").encode("utf-8", "replace"), digest_size=8).digest()


def clock_of(note: Note) -> Clock:
    """Where its time comes from."""
    return tuple(Clock)[note.clock]


def place_of(note: Note) -> Where:
    """Where to find it again."""
    return Where(*note.where)


def results_of(headers: Headers, border: Border | None) -> tuple[AuthResult, ...]:
    """What our own side found out about the mail."""
    if "authentication-results" not in headers and "arc-authentication-results" not in headers:
        return ()
    return results_from(headers, border.at if border else None)


def identity_of(
    headers: Headers, author: Address | None, border: Border | None, results: tuple[AuthResult, ...]
) -> str:
    """Who is counted. A mail that names no one author is counted under whoever sent it: it must not go uncounted."""
    named = identity(headers, author, attribute(headers, author, results, border))
    if named:
        return named
    sender = headers.first("return-path").strip("<> ")[:ID_MAX_LENGTH].rpartition("@")[2]
    if not sender and border is not None:
        sender = border.hop.name or str(border.hop.ip or "")
    return organization(sender) if sender else ""


def _arrival(
    found: Found, headers: Headers, border: Border | None, latest: datetime, *, sent: bool
) -> tuple[float, Clock]:
    if sent and (written := parse_date(headers.first("date"))) and EARLIEST <= written <= latest:
        return written.timestamp(), Clock.OWN  # the owner's own word
    came = arrival(headers, border, latest=latest, internal_date=found.internal_date)
    if came.clock in {Clock.DATE, Clock.UNKNOWN} and found.head.startswith(b"From "):
        line = found.head[: found.head.find(b"\n") + 1].decode("latin-1")
        came = arrival(headers, border, latest=latest, separator=parse_separator(line))
    if came.at is None:
        raise MessageError(NO_TIME)
    return came.at.timestamp(), came.clock


def _kind(kind: Kind, headers: Headers, author: Address | None, mine: frozenset[str]) -> int:
    if "x-gmail-labels" in headers:
        kind = kind_of_labels(headers.text("x-gmail-labels"))
    if kind is Kind.MAIL and author is not None and author.limit_key in mine:
        return SENT
    return _KINDS[kind]


def _thread(headers: Headers) -> tuple[str, ...]:
    if "in-reply-to" not in headers and "references" not in headers:
        return ()
    ids = message_ids(headers.first("in-reply-to"))[:2] + message_ids(headers.first("references"))
    if len(ids) > THREAD_MAX:
        ids = ids[: THREAD_MAX // 2] + ids[-THREAD_MAX // 2 :]
    return tuple(dict.fromkeys(each[:ID_MAX_LENGTH] for each in ids))


def _recipients(headers: Headers) -> tuple[str, ...]:
    fields = ("to", "cc", "bcc")
    named = [each.address for field in fields for value in headers.all(field) for each in mailboxes(value)]
    return tuple(each[:ID_MAX_LENGTH] for each in named[:RECIPIENTS_MAX])
