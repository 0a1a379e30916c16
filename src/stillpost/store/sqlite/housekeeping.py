"""What is over goes, and what is to be forgotten: in small steps, so that nobody waits long behind one.

Each step is a job of the writer; it says whether there is more to do.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from stillpost.model import Address, RequestState
from stillpost.store.keeping import UNDECIDED, WAITING
from stillpost.store.moments import micros
from stillpost.store.sqlite.batch import Batch
from stillpost.store.sqlite.books import Books
from stillpost.store.sqlite.finder import number
from stillpost.store.sqlite.reading import CHALLENGE, TICKET
from stillpost.store.sqlite.rows import REQUEST, read_request
from stillpost.store.sqlite.settling import change

_STEP: Final = 100
_SMALL: Final = 1_000
_TO_REMOVE: Final = "num, id, state, size, secret, token, proof"


def expire_requests(books: Books, at: datetime, batch: Batch) -> tuple[list[str], bool]:
    """Undecided requests expire, decided ones go: ids of those that expired, and whether there is more."""
    expired = []
    query = f"SELECT {_TO_REMOVE} FROM requests WHERE until <= ? ORDER BY until LIMIT ?"  # noqa: S608  # our own names
    rows = batch.select(query, (micros(at), _STEP))
    for row in rows:
        num, request_id, state = row[:3]
        if RequestState(state) in UNDECIDED:
            (kept,) = batch.select(f"SELECT {REQUEST} FROM requests WHERE num = ?", (num,))  # noqa: S608  # our own names
            change(books, batch, num, replace(read_request(kept), state=RequestState.EXPIRED), at)
            expired.append(request_id)
        else:
            _remove_request(books, batch, row)
    return expired, len(rows) == _STEP


def expire_challenges(books: Books, at: datetime, batch: Batch) -> bool:
    """Links that are over are not mailed any more; old challenges go. Whether there is more."""
    over = "SELECT c.num FROM outbox o JOIN challenges c USING (num) WHERE o.kind = ? AND c.expires <= ? LIMIT ?"
    unsent = batch.select(over, (CHALLENGE, micros(at), _STEP))
    for (num,) in unsent:
        _take_out(books, batch, CHALLENGE, num)
        batch.execute("UPDATE challenges SET address = NULL WHERE num = ?", (num,))
    old = batch.select("SELECT num, id FROM challenges WHERE until <= ? ORDER BY until LIMIT ?", (micros(at), _STEP))
    for row in old:
        _remove_challenge(books, batch, row)
    return _STEP in (len(unsent), len(old))


def expire_entries(books: Books, at: datetime, batch: Batch) -> bool:
    """Old entries go. Whether there is more."""
    before = micros(at - books.options.entries_for)
    rows = batch.select("SELECT num, event_id FROM entries WHERE at <= ? ORDER BY at LIMIT ?", (before, _STEP))
    _remove_entries(books, batch, rows)
    return len(rows) == _STEP


def expire_small(books: Books, at: datetime, batch: Batch) -> bool:
    """Proofs, known browsers, answers, list lines and claims go when they are over. Whether there is more."""
    now, most = micros(at), 0
    for table, key in (("proven", "proof"), ("browsers", "proof, browser"), ("answers", "key"), ("claims", "num")):
        over = f"SELECT {key} FROM {table} WHERE until <= ? ORDER BY until LIMIT ?"  # noqa: S608  # our own names
        gone = batch.execute(f"DELETE FROM {table} WHERE ({key}) IN ({over})", (now, _SMALL))  # noqa: S608  # our own
        most = max(most, gone.rowcount)
    batch.execute("DELETE FROM lists WHERE until <= ?", (now,))
    batch.after(lambda: books.lists.expire(at))
    batch.execute(
        "INSERT INTO meta (name, value) VALUES ('expired', ?)"
        " ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
        (now,),
    )
    return most == _SMALL


def forget_grants(books: Books, address: Address, batch: Batch) -> int:
    """What an address was granted goes; how many things."""
    digest = books.hasher.digest
    known, proven = (digest("known", address.proof_key),), (digest("proven", address.proof_key),)
    dropped = batch.execute("DELETE FROM browsers WHERE proof = ?", known).rowcount
    return dropped + batch.execute("DELETE FROM proven WHERE proof = ?", proven).rowcount


def forget_requests(books: Books, address: Address, start: int, batch: Batch) -> tuple[list[str], int | None]:
    """Requests of an address go, from a num on: their ids, and where to go on (None: nowhere)."""
    query = f"SELECT {_TO_REMOVE}, limited FROM requests WHERE num >= ? ORDER BY num LIMIT ?"  # noqa: S608  # our own
    rows = batch.select(query, (start, _SMALL))
    mine = [row for row in rows if _is_about(books, address, row[-2], row[-1])]
    for row in mine:
        _remove_request(books, batch, row[:-1])
    return [row[1] for row in mine], _next(rows)


def forget_challenges(books: Books, address: Address, start: int, batch: Batch) -> tuple[int, int | None]:
    """Challenges to an address go, from a num on: how many, and where to go on."""
    query = "SELECT num, id, proof, limited FROM challenges WHERE num >= ? ORDER BY num LIMIT ?"
    rows = batch.select(query, (start, _SMALL))
    mine = [row for row in rows if _is_about(books, address, row[2], row[3])]
    for row in mine:
        _remove_challenge(books, batch, row[:2])
    return len(mine), _next(rows)


def forget_entries(books: Books, address: Address, start: int, batch: Batch) -> tuple[int, int | None]:
    """Entries that name an address go, from a num on: how many, and where to go on."""
    query = "SELECT num, event_id, instr(body, ?) + instr(body, ?) FROM entries WHERE num >= ? ORDER BY num LIMIT ?"
    pseudonym = books.hasher.pseudonym
    hidden = (pseudonym("proof", address.proof_key), pseudonym("limit", address.limit_key))
    rows = batch.select(query, (*hidden, start, _SMALL))
    mine = [row[:2] for row in rows if row[2]]
    _remove_entries(books, batch, mine)
    return len(mine), _next(rows)


def _is_about(books: Books, address: Address, proof: bytes, limited: bytes) -> bool:
    digest = books.hasher.digest
    return proof == digest("proof", address.proof_key) or limited == digest("limit", address.limit_key)


def _next(rows: list[tuple[Any, ...]]) -> int | None:
    return rows[-1][0] + 1 if len(rows) == _SMALL else None


def _remove_request(books: Books, batch: Batch, row: tuple[Any, ...]) -> None:
    num, request_id, state, size, secret, token, proof = row
    hashes: tuple[int, ...] = (number(secret),)
    if not batch.select("SELECT 1 FROM entries WHERE num = ? AND event_id = ?", (num, request_id)):
        hashes += (books.find("id", request_id),)
    if RequestState(state) in WAITING:
        hashes += (number(token), number(proof))
    books.free_space(batch, num)
    books.counts.undecided(RequestState(state), size, -1)
    _take_out(books, batch, TICKET, num)
    books.finder.remove(batch, num, hashes)
    batch.execute("DELETE FROM requests WHERE num = ?", (num,))


def _remove_challenge(books: Books, batch: Batch, row: tuple[Any, ...]) -> None:
    num, challenge_id = row
    _take_out(books, batch, CHALLENGE, num)
    books.finder.remove(batch, num, (books.find("challenge", challenge_id),))
    batch.execute("DELETE FROM challenges WHERE num = ?", (num,))


def _remove_entries(books: Books, batch: Batch, rows: Iterable[tuple[Any, ...]]) -> None:
    for num, event_id in rows:
        books.counts.entries -= 1
        if not batch.select("SELECT 1 FROM requests WHERE num = ? AND id = ?", (num, event_id)):
            books.finder.remove(batch, num, (books.find("id", event_id),))
        batch.execute("DELETE FROM entries WHERE num = ?", (num,))


def _take_out(books: Books, batch: Batch, kind: int, num: int) -> None:
    gone = batch.execute("DELETE FROM outbox WHERE kind = ? AND num = ?", (kind, num))
    books.counts.outbox -= gone.rowcount
