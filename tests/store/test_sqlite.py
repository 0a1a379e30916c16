"""What only the durable store can get wrong: files, locks, damage, full disks, other processes, restarts."""

import asyncio
import json
import os
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from stillpost.model import Meter, RequestState
from stillpost.store.options import StoreOptions
from stillpost.store.protocol import By, Case, Decision, Receipt, Settlement, StoreError, StoreInUseError
from stillpost.store.sqlite import DATABASE_NAME, open_sqlite
from stillpost.store.sqlite.schema import MIGRATIONS, connect, migrate
from tests.store.making import (
    DAY,
    HOUR,
    NOON,
    SECOND,
    STORE_KEY,
    WEEK,
    address,
    claim,
    commit,
    commit_request,
    event,
    keep,
    request,
    verdict,
)

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]


def child(what: str, state: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.children", what, str(state)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def files_of(state: Path) -> list[Path]:
    return [path for path in state.rglob("*") if path.is_file()]


async def test_a_second_process_is_refused_with_one_line_that_names_the_lock(tmp_path: Path) -> None:
    with child("own", tmp_path) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "open\n"
        with pytest.raises(StoreInUseError) as refused:
            async with open_sqlite(tmp_path, STORE_KEY):
                pass
        message = str(refused.value)
        assert message == f"another process (process {owner.pid}) owns this store: {tmp_path}/store.lock is locked"
        owner.communicate()
    async with open_sqlite(tmp_path, STORE_KEY):
        with child("try", tmp_path) as other:
            said, _ = other.communicate()
    assert said.startswith("StoreInUseError another process")


async def test_the_same_process_cannot_open_a_store_twice(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path, STORE_KEY):
        with pytest.raises(StoreInUseError):
            async with open_sqlite(tmp_path, STORE_KEY):
                pass


async def test_only_its_owner_can_read_the_state(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "state"
    os.umask(0o022)
    async with open_sqlite(state, STORE_KEY) as store:
        await store.holds.put("r1", "0", b"a photo")
        await commit_request(store, request())
        for path in [state, *state.rglob("*")]:
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o700 if path.is_dir() else 0o600), path.name
        assert {path.name for path in state.iterdir()} >= {"stillpost.db", "stillpost.db-wal", "holds", "store.lock"}


async def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        await commit_request(store, request(files=1), claim(), claim("space", "*", 10, None, 10), challenge=True)
        await store.holds.put("r1", "0", b"a photo")
        await store.lists.add("suppressed", "bob@example.com", NOON, NOON + DAY, "not-me")
        await store.meters.hit([Meter("m", "*|requester|ann", (HOUR, DAY)), Meter("t", "k", (HOUR,), "a")], NOON)
        await store.meters.hit([Meter("m", "*|requester|ann", (HOUR, DAY))], NOON)
        before = await store.ledger.standing()
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        assert await store.ledger.request("r1") == request(files=1)
        assert await store.ledger.waiting("challenge-r1", NOON) == [request(files=1)]
        assert await store.ledger.standing() == before
        assert await store.holds.get("r1", "0") == b"a photo"
        assert await store.lists.has("suppressed", "bob@example.com", NOON)
        refused = await commit_request(store, request("r2"), claim(), claim("space", "*", 10, None, 1))
        assert refused.refused == ("challenge", "space")
        (reading,) = await store.meters.hit([Meter("m", "*|requester|ann", (HOUR, DAY))], NOON + SECOND)
        assert (reading.counts, reading.first_seen) == ((3, 3), NOON)
        (known,) = await store.meters.hit([Meter("t", "k", (HOUR,), "a")], NOON + SECOND)
        assert (known.counts, known.is_new) == ((1,), False)
        assert await store.meters.forget("ann") == 1, "the names and prefixes of the earlier life are known"


async def test_expired_claims_do_not_come_back_with_a_restart(tmp_path: Path) -> None:
    short, long = claim("a", "k", 1, HOUR), claim("b", "k", 1, WEEK)
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        assert (await commit(store, Decision(reservations=(short, long)))).taken
        await store.ledger.expire(NOON + HOUR)
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        assert (await commit(store, Decision(reservations=(short,)))).taken, "even at the old time"
        assert not (await commit(store, Decision(reservations=(long,)))).taken


async def test_a_database_of_a_newer_stillpost_is_refused(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path, STORE_KEY):
        pass
    with sqlite3.connect(tmp_path / DATABASE_NAME) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match=r"has schema 99, this Stillpost knows up to \d+: update Stillpost"):
        async with open_sqlite(tmp_path, STORE_KEY):
            pass


