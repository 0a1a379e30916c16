"""Is this mail a proof? The rules for a first mail, on its header and on what trusted checks found. Pure.

A proof is a fresh mail of one author to the address on his page, and something trustworthy vouches that the author's
domain sent it. Freshness is why the code must stand in a field that the author's own domain signed: a genuine mail that
a victim once wrote to anybody passes DKIM for ever, and whoever has it could send it here in an envelope of his own.
Only where SPF vouches for the sending server itself may the signature be missing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, final

from stillpost.intake.token import find_code
from stillpost.language import N_
from stillpost.mail.auth import aligned, is_aligned, signatures, signed_fields
from stillpost.mail.author import author_of
from stillpost.mail.automatic import fresh_mail_problem
from stillpost.mail.message import Headers
from stillpost.model import Address, AuthMethod, AuthResult

NO_CODE: Final = N_("A proof has the code from our page in its To or in its Subject.")
UNAUTHENTICATED: Final = N_("A proof is vouched for by DKIM, SPF or DMARC of its From; this mail is not.")
UNSIGNED_CODE: Final = N_(
    "A proof has the code in a field that its own domain signed; this one could be an old mail sent again."
)
_CODE_FIELDS = ("to", "cc", "subject")


@final
@dataclass(frozen=True, slots=True)
class FirstMail:
    """A good proof: who wrote it, and the code he brought."""

    sender: Address
    code: str


@final
@dataclass(frozen=True, slots=True)
class NoProof:
    """Why a mail proves nothing: a short word for counting, a sentence for the peer."""

    word: str
    sentence: str


def unfit(headers: Headers, envelope_sender: str | None) -> NoProof | None:
    """What can be said before anything is verified; None where nothing speaks against the mail."""
    problem = fresh_mail_problem(headers, envelope_sender)
    if problem is not None:
        return NoProof("not-fresh", problem)
    if not any(_code_in(headers, name) for name in _CODE_FIELDS):
        return NoProof("no-code", NO_CODE)
    return None


def judge(headers: Headers, envelope_sender: str | None, results: Collection[AuthResult]) -> FirstMail | NoProof:
    """Whether the mail is a proof. ``results``: what trusted checks found (``mail.auth``, or our own DKIM check)."""
    problem = unfit(headers, envelope_sender)
    if problem is not None:
        return problem
    sender = author_of(headers).address
    if sender is None or aligned(sender.domain, results) is None:
        return NoProof("not-authenticated", UNAUTHENTICATED)
    fresh = {name for name in _CODE_FIELDS if _code_in(headers, name)} & genuine(headers, sender, results, _CODE_FIELDS)
    if not fresh:
        return NoProof("unsigned-code", UNSIGNED_CODE)
    return FirstMail(sender, next(filter(None, (_code_in(headers, name) for name in _CODE_FIELDS if name in fresh))))


def _code_in(headers: Headers, name: str) -> str:
    """The code in a field that stands there exactly once: of two, one may have been put there by somebody else."""
    values = headers.all(name)
    return (find_code(headers.text(name)) or "") if len(values) == 1 else ""


def genuine(
    headers: Headers, sender: Address, results: Collection[AuthResult], wanted: Collection[str]
) -> frozenset[str]:
    """The fields, of those ``wanted``, of which it is known that the author's domain sent them just now, or signed them."""
    passed = [result for result in results if result.result == "pass" and is_aligned(sender.domain, result.domain)]
    if any(result.method is AuthMethod.SPF for result in passed):
        return frozenset(wanted)
    domains = {result.domain for result in passed if result.method is AuthMethod.DKIM}
    if domains:
        return frozenset().union(*(signed_fields(headers, domain) for domain in domains)) & frozenset(wanted)
    # DMARC alone: it was by one of the aligned signatures, and nobody says by which
    claimed = {domain for domain, _ in signatures(headers) if is_aligned(sender.domain, domain)}
    covered = [signed_fields(headers, domain) for domain in claimed]
    return frozenset.intersection(*covered) & frozenset(wanted) if covered else frozenset()
