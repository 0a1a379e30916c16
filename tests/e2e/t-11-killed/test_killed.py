"""kill -9 at any moment: accepted is delivered, once; what waits still waits; nobody is asked twice; no file is lost or left.

STILLPOST_KILLS=200 kills more often than a test run has time for; STILLPOST_SEED repeats a run's choices (not its timing).
"""

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e import crowd, products, stillposts
from tests.e2e.crowd import Asked, Crowd, Got, Receiver, receiving, spellings
from tests.e2e.products import Sink
from tests.e2e.stillposts import Stillpost

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]

KILLS = int(os.environ.get("STILLPOST_KILLS", "15"))
SEED = int(os.environ.get("STILLPOST_SEED", random.SystemRandom().randrange(10**6)))
VISITORS = 6


class Killer:
    """Counts what happens, here, in the relay and in the receiver, and kills at the moment that was drawn."""

    def __init__(self, stillpost: Stillpost, chance: random.Random) -> None:
        self.stillpost = stillpost
        self.chance = chance
        self.left = -1
        self.signal = signal.SIGKILL
        self.happenings = 0

    def arm(self, number: signal.Signals = signal.SIGKILL) -> None:
        self.left = self.chance.randrange(1, 150)
        self.signal = number

    def happened(self) -> None:
        self.happenings += 1
        self.left -= 1
        if self.left == 0 and (process := self.stillpost.process) is not None:
            process.send_signal(self.signal)


@contextmanager
def installed(place: Path) -> Iterator[tuple[Stillpost, Sink, Receiver]]:
    (place / "secret").write_text("what-the-receiver-knows-too\n")
    with products.listening() as relay, receiving() as receiver:
        hook = {
            "product": "webhook",
            "url": f"http://127.0.0.1:{receiver.port}/",
            "secret_file": str(place / "secret"),
        }
        plain = {"proof": "link", "mode": "observe"}
        stillpost = stillposts.install(
            place / "stillpost",
            relay=relay.port,
            limits=stillposts.WIDE,
            portals={"support": plain, "hook": plain | {"helpdesk": hook}},
        )
        yield stillpost, relay, receiver


async def killed_lives(stillpost: Stillpost, crowd: Crowd, killer: Killer) -> None:
    """One life after another, each ended by a kill: under load, while it starts, or while it stops."""
    for life in range(KILLS):
        process = stillpost.launch()
        if life % 5 == 3:
            await asyncio.to_thread(killed_within, process, killer.chance.uniform(0, 0.6))  # it migrates, reads, sweeps
        else:
            await asyncio.to_thread(stillpost.ready)
            stops = life % 5 == 4
            killer.arm(signal.SIGTERM if stops else signal.SIGKILL)
            crowd.up.set()
            if stops:
                await asyncio.to_thread(stillpost.stopping)
                await asyncio.to_thread(killed_within, process, killer.chance.uniform(0, 0.1))
            await asyncio.to_thread(process.wait)
        crowd.up.clear()
        stillpost.kill()


