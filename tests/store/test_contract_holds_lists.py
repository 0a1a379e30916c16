"""The contract of holds and lists."""

import pytest

from stillpost.store.protocol import Store
from tests.store.making import DAY, HOUR, NOON, SECOND

pytestmark = pytest.mark.anyio


async def test_bytes_are_held_under_owner_and_name_until_dropped(store: Store) -> None:
    await store.holds.put("r1", "0", b"\x00one")
    await store.holds.put("r1", "1", b"")
    await store.holds.put("r2", "0", b"two" * 1_000_000)
    assert await store.holds.get("r1", "0") == b"\x00one"
    assert await store.holds.get("r1", "1") == b""
    assert await store.holds.get("r2", "0") == b"two" * 1_000_000
    assert await store.holds.get("r1", "2") is None
    assert await store.holds.get("r3", "0") is None
    assert sorted(await store.holds.owners()) == ["r1", "r2"]
    await store.holds.drop("r1")
    await store.holds.drop("r1")
    assert await store.holds.get("r1", "0") is None
    assert await store.holds.owners() == ["r2"]


async def test_what_is_put_twice_is_the_later(store: Store) -> None:
    await store.holds.put("r1", "0", b"first")
    await store.holds.put("r1", "0", b"second")
    assert await store.holds.get("r1", "0") == b"second"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "a\x00b", "a\nb", "ä", "x" * 129, "a b"]
)
async def test_a_name_that_is_not_ours_is_refused(store: Store, name: str) -> None:
    for owner, file in ((name, "0"), ("r1", name)):
        with pytest.raises(ValueError, match="names in holds"):
            await store.holds.put(owner, file, b"x")
        with pytest.raises(ValueError, match="names in holds"):
            await store.holds.get(owner, file)
    with pytest.raises(ValueError, match="names in holds"):
        await store.holds.drop(name)
    assert await store.holds.owners() == []


async def test_a_key_is_on_its_list_until_its_time(store: Store) -> None:
    await store.lists.add("brake", "support", NOON, NOON + HOUR, "tired")
    assert await store.lists.has("brake", "support", NOON + HOUR - SECOND)
    assert not await store.lists.has("brake", "support", NOON + HOUR)
    assert not await store.lists.has("brake", "sales", NOON)
    assert not await store.lists.has("suppressed", "support", NOON)


async def test_a_key_without_an_end_stays_until_removed(store: Store) -> None:
    await store.lists.add("suppressed", "ann@example.com", NOON, None)
    await store.ledger.expire(NOON + 5000 * DAY)
    assert await store.lists.has("suppressed", "ann@example.com", NOON + 5000 * DAY)
    assert await store.lists.remove("suppressed", "ann@example.com")
    assert not await store.lists.remove("suppressed", "ann@example.com")
    assert not await store.lists.has("suppressed", "ann@example.com", NOON)


async def test_adding_again_changes_the_line(store: Store) -> None:
    await store.lists.add("brake", "*", NOON, NOON + HOUR, "first")
    await store.lists.add("brake", "*", NOON + SECOND, None, "second")
    (line,) = await store.lists.listed("brake")
    assert (line.name, line.until, line.note, line.since) == ("brake", None, "second", NOON + SECOND)


async def test_lines_come_oldest_first_with_keys_as_hashes_only(store: Store) -> None:
    for index in (2, 0, 1):
        await store.lists.add("suppressed", f"ann{index}@example.com", NOON + index * SECOND, None, str(index))
    await store.lists.add("brake", "*", NOON, None)
    lines = await store.lists.listed("suppressed")
    assert [line.note for line in lines] == ["0", "1", "2"]
    assert [line.note for line in await store.lists.listed("suppressed", limit=1)] == ["0"]
    assert len({line.key_hash for line in lines}) == 3
    assert "ann" not in str(lines)


async def test_newcomers_evict_nobody_from_a_full_list(store: Store) -> None:
    for number in range(3):
        assert await store.lists.add("relation", f"r{number}", NOON, NOON + DAY, at_most=3)
    assert not await store.lists.add("relation", "r3", NOON, NOON + DAY, at_most=3)
    assert not await store.lists.has("relation", "r3", NOON)
    assert await store.lists.add("relation", "r0", NOON, NOON + 2 * DAY, at_most=3), "one that is there may change"
    assert await store.lists.has("relation", "r0", NOON + DAY)
    assert await store.lists.size("relation") == 3
    assert await store.lists.size("suppressed") == 0
    await store.ledger.expire(NOON + DAY)
    assert await store.lists.size("relation") == 1
    assert await store.lists.add("relation", "r3", NOON + DAY, None, at_most=3)


async def test_the_same_line_again_is_no_change(store: Store) -> None:
    await store.lists.add("relation", "r", NOON, NOON + DAY, "why")
    await store.lists.add("relation", "r", NOON + HOUR, NOON + DAY, "why")
    (line,) = await store.lists.listed("relation")
    assert line.since == NOON
