"""The database: how it is opened, what its tables are, how an older one becomes a newer one.

Times are microseconds since 1970. Hashes are 16 bytes (``store.hashing``). ``num`` is one sequence over all tables: a
request has the ``num`` of its entry. Rows are appended in that order and found by their hashes through ``finder``, a
table of its own, because an index on random keys would cost a page to every row of every commit (``finder.py``).
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from stillpost.store.hashing import Hasher
from stillpost.store.protocol import StoreError

_CACHE_KIB: Final = 32 * 1024
_CHECKPOINT_PAGES: Final = 2_000
_WAL_BYTES: Final = 64 * 1024 * 1024
_BUSY_SECONDS: Final = 10.0


def connect(path: Path, *, reading: bool = False) -> sqlite3.Connection:
    """A connection for one thread at a time, in WAL mode, durable at each commit. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA secure_delete = ON")  # words that are gone are gone from the file, too
        if reading:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def migrate(connection: sqlite3.Connection, migrations: Sequence[Callable[[sqlite3.Connection], None]]) -> None:
    """Bring the schema up to date, one transaction a step. Raises StoreError for a database of a newer Stillpost."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(migrations):
        message = f"the database has schema {version}, this Stillpost knows up to {len(migrations)}: update Stillpost"
        raise StoreError(message)
    for number, step in enumerate(migrations[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            step(connection)
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def check_key(connection: sqlite3.Connection, hasher: Hasher) -> None:
    """Remember under which store key all hashes were made.

    Raises StoreError if it is another one: nothing would be found again, every suppression and limit would be gone.
    """
    mine = hasher.digest("store key", "")
    connection.execute("INSERT OR IGNORE INTO meta (name, value) VALUES ('key', ?)", (mine,))
    if connection.execute("SELECT value FROM meta WHERE name = 'key'").fetchone() != (mine,):
        message = "the store key is not the one that this store was made with: bring back the secret file"
        raise StoreError(message)


def _first(connection: sqlite3.Connection) -> None:
    for statement in _FIRST.split(";"):
        connection.execute(statement)


_FIRST: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE entries (
    num INTEGER PRIMARY KEY, event_id TEXT NOT NULL, portal TEXT NOT NULL, at INTEGER NOT NULL, refused TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX entries_at ON entries (at);

CREATE TABLE requests (
    num INTEGER PRIMARY KEY, id TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL, expires INTEGER NOT NULL,
    until INTEGER, size INTEGER NOT NULL, secret BLOB NOT NULL, token BLOB NOT NULL, proof BLOB NOT NULL,
    limited BLOB NOT NULL, source BLOB NOT NULL, reference TEXT NOT NULL DEFAULT '', body TEXT NOT NULL
);
CREATE INDEX requests_state ON requests (state, at, size);
CREATE INDEX requests_until ON requests (until) WHERE until IS NOT NULL;

CREATE TABLE challenges (
    num INTEGER PRIMARY KEY, id TEXT NOT NULL, portal TEXT NOT NULL, locale TEXT NOT NULL, at INTEGER NOT NULL,
    expires INTEGER NOT NULL, until INTEGER NOT NULL, proof BLOB NOT NULL, limited BLOB NOT NULL, listed BLOB NOT NULL,
    spent INTEGER NOT NULL, address TEXT
);
CREATE INDEX challenges_until ON challenges (until);

CREATE TABLE outbox (
    kind INTEGER NOT NULL, num INTEGER NOT NULL, due INTEGER NOT NULL, since INTEGER NOT NULL,
    attempts INTEGER NOT NULL, why TEXT NOT NULL, PRIMARY KEY (kind, num)
) WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (due, num);
CREATE INDEX outbox_since ON outbox (since);

CREATE TABLE finder (hash INTEGER NOT NULL, num INTEGER NOT NULL, PRIMARY KEY (hash, num)) WITHOUT ROWID;

CREATE TABLE claims (num INTEGER PRIMARY KEY, until INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX claims_until ON claims (until);

CREATE TABLE space (num INTEGER PRIMARY KEY, body BLOB NOT NULL);

CREATE TABLE proven (proof BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX proven_until ON proven (until);

CREATE TABLE browsers (
    proof BLOB NOT NULL, browser BLOB NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (proof, browser)
) WITHOUT ROWID;
CREATE INDEX browsers_until ON browsers (until);

CREATE TABLE answers (key BLOB PRIMARY KEY, body TEXT NOT NULL, answer TEXT NOT NULL, until INTEGER NOT NULL)
WITHOUT ROWID;
CREATE INDEX answers_until ON answers (until);

CREATE TABLE lists (
    name TEXT NOT NULL, key BLOB NOT NULL, until INTEGER, note TEXT NOT NULL, since INTEGER NOT NULL,
    PRIMARY KEY (name, key)
) WITHOUT ROWID;

CREATE TABLE meters (part TEXT NOT NULL, shard INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (part, shard))
"""

MIGRATIONS: Final[tuple[Callable[[sqlite3.Connection], None], ...]] = (_first,)
"""Every step the schema ever took, oldest first. A step that was released is never changed; a new one is added."""
