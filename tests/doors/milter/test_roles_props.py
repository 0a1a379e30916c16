"""Whatever a stranger sends, each role has an answer that can be said, and what is held is what came."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillpost.doors.milter.answer import Refuse, Say, encode
from stillpost.doors.milter.arriving import content_of
from stillpost.doors.milter.session import Arrived
from stillpost.model import RequestState
from tests.doors.milter.roles import ADDRESS, arrived, made

text = st.binary(max_size=60).map(lambda raw: raw.replace(b"\0", b"").replace(b"\r", b""))
folded = text.map(lambda raw: b" " + raw.replace(b"\n", b"\n\t"))
addresses = st.one_of(
    st.sampled_from(
        [f"<{ADDRESS}>".encode(), b"<victim@example.net>", b"<prove+x@localhost.localdomain>", b"<>", b"<@>"]
    ),
    text.map(lambda raw: b"<" + raw.replace(b"\n", b"") + b">"),
)
FIELDS = (
    "From To Cc Subject Auto-Submitted Reply-To Authentication-Results DKIM-Signature Message-ID In-Reply-To References "
    "List-Id Stillpost-Moved Received Date X-Other"
)
names = st.sampled_from(FIELDS.encode().split())
values = st.one_of(
    folded,
    st.sampled_from(
        [
            b" ann@example.com",
            b" support@helpdesk.example.org, Conny <conny@example.org>",
            b" =?utf-8?q?=C3=A4?= <b@example.com>, \xc3\xa4@example.com, a b c",
            b" mx.helpdesk.example.org; spf=pass smtp.mailfrom=ann@example.com",
            b" <one@example.com> <two@example.com>",
            b" auto-replied",
            b" Mon, 23 Nov 2026 08:00:00 +0000",
        ]
    ),
)
mails = st.builds(
    lambda sender, recipients, fields, body: replace(
        arrived(), sender=sender, recipients=tuple(recipients), fields=tuple(fields), body=body
    ),
    addresses,
    st.lists(addresses, min_size=1, max_size=5),
    st.lists(st.tuples(names, values), max_size=12),
    st.binary(max_size=100),
)


@pytest.mark.parametrize("unproven", ["hold", "challenge", "unmeasured"])
@given(mails=st.lists(mails, min_size=1, max_size=3))
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_every_mail_has_an_answer_that_can_be_said(unproven: str, mails: list[Arrived]) -> None:
    with TemporaryDirectory() as place:
        asyncio.run(answered(Path(place), unproven, mails))


async def answered(place: Path, unproven: str, mails: list[Arrived]) -> None:
    house = made(place, unproven=unproven)
    for mail in mails:
        for role in (house.inward, house.outward, house.people):
            answer = await role.decide(mail)
            assert encode(answer, leading_space=True)
            assert role is house.inward or not isinstance(answer.verdict, Refuse)
            assert answer.verdict is not Say.TEMPFAIL
    assert not [line for line in house.journal if '"event":"failed"' in line]
    ledger, holds = house.house.store.ledger, house.house.store.holds
    for state in (RequestState.HELD, RequestState.CHALLENGED):
        for request in await ledger.requests(state):
            kept = await holds.get(request.id, "0")
            assert kept is not None
            assert any(kept.partition(b"\r\n\r\n")[2] == content_of(mail).partition(b"\r\n\r\n")[2] for mail in mails)


@pytest.mark.anyio
async def test_a_mail_that_nobody_released_is_deleted_unsent_and_its_entry_stays(tmp_path: Path) -> None:
    house = made(tmp_path)
    await house.outward.decide(arrived("victim@example.net", sender=ADDRESS))
    ledger = house.house.store.ledger
    (held,) = await ledger.requests(RequestState.CHALLENGED)
    at = house.clock.push(seconds=(held.expires - house.clock() + timedelta(seconds=1)).total_seconds())
    for owner in await ledger.expire(at):
        await house.house.store.holds.drop(owner)
    assert await house.house.store.holds.get(held.id, "0") is None
    gone = await ledger.request(held.id)
    assert gone is None or gone.state is RequestState.EXPIRED
    assert await ledger.entry(held.id) is not None