def test_migrations_run_once_each_and_a_failed_one_leaves_the_schema_as_it_was(tmp_path: Path) -> None:
    def second(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE entries ADD COLUMN extra TEXT")

    def third(connection: sqlite3.Connection) -> None:
        connection.execute("DROP TABLE entries")
        raise ZeroDivisionError

    connection = connect(tmp_path / "x.db")
    migrate(connection, MIGRATIONS)
    migrate(connection, (*MIGRATIONS, second))
    migrate(connection, (*MIGRATIONS, second))
    with pytest.raises(ZeroDivisionError):
        migrate(connection, (*MIGRATIONS, second, third))
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
    assert connection.execute("SELECT extra FROM entries").fetchall() == []
    connection.close()


@pytest.mark.parametrize("size", [0, 100, 4096, 10_000], ids=["whole", "head", "first page", "middle"])
async def test_a_damaged_database_gives_one_clear_error(tmp_path: Path, size: int) -> None:
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        await asyncio.gather(*(commit_request(store, request(f"r{index}")) for index in range(50)))
    path = tmp_path / DATABASE_NAME
    whole = path.read_bytes()
    path.write_bytes(whole[:size] + b"\xa5" * (len(whole) - size))
    with pytest.raises(StoreError, match=r"stillpost.db cannot be opened: .*the database is damaged"):
        async with open_sqlite(tmp_path, STORE_KEY):
            pass


async def test_damage_found_later_gives_one_clear_error(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        await asyncio.gather(*(commit_request(store, request(f"r{index}")) for index in range(500)))
    path = tmp_path / DATABASE_NAME
    with sqlite3.connect(path) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'requests'").fetchone()
        (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    whole = bytearray(path.read_bytes())
    whole[(page - 1) * page_size : page * page_size] = b"\xff" * page_size
    path.write_bytes(whole)
    with pytest.raises(StoreError, match="the database is damaged"):
        async with open_sqlite(tmp_path, STORE_KEY) as store:
            await store.ledger.requests(RequestState.CHALLENGED, 1000)


async def test_a_state_directory_that_cannot_be_written_gives_one_clear_error(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    with pytest.raises(StoreError, match=r"cannot write in the state directory .*: Not a directory"):
        async with open_sqlite(blocked / "state", STORE_KEY):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
@pytest.mark.parametrize("existing", [False, True], ids=["empty", "with a store"])
async def test_a_read_only_directory_gives_one_clear_error(tmp_path: Path, existing: bool) -> None:
    if existing:
        async with open_sqlite(tmp_path, STORE_KEY):
            pass
        for path in files_of(tmp_path):
            path.chmod(0o644)
    for path in (tmp_path, *tmp_path.parents[:3]):
        path.chmod(0o755)
    with child("try-as-nobody", tmp_path) as other:
        said, _ = other.communicate()
    assert said == f"StoreError cannot write in the state directory {tmp_path}: Permission denied\n"


async def test_a_full_disk_fails_those_who_wait_and_nobody_else(tmp_path: Path) -> None:
    with child("fill", tmp_path) as filling:
        said, _ = filling.communicate()
    assert filling.returncode == 0
    found = json.loads(said)
    assert found["written"] > 8
    assert found["failed"] > 16
    assert found["errors"] == ["the disk failed or is full: nothing was written"]
    assert (found["lost"], found["ghosts"]) == ([], [])
    assert found["reading_works"]
    assert found["waiting"] == found["written"] + 1
    assert found["no_space_leaked"]


async def test_a_bad_job_fails_alone(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        bad = replace(request("bad"), id="\ud800")
        jobs = [commit_request(store, request(f"r{index}"), claim("all", "*", 100)) for index in range(30)]
        jobs.insert(7, commit_request(store, bad, claim("all", "*", 100), claim("space", "*", 10, None, 10)))
        outcomes = await asyncio.gather(*jobs, return_exceptions=True)
        assert isinstance(outcomes.pop(7), UnicodeEncodeError)
        assert all(isinstance(outcome, Receipt) and outcome.taken for outcome in outcomes)
        assert len(await store.ledger.requests(RequestState.CHALLENGED)) == 30
        standing = await store.ledger.standing()
        assert (standing.waiting, standing.entries) == (30, 30)
        rest = Decision(reservations=(claim("all", "*", 100, amount=70), claim("space", "*", 10, None, 10)))
        assert (await commit(store, rest)).taken, "the bad one holds nothing"


async def test_more_writes_than_may_wait_are_refused_at_once(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path, STORE_KEY, StoreOptions(queue=5)) as store:
        jobs = (commit_request(store, request(f"r{index}")) for index in range(50))
        outcomes = await asyncio.gather(*jobs, return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, StoreError)]
        assert 1 <= len(refused) <= 45
        assert str(refused[0]) == "5 writes wait for the disk already"
        assert len(await store.ledger.requests(RequestState.CHALLENGED)) == 50 - len(refused)
        await commit_request(store, request("later"))


async def test_a_waiter_that_went_away_harms_nobody(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        gone = [asyncio.ensure_future(commit_request(store, request(f"gone{index}"))) for index in range(20)]
        await asyncio.sleep(0)
        for task in gone[::2]:
            task.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        await commit_request(store, request("r1"))
        for index in range(1, 20, 2):
            assert await store.ledger.request(f"gone{index}") is not None


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        pass
    with pytest.raises(StoreError, match="the store is closed"):
        await commit_request(store, request())
    with pytest.raises(StoreError, match="the store is closed"):
        await store.ledger.request("r1")


async def test_what_is_queued_when_the_store_closes_is_written(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        tasks = [asyncio.ensure_future(commit_request(store, request(f"r{index}"))) for index in range(600)]
        await asyncio.sleep(0)
    assert all(receipt.taken for receipt in await asyncio.gather(*tasks))
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        assert (await store.ledger.standing()).waiting == 600


async def test_words_and_secrets_are_not_in_the_files_when_a_request_is_over(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        for index in range(40):
            who = address(f"somebody{index}", "private.example")
            asked = replace(
                request(f"r{index}", requester=who), text="Very private words", subject="Very private words"
            )
            await commit_request(store, asked, claim(key=who.limit_key), challenge=True)
            await store.ledger.spend(f"challenge-r{index}")
            await store.meters.hit([Meter("m", f"*|requester|{who.limit_key}", (DAY,))], NOON)

        def drop(case: Case) -> Settlement:
            gone = tuple(replace(found, state=RequestState.DROPPED) for found in case.requests)
            return Settlement(changed=gone, proven=gone[0].requester, proven_until=NOON + DAY, browser="the browser")

        for index in range(40):
            await store.ledger.settle(By(challenge=f"challenge-r{index}"), NOON, drop)
        await store.lists.add("suppressed", "somebody1@private.example", NOON, None)
    files = b"".join(path.read_bytes() for path in files_of(tmp_path))
    assert b"challenge-r7" in files
    for private in (b"Very private words", b"somebody", b"private.example", b"secret-r", b"token-r", b"the browser"):
        assert private not in files
    assert b"192.0.2" not in files


async def test_files_that_a_crash_left_behind_go_at_the_next_start(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        await commit_request(store, request("waits", files=1))
        await commit_request(store, request("over", state=RequestState.REFUSED))
        await commit_request(store, request("files-refused"))
        await commit(store, Decision(), name="mail")
        for owner in ("waits", "over", "files-refused", "mail", "nobody"):
            await store.holds.put(owner, "0", b"bytes")
        (tmp_path / "holds" / "nobody" / ".1").write_bytes(b"half writ")
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        assert await store.holds.owners() == ["mail", "waits"]


async def test_a_half_written_file_is_never_seen(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        await store.holds.put("r1", "0", b"whole")
        (tmp_path / "holds" / "r1" / ".0").write_bytes(b"half")
        assert await store.holds.get("r1", "0") == b"whole"
        await store.holds.drop("r1")
        assert list((tmp_path / "holds").iterdir()) == []


async def test_holds_do_not_follow_links(tmp_path: Path) -> None:
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        await store.holds.put("r1", "0", b"x")
        target = tmp_path / "elsewhere"
        (tmp_path / "holds" / "r1" / ".1").symlink_to(target)
        with pytest.raises(StoreError, match="held bytes"):
            await store.holds.put("r1", "1", b"y")
        assert not target.exists()


async def test_meters_of_a_damaged_blob_begin_anew(tmp_path: Path) -> None:
    meter = Meter("m", "k", (HOUR,))
    async with open_sqlite(tmp_path, STORE_KEY, StoreOptions(max_keys=100)) as store:
        await store.meters.hit([meter], NOON)
    with sqlite3.connect(tmp_path / DATABASE_NAME) as connection:
        ((part, shard, body),) = connection.execute("SELECT part, shard, body FROM meters").fetchall()
        damaged = body[:20] + bytes(len(body) - 20)
        connection.execute("UPDATE meters SET body = ? WHERE part = ? AND shard = ?", (damaged, part, shard))
        connection.execute("INSERT INTO meters VALUES ('keys', 9999, x'00'), ('other', 0, x'00'), ('sights', 0, x'01')")
    connection.close()
    async with open_sqlite(tmp_path, STORE_KEY, StoreOptions(max_keys=100)) as store:
        assert (await store.meters.hit([meter], NOON))[0].counts == (1,)


async def test_another_store_key_is_refused(tmp_path: Path) -> None:
    """With another key no suppression and no limit would be found again: silently, addresses would be asked anew."""
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        await commit_request(store, request(), claim(), challenge=True)
    with pytest.raises(StoreError, match="the store key is not the one that this store was made with"):
        async with open_sqlite(tmp_path, b"another store key of 32 bytes !!"):
            pass
    with pytest.raises(ValueError, match="the store key has 3 bytes"):
        async with open_sqlite(tmp_path, b"abc"):
            pass


async def test_commits_found_through_a_merged_table_are_found_all_the_same(tmp_path: Path) -> None:
    names = [f"r{index}" for index in range(9_000)]
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        for start in range(0, len(names), 500):
            made = (
                store.ledger.commit(
                    event(name), verdict(name), (), (), Decision(keep=keep(request(name, requester=address(name))))
                )
                for name in names[start : start + 500]
            )
            await asyncio.gather(*made)
        for name in names[::100]:
            found = await store.ledger.request_by_secret(f"secret-{name}")
            assert found is not None
            assert found.id == name
            assert await store.ledger.entry(name) is not None
    with sqlite3.connect(tmp_path / DATABASE_NAME) as connection:
        (merged,) = connection.execute("SELECT count(*) FROM finder").fetchone()
    connection.close()
    assert merged > 2_000
    async with open_sqlite(tmp_path, STORE_KEY) as store:
        for name in names[50::100]:
            assert await store.ledger.request(name) is not None
        assert len(await store.ledger.expire(NOON + WEEK)) == 9_000
        await store.ledger.expire(NOON + 60 * DAY)
        assert await store.ledger.request("r17") is None
    with sqlite3.connect(tmp_path / DATABASE_NAME) as connection:
        assert connection.execute("SELECT count(*) FROM finder").fetchone() == (0,)
    connection.close()