async def stopped_lives(stillpost: Stillpost, crowd: Crowd, killer: Killer) -> None:
    """One life after another, each ended in good order, under load."""
    for _ in range(KILLS // 2):
        await asyncio.to_thread(stillpost.start)
        killer.arm(signal.SIGTERM)
        crowd.up.set()
        assert stillpost.process is not None
        await asyncio.to_thread(stillpost.process.wait)
        crowd.up.clear()
        assert stillpost.stop() == 0


def killed_within(process: "subprocess.Popen[str]", seconds: float) -> None:
    """Kill it after so long, unless it ends before."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()


Lives = Callable[[Stillpost, Crowd, Killer], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Told:
    """What is known when all is over."""

    stillpost: Stillpost
    relay: Sink
    receiver: Receiver
    asked: list[Asked]
    stands: dict[str, str]


async def lived(place: Path, lives: Lives) -> Told:
    """Let a crowd at it, life after life; then one quiet life in which everything that can be done is done."""
    print(f"STILLPOST_SEED={SEED} STILLPOST_KILLS={KILLS}")
    chance = random.Random(SEED)
    with installed(place) as (stillpost, relay, receiver):
        killer = Killer(stillpost, chance)
        visitors = Crowd(
            stillpost=stillpost, relay=relay, chance=chance, portals=("support", "hook"), happened=killer.happened
        )
        relay.took = receiver.took = killer.happened
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(VISITORS):
                    group.create_task(visitors.visit())
                await lives(stillpost, visitors, killer)
                visitors.over = True
                await asyncio.to_thread(stillpost.start)
                visitors.up.set()
            await asyncio.to_thread(stillpost.idle, 60)
            told = [asked for asked in visitors.asked if asked.answer is not None]
            stands = {
                asked.subject: await asyncio.to_thread(stillpost.stands, asked.answer.secret)
                for asked in told
                if asked.answer is not None
            }
            assert await asyncio.to_thread(stillpost.stop) == 0
            await asyncio.to_thread(stillpost.start)  # sweeps
            assert await asyncio.to_thread(stillpost.stop) == 0
        finally:
            if stillpost.process is not None:
                stillpost.kill()
    print(
        f"{killer.happenings} happenings, {len(visitors.asked)} requests, {len(told)} told 202, "
        f"{sum(asked.proof == 'proven' for asked in told)} proven, {len(relay.mails)} challenges, "
        f"{sum(receiver.posts.values())} posts for {len(receiver.posts)} tickets"
    )
    assert visitors.surprises == []
    assert len(told) > 5 * KILLS
    return Told(stillpost, relay, receiver, visitors.asked, stands)


@pytest.mark.timeout(300 + 20 * KILLS)
async def test_after_many_kills_every_promise_is_kept(tmp_path: Path) -> None:
    told = await lived(tmp_path, killed_lives)
    tickets_are_there_once(told)
    what_waits_still_waits(told)
    nobody_was_asked_twice(told)
    the_books_balance(told)


@pytest.mark.timeout(300 + 20 * KILLS)
async def test_a_stop_under_load_finishes_what_was_begun(tmp_path: Path) -> None:
    told = await lived(tmp_path, stopped_lives)
    tickets_are_there_once(told)
    what_waits_still_waits(told)
    nobody_was_asked_twice(told)
    the_books_balance(told)
    assert set(told.receiver.posts.values()) == {1}
    outcomes = Counter(json.loads(line)["outcome"] for line in told.stillpost.journal("challenge"))
    assert outcomes == Counter(sent=len(told.relay.mails))
    assert told.stillpost.journal("failed") == []


def tickets_are_there_once(told: Told) -> None:
    receiver = told.receiver
    assert [bodies for bodies in receiver.bodies.values() if len(bodies) != 1] == []  # the same id, the same bytes
    got: dict[str, list[Got]] = defaultdict(list)
    for ticket in map(crowd.in_maildir, stillposts.tickets(told.stillpost.state)):
        got[ticket.subject].append(ticket)
    for (body,) in receiver.bodies.values():
        ticket = crowd.in_webhook(body)
        got[ticket.subject].append(ticket)
    for asked in told.asked:
        tickets = got.pop(asked.subject, [])
        least = 1 if asked.answer is not None and asked.proof == "proven" else 0
        most = 0 if asked.proof == "none" else 1
        assert least <= len(tickets) <= most, (asked, tickets)
        assert all(ticket.files == crowd.digests(asked.files) for ticket in tickets), asked
    assert got == {}


def what_waits_still_waits(told: Told) -> None:
    expected = {"none": {"waiting"}, "tried": {"waiting", "taken in"}, "proven": {"taken in"}}
    for asked in told.asked:
        if asked.answer is not None:
            assert told.stands[asked.subject] in expected[asked.proof], asked


def nobody_was_asked_twice(told: Told) -> None:
    mailboxes = {spelling: f"person {person}" for person in range(40) for spelling in spellings(person)}
    challenged = Counter(mailboxes.get(address, address) for mail in told.relay.mails for address in mail.recipients)
    assert challenged
    assert challenged.most_common(1)[0][1] == 1
    asked_for = {mailboxes.get(asked.email, asked.email) for asked in told.asked}
    assert set(challenged) <= asked_for


def the_books_balance(told: Told) -> None:
    """Read what is on disk, with nobody's help."""
    state = told.stillpost.state
    database = sqlite3.connect(f"file:{state / 'stillpost.db'}?mode=ro", uri=True)
    try:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        challenges = dict(database.execute("SELECT id, limited FROM challenges").fetchall())
        limited = {row[0] for row in database.execute("SELECT limited FROM requests").fetchall()}
        waiting = {
            row[0] for row in database.execute("SELECT id FROM requests WHERE state IN ('challenged', 'mail-first')")
        }
        outbox = database.execute("SELECT count(*) FROM outbox").fetchone()
    finally:
        database.close()
    mailed = {mail.content.partition(b"<challenge.")[2].partition(b"@")[0].decode() for mail in told.relay.mails}
    assert mailed <= set(challenges)  # no challenge without its commit
    # A first mail may have made the request another's; then only the challenge names the mailbox that was typed.
    assert len(set(challenges.values())) == len(challenges)
    assert limited or not challenges
    assert outbox == (0,)
    kept = {folder.name: sorted(file.name for file in folder.iterdir()) for folder in (state / "holds").iterdir()}
    with_files = {
        asked.answer.id: [str(place) for place in range(len(asked.files))]
        for asked in told.asked
        if asked.answer is not None and asked.files and asked.answer.id in waiting
    }
    unheard = {owner: files for owner, files in kept.items() if owner not in with_files}
    assert {owner: kept.get(owner) for owner in with_files} == with_files  # none lost
    assert set(unheard) <= waiting  # none left over: kept for requests whose 202 was cut off
