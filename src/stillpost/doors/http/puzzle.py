"""Proof of work (ALTCHA): a puzzle a browser solves while the visitor types, verified without state.

A solved puzzle costs a person nothing and a flood something. The library accepts a solution again and again, so the id
given back here is reserved in the commit and works once.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, final

import altcha

ALGORITHM = "PBKDF2/SHA-256"
COST = 4_000
LIFETIME = timedelta(hours=2)
_MAX_PAYLOAD = 8_000
_TRIES = (1_000, 3_000)  # how many keys a browser derives, least and most: about a second


@final
class Puzzles:
    """Makes and checks puzzles with keys derived from the signing keys, newest first."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self._keys = [hashlib.sha256(b"stillpost.puzzle\x00" + key).hexdigest() for key in keys]

    def make(self, at: datetime) -> dict[str, Any]:
        """A new puzzle as JSON for the widget."""
        low, high = _TRIES
        challenge = altcha.create_challenge(
            algorithm=ALGORITHM,
            cost=COST,
            counter=low + secrets.randbelow(high - low),
            expires_at=at + LIFETIME,
            hmac_secret=self._keys[0],
            hmac_key_secret=self._keys[0][::-1],
        )
        return dict(challenge.to_dict())

    def solved(self, payload: str) -> str:
        """The id of a correctly solved, unexpired puzzle of ours; empty for anything else."""
        if not payload or len(payload) > _MAX_PAYLOAD:
            return ""
        for key in self._keys:
            result = altcha.verify_solution(payload, key, hmac_key_secret=key[::-1])
            if result.verified:
                return _name(payload)
            if not result.invalid_signature:
                return ""
        return ""


def _name(payload: str) -> str:
    """The solved puzzle's own signature, so that the same solution written another way is the same."""
    parsed = altcha.Payload.from_base64(payload)
    return hashlib.sha256(str(parsed.challenge.signature).encode()).hexdigest()
