"""The secret file: signing keys, which are rotated, and the store's key, which never is.

Made with mode 0600 where it is missing. Losing it makes links in mails already sent worthless and every keyed hash in the
store unreadable; leaking it lets its finder confirm for others. Neither key is ever logged or shown.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import final

from stillpost.config.reader import ConfigError

ROTATE_AFTER = timedelta(days=90)
_KEPT = 10  # a "not me" link works for two years
_KEY_BYTES = 32


@final
@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """``signing`` newest first, with the time each was made; ``store`` keys every hash at rest."""

    signing: tuple[tuple[bytes, datetime], ...]
    store: bytes

    @property
    def signing_keys(self) -> tuple[bytes, ...]:
        """The signing keys alone, newest first."""
        return tuple(key for key, _ in self.signing)


def rotated(secrets: Secrets, fresh: Callable[[int], bytes], at: datetime) -> Secrets:
    """The same with a new signing key in front; the oldest go when there are more than ten."""
    return Secrets(((fresh(_KEY_BYTES), at), *secrets.signing)[:_KEPT], secrets.store)


def load_secrets(path: Path, fresh: Callable[[int], bytes], at: datetime) -> Secrets:
    """The secrets in ``path``, made if the file is missing, rotated if the newest signing key is 90 days old.

    Raises ConfigError: unreadable, not ours, or open to others.
    """
    if not path.exists():
        save_secrets(path, Secrets(((fresh(_KEY_BYTES), at),), fresh(_KEY_BYTES)), new=True)
    secrets = _read(path)  # another process may have been quicker: its keys count
    if at - secrets.signing[0][1] >= ROTATE_AFTER:
        secrets = rotated(secrets, fresh, at)
        save_secrets(path, secrets)
    return secrets


def save_secrets(path: Path, secrets: Secrets, *, new: bool = False) -> None:
    """Write the file, readable by its owner only, whole or not at all; ``new``: unless there is one. Raises ConfigError."""
    content = {
        "about": "Stillpost's keys. Keep this file secret, and keep a copy.",
        "signing": [{"key": key.hex(), "made": made.isoformat()} for key, made in secrets.signing],
        "store": secrets.store.hex(),
    }
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        if new:
            _put_first(draft, path)
        else:
            draft.rename(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)
    except OSError as error:
        message = f"the secret file {path} cannot be written: {error.strerror}"
        raise ConfigError(message) from error


def _put_first(draft: Path, path: Path) -> None:
    """Give the draft its name unless another process was quicker: two stores with two keys would lose one's memory."""
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError:  # no hard links on this file system
        draft.rename(path)
    draft.unlink(missing_ok=True)


def _read(path: Path) -> Secrets:
    try:
        mode = path.stat().st_mode
        if mode & 0o077:
            message = f"the secret file {path} is open to others; run: chmod 600 {path}"
            raise ConfigError(message)
        content = json.loads(path.read_bytes())
        signing = tuple(
            (bytes.fromhex(item["key"]), datetime.fromisoformat(item["made"]).astimezone(UTC))
            for item in content["signing"]
        )
        store = bytes.fromhex(content["store"])
    except OSError as error:
        message = f"the secret file {path} cannot be read: {error.strerror}"
        raise ConfigError(message) from error
    except (ValueError, TypeError, KeyError) as error:
        message = f"the secret file {path} is damaged; put back your copy of it"
        raise ConfigError(message) from error
    if not signing or len(store) != _KEY_BYTES or any(len(key) != _KEY_BYTES for key, _ in signing):
        message = f"the secret file {path} is damaged; put back your copy of it"
        raise ConfigError(message)
    return Secrets(signing, store)
