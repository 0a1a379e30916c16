"""The stores: durable commits beside a ceiling, and meters while their keys grow.

``python -m bench.store`` runs every part in a process of its own; ``python -m bench.store PART`` runs one.

The ceiling of the commits is the least a durable store can do in the same way: one thread, one SQLite row of the same
size a job, group commit in WAL with ``synchronous=FULL``, an asyncio future for each waiter. A commit of ours writes
an entry with everything that was read and said, a request, its claims and its space, and until the hour's budget is
spent a challenge and its outbox item.
"""

import asyncio
import gc
import queue
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from stillpost.engine.detectors import PORTAL_DETECTORS
from stillpost.engine.engine import Engine
from stillpost.engine.policy import Policy
from stillpost.intake.limits import Limits, PortalLimits, claims
from stillpost.mail.addresses import parse
from stillpost.mail.fingerprint import fingerprint
from stillpost.model import Event, Guards, Meter, Reading, Request, RequestState, Source, Submission, Verdict
from stillpost.reception.planning import Draft, plan_waiting
from stillpost.store.memory import memory_store
from stillpost.store.options import StoreOptions
from stillpost.store.protocol import ChallengeNote, Decision, Meters, Store
from stillpost.store.sqlite import open_sqlite

START = datetime(2026, 1, 18, tzinfo=UTC)
KEY = bytes(32)
COMMITS = 6_000
ROUNDS = 5
PARTS = ("commits", "cpu", "meters", "memory", "sqlite")

Job = tuple[Event, Verdict, tuple[Meter, ...], list[Reading], Decision]


# --- commits --------------------------------------------------------------------------------------------------------


def submissions(count: int) -> Iterator[Submission]:
    """A flood: every address its own, every text half a template's."""
    chance = random.Random(1)
    for number in range(count):
        words = "\n\n".join(" ".join(f"word{chance.randrange(5000)}" for _ in range(20)) for _ in range(3))
        network = f"198.51.{number % 200}.0/24"
        yield Submission(
            event_id=f"{chance.getrandbits(64):016x}",
            portal="support",
            at=START + timedelta(milliseconds=10 * number),
            requester=parse(f"p{number}@company-{number % 3000}.example"),
            source=Source(f"198.51.{number % 200}.7", (network,)),
            fingerprint=fingerprint("You have won, number 5", words + "\n\nThis paragraph is the same in all of them."),
            guards=Guards(fill_time=timedelta(seconds=40)),
        )


def decision(event: Submission, limits: Limits) -> Decision:
    """What reception commits for it."""
    request = Request(
        id=event.event_id,
        portal="support",
        at=event.at,
        expires=event.at + limits.pending_for,
        state=RequestState.ACCEPTED,
        requester=event.requester,
        name="Ann Example",
        subject="The printer is on fire",
        text="It burns, and has done so since this morning. Please help. " * 8,
    )
    claimed = claims(
        limits, PortalLimits(), "support", event.requester, event.source, free_mail=False, seen=False, told=False
    )
    note = ChallengeNote(
        id=f"c{event.event_id}",
        portal="support",
        to=event.requester,
        locale="en",
        at=event.at,
        expires=event.at + limits.challenge_window,
    )
    draft = Draft(request=request, secret=f"s{event.event_id}", code=f"t{event.event_id}", source=event.source.network)
    return plan_waiting(draft, limits, claimed, note, adaptive=True)


async def jobs(count: int) -> list[Job]:
    """Everything a commit needs, made before the clock starts."""
    engine, policy, limits, store = Engine(PORTAL_DETECTORS), Policy(), Limits(), memory_store(KEY)
    made = []
    for event in submissions(count):
        question = engine.ask(event)
        readings = await store.meters.hit(question.meters, event.at)
        verdict = engine.judge(question, readings, policy)
        made.append((event, verdict, question.meters, readings, decision(event, limits)))
    return made


async def drive(waiters: int, work: list[Job], do: Callable[[Job], Awaitable[object]]) -> tuple[float, list[float]]:
    """So many at a time: jobs a second, and how long each took in milliseconds, sorted."""
    waits: list[float] = []
    todo = iter(work)

    async def one() -> None:
        for job in todo:
            began = time.perf_counter()
            await do(job)
            waits.append(1000 * (time.perf_counter() - began))

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(waiters)))
    return len(work) / (time.perf_counter() - began), sorted(waits)


