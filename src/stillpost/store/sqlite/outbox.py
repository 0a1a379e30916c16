"""The outbox inside the writer's transaction: at most once for challenges, at least once for tickets."""

from dataclasses import replace
from datetime import datetime

from stillpost.model import RequestState
from stillpost.store.moments import micros
from stillpost.store.sqlite import reading
from stillpost.store.sqlite.batch import Batch
from stillpost.store.sqlite.books import Books
from stillpost.store.sqlite.reading import CHALLENGE, TICKET
from stillpost.store.sqlite.settling import change

_WHY_LENGTH = 500


def spend(books: Books, item: str, batch: Batch) -> bool:
    """Mark a challenge as spent: from now on its address is kept as hashes only, and it is never due again."""
    batch.flush()
    asked = reading.challenge(batch.connection, books, item)
    if asked is None or asked.spent or not _take_out(books, batch, CHALLENGE, asked.num):
        return False
    batch.execute("UPDATE challenges SET spent = 1, address = NULL WHERE num = ?", (asked.num,))
    return True


def done(books: Books, item: str, at: datetime, reference: str, batch: Batch) -> bool:
    """Take an item out; a ticket's request is delivered. Whether its files may go."""
    place = _place(books, batch, item)
    if place is None or not _take_out(books, batch, *place):
        return False
    kind, num = place
    if kind == CHALLENGE:
        batch.execute("UPDATE challenges SET address = NULL WHERE num = ?", (num,))
        return False
    kept = reading.request(batch.connection, books, item)
    if kept is None:
        return False
    return change(books, batch, num, replace(kept, state=RequestState.DELIVERED), at, reference)


def retry(books: Books, item: str, due: datetime, why: str, batch: Batch) -> None:
    """Keep an item for later."""
    place = _place(books, batch, item)
    if place is not None:
        batch.execute(
            "UPDATE outbox SET due = ?, attempts = attempts + 1, why = ? WHERE kind = ? AND num = ?",
            (micros(due), why[:_WHY_LENGTH], *place),
        )


def _place(books: Books, batch: Batch, item: str) -> tuple[int, int] | None:
    batch.flush()
    asked = reading.challenge(batch.connection, books, item)
    if asked is not None:
        return CHALLENGE, asked.num
    num = reading.request_num(batch.connection, books, item)
    return None if num is None else (TICKET, num)


def _take_out(books: Books, batch: Batch, kind: int, num: int) -> bool:
    taken = batch.execute("DELETE FROM outbox WHERE kind = ? AND num = ?", (kind, num)).rowcount > 0
    books.counts.outbox -= taken
    return taken
