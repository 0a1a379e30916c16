"""The clock jumps under a running process: nothing is lost, nobody is mailed twice, nobody sees an error."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.e2e import products, stillposts
from tests.e2e.crowd import in_maildir
from tests.e2e.products import Sink
from tests.e2e.stillposts import Stillpost, eventually

from stillpost.service.wiring import now

pytestmark = pytest.mark.e2e

YEAR, DAY = timedelta(days=365), timedelta(days=1)


@pytest.fixture
def relay() -> Iterator[Sink]:
    with products.listening() as sink:
        yield sink


@pytest.fixture
def stillpost(relay: Sink, tmp_path: Path) -> Iterator[Stillpost]:
    plain = {"proof": "link", "mode": "observe"}
    installed = stillposts.install(tmp_path, relay=relay.port, limits=stillposts.WIDE, portals={"support": plain})
    set_clock(installed, timedelta(0))
    installed.program = (str(Path(stillposts.__file__).parent / "clocked.py"), str(tmp_path / "added"))
    with stillposts.running(installed):
        yield installed


def set_clock(stillpost: Stillpost, by: timedelta) -> None:
    draft = stillpost.place / "added.new"
    draft.write_text(str(by.total_seconds()))
    draft.replace(stillpost.place / "added")


def told_time(stillpost: Stillpost) -> datetime:
    """By the process's clock, of the last thing it told."""
    return datetime.fromisoformat(json.loads(stillpost.log.read_text().splitlines()[-1])["at"])


@pytest.mark.parametrize("by", [YEAR, -5 * DAY, 8 * DAY], ids=["a year ahead", "five days back", "eight days ahead"])
def test_what_was_asked_before_a_jump_in_it_and_after_it_is_proven_and_comes_once(
    stillpost: Stillpost, relay: Sink, by: timedelta
) -> None:
    stillpost.ask("ann@example.com", "Before")
    stillpost.idle()
    set_clock(stillpost, by)
    stillpost.ask("bob@example.org", "Within")
    stillpost.idle()
    assert abs(told_time(stillpost) - now() - by) < timedelta(minutes=1)
    with stillpost.client() as client:
        assert client.get(stillposts.link(relay.to("ann@example.com")[0].content, "confirm")).status_code in {200, 410}
    set_clock(stillpost, timedelta(0))
    stillpost.ask("carl@example.net", "After")
    stillpost.idle()
    for email in ("ann@example.com", "bob@example.org", "carl@example.net"):
        (challenge,) = relay.to(email)
        stillpost.confirm(challenge.content)
    stillpost.idle()
    subjects = Counter(in_maildir(ticket).subject for ticket in stillposts.tickets(stillpost.state))
    assert subjects == {"Before": 1, "Within": 1, "After": 1}
    assert "Traceback" not in stillpost.log.read_text()


def test_a_start_with_a_clock_a_year_ahead_deletes_nothing_and_its_challenges_leave_when_it_is_set_right(
    stillpost: Stillpost, relay: Sink
) -> None:
    kept = stillpost.ask("ann@example.com", "Before")
    stillpost.idle()
    assert stillpost.stop() == 0
    set_clock(stillpost, YEAR)
    relay.on_mail = lambda kept, sender: "451 4.3.0 later"
    stillpost.start()
    stillpost.ask("bob@example.org", "Within")
    eventually(lambda: '"later"' in "".join(stillpost.journal("challenge")), "the challenge was put off")
    assert told_time(stillpost) - now() > YEAR - DAY
    relay.on_mail = lambda kept, sender: None
    set_clock(stillpost, timedelta(0))
    stillpost.idle()
    assert len(relay.to("bob@example.org")) == 1
    assert stillpost.stands(kept.secret) == "waiting"
    stillpost.confirm(relay.to("ann@example.com")[0].content)
    stillpost.idle()
    assert [in_maildir(ticket).subject for ticket in stillposts.tickets(stillpost.state)] == ["Before"]
