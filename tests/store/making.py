"""Made-up people and what they ask for: the words of the store's tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from stillpost.model import (
    Action,
    Address,
    Attachment,
    Meter,
    Reading,
    Request,
    RequestState,
    Scope,
    Source,
    Submission,
    Symbol,
    Verdict,
)
from stillpost.store.protocol import ChallengeNote, Decision, Keep, Receipt, Reservation, Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WEEK = 7 * DAY
STORE_KEY = b"an invented store key of 32 bytes"


def address(local: str = "ann", domain: str = "example.com") -> Address:
    plain = local.partition("+")[0].lower()
    return Address(
        mailbox=f"{local}@{domain}",
        proof_key=f"{local.lower()}@{domain}",
        limit_key=f"{plain}@{domain}",
        domain=domain,
        organization=domain,
    )


def request(
    name: str = "r1",
    *,
    at: datetime = NOON,
    state: RequestState = RequestState.CHALLENGED,
    requester: Address | None = None,
    lifetime: timedelta = WEEK,
    files: int = 0,
) -> Request:
    return Request(
        id=name,
        portal="support",
        at=at,
        expires=at + lifetime,
        state=state,
        requester=requester or address(),
        name="Ann Example",
        subject="The printer is on fire",
        text="It burns, and has done so since this morning.\nPlease help.",
        locale="de",
        copies=("bob@example.org",),
        fields={"model": "P-1", "größe": "A4"},
        attachments=tuple(
            Attachment(name=f"photo {index}.png", media_type="image/png", size_bytes=10, sha256="0" * 64)
            for index in range(files)
        ),
        tags=("REQUESTER_BURST",),
    )


def keep(asked: Request, size_bytes: int = 1000) -> Keep:
    return Keep(
        request=asked,
        secret=f"secret-{asked.id}",
        token=f"token-{asked.id}",
        source="192.0.2.0/24",
        size_bytes=size_bytes,
    )


def note(asked: Request, name: str = "", lifetime: timedelta = WEEK) -> ChallengeNote:
    return ChallengeNote(
        id=name or f"challenge-{asked.id}",
        portal=asked.portal,
        to=asked.requester,
        locale=asked.locale,
        at=asked.at,
        expires=asked.at + lifetime,
    )


def event(name: str = "r1", at: datetime = NOON, requester: Address | None = None) -> Submission:
    return Submission(
        event_id=name,
        portal="support",
        at=at,
        requester=requester or address(),
        source=Source("192.0.2.7", ("192.0.2.0/24",)),
        fingerprint=("5f2c", "91aa"),
    )


def verdict(name: str = "r1") -> Verdict:
    symbol = Symbol(
        name="REQUESTER_BURST",
        score=4.0,
        scope=Scope.ADDRESS,
        reason="{count} requests within {minutes} minutes",
        evidence={"count": 4, "minutes": 10, "share": 0.25, "word": "x"},
    )
    return Verdict(
        event_id=name, action=Action.CHALLENGE, advised=Action.CHALLENGE, score=4.0, symbols=(symbol,), policy="enforce"
    )


METERS = (
    Meter("requester", "*|requester|ann@example.com", (10 * MINUTE, DAY), cap=20),
    Meter("text", "support|text|5f2c", (HOUR,), distinct="ann@example.com", cap=8),
    Meter("text", "support|text|91aa", (HOUR,), distinct="ann@example.com", cap=8),
    Meter("domains", "support|domains|", (10 * MINUTE,), distinct="example.com", first=True, cap=128),
    Meter("confirmed", "support|confirmed|", (HOUR,), peek=True),
)
READINGS = (
    Reading((4, 5), NOON - DAY, usual=2),
    Reading((1,), NOON, is_new=True),
    Reading((1,), NOON),
    Reading((3,), NOON - HOUR, is_new=True, members=("aa", "bb")),
    Reading((0,)),
)


def claim(
    name: str = "challenge",
    key: str = "ann@example.com",
    limit: int = 1,
    window: timedelta | None = WEEK,
    amount: int = 1,
    *,
    attempt: bool = False,
) -> Reservation:
    return Reservation(name=name, key=key, limit=limit, window=window, amount=amount, attempt=attempt)


async def commit(store: Store, decision: Decision, at: datetime = NOON, name: str = "") -> Receipt:
    """Commit a decision for the event of its request."""
    kept = decision.keep
    name = name or (kept.request.id if kept else "e1")
    made = event(name, at, kept.request.requester if kept else None)
    return await store.ledger.commit(made, verdict(name), METERS, READINGS, decision)


async def commit_request(store: Store, asked: Request, *reservations: Reservation, challenge: bool = False) -> Receipt:
    """Commit a request that waits (with a challenge if told so) or, being accepted, is to be delivered."""
    decision = Decision(reservations=reservations, keep=keep(asked), challenge=note(asked) if challenge else None)
    if asked.state is RequestState.ACCEPTED:
        decision = replace(decision, deliver=True)
    return await commit(store, decision, asked.at)
