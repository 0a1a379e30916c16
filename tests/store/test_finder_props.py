"""The finder finds what was added and not removed, through merges, failed transactions and restarts."""

import sqlite3
from collections import defaultdict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stillpost.store.sqlite.batch import Batch
from stillpost.store.sqlite.finder import Finder
from stillpost.store.sqlite.schema import MIGRATIONS, migrate

hashes = st.sampled_from([-(2**63), -5, 0, 1, 2, 3, 2**63 - 1])


class FinderFinds(RuleBasedStateMachine):
    """Adds, removes and merges in small steps; some transactions fail."""

    def __init__(self) -> None:
        super().__init__()
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self.connection, MIGRATIONS)
        self.finder = Finder(merge_at=4, step=2)
        self.model: dict[int, set[int]] = defaultdict(set)
        self.num = 0

    def teardown(self) -> None:
        self.connection.close()

    def transact(self, steps: list[tuple[bool, int, int]], fails: bool) -> None:
        batch = Batch(self.connection)
        self.connection.execute("BEGIN")
        for adds, num, found in steps:
            (self.finder.add if adds else self.finder.remove)(batch, num, (found,))
        if fails:
            batch.failed()
            self.connection.execute("ROLLBACK")
            return
        batch.flush()
        self.connection.execute("COMMIT")
        batch.succeeded()
        for adds, num, found in steps:
            (self.model[found].add if adds else self.model[found].discard)(num)

    @rule(found=st.lists(hashes, min_size=1, max_size=5), fails=st.booleans())
    def add(self, found: list[int], fails: bool) -> None:
        self.num += 1
        self.transact([(True, self.num, one) for one in set(found)], fails)

    @rule(data=st.data(), fails=st.booleans(), add=st.booleans())
    def remove(self, data: st.DataObject, fails: bool, add: bool) -> None:
        there = sorted((num, found) for found, nums in self.model.items() for num in nums)
        if there:
            num, found = data.draw(st.sampled_from(there))
            self.num += 1
            more = [(True, self.num, found), (False, self.num, found)] if add else []
            self.transact([*more, (False, num, found)], fails)

    @rule(fails=st.booleans())
    def merge(self, fails: bool) -> None:
        if not self.finder.wants_merge:
            return
        batch = Batch(self.connection)
        self.connection.execute("BEGIN")
        self.finder.merge(batch)
        if fails:
            batch.failed()
            self.connection.execute("ROLLBACK")
        else:
            batch.flush()
            self.connection.execute("COMMIT")
            batch.succeeded()

    @rule()
    def restart(self) -> None:
        (merged_to,) = self.connection.execute("SELECT value FROM meta WHERE name = 'found'").fetchone() or (0,)
        self.finder = Finder(merge_at=4, step=2)
        for num, found in sorted((num, found) for found, nums in self.model.items() for num in nums):
            if num > merged_to:
                self.finder.load(num, (found,))

    @invariant()
    def finds_what_there_is(self) -> None:
        for found in (-(2**63), -5, 0, 1, 2, 3, 2**63 - 1, 77):
            assert self.finder.nums(self.connection, found) == sorted(self.model[found])


TestFinderFinds = FinderFinds.TestCase
TestFinderFinds.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
