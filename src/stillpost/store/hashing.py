"""Keyed hashes: what a store keeps instead of addresses, networks, tokens and secrets.

BLAKE2b keyed with the store key, 16 bytes, with the kind of key as its personalization: an address hashed for a limit
and the same address hashed for a proof have nothing in common without the key, so a copied store can neither be read
nor joined. The store key is never rotated (nothing would be found again); a stolen file without it names nobody.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Final, TypeVar, final

Number = TypeVar("Number", int, float)

HASH_BYTES: Final = 16
MIN_KEY_BYTES: Final = 32
METER_BITS: Final = 60

_KINDS = 1024  # kinds are names of our own code; a cap all the same
_REMEMBERED = 16_384  # raw values whose hash is kept ready: hot keys are hashed once, not at every event


@final
class Hasher:
    """Hashes raw keys under a store key of at least 32 bytes (ValueError otherwise). May be used by several threads."""

    def __init__(self, store_key: bytes) -> None:
        if len(store_key) < MIN_KEY_BYTES:
            message = f"the store key has {len(store_key)} bytes, at least {MIN_KEY_BYTES} are needed"
            raise ValueError(message)
        key = blake2b(store_key, digest_size=64, person=b"stillpost").digest()

        self._begin = lru_cache(_KINDS)(partial(_begin, key))
        self.remembered = lru_cache(_REMEMBERED)(self.digest)
        """As ``digest``; for keys that come again and again. Keeps raw values in memory only."""
        self.claim = lru_cache(_REMEMBERED)(lambda name, key: self.digest(f"claim {name}", key))
        """What a reservation's rows are kept under."""
        self._clear: list[Callable[[], None]] = [self.remembered.cache_clear, self.claim.cache_clear]

        self.meter = self.numbers("meter", meter_number)
        """The key of a meter as a number of 60 bits: for counting, and for the record of what was counted."""

    def digest(self, kind: str, raw: str) -> bytes:
        """The 16-byte hash of ``raw`` as a key of this kind."""
        state = self._begin(kind, HASH_BYTES).copy()
        state.update(raw.encode("utf-8", "surrogatepass"))
        return state.digest()

    def pseudonym(self, kind: str, raw: str) -> str:
        """A hash to stand in a record for a key of this kind: 15 or 16 hexadecimal digits.

        What is kept ready is the hash, for columns and counters use it, too; a second memory for its digits costs more
        under a flood of keys that come once than it saves.
        """
        return f"{self.meter(raw):015x}" if kind == "meter" else self.remembered(kind, raw)[:8].hex()

    def numbers(self, kind: str, form: Callable[[int], Number]) -> Callable[[str], Number]:
        """A function from raw keys of this kind to ``form`` of a 64-bit hash; quick for those that come again."""
        copy = self._begin(kind, 8).copy

        def number(raw: str) -> Number:
            state = copy()
            state.update(raw.encode("utf-8", "surrogatepass"))
            return form(int.from_bytes(state.digest(), "big"))

        cached = lru_cache(_REMEMBERED)(number)
        self._clear.append(cached.cache_clear)
        return cached

    def clear(self) -> None:
        """Forget the raw values kept ready."""
        for clear in self._clear:
            clear()


def meter_number(hashed: int) -> int:
    """The number of a meter's key, out of 64 bits of its hash."""
    return hashed >> (64 - METER_BITS)


def _begin(key: bytes, kind: str, size_bytes: int) -> "blake2b":
    person = blake2b(kind.encode(), digest_size=16).digest()
    return blake2b(key=key, digest_size=size_bytes, person=person)
