"""Vouchers: an embedding site says that this person proved this address to it.

A voucher is ``base64url(JSON) "." base64url(HMAC-SHA256)`` with the portal's key, so that a site in any language makes
one in a few lines. It is bound to portal and address, good for five minutes, and works once (its nonce is reserved in
the commit). Whoever holds the portal's key can vouch for anybody: the key is the site's word.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypedDict, final

from stillpost.mail.addresses import read

LIFETIME = timedelta(minutes=5)
_SKEW = timedelta(minutes=1)
_MAX_VOUCHER = 2048
_MIN_NONCE = 16


class VoucherError(Exception):
    """The voucher is not good; the message says why, without the address."""


@final
@dataclass(frozen=True, slots=True)
class Voucher:
    """A good voucher: the proof key it vouches for, and the nonce that makes it work once."""

    proof_key: str
    nonce: str


def write_voucher(key: bytes, portal: str, proof_key: str, nonce: str, at: datetime) -> str:
    """A voucher for an address at a portal. ``nonce``: at least 16 unguessable characters."""
    claim = {"portal": portal, "email": proof_key, "nonce": nonce, "at": int(at.timestamp())}
    body = _encode(json.dumps(claim, separators=(",", ":"), ensure_ascii=True).encode())
    return f"{body}.{_encode(_mac(key, body))}"


def read_voucher(key: bytes, portal: str, text: str, at: datetime) -> Voucher:
    """The voucher in ``text``. Raises VoucherError: not ours, another portal's, over, or malformed."""
    if len(text) > _MAX_VOUCHER or not text.isascii() or text.count(".") != 1:
        message = "the voucher is malformed"
        raise VoucherError(message)
    body, mac = text.split(".")
    if not hmac.compare_digest(_encode(_mac(key, body)), mac):
        message = "the voucher was not made with this portal's key"
        raise VoucherError(message)
    claim = _claim(body)
    if claim["portal"] != portal:
        message = "the voucher is for another portal"
        raise VoucherError(message)
    made = datetime.fromtimestamp(claim["at"], UTC)
    if not at - LIFETIME <= made <= at + _SKEW:
        message = "the voucher is over: it works for five minutes"
        raise VoucherError(message)
    address = read(claim["email"])
    if address is None:
        message = "the voucher's email is no address"
        raise VoucherError(message)
    return Voucher(address.proof_key, claim["nonce"])


class _Claim(TypedDict):
    portal: str
    email: str
    nonce: str
    at: int


def _claim(body: str) -> _Claim:
    try:
        claim = json.loads(_decode(body))
    except (ValueError, RecursionError, binascii.Error) as error:
        message = "the voucher is malformed"
        raise VoucherError(message) from error
    match claim:
        case {"portal": str(portal), "email": str(email), "nonce": str(nonce), "at": int(made)} if (
            len(nonce) >= _MIN_NONCE and 0 <= made < 2**33
        ):
            return {"portal": portal, "email": email, "nonce": nonce, "at": made}
        case _:
            message = "the voucher must hold portal, email, nonce (16 characters or more) and at (seconds)"
            raise VoucherError(message)


def _mac(key: bytes, body: str) -> bytes:
    return hmac.new(key, b"stillpost.voucher\x00" + body.encode(), hashlib.sha256).digest()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
