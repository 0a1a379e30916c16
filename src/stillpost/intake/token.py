"""Tokens: signed, expiring, opaque; and the codes people copy.

A token in a mail carries the opaque id of a challenge and its expiry, signed for one purpose (itsdangerous, HMAC-SHA256).
Nothing in it names anybody, and the store keeps no token: a stolen store cannot confirm. Signing keys are rotated;
the first one signs, all of them verify.

A mail-first code is 128 bits in 26 base32 characters, made from the status page's secret, so that whoever may see the
page may see the code and nobody else.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import final

from itsdangerous import BadSignature, URLSafeSerializer

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

    def __post_init__(self) -> None:
        if not self.keys or any(len(key) < 32 for key in self.keys):
            message = "at least one signing key of at least 32 bytes is needed"
            raise ValueError(message)

    def sign(self, purpose: Purpose, values: Sequence[str], expires: datetime) -> str:
        """A token for ``values`` that is good until ``expires`` (aware, kept to the second)."""
        return _text(self._serializer(purpose).dumps([int(expires.timestamp()), *values]))

    def read(self, purpose: Purpose, token: str, at: datetime) -> tuple[str, ...]:
        """The values of a token. Raises TokenError."""
        if len(token) > _MAX_TOKEN:
            message = "the token is too long"
            raise TokenError(message)
        try:
            payload = self._serializer(purpose).loads(token)
        except BadSignature as error:
            message = "the token is not ours, or was changed on its way"
            raise TokenError(message) from error
        expires, values = payload[0], payload[1:]
        if at >= datetime.fromtimestamp(expires, UTC):
            message = "the token is over"
            raise TokenError(message, expired=True)
        return tuple(values)

    def _serializer(self, purpose: Purpose) -> URLSafeSerializer:
        return URLSafeSerializer(
            list(reversed(self.keys)),  # itsdangerous signs with the last
            salt=f"stillpost.{purpose}",
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )


def code_of(secret: str) -> str:
    """The mail-first code of a request, from its status secret: 26 lower-case base32 characters, 128 bits."""
    digest = hashlib.sha256(b"stillpost.mail-first\x00" + secret.encode()).digest()[:16]
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
        values = signer.read(Purpose.PAGE, token, at)
        opened = datetime.fromtimestamp(float(values[0]), UTC)
    except (TokenError, ValueError, IndexError, OverflowError, OSError):
        return None
    return min(max(at - opened, timedelta(0)), lifetime)


def _text(token: str | bytes) -> str:
    return token if isinstance(token, str) else token.decode()
