"""What a request's state lets a store keep of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from stillpost.engine.record import Pseudonym, conceal_address
from stillpost.model import Address, Request, RequestState
from stillpost.store.protocol import Settlement

WAITING: Final = frozenset({RequestState.CHALLENGED, RequestState.MAIL_FIRST})
"""Waits for proof: found by the link and by the token."""
UNDECIDED: Final = WAITING | {RequestState.HELD}
"""Takes space, and expires."""
WORDLESS: Final = frozenset(RequestState) - UNDECIDED - {RequestState.ACCEPTED}
"""Keeps no word and no address of the visitor."""

CASE_LIMIT: Final = 1_000
"""How many requests one proof can be about; what waits beyond is left to expire."""
LONGEST_WAIT: Final = timedelta(days=2)
"""Nothing is put off for so long: what is due even later was written by a clock that ran ahead, and is due now."""
SUPPRESSED: Final = "suppressed"
"""The list of limit keys that are not challenged."""


def without_words(request: Request, pseudonym: Pseudonym) -> Request:
    """What remains of a request that is over: where it stood, and when."""
    return replace(
        request,
        requester=concealed(request.requester, pseudonym),
        name="",
        subject="",
        text="",
        copies=(),
        fields={},
        attachments=(),
        mail=None,
    )


def concealed(address: Address, pseudonym: Pseudonym) -> Address:
    """An address of pseudonyms; equal addresses stay equal."""
    return Address(**conceal_address(address, pseudonym))


def check(settlement: Settlement) -> Settlement:
    """The settlement, if it makes sense. Raises ValueError: it is the caller's bug."""
    if settlement.proven is not None and settlement.proven_until is None:
        message = "an address is proven until when?"
        raise ValueError(message)
    if settlement.proven is None and (settlement.browser or settlement.lift):
        message = "no address was proven, so no browser can know it and no suppression can be lifted"
        raise ValueError(message)
    return settlement
