"""The durable store does what the store in memory does, whatever happens to both, restarts and jumping clocks included.

The store in memory is the measure: each of its transactions is one function that can be read.
"""

import asyncio
import tempfile
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stillpost.model import RequestState, Way
from stillpost.store.memory import memory_store
from stillpost.store.protocol import By, Case, Decision, Reservation, Settlement, Store
from stillpost.store.sqlite import open_sqlite
from tests.store.making import (
    DAY,
    HOUR,
    METERS,
    MINUTE,
    NOON,
    READINGS,
    SECOND,
    STORE_KEY,
    WEEK,
    address,
    event,
    keep,
    note,
    request,
    verdict,
)

_T = TypeVar("_T")

people = st.sampled_from(["ann", "ann+x", "bob", "noreply"]).map(address)
pauses = st.sampled_from([SECOND, MINUTE, HOUR, DAY, WEEK, 31 * DAY, 400 * DAY, -HOUR, -DAY, timedelta(0)])
reservations = st.lists(
    st.builds(
        Reservation,
        name=st.sampled_from(["challenge", "source", "space"]),
        key=st.sampled_from("ab"),
        limit=st.integers(0, 3),
        window=st.sampled_from([None, HOUR, WEEK]),
        amount=st.integers(0, 2),
        attempt=st.booleans(),
    ),
    max_size=3,
).map(tuple)
states = st.sampled_from(RequestState)
lifetimes = st.sampled_from([MINUTE, DAY, WEEK])


