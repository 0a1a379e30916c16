"""Processes of their own for the store's tests: ``python -m tests.store.children WHAT DIRECTORY``."""

import asyncio
import json
import os
import resource
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from stillpost.model import RequestState
from stillpost.store.protocol import Decision, Receipt, Store, StoreError
from stillpost.store.sqlite import open_sqlite
from tests.store.making import NOON, STORE_KEY, address, claim, commit, commit_request, keep, note, request


def say(*words: object) -> None:
    """One line, out at once: what is printed before a kill was true then."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def own(state: Path) -> None:
    """Take the store and keep it until standard input ends."""
    async with open_sqlite(state, STORE_KEY):
        say("open")
        await asyncio.to_thread(sys.stdin.read)


async def try_to_open(state: Path) -> None:
    """Say what opening the store raises."""
    try:
        async with open_sqlite(state, STORE_KEY):
            say("opened")
    except StoreError as error:
        say(type(error).__name__, str(error))


async def try_as_nobody(state: Path) -> None:
    """The same, as a user who may write nowhere."""
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    await try_to_open(state)


async def fill(state: Path) -> None:
    """Write until files may not grow any more, then until they may again; say what became of each write."""
    async with open_sqlite(state, STORE_KEY) as store:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
        written: list[str] = []
        failed: list[str] = []
        for round_number in range(200):
            names = [f"r{round_number}-{index}" for index in range(8)]
            for name, outcome in zip(names, await _all(store, names), strict=True):
                (written if isinstance(outcome, Receipt) else failed).append(name)
                assert isinstance(outcome, Receipt | StoreError), repr(outcome)
            if len(failed) > 16:
                break
        errors = {str(outcome) for outcome in await _all(store, ["again"])}
        reading_works = await store.ledger.request(written[0]) is not None
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await commit_request(store, request("after"), claim("space", "*", 10**9, None, 1000))
        lost = [name for name in [*written, "after"] if await store.ledger.request(name) is None]
        ghosts = [name for name in [*failed, "again"] if await store.ledger.request(name) is not None]
        standing = await store.ledger.standing()
        room = claim("space", "*", 1000 * (len(written) + 2), None, 1001)
        say(
            json.dumps(
                {
                    "written": len(written),
                    "failed": len(failed),
                    "errors": sorted(errors),
                    "reading_works": reading_works,
                    "lost": lost,
                    "ghosts": ghosts,
                    "waiting": standing.waiting,
                    "no_space_leaked": (await commit(store, Decision(reservations=(room,)))).taken is None
                    and (await commit(store, Decision(reservations=(replace(room, amount=1000),)))).taken is not None,
                }
            )
        )


async def _all(store: Store, names: list[str]) -> list[Receipt | BaseException]:
    space = claim("space", "*", 10**9, None, 1000)
    return await asyncio.gather(
        *(commit_request(store, request(name), space) for name in names), return_exceptions=True
    )


async def work(state: Path) -> None:
    """Commit, challenge, settle and deliver without end; say each thing when it is done and not before."""
    async with open_sqlite(state, STORE_KEY) as store:
        start = len(await store.ledger.entries(NOON, 1_000_000))
        say("open", start)
        await asyncio.gather(*(_worker(store, f"{start}-{number}") for number in range(8)), _courier(store))


async def _worker(store: Store, prefix: str) -> None:
    count = 0
    while True:
        count += 1
        name = f"r{prefix}-{count}"
        asked = request(name, at=NOON + timedelta(seconds=count), requester=address(f"ann{count % 700}"))
        if count % 3 == 0:
            asked = replace(asked, state=RequestState.ACCEPTED, text="deliver me")
        decision = Decision(keep=keep(asked), deliver=True)
        if asked.state is not RequestState.ACCEPTED:
            otherwise = Decision(keep=keep(replace(asked, state=RequestState.MAIL_FIRST)))
            once = claim(key=asked.requester.limit_key)
            decision = Decision(reservations=(once,), keep=keep(asked), challenge=note(asked), otherwise=otherwise)
        receipt = await commit(store, decision, asked.at)
        assert receipt.taken is not None
        say("challenged" if receipt.taken.challenge else "kept", name, asked.requester.limit_key)


async def _courier(store: Store) -> None:
    while True:
        for item in await store.ledger.due(NOON + timedelta(days=1), 8):
            if item.challenge is not None:
                if await store.ledger.spend(item.id):
                    say("mailed", item.id)
            else:
                say("delivering", item.id)
                await store.ledger.done(item.id, NOON)
                say("delivered", item.id)
        await asyncio.sleep(0)


if __name__ == "__main__":
    children = {"own": own, "try": try_to_open, "try-as-nobody": try_as_nobody, "fill": fill, "work": work}
    asyncio.run(children[sys.argv[1]](Path(sys.argv[2])))
