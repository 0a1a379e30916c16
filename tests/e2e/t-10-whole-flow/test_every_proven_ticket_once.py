"""Every proven ticket is in the real product exactly once, whatever dies on the way; nobody unproven is mailed."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from tests.e2e import products, stillposts
from tests.e2e.cutting import Cutter, cutting
from tests.e2e.products import DjangoHelpdesk, Roundup, Sink
from tests.e2e.stillposts import Answer, Stillpost, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A real product behind a cutter: what its adapter needs, what it has, and the request that makes a ticket."""

    product: str
    url: str
    options: dict[str, object]
    subjects: Callable[[], list[str]]
    made_by: str


def django(desk: DjangoHelpdesk) -> Desk:
    return Desk(
        product="django-helpdesk",
        url=desk.url,
        options={"username": desk.username},
        subjects=lambda: [str(ticket["title"]) for ticket in desk.tickets()],
        made_by="POST .*/api/tickets/",
    )


def roundup_subjects(desk: Roundup) -> list[str]:
    return [desk.admin("get", "title", f"issue{issue}").strip() for issue in desk.issues()]


def tracker(desk: Roundup) -> Desk:
    return Desk(
        product="roundup",
        url=desk.url,
        options={"username": "intake", "requester": "create"},
        subjects=lambda: roundup_subjects(desk),
        made_by="POST .*/data/issue/@poe/.+",
    )


@pytest.fixture(params=["django-helpdesk", "roundup"])
def desk(request: pytest.FixtureRequest) -> Desk:
    """Each product in turn, freshly started."""
    if request.param == "roundup":
        return tracker(request.getfixturevalue("roundup"))
    return django(request.getfixturevalue("django_helpdesk"))


@dataclass(frozen=True, slots=True)
class Flow:
    """One Stillpost before one product, the cutter between them, and what the relay got."""

    stillpost: Stillpost
    cutter: Cutter
    relay: Sink

    def challenged(self, email: str, subject: str, **more: str) -> bytes:
        """Ask; the challenge that came."""
        assert self.stillpost.ask(email, subject, **more).state == "challenged"
        return eventually(lambda: self.relay.to(email), f"a challenge to {email}")[0].content

    def delivered(self, count: int) -> None:
        """Wait until this many tickets were delivered by this journal."""
        eventually(
            lambda: len([line for line in self.stillpost.journal("ticket") if '"delivered"' in line]) >= count,
            lambda: self.stillpost.log.read_text()[-3000:],
            60,
        )


@contextmanager
def flowing(place: Path, desk: Desk) -> Iterator[Flow]:
    (place / "password").write_text("stillpost-password\n")
    (place / "key").write_text("a-key-of-the-embedding-site\n")
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(cutting(desk.url)) as cutter:
        options = {"product": desk.product, "url": cutter.url, "password_file": str(place / "password"), **desk.options}
        with products.listening() as relay:
            stillpost = stillposts.install(
                place / "stillpost",
                relay=relay.port,
                limits=stillposts.WIDE,
                portals={"support": {"proof": "link", "api_key_file": str(place / "key"), "helpdesk": options}},
            )
            with stillposts.running(stillpost):
                yield Flow(stillpost, cutter, relay)


def proven_by_first_mail(stillpost: Stillpost, email: str, subject: str, **more: str) -> Answer:
    answer = stillpost.ask(email, subject, **more)
    code, said = stillpost.first_mail(email, answer.code)
    assert code == 250, said
    return answer


def test_each_way_of_proof_makes_one_ticket_and_only_who_proved_is_mailed_by_the_product(
    desk: Desk, sink: Sink, tmp_path: Path
) -> None:
    with flowing(tmp_path, desk) as flow:
        for victim in ("vera@example.net", "volker@example.net"):
            flow.challenged(victim, "a stranger's words")
        assert "Thank you" in flow.stillpost.confirm(flow.challenged("ann@example.com", "by the link"))
        proven_by_first_mail(flow.stillpost, "bob@example.org", "by the first mail")
        answer = flow.stillpost.ask("carol@example.com", "typed one address, wrote from another")
        assert flow.stillpost.first_mail("carol@example.org", answer.code) == (250, "")
        flow.delivered(3)
        flow.stillpost.idle()
        assert flow.stillpost.stop() == 0
        assert Counter(desk.subjects()) == Counter(
            ["by the link", "by the first mail", "typed one address, wrote from another"]
        )
        proven = {"ann@example.com", "bob@example.org", "carol@example.org"}
        assert {address for caught in sink.mails for address in caught.recipients} <= proven
        challenged = Counter(address for caught in flow.relay.mails for address in caught.recipients)
        assert max(challenged.values()) == 1
        assert {"vera@example.net", "volker@example.net", "ann@example.com"} <= set(challenged)


def test_a_process_killed_after_the_product_made_the_ticket_and_before_it_was_told_makes_no_second_one(
    desk: Desk, sink: Sink, tmp_path: Path
) -> None:
    with flowing(tmp_path, desk) as flow:
        flow.cutter.then = flow.stillpost.kill
        for number in range(3):
            flow.cutter.cut(desk.made_by)
            answer = proven_by_first_mail(flow.stillpost, f"ann.{number}@example.com", f"Question {number}")
            eventually(lambda: flow.stillpost.process is None, "the cutter cut and killed")
            flow.stillpost.start()
            flow.delivered(number + 1)
            assert flow.stillpost.stands(answer.secret) == "taken in"
        assert sorted(desk.subjects()) == ["Question 0", "Question 1", "Question 2"]


def test_a_product_that_is_down_for_a_while_and_cuts_connections_gets_each_ticket_once(
    desk: Desk, sink: Sink, tmp_path: Path
) -> None:
    with flowing(tmp_path, desk) as flow:
        flow.cutter.down = True
        for number in range(6):
            proven_by_first_mail(flow.stillpost, f"ann.{number}@example.com", f"Question {number}")
        eventually(lambda: flow.cutter.turned_away >= 6, "Stillpost tries")
        for _ in range(3):
            flow.cutter.cut(desk.made_by)
        flow.cutter.down = False
        flow.delivered(6)
        assert sorted(desk.subjects()) == [f"Question {number}" for number in range(6)]
        assert flow.cutter.cuts == []
