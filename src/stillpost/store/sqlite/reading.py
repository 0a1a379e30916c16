"""Queries: each thread asks them over its own connection, the writer inside its transaction."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias, final

from stillpost.model import Request, RequestState
from stillpost.store.keeping import CASE_LIMIT, LONGEST_WAIT, WAITING
from stillpost.store.moments import micros, moment
from stillpost.store.protocol import Due, Entry, Kind
from stillpost.store.sqlite.books import Books
from stillpost.store.sqlite.finder import number
from stillpost.store.sqlite.rows import NOTE, REQUEST, read_note, read_request

CHALLENGE, TICKET = 0, 1
"""What an outbox item is."""

Numbered: TypeAlias = tuple[int, Request]

_PART: Final = 500  # nums a query
_WAITING: Final = "state IN (" + ", ".join(f"'{state.value}'" for state in sorted(WAITING)) + ")"
_ENTRY: Final = "event_id, portal, at, refused, body"


@final
@dataclass(frozen=True, slots=True)
class Asked:
    """A challenge as it is kept: its address only as hashes, one for each use."""

    num: int
    id: str
    portal: str
    expires: int
    proof: bytes
    listed: bytes
    spent: int


def request_num(connection: sqlite3.Connection, books: Books, request_id: str) -> int | None:
    """The num of the request of this id, or None."""
    nums = books.finder.nums(connection, books.find("id", request_id))
    found = _rows(connection, "SELECT num FROM requests WHERE num IN ({}) AND id = ?", nums, (request_id,))
    return found[0][0] if found else None


def request(connection: sqlite3.Connection, books: Books, request_id: str) -> Request | None:
    """The request of this id, or None."""
    nums = books.finder.nums(connection, books.find("id", request_id))
    query = f"SELECT {REQUEST} FROM requests WHERE num IN ({{}}) AND id = ?"  # noqa: S608  # our own names
    found = _rows(connection, query, nums, (request_id,))
    return read_request(found[0]) if found else None


def request_by_secret(connection: sqlite3.Connection, books: Books, secret: str) -> Request | None:
    """The request whose status page has this secret, or None."""
    digest = books.hasher.digest("secret", secret)
    nums = books.finder.nums(connection, number(digest))
    query = f"SELECT {REQUEST} FROM requests WHERE num IN ({{}}) AND secret = ?"  # noqa: S608  # our own names
    found = _rows(connection, query, nums, (digest,))
    return read_request(found[0]) if found else None


def requests(connection: sqlite3.Connection, state: RequestState, limit: int) -> list[Request]:
    """Requests in this state, oldest first."""
    found = connection.execute(
        f"SELECT {REQUEST} FROM requests WHERE state = ? ORDER BY at, num LIMIT ?",  # noqa: S608  # our own names
        (state.value, limit),
    )
    return [read_request(row) for row in found.fetchall()]


def waiting_for_token(connection: sqlite3.Connection, books: Books, token: str, at: datetime) -> list[Numbered]:
    """What waits for the first mail with this token."""
    digest = books.hasher.digest("token", token)
    return _waiting(connection, books, "token", digest, at)


def waiting_for_link(connection: sqlite3.Connection, books: Books, asked: Asked, at: datetime) -> list[Numbered]:
    """What waits for the link of this challenge, newest first; nothing when the link is over."""
    if asked.expires <= micros(at):
        return []
    return _waiting(connection, books, "proof", asked.proof, at)


def _waiting(connection: sqlite3.Connection, books: Books, column: str, digest: bytes, at: datetime) -> list[Numbered]:
    query = f"SELECT {REQUEST} FROM requests WHERE num IN ({{}}) AND {column} = ? AND {_WAITING} AND expires > ?"  # noqa: S608
    nums = books.finder.nums(connection, number(digest))
    found = [(row[0], read_request(row)) for row in _rows(connection, query, nums, (digest, micros(at)))]
    return sorted(found, key=lambda pair: (pair[1].at, pair[0]), reverse=True)[:CASE_LIMIT]


def challenge(connection: sqlite3.Connection, books: Books, challenge_id: str) -> Asked | None:
    """The challenge of this id, or None."""
    nums = books.finder.nums(connection, books.find("challenge", challenge_id))
    query = "SELECT num, id, portal, expires, proof, listed, spent FROM challenges WHERE num IN ({}) AND id = ?"
    found = _rows(connection, query, nums, (challenge_id,))
    return Asked(*found[0]) if found else None


def waiting(connection: sqlite3.Connection, books: Books, challenge_id: str, at: datetime, limit: int) -> list[Request]:
    """What waits for the link of the challenge of this id."""
    asked = challenge(connection, books, challenge_id)
    found = [] if asked is None else waiting_for_link(connection, books, asked, at)
    return [kept for _, kept in found[:limit]]


def knows(connection: sqlite3.Connection, books: Books, browser: str, proof_key: str, at: datetime) -> bool:
    """Whether this browser proved this address."""
    key = (books.hasher.digest("known", proof_key), books.hasher.digest("browser", browser), micros(at))
    query = "SELECT 1 FROM browsers WHERE proof = ? AND browser = ? AND until > ?"
    return connection.execute(query, key).fetchone() is not None


def proven(connection: sqlite3.Connection, books: Books, proof_key: str, at: datetime) -> bool:
    """Whether this address is proven."""
    key = (books.hasher.digest("proven", proof_key), micros(at))
    return connection.execute("SELECT 1 FROM proven WHERE proof = ? AND until > ?", key).fetchone() is not None


def answer(connection: sqlite3.Connection, books: Books, key: str, at: datetime) -> tuple[str, str] | None:
    """The body hash and the answer kept under this key."""
    values = (books.hasher.digest("idempotency", key), micros(at))
    found = connection.execute("SELECT body, answer FROM answers WHERE key = ? AND until > ?", values).fetchone()
    return None if found is None else (found[0], found[1])


def entry(connection: sqlite3.Connection, books: Books, event_id: str) -> Entry | None:
    """The latest entry of this event."""
    nums = books.finder.nums(connection, books.find("id", event_id))
    query = f"SELECT {_ENTRY} FROM entries WHERE num IN ({{}}) AND event_id = ? ORDER BY num"  # noqa: S608
    found = _rows(connection, query, nums, (event_id,))
    return _entry(found[-1]) if found else None


def entries(connection: sqlite3.Connection, since: datetime, limit: int) -> list[Entry]:
    """Entries from then on, oldest first."""
    query = f"SELECT {_ENTRY} FROM entries WHERE at >= ? ORDER BY at, num LIMIT ?"  # noqa: S608  # our own names
    return [_entry(row) for row in connection.execute(query, (micros(since), limit)).fetchall()]


def due(connection: sqlite3.Connection, at: datetime, limit: int, only: Kind | None) -> list[Due]:
    """Outbox items whose time has come, those that wait longest first."""
    kinds = {None: (CHALLENGE, TICKET), Kind.CHALLENGE: (CHALLENGE, CHALLENGE), Kind.TICKET: (TICKET, TICKET)}[only]
    query = (
        "SELECT kind, num, since, attempts FROM outbox WHERE (due <= ? OR due > ?) AND kind IN (?, ?)"
        " ORDER BY due, num LIMIT ?"
    )
    given = (micros(at), micros(at + LONGEST_WAIT), *kinds, limit)
    found = [_due(connection, row) for row in connection.execute(query, given).fetchall()]
    return [item for item in found if item is not None]


def _due(connection: sqlite3.Connection, row: tuple[int, int, int, int]) -> Due | None:
    kind, num, since, attempts = row
    if kind == CHALLENGE:
        query = f"SELECT {NOTE} FROM challenges WHERE num = ? AND address IS NOT NULL"  # noqa: S608  # our own names
        found = connection.execute(query, (num,)).fetchone()
        return found and Due(id=found[1], attempts=attempts, since=moment(since), challenge=read_note(found))
    found = connection.execute(f"SELECT {REQUEST} FROM requests WHERE num = ?", (num,)).fetchone()  # noqa: S608
    return found and Due(id=found[1], attempts=attempts, since=moment(since), request=read_request(found))


def oldest_outbox(connection: sqlite3.Connection) -> datetime | None:
    """Since when the oldest outbox item is there."""
    (since,) = connection.execute("SELECT min(since) FROM outbox").fetchone()
    return None if since is None else moment(since)


def _entry(row: tuple[Any, ...]) -> Entry:
    event_id, portal, at, refused, body = row
    event, meters, readings, verdict = json.loads(body)
    names = tuple(refused.split("\n")) if refused else ()
    return Entry(event_id, portal, moment(at), event, meters, readings, verdict, names)


def _rows(
    connection: sqlite3.Connection, query: str, nums: Sequence[int], values: tuple[object, ...]
) -> list[tuple[Any, ...]]:
    """The rows of a query over some nums (in place of its braces), a part of them at a time."""
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(nums), _PART):
        part = nums[start : start + _PART]
        found += connection.execute(query.format(", ".join("?" * len(part))), (*part, *values)).fetchall()
    return found