class StoresAgree(RuleBasedStateMachine):
    """Does everything to both stores and compares what they answer, and then all that can be asked."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = tempfile.TemporaryDirectory()
        self.memory = memory_store(STORE_KEY)
        self.opened: AbstractAsyncContextManager[Store]
        self.sqlite: Store
        self.open()
        self.now = NOON
        self.count = 0

    def open(self) -> None:
        self.opened = open_sqlite(Path(self.directory.name), STORE_KEY)
        self.sqlite = self.runner.run(self.opened.__aenter__())

    def close(self) -> None:
        self.runner.run(self.opened.__aexit__(None, None, None))

    def teardown(self) -> None:
        self.close()
        self.runner.close()
        self.directory.cleanup()

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return self.runner.run(work)

    def both(self, ask: Any) -> Any:
        """What both answer, which must be the same."""
        expected, answered = self.run(ask(self.memory)), self.run(ask(self.sqlite))
        assert answered == expected
        return answered

    @property
    def names(self) -> list[str]:
        return [f"r{index}" for index in range(1, self.count + 1)]

    def pick(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from([*self.names[-6:], "unknown"]))

    @rule(pause=pauses)
    def time_passes(self, pause: timedelta) -> None:
        self.now += pause

    @rule(
        state=states,
        who=people,
        lifetime=lifetimes,
        first=reservations,
        second=reservations,
        options=st.tuples(st.booleans(), st.booleans(), st.booleans(), st.integers(0, 2)),
    )
    def commit(self, state: RequestState, who: Any, lifetime: timedelta, first: Any, second: Any, options: Any) -> None:
        challenged, deliver, idempotent, files = options
        self.count += 1
        asked = request(f"r{self.count}", at=self.now, state=state, requester=who, lifetime=lifetime, files=files)
        other = Decision(reservations=second, keep=keep(replace(asked, state=RequestState.MAIL_FIRST), 500))
        decision = Decision(
            reservations=first,
            keep=keep(asked),
            deliver=deliver and state is RequestState.ACCEPTED,
            challenge=note(asked, lifetime=lifetime) if challenged else None,
            idempotency=("key", f"hash {self.count}", "answer") if idempotent else None,
            otherwise=other,
        )
        made = event(asked.id, self.now, who)
        self.both(lambda store: store.ledger.commit(made, verdict(asked.id), METERS, READINGS, decision))

    @rule(at=st.sampled_from([timedelta(0), HOUR]), decision=reservations)
    def commit_without_a_request(self, at: timedelta, decision: Any) -> None:
        made = event(f"e{self.count}", self.now + at)
        self.both(lambda store: store.ledger.commit(made, verdict(), (), (), Decision(reservations=decision)))

    @rule(
        data=st.data(),
        way=st.sampled_from(["challenge", "token", "request"]),
        into=states,
        deliver=st.booleans(),
        extras=st.tuples(st.booleans(), st.booleans(), st.booleans(), people),
    )
    def settle(self, data: st.DataObject, way: str, into: RequestState, deliver: bool, extras: Any) -> None:
        name = self.pick(data)
        by = {"challenge": By(challenge=f"challenge-{name}"), "token": By(token=f"token-{name}")}.get(
            way, By(request=name)
        )
        known, suppress, lift, sender = extras
        now = self.now

        def decide(case: Case) -> Settlement:
            alive = [found for found in case.requests if found.text]  # one that is over stays over
            changed = tuple(
                replace(found, state=into, proven=Way.LINK, requester=sender if lift else found.requester)
                for found in alive
            )
            proven = changed[0].requester if changed and known else None
            return Settlement(
                changed=changed,
                deliver=tuple(found.id for found in changed) if deliver and into is RequestState.ACCEPTED else (),
                proven=proven,
                proven_until=now + 90 * DAY,
                browser="browser" if proven and suppress else "",
                suppress_until=now + 730 * DAY if suppress else None,
                lift=lift and proven is not None,
                note=case.portal + case.challenge,
            )

        self.both(lambda store: store.ledger.settle(by, now, decide))

    @rule(data=st.data(), what=st.sampled_from(["spend", "done", "retry"]), later=st.sampled_from([MINUTE, DAY]))
    def work_on_the_outbox(self, data: st.DataObject, what: str, later: timedelta) -> None:
        items = [item.id for item in self.run(self.memory.ledger.due(self.now + 400 * DAY, 100))]
        item = data.draw(st.sampled_from([*items, "unknown"]))
        if what == "spend":
            self.both(lambda store: store.ledger.spend(item))
        elif what == "done":
            self.both(lambda store: store.ledger.done(item, self.now, "ticket 1"))
        else:
            self.both(lambda store: store.ledger.retry(item, self.now + later, "later"))

    @rule()
    def expire(self) -> None:
        assert sorted(self.run(self.memory.ledger.expire(self.now))) == sorted(
            self.run(self.sqlite.ledger.expire(self.now))
        )

    @rule(who=people)
    def forget(self, who: Any) -> None:
        self.both(lambda store: store.ledger.forget(who))

    @rule(key=people, until=st.none() | pauses, remove=st.booleans())
    def change_a_list(self, key: Any, until: timedelta | None, remove: bool) -> None:
        if remove:
            self.both(lambda store: store.lists.remove("suppressed", key.limit_key))
        else:
            end = None if until is None else self.now + until
            self.both(lambda store: store.lists.add("suppressed", key.limit_key, self.now, end, "by hand"))

    @precondition(lambda self: self.count)
    @rule()
    def restart(self) -> None:
        self.close()
        self.open()

    @invariant()
    def all_answers_agree(self) -> None:
        for name in [*self.names, "unknown"]:
            self.both(lambda store, name=name: store.ledger.request(name))
            self.both(lambda store, name=name: store.ledger.request_by_secret(f"secret-{name}"))
            self.both(lambda store, name=name: store.ledger.waiting(f"challenge-{name}", self.now))
            self.both(lambda store, name=name: store.ledger.entry(name))
        for state in RequestState:
            self.both(lambda store, state=state: store.ledger.requests(state))
        self.both(lambda store: store.ledger.entries(NOON - 2000 * DAY))
        self.both(lambda store: store.ledger.standing())
        self.both(lambda store: store.ledger.answer("key", self.now))
        self.both(lambda store: store.lists.listed("suppressed"))
        for when in (self.now, self.now + 400 * DAY):
            due = [self.run(store.ledger.due(when)) for store in (self.memory, self.sqlite)]
            assert sorted(due[0], key=lambda item: item.id) == sorted(due[1], key=lambda item: item.id)
        for who in (address("ann"), address("bob")):
            self.both(lambda store, who=who: store.ledger.proven(who.proof_key, self.now))
            self.both(lambda store, who=who: store.ledger.knows("browser", who.proof_key, self.now))
            self.both(lambda store, who=who: store.lists.has("suppressed", who.limit_key, self.now))


TestStoresAgree = StoresAgree.TestCase
TestStoresAgree.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
