"""The commit of one decision, inside the writer's transaction."""

from collections.abc import Sequence

from stillpost.engine.record import write_event, write_meters, write_readings, write_verdict
from stillpost.model import Event, Meter, Reading, Verdict
from stillpost.store.claims import choose
from stillpost.store.keeping import SUPPRESSED, UNDECIDED, WAITING, WORDLESS, without_words
from stillpost.store.moments import micros
from stillpost.store.protocol import ChallengeNote, Decision, Keep, Receipt
from stillpost.store.sqlite.batch import Batch
from stillpost.store.sqlite.books import Books
from stillpost.store.sqlite.finder import number
from stillpost.store.sqlite.reading import CHALLENGE, TICKET
from stillpost.store.sqlite.rows import address_text, dump, request_body


def commit(
    books: Books,
    event: Event,
    verdict: Verdict,
    meters: Sequence[Meter],
    readings: Sequence[Reading],
    decision: Decision,
    batch: Batch,
) -> Receipt:
    """Choose the decision, write it and the entry."""
    choice = choose(books.claims, decision, event.at, books.hasher)
    num, at, pseudonym = books.next_num(), micros(event.at), books.hasher.pseudonym
    body = dump(
        [
            write_event(event, pseudonym),
            write_meters(meters, pseudonym),
            write_readings(readings, event.at),
            write_verdict(verdict),
        ]
    )
    refused = "\n".join(choice.refused)
    batch.insert("entries", (num, event.event_id, event.portal, at, refused, body))
    books.counts.entries += 1
    books.claim(batch, num, choice.rows)
    hashes: tuple[int, ...] = (books.find("id", event.event_id),)
    taken = choice.taken
    if taken is not None:
        if taken.keep is not None:
            hashes += _keep(books, batch, num, taken.keep, event, choice.space)
            if taken.deliver:
                send(books, batch, TICKET, num, at)
        if taken.challenge is not None:
            _challenge(books, batch, taken.challenge)
        if taken.idempotency is not None:
            key, body_hash, answer = taken.idempotency
            until = micros(event.at + books.options.answers_for)
            batch.insert("answers", (books.hasher.digest("idempotency", key), body_hash, answer, until))
    books.finder.add(batch, num, hashes)
    return Receipt(taken, choice.refused)


def _keep(
    books: Books, batch: Batch, num: int, keep: Keep, event: Event, space: tuple[tuple[bytes, int], ...]
) -> tuple[int, ...]:
    """Write a request; the hashes that find it beside its event's."""
    request, digest, again = keep.request, books.hasher.digest, books.hasher.remembered
    secret, token = digest("secret", keep.secret), digest("token", keep.token)
    proof, limited = again("proof", request.requester.proof_key), again("limit", request.requester.limit_key)
    until = None
    if request.state in UNDECIDED:
        until = micros(request.expires)
        books.counts.undecided(request.state, keep.size_bytes, 1)
        books.hold_space(batch, num, space)
    elif request.state in WORDLESS:
        until = micros(event.at + books.options.decided_for)
        request = without_words(request, books.hasher.pseudonym)
    columns = (num, request.id, request.state.value, micros(request.at), micros(request.expires), until)
    found_by = (keep.size_bytes, secret, token, proof, limited, again("network", keep.source))
    batch.insert("requests", (*columns, *found_by, request_body(request)))
    hashes: tuple[int, ...] = (number(secret),)
    if request.id != event.event_id:
        hashes += (books.find("id", request.id),)
    if request.state in WAITING:
        hashes += (number(token), number(proof))
    return hashes


def _challenge(books: Books, batch: Batch, note: ChallengeNote) -> None:
    num, again = books.next_num(), books.hasher.remembered
    at, until = micros(note.at), micros(note.at + books.options.challenges_for)
    proof, limited = again("proof", note.to.proof_key), again("limit", note.to.limit_key)
    listed = books.lists.key(SUPPRESSED, note.to.limit_key)[1]
    columns = (num, note.id, note.portal, note.locale, at, micros(note.expires), until, proof, limited, listed)
    batch.insert("challenges", (*columns, 0, address_text(note.to)))
    books.finder.add(batch, num, (books.find("challenge", note.id),))
    send(books, batch, CHALLENGE, num, at)


def send(books: Books, batch: Batch, kind: int, num: int, at: int) -> None:
    """Put something into the outbox that is not in it, due at once."""
    batch.insert("outbox", (kind, num, at, at, 0, ""))
    books.counts.outbox += 1
