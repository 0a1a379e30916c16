"""Did the person in From write this mail to the portal just now? What its header and trusted checks say. Pure.

Proven is a mail of one author whose own domain a trusted check vouches for, that no program wrote, and whose answer goes
to him. Where the check was a signature alone, the mail could be an old one that somebody sends again: then its date,
its id and one of the recipients must be signed, the date recent, and (which only the store can tell) the id new. What is
itself an answer could come from an autoresponder without marks; it counts where the thread is known, or the author proven.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

from stillpost.intake.first_mail import genuine
from stillpost.mail.addresses import read as read_address
from stillpost.mail.auth import aligned
from stillpost.mail.author import author_of, mailboxes
from stillpost.mail.automatic import Kind, automatic, replies_to_author
from stillpost.mail.message import Headers, message_ids
from stillpost.mail.received import parse_date
from stillpost.model import Address, AuthMethod, AuthResult

FRESH_FOR: Final = timedelta(days=7)  # mail servers try for five days
CLOCKS_DIFFER: Final = timedelta(days=1)
_ADDRESSED: Final = ("to", "cc")
_SIGNED: Final = ("date", "message-id", *_ADDRESSED)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Authorship:
    """What is known of who wrote a mail.

    ``reason`` is our own word: the check that proves it (``spf``, ``dkim``, ``dmarc``) or what speaks against it.
    ``automatic`` is the kind of automatic mail. ``answers`` are the message ids it answers; ``repeatable``: the proof is a
    signature, so only the first sight of ``message_id`` counts.
    """

    author: Address | None
    proven: bool
    reason: str
    automatic: Kind | None = None
    message_id: str = ""
    answers: tuple[str, ...] = ()
    repeatable: bool = False


def authorship(
    headers: Headers,
    envelope_sender: str | None,
    results: Collection[AuthResult],
    recipients: Iterable[Address],
    at: datetime,
) -> Authorship:
    """Judge a mail to ``recipients`` (the portal's own addresses it came to) that arrived at ``at``.

    ``envelope_sender`` None is the null sender; ``results``: what trusted checks found, and nobody else.
    """
    author = author_of(headers).address
    found = automatic(headers, null_sender=not envelope_sender)
    ids = message_ids(headers.first("message-id"))
    answers = tuple(
        dict.fromkeys((*message_ids(headers.first("references")), *message_ids(headers.first("in-reply-to"))))
    )
    passed = aligned(author.domain, results) if author else None
    repeatable = passed is not None and author is not None and not _by_server(author, results)
    problem = _problem(headers, author, found is not None, passed)
    if not problem and author is not None and repeatable:
        problem = _stale(headers, author, results, recipients, at, ids)
    return Authorship(
        author=author,
        proven=not problem,
        reason=problem or (passed.method.value if passed else ""),
        automatic=found.kind if found else None,
        message_id=ids[0] if ids else "",
        answers=answers,
        repeatable=repeatable,
    )


def _problem(headers: Headers, author: Address | None, by_program: bool, passed: AuthResult | None) -> str:
    if author is None:
        return "no-single-author"
    if by_program:
        return "automatic"
    if any(name.startswith("resent-") for name in headers.by_name):
        return "sent-on"
    if not replies_to_author(headers, author):
        return "other-reply-to"
    return "" if passed else "not-authenticated"


def _by_server(author: Address, results: Collection[AuthResult]) -> bool:
    """Whether SPF says that the author's own server handed the mail over: nobody else can do that again."""
    spf = [result for result in results if result.method is AuthMethod.SPF]
    return aligned(author.domain, spf) is not None


def _stale(
    headers: Headers,
    author: Address,
    results: Collection[AuthResult],
    recipients: Iterable[Address],
    at: datetime,
    ids: tuple[str, ...],
) -> str:
    """Why a mail that only a signature vouches for may be an old one sent again; empty where it is not."""
    if "dkim-signature" not in headers:
        return ""  # the domain's DMARC passed by SPF, and nobody wrote that down
    signed = genuine(headers, author, results, _SIGNED)
    sent = parse_date(headers.first("date")) if len(headers.all("date")) == 1 else None
    if not ids or "message-id" not in signed or len(headers.all("message-id")) != 1:
        return "id-not-signed"
    if sent is None or "date" not in signed or not -CLOCKS_DIFFER <= at - sent <= FRESH_FOR:
        return "not-recent"
    wanted = {address.proof_key for address in recipients}
    for name in _ADDRESSED:
        values = headers.all(name)
        if name in signed and len(values) == 1 and not wanted.isdisjoint(_keys(values[0])):
            return ""
    return "not-addressed-to-us"


def _keys(value: str) -> set[str]:
    found = [read_address(mailbox.address) for mailbox in mailboxes(value)]
    return {address.proof_key for address in found if address is not None}