class Ceiling:
    """One row a job, group commit, and nothing else."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute("CREATE TABLE rows (num INTEGER PRIMARY KEY, body TEXT)")
        self.jobs: queue.SimpleQueue[tuple[str, asyncio.Future[None]] | None] = queue.SimpleQueue()
        self.loop = asyncio.get_running_loop()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        while (job := self.jobs.get()) is not None:
            batch = [job]
            while len(batch) < 256:
                try:
                    batch.append(self.jobs.get_nowait() or batch[0])
                except queue.Empty:
                    break
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.executemany("INSERT INTO rows (body) VALUES (?)", [(body,) for body, _ in batch])
            self.connection.execute("COMMIT")
            self.loop.call_soon_threadsafe(self.tell, [future for _, future in batch])

    def tell(self, futures: list[asyncio.Future[None]]) -> None:
        for future in futures:
            future.set_result(None)

    async def write(self, body: str) -> None:
        future = self.loop.create_future()
        self.jobs.put((body, future))
        await future

    def close(self) -> None:
        self.jobs.put(None)
        self.thread.join()
        self.connection.close()


async def durable_commits() -> None:
    """Commits a second at 1, 16 and 64 waiters, beside the ceiling."""
    made = await jobs(COMMITS)
    size = 2_400  # bytes of one commit's rows
    print(f"{'waiters':>8} {'ceiling/s':>10} {'p50 p99 ms':>14} {'commits/s':>10} {'p50 p99 ms':>14} {'ratio':>6}")
    for waiters in (1, 16, 64):
        work = made[: COMMITS // 4] if waiters == 1 else made
        rounds = []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as folder:
                ceiling = Ceiling(Path(folder) / "ceiling.db")
                peer = await drive(waiters, work, lambda _, ceiling=ceiling: ceiling.write("x" * size))
                ceiling.close()
                async with open_sqlite(Path(folder) / "state", KEY) as store:
                    ours = await drive(waiters, work, lambda job, store=store: store.ledger.commit(*job))
                rounds.append((ours[0] / peer[0], peer, ours))
        ratio, peer, ours = sorted(rounds, key=lambda one: one[0])[ROUNDS // 2]
        cells = (peer[0], _waits(peer[1]), ours[0], _waits(ours[1]), ratio)
        print(f"{waiters:>8} {cells[0]:>10,.0f} {cells[1]:>14} {cells[2]:>10,.0f} {cells[3]:>14} {cells[4]:>6.2f}")


def _waits(waits: list[float]) -> str:
    return f"{waits[len(waits) // 2]:.2f} {waits[len(waits) * 99 // 100]:.2f}"


async def cpu() -> None:
    """Processor time of one request's meters and of its commit at 32 waiters, all threads, and of the loop's alone."""
    made = await jobs(COMMITS)
    for name in ("meters", "commit"):
        best = (float("inf"), float("inf"))
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as folder:
                async with open_sqlite(Path(folder) / "state", KEY) as store:
                    gc.collect()
                    whole, loop = time.process_time(), time.thread_time()
                    if name == "meters":
                        for event, _, meters, _, _ in made:
                            await store.meters.hit(meters, event.at)
                    else:
                        await drive(32, made, lambda job, store=store: store.ledger.commit(*job))
                    spent = (time.process_time() - whole, time.thread_time() - loop)
                    best = min(best, spent)
        each = sum(len(job[2]) for job in made) / len(made)
        extra = f" ({each:.1f} meters)" if name == "meters" else ""
        print(
            f"{name}{extra}: {1e6 * best[0] / COMMITS:.1f} µs a request, {1e6 * best[1] / COMMITS:.1f} µs of it in the loop"
        )


# --- meters ---------------------------------------------------------------------------------------------------------


def resident_bytes() -> int:
    """The resident set of this process."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


