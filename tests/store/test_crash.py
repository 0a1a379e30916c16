"""``kill -9`` at any moment: what was said to be written is there, and no challenge is mailed twice."""

import asyncio
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from stillpost.model import RequestState
from stillpost.store.protocol import Store
from stillpost.store.sqlite import open_sqlite
from tests.store.making import DAY, NOON, STORE_KEY

ROOT = Path(__file__).parents[2]


def worked_until_killed(state: Path, lines: int) -> list[str]:
    """What a working process said before it was killed, some time after so many lines."""
    command = [sys.executable, "-m", "tests.store.children", "work", str(state)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(lines)]
        child.kill()
        said += child.stdout.readlines()
    assert all(said), "the process ended by itself"
    return [line.strip() for line in said if line.endswith("\n")]


async def check(store: Store, said: list[list[str]], latest: list[list[str]]) -> None:
    """``said`` in all lives of the process; what ``latest`` says was written is looked for."""
    words = ("challenged", "kept", "mailed", "delivered")
    told = {word: [line[1] for line in said if line[0] == word] for word in words}
    assert max(Counter(told["mailed"]).values(), default=0) <= 1, "a challenge was mailed twice"
    assert max(Counter(told["delivered"]).values(), default=0) <= 1
    keys = Counter(line[2] for line in said if line[0] == "challenged")
    assert max(keys.values(), default=0) <= 1, "an address was challenged twice"
    waiting = {item.id for item in await store.ledger.due(NOON + DAY, 1_000_000)}
    assert not waiting.intersection(told["mailed"]), "a spent challenge is due again"
    assert not waiting.intersection(told["delivered"]), "a delivered ticket is due again"
    for word, name, *_ in (line for line in latest if line[0] in {"challenged", "kept"}):
        kept = await store.ledger.request(name)
        assert kept is not None, f"{name} was lost"
        assert await store.ledger.request_by_secret(f"secret-{name}") == kept
        assert await store.ledger.entry(name) is not None
        if kept.state is RequestState.ACCEPTED:
            assert name in waiting, f"{name} is accepted and never delivered"
        challenge = f"challenge-{name}"
        if word == "challenged" and challenge not in waiting and challenge not in told["mailed"]:
            assert not await store.ledger.spend(challenge), "neither due nor spent"


def kill_and_check(state: Path, rounds: int, seed: int) -> None:
    chance, said = random.Random(seed), list[list[str]]()

    async def look(latest: list[list[str]]) -> None:
        async with open_sqlite(state, STORE_KEY) as store:
            await check(store, said, latest)

    for _ in range(rounds):
        latest = [line.split() for line in worked_until_killed(state, chance.randint(1, 400))]
        said += latest
        asyncio.run(look(latest))
    asyncio.run(look(said))


def test_nothing_said_to_be_written_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    kill_and_check(tmp_path, rounds=4, seed=1)


@pytest.mark.e2e
@pytest.mark.timeout(900)
def test_nothing_is_lost_in_sixty_kills(tmp_path: Path) -> None:
    kill_and_check(tmp_path, rounds=60, seed=2)
