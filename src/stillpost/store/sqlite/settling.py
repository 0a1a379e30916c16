"""Proofs, releases, deliveries: what changes a request that is kept, inside the writer's transaction."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from stillpost.model import Request, RequestState
from stillpost.store.keeping import SUPPRESSED, UNDECIDED, WAITING, WORDLESS, check, without_words
from stillpost.store.moments import micros
from stillpost.store.protocol import By, Case, Listed, Settlement
from stillpost.store.sqlite import reading
from stillpost.store.sqlite.batch import Batch
from stillpost.store.sqlite.books import Books
from stillpost.store.sqlite.committing import send
from stillpost.store.sqlite.finder import number
from stillpost.store.sqlite.listing import put_line, take_line
from stillpost.store.sqlite.reading import TICKET, Asked
from stillpost.store.sqlite.rows import read_files, request_body

_UPDATE: Final = (
    "UPDATE requests SET state = ?, expires = ?, until = ?, proof = ?, limited = ?, reference = ?, body = ?"
    " WHERE num = ?"
)


def settle(
    books: Books, by: By, at: datetime, decide: Callable[[Case], Settlement], batch: Batch
) -> tuple[Settlement, tuple[str, ...]]:
    """Find the case, ask ``decide``, write what it says; the settlement, and the requests whose files may go."""
    batch.flush()
    connection = batch.connection
    asked = reading.challenge(connection, books, by.challenge) if by.challenge else None
    case = _case(books, batch, by, asked, at)
    settlement = check(decide(case))
    nums = {}
    for request_id in {*(request.id for request in settlement.changed), *settlement.deliver}:
        num = reading.request_num(connection, books, request_id)
        if num is None:
            message = "a request that is not kept cannot change"
            raise ValueError(message)
        nums[request_id] = num
    gone = [
        request.id
        for request in settlement.changed
        if change(books, batch, nums[request.id], request, at) and request.state in WORDLESS
    ]
    for request_id in settlement.deliver:
        again = batch.execute("DELETE FROM outbox WHERE kind = ? AND num = ?", (TICKET, nums[request_id]))
        books.counts.outbox -= again.rowcount
        send(books, batch, TICKET, nums[request_id], micros(at))
    if asked is not None and settlement.suppress_until is not None:
        line = Listed(SUPPRESSED, asked.listed.hex(), settlement.suppress_until, settlement.note, at)
        put_line(books, batch, (SUPPRESSED, asked.listed), line)
    _prove(books, batch, settlement)
    return settlement, tuple(gone)


def _case(books: Books, batch: Batch, by: By, asked: Asked | None, at: datetime) -> Case:
    connection = batch.connection
    if by.request:
        kept = reading.request(connection, books, by.request)
        return Case(requests=(kept,), portal=kept.portal) if kept else Case(requests=())
    if by.token:
        found = reading.waiting_for_token(connection, books, by.token, at)
        return Case(requests=tuple(kept for _, kept in found), portal=found[0][1].portal if found else "")
    if asked is None or asked.expires <= micros(at):
        return Case(requests=())
    found = reading.waiting_for_link(connection, books, asked, at)
    return Case(requests=tuple(kept for _, kept in found), challenge=asked.id, portal=asked.portal)


def change(books: Books, batch: Batch, num: int, request: Request, at: datetime, reference: str = "") -> bool:
    """Bring a request into its new state, in which it may keep less; whether it had files."""
    query = "SELECT state, until, size, token, proof, limited, body FROM requests WHERE num = ?"
    ((state, until, size, token, proof, limited, body),) = batch.select(query, (num,))
    before, after, digest = RequestState(state), request.state, books.hasher.digest
    had_files = bool(read_files(body))
    found_before = (number(token), number(proof))
    if before not in WORDLESS:  # a wordless request's requester is a pseudonym already
        proof, limited = digest("proof", request.requester.proof_key), digest("limit", request.requester.limit_key)
        until = micros(at + books.options.decided_for) if after in WORDLESS else None
    if after in UNDECIDED:
        until = micros(request.expires)
    elif before in UNDECIDED:
        books.free_space(batch, num)
    if after in WORDLESS:
        request = without_words(request, books.hasher.pseudonym)
    if before in WAITING:
        books.finder.remove(batch, num, found_before)
    if after in WAITING:
        books.finder.add(batch, num, (number(token), number(proof)))
    books.counts.undecided(before, size, -1)
    books.counts.undecided(after, size, 1)
    values = (after.value, micros(request.expires), until, proof, limited, reference, request_body(request), num)
    batch.execute(_UPDATE, values)
    return had_files


def _prove(books: Books, batch: Batch, settlement: Settlement) -> None:
    proven, until = settlement.proven, settlement.proven_until
    if proven is None or until is None:
        return
    digest, ends = books.hasher.digest, micros(until)
    batch.execute(
        "INSERT INTO proven (proof, until) VALUES (?, ?) ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
        (digest("proven", proven.proof_key), ends),
    )
    if settlement.browser:
        batch.execute(
            "INSERT INTO browsers (proof, browser, until) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
            (digest("known", proven.proof_key), digest("browser", settlement.browser), ends),
        )
    if settlement.lift:
        take_line(books, batch, books.lists.key(SUPPRESSED, proven.limit_key))