async def meters_as_keys_grow() -> None:
    """Hits a second on new keys and on known ones, and bytes a key, as keys grow to a million."""
    print(f"{'keys':>10} {'new/s':>10} {'again/s':>10} {'ratio to 10k':>13} {'bytes a key':>12}")
    for distinct in (False, True):
        store = memory_store(KEY, StoreOptions(max_keys=4_000_000))
        print("distinct values" if distinct else "plain events")
        before, done, first = resident_bytes(), 0, 0.0
        for keys in (10_000, 100_000, 1_000_000):
            fresh = await _hits(store.meters, range(done, keys), distinct=distinct)
            used = (resident_bytes() - before) / keys
            again = await _hits(store.meters, range(keys - 10_000, keys), distinct=distinct, peek=True)
            first, done = first or fresh, keys
            print(f"{keys:>10,} {fresh:>10,.0f} {again:>10,.0f} {fresh / first:>13.2f} {used:>12.0f}")
        before = resident_bytes()
        again = await _hits(store.meters, range(200_000), distinct=distinct)
        print(f"  a second hit: {again:,.0f}/s, {(resident_bytes() - before) / 200_000:.0f} bytes more a key")


async def _hits(meters: Meters, numbers: range, *, distinct: bool, peek: bool = False) -> float:
    """Hits a second, the time of making the meters taken off."""
    spent, windows = 0.0, (timedelta(minutes=10), timedelta(days=1))
    for start in range(numbers.start, numbers.stop, 1000):
        made = [
            Meter("requester", f"*|requester|p{number}@company-{number % 5000}.example", windows, peek=peek)
            for number in range(start, min(start + 1000, numbers.stop))
        ]
        if distinct:
            made = [replace(meter, distinct=meter.key) for meter in made]
        began = time.perf_counter()
        for meter in made:
            await meters.hit([meter], START + timedelta(milliseconds=start))
        spent += time.perf_counter() - began
    return len(numbers) / spent


async def bounded_memory() -> None:
    """Ten million distinct addresses against room for a million."""
    store = memory_store(KEY)
    await _flood(store, 10_000_000)


async def bounded_sqlite() -> None:
    """A million distinct addresses against room for a quarter of that, written behind as they come."""
    with tempfile.TemporaryDirectory() as folder:
        options = StoreOptions(max_keys=250_000)
        async with open_sqlite(Path(folder), KEY, options) as store:
            await _flood(store, 1_000_000, options.max_keys, housekeeping=True)
        database = _size_bytes(Path(folder))
        began = time.perf_counter()
        async with open_sqlite(Path(folder), KEY, options) as store:
            seconds = time.perf_counter() - began
            print(f"database {database / 1e6:.0f} MB, opened again in {seconds:.2f} s: {store.meters.size():,} keys")


def _size_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


async def _flood(store: Store, addresses: int, room: int = 1_000_000, *, housekeeping: bool = False) -> None:
    print(f"{'addresses':>11} {'keys':>10} {'of the cap':>10} {'resident MB':>12} {'hits/s':>10}")
    step = addresses // 10
    least, most, before = room, 0, resident_bytes()
    for start in range(0, addresses, step):
        rates = []
        for part in range(start, start + step, step // 10):
            rates.append(await _hits(store.meters, range(part, part + step // 10), distinct=False))
            if housekeeping:
                await store.ledger.expire(START)
            if start >= addresses // 2:
                least, most = min(least, store.meters.size()), max(most, store.meters.size())
        used, size = (resident_bytes() - before) / 1e6, store.meters.size()
        print(f"{start + step:>11,} {size:>10,} {size / room:>10.2f} {used:>12.0f} {median(rates):>10,.0f}")
    print(f"in the last half between {least:,} and {most:,} keys, cap {room:,}")


def main() -> None:
    """Run one part, or each in a process of its own (memory is measured)."""
    parts = {
        "commits": durable_commits,
        "cpu": cpu,
        "meters": meters_as_keys_grow,
        "memory": bounded_memory,
        "sqlite": bounded_sqlite,
    }
    if len(sys.argv) > 1 and sys.argv[1] in parts:
        asyncio.run(parts[sys.argv[1]]())
        return
    for name in PARTS:
        print(f"\n-- {name}: {parts[name].__doc__}", flush=True)
        subprocess.run([sys.executable, "-m", "bench.store", name], check=True)


if __name__ == "__main__":
    main()
