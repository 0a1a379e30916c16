"""An answer never depends on the address (docs/adr/0002), whatever the caller tries.

Two worlds live through the same story, about two different people; then one caller tries the same things in both, always
naming the first of the two. So in one world he names somebody of whom much is known (suppressed, challenged, proven, a
role, a domain whose budget is spent, named often), in the other somebody never heard of. Every answer and every status
page must be the same in both, but for what is random in every answer: ids, secrets, codes.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import example, given, note, settings
from hypothesis import strategies as st

from stillpost.intake.limits import Limits
from stillpost.lab.world import Page, World, hidden_field, link_in
from stillpost.model import Mode, ProofMode, ProofOfWork, Rate
from tests.worlds import FORM, REQUEST, call, fill_in, ids_on, multipart, told, world

HOUR = timedelta(hours=1)
OWNER = "203.0.113.9"
_RANDOM = re.compile(
    r"[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{2}|\b[0-9a-f]{32}\b|(?<![a-z0-9])[a-z2-7]{26}(?![a-z0-9])|[\w=-]+\.[\w-]{43}"
)


def same(page: Page, typed: str = "") -> list[str]:
    """All of an answer but what is random in every answer, and but the address that was typed, as lines."""
    headers = [f"{name}: {value}" for name, value in sorted(page.headers.items()) if name != "content-length"]
    text = page.text.replace(typed, "(as typed)") if typed else page.text
    return [str(page.status), *headers, *_RANDOM.sub(lambda found: "*" * len(found[0]), text).splitlines()]


async def asked(home: World, email: str, number: int = 200, portal: str = "sales") -> None:
    """Somebody, somewhere else, asks in this name."""
    words = {"email": email, "subject": f"S{number}", "message": f"It is about {number} things of {portal}."}
    await fill_in(home, words, portal=portal, ip=f"192.0.{number}.2")


async def mailed(home: World, email: str) -> str:
    """He is asked by link; its path."""
    await asked(home, email)
    await home.work()
    return link_in(home.mailer.newest[email], "confirm")


async def never_heard_of(home: World, email: str) -> None:
    """Nothing happened."""


async def suppressed(home: World, email: str) -> None:
    await mailed(home, email)
    await home.post(link_in(home.mailer.newest[email], "not-me"), {}, OWNER)
    home.clock.push(days=8)


async def challenged(home: World, email: str) -> None:
    await mailed(home, email)


async def waiting(home: World, email: str) -> None:
    await asked(home, email)


async def proven(home: World, email: str) -> None:
    link = await mailed(home, email)
    ids = ids_on(await home.get(link, OWNER))
    await home.post(link, [("shown", ids[0]), ("mine", ids[0])], OWNER)
    await home.work()


async def denied(home: World, email: str) -> None:
    link = await mailed(home, email)
    await home.post(link, [("shown", each) for each in ids_on(await home.get(link, OWNER))], OWNER)


async def bounced(home: World, email: str) -> None:
    await mailed(home, email)
    await home.house.proving.bounced(home.mailer.newest[email].message_id[11:43], home.clock())
    home.clock.push(days=8)


async def named_often(home: World, email: str) -> None:
    for number in range(5):
        await asked(home, email, number, ("sales", "support")[number % 2])


async def domain_spent(home: World, email: str) -> None:
    for number in range(4):
        await asked(home, f"p{number}@{email.partition('@')[2]}", number)


async def held(home: World, email: str) -> None:
    await fill_in(home, {"email": email, "fax_number": "1"}, portal="sales", ip="192.0.200.2")


STORIES: tuple[Callable[[World, str], Awaitable[None]], ...] = (
    never_heard_of, suppressed, challenged, waiting, proven, denied, bounced, named_often, domain_spent, held,
)  # fmt: skip


@dataclass(slots=True)
class Caller:
    """Tries things in a world, and keeps all he is told."""

    home: World
    target: str
    fresh: int = 0
    told: list[list[str]] = field(default_factory=list)

    async def attempt(self, what: str, network: int, *, named: bool) -> None:
        """One request, from one of a few networks, naming the target or somebody new."""
        self.fresh += 1
        email, ip = self.target if named else f"new{self.fresh}@new{self.fresh}.example", f"198.51.{network}.7"
        words = {"email": email, "subject": f"Question {self.fresh}", "message": f"It is my question {self.fresh}."}
        body = {**REQUEST, "requester": {"email": email}, "subject": words["subject"], "text": words["message"]}
        if what == "wait":
            self.home.clock.push(minutes=7)
            return
        if what == "files":
            page = await self._upload(words, ip)
        elif what in {"calm", "fast"}:
            page = await fill_in(self.home, words, ip=ip, seconds=40 if what == "calm" else 1)
        elif what in {"past", "trap"}:
            page = await fill_in(
                self.home, words | {"page": "" if what == "past" else "x", "fax_number": what[:-4]}, ip=ip
            )
        elif what == "api":
            page = await call(self.home, body, ip=ip)
        elif what == "copies":
            page = await call(self.home, body | {"client_ip": ip, "cc": ["a@b.example"] * 4}, keyed=True)
        elif what == "again":
            again = {**REQUEST, "requester": {"email": email if named else "new@new.example"}, "client_ip": ip}
            page = await call(self.home, again, keyed=True, headers={"idempotency-key": f"k{named}{network}"})
        else:
            page = await call(self.home, body | {"client_ip": ip}, keyed=True)
        self.told.append(same(page, email))
        for secret in re.findall(r"/r/([0-9a-f]{32})", page.text):
            self.told.append(same(await self.home.get(f"/r/{secret}", ip)))

    async def _upload(self, words: dict[str, str], ip: str) -> Page:
        page = await self.home.get("/p/support", ip)
        self.home.clock.push(seconds=40)
        fields = {**FORM, **words, "page": hidden_field(page, "page")}
        parts = [(f'Content-Disposition: form-data; name="{name}"', value.encode()) for name, value in fields.items()]
        parts.append(('Content-Disposition: form-data; name="a"; filename="a"', b"x" * 700))
        headers = {"content-type": "multipart/form-data; boundary=frontier"}
        return await self.home.ask("POST", "/p/support", ip, headers, [multipart(parts)])


EXAMPLES = 20
ONE = Limits(challenges_total=Rate(1, HOUR))
ANYBODY = "somebody@elsewhere.example"
ATTEMPTS = ("calm", "fast", "past", "trap", "api", "copies", "again", "keyed", "files", "wait")
SMALL = st.builds(
    Limits,
    challenges_total=st.integers(1, 8).map(lambda limit: Rate(limit, HOUR)),
    challenges_per_source=st.integers(1, 5).map(lambda limit: Rate(limit, HOUR)),
    challenges_per_domain=st.just((Rate(3, HOUR), Rate(10, timedelta(days=7)))),
    pending_bytes=st.sampled_from([1_000_000, 20_000]),
    pending_bytes_per_source=st.just(1_500),
)
PEOPLE = (
    pytest.param("victim@target.example", "other@decoy.example", id="two people"),
    pytest.param("info@target.example", "ann@decoy.example", id="a role and a person"),
    pytest.param("notifications@target.example", "ann@decoy.example", id="a program and a person"),
    pytest.param("victim@gmail.com", "other@decoy.example", id="free mail and a company"),
    pytest.param("jörg@bücher.example", "ann@decoy.example", id="EAI and plain"),
    pytest.param("team@googlegroups.com", "ann@decoy.example", id="a list and a person"),
)


@pytest.mark.parametrize(("known", "unknown"), PEOPLE)
def test_no_answer_tells_anything_about_the_address(known: str, unknown: str) -> None:
    @settings(max_examples=EXAMPLES)
    @example(
        suppressed, ProofMode.ADAPTIVE, Mode.OBSERVE, ProofOfWork.OFF, ONE, [("calm", 0, True), ("calm", 1, False)]
    )
    @example(named_often, ProofMode.ADAPTIVE, Mode.ENFORCE, ProofOfWork.OFF, Limits(), [("fast", 0, True)])
    @example(never_heard_of, ProofMode.ADAPTIVE, Mode.ENFORCE, ProofOfWork.OFF, Limits(), [("copies", 0, True)])
    @given(
        story=st.sampled_from(STORIES),
        proof=st.sampled_from(ProofMode),
        mode=st.sampled_from(Mode),
        work=st.sampled_from(ProofOfWork),
        limits=SMALL,
        attempts=st.lists(
            st.tuples(st.sampled_from(ATTEMPTS), st.integers(0, 3), st.booleans()), min_size=1, max_size=14
        ),
    )
    def check(
        story: Callable[[World, str], Awaitable[None]],
        proof: ProofMode,
        mode: Mode,
        work: ProofOfWork,
        limits: Limits,
        attempts: list[tuple[str, int, bool]],
    ) -> None:
        async def live(about: str, target: str) -> list[list[str]]:
            home = world(limits=limits, others=("sales",), proof=proof, mode=mode, proof_of_work=work)
            try:
                await story(home, about)
            except KeyError:
                pass  # no mail left in this world, and so in neither
            caller = Caller(home, target)
            for what, network, named in attempts:
                await caller.attempt(what, network, named=named)
                await home.work()
            return caller.told

        async def both() -> None:
            about = known if known.startswith("victim") else ANYBODY  # a role is never mailed, so has no such story
            first, second = await live(about, known), await live(ANYBODY, unknown)
            assert len(first) == len(second)
            differences = [
                f"{number}: {one!r} but {other!r}"
                for number, pages in enumerate(zip(first, second, strict=True))
                for one, other in zip(*pages, strict=False)
                if one != other
            ]
            note("\n".join([story.__name__, proof, mode, work, str(limits), str(attempts), *differences]))
            assert not differences

        asyncio.run(both())

    check()


@pytest.mark.anyio
async def test_a_wave_of_new_domains_says_nothing_about_the_domain_that_asks_at_its_edge() -> None:
    """The wave begins for everybody or for nobody: whether a domain was ever seen here must not tip the scale."""
    seen = []
    for before in range(11, 15):
        states = []
        for target in ("ann@seen.example", "ann@never-seen.example"):
            home = world(limits=Limits(challenges_per_source=Rate(50, HOUR)))
            await asked(home, "bob@seen.example", portal="support")
            home.clock.push(days=1)
            for number in range(before):
                await asked(home, f"p@d{number}.example", number, portal="support")
                home.clock.push(seconds=-39)
            states.append(same(await fill_in(home, {"email": target})))
        assert states[0] == states[1]
        seen.append(told(await fill_in(home)))
    assert seen == ["challenged", "mail-first", "mail-first", "mail-first"]
