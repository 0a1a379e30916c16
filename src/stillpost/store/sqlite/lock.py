"""One process owns the store: a lock file that the kernel lets go of however the process ends."""

import fcntl
import os
from pathlib import Path
from typing import Final

from stillpost.store.protocol import StoreError, StoreInUseError

LOCK_NAME: Final = "store.lock"


def take_lock(state: Path) -> int:
    """Make the state directory (0700) if it is missing and lock it; the descriptor keeps the lock until it is closed.

    Raises StoreInUseError if another process has it, StoreError if nothing can be written there.
    """
    path = state / LOCK_NAME
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        message = f"cannot write in the state directory {state}: {error.strerror}"
        raise StoreError(message) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(lock, 32, 0).decode("ascii", "replace").strip()
        os.close(lock)
        named = f" (process {owner})" if owner.isdigit() else ""
        message = f"another process{named} owns this store: {path} is locked"
        raise StoreInUseError(message) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock
