"""Tokens: signed, expiring, opaque; and the codes people copy.

A token in a mail carries the opaque id of a challenge and its expiry, signed for one purpose (itsdangerous, HMAC-SHA256).
Nothing in it names anybody, and the store keeps no token: a stolen store cannot confirm. Signing keys are rotated;
the first one signs, all of them verify.

A mail-first code is 128 bits in 26 base32 characters, made from the status page's secret, so that whoever may see the
page may see the code and nobody else.
"""

import base64
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import final

from itsdangerous import BadSignature
from itsdangerous import Signer as ItsSigner

CODE_LENGTH = 26
_MAX_TOKEN = 512
_CODE_ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyz234567")


class Purpose(StrEnum):
    """What a token may be used for; a token of one purpose is worthless for another."""

    CONFIRM = "confirm"
    NOT_ME = "not-me"
    PAGE = "page"
    VOUCHER = "voucher"


class TokenError(Exception):
    """The token is not ours, was mangled, belongs to another purpose, or is over.

    ``expired`` tells the one case in which its owner may be told what to do next.
    """

    def __init__(self, message: str, *, expired: bool = False) -> None:
        super().__init__(message)
        self.expired = expired


@final
@dataclass(frozen=True, slots=True)
class Signer:
    """Signs and reads tokens; ``keys`` newest first, at least one, each at least 32 bytes (ValueError otherwise)."""

    keys: tuple[bytes, ...]
    _signers: dict[Purpose, ItsSigner] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.keys or any(len(key) < 32 for key in self.keys):
            message = "at least one signing key of at least 32 bytes is needed"
            raise ValueError(message)
        for purpose in Purpose:
            derived = [hmac.digest(key, f"stillpost.{purpose}".encode(), "sha256") for key in reversed(self.keys)]
            self._signers[purpose] = ItsSigner(derived, key_derivation="none", digest_method=sha256)

    def sign(self, purpose: Purpose, value: str, expires: datetime) -> str:
        """A token for ``value`` (ASCII without a dot) that is good until ``expires`` (aware, kept to the second)."""
        return self._signers[purpose].sign(f"{value}.{int(expires.timestamp())}").decode()

    def read(self, purpose: Purpose, token: str, at: datetime) -> str:
        """The value of a token. Raises TokenError."""
        if len(token) > _MAX_TOKEN:
            message = "the token is too long"
            raise TokenError(message)
        try:
            signed = self._signers[purpose].unsign(token).decode()
        except (BadSignature, UnicodeError) as error:
            message = "the token is not ours, or was changed on its way"
            raise TokenError(message) from error
        value, _, expires = signed.rpartition(".")
        if at.timestamp() >= int(expires):
            message = "the token is over"
            raise TokenError(message, expired=True)
        return value


def code_of(secret: str) -> str:
    """The mail-first code of a request, from its status secret: 26 lower-case base32 characters, 128 bits."""
    digest = sha256(b"stillpost.mail-first\x00" + secret.encode()).digest()[:16]
    return base64.b32encode(digest).decode().rstrip("=").lower()


def find_code(text: str) -> str | None:
    """The first mail-first code in an address or a subject, whatever its case; None if there is none.

    Looks at the first 1,000 characters only. A code stands alone: no letter or digit touches it.
    """
    run: list[str] = []
    for char in text[:1000].lower() + " ":
        if char.isalnum():
            run.append(char)
            continue
        if len(run) == CODE_LENGTH and _CODE_ALPHABET.issuperset(run):
            return "".join(run)
        run.clear()
    return None


def fill_time(signer: Signer, token: str, at: datetime, lifetime: timedelta) -> timedelta | None:
    """How long ago a page was given out, from the token in it; None if the token is not good (any more)."""
    try:
        opened = int(signer.read(Purpose.PAGE, token, at)) / 1000
    except (TokenError, ValueError):
        return None
    return timedelta(seconds=min(max(at.timestamp() - opened, 0.0), lifetime.total_seconds()))


def page_token(signer: Signer, at: datetime, lifetime: timedelta) -> str:
    """What a page carries so that ``fill_time`` can tell when it was given out."""
    return signer.sign(Purpose.PAGE, str(int(at.timestamp() * 1000)), at + lifetime)
