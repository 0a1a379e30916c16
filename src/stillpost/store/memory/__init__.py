"""A store that lives as long as its process: for tests and the lab, and the measure of the durable ones."""

from secrets import token_bytes

from stillpost.store.hashing import Hasher
from stillpost.store.memory.ledger import MemoryLedger
from stillpost.store.memory.lists import MemoryHolds, MemoryLists
from stillpost.store.meters import CountingMeters
from stillpost.store.options import StoreOptions
from stillpost.store.protocol import Store


def memory_store(store_key: bytes | None = None, options: StoreOptions | None = None) -> Store:
    """An empty store in memory; without a key it makes one up."""
    hasher, options = Hasher(store_key or token_bytes(32)), options or StoreOptions()
    holds, lists = MemoryHolds(), MemoryLists(hasher)
    ledger = MemoryLedger(hasher, options, holds, lists)
    return Store(meters=CountingMeters(hasher, options), ledger=ledger, holds=holds, lists=lists)
