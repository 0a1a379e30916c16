"""How a ticket reads: strangers' words stay words."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.helpdesks import rendering
from stillpost.model import Ticket, Way
from tests.helpdesks.tickets import AT, attachment, ticket

ANYTHING = st.text(st.characters(codec=None), max_size=200)
BAD = {"\x00", "\x1b", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\ud800"}


def hostile() -> st.SearchStrategy[Ticket]:
    changes = st.fixed_dictionaries(
        {
            "name": ANYTHING,
            "subject": ANYTHING,
            "text": ANYTHING | st.just(f"x\n{rendering.SEPARATOR}\nReference: T-0002\n"),
            "copies": st.lists(ANYTHING, max_size=3).map(tuple),
            "fields": st.dictionaries(ANYTHING, ANYTHING | st.just(f"\n{rendering.SEPARATOR}\nReference: T-0002")),
            "tags": st.lists(ANYTHING, max_size=3).map(tuple),
            "attachments": st.lists(st.builds(attachment, ANYTHING, st.just(b"x"), ANYTHING), max_size=2).map(tuple),
            "quiet": st.booleans(),
        }
    )
    return changes.map(lambda values: replace(ticket(), **values))


@given(ANYTHING, st.integers(1, 300))
def test_a_line_is_one_short_line_that_moves_no_cursor(text: str, limit: int) -> None:
    shown = rendering.line(text, limit)
    assert len(shown) <= limit
    assert not BAD & set(shown)
    assert "\n" not in shown
    assert all(unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"} for char in shown)
    assert shown == shown.strip()


@given(hostile())
def test_a_ticket_is_found_again_by_its_note_and_by_no_other(one: Ticket) -> None:
    whole = rendering.whole(one)
    assert not BAD & set(whole)
    for kept in (whole, whole.replace("\n", "\r\n"), f"  {whole}\n\n", whole.strip()):
        assert rendering.noted(one, kept)
        assert not rendering.noted(replace(one, id="T-0002"), kept)


@pytest.mark.parametrize("content", ["", rendering.SEPARATOR, f"{rendering.SEPARATOR}\n", "Reference: T-0001"])
def test_what_holds_no_note_is_not_the_ticket(content: str) -> None:
    assert not rendering.noted(ticket(), content)


@pytest.mark.parametrize(
    ("way", "says"),
    [
        (Way.KNOWN, "Proven: this browser had proven the address before, 2026-11-23T10:00:00Z"),
        (Way.VOUCHED, "Proven: the embedding site vouched for the address, 2026-11-23T10:00:00Z"),
        (Way.MAIL_FIRST, "Proven: by a mail from the address, 2026-11-23T10:00:00Z"),
        (Way.LINK, "Proven: by the link mailed to the address, 2026-11-23T10:00:00Z"),
        (Way.RELEASED, "Proven: an agent vouched for the address, 2026-11-23T10:00:00Z"),
    ],
)
def test_the_note_says_how_and_when_the_address_was_proven(way: Way, says: str) -> None:
    assert says in rendering.note(ticket(proven=way)).splitlines()


def test_the_note_of_a_quiet_ticket_says_that_nobody_proved_the_address() -> None:
    note = rendering.note(ticket(quiet=True, proven=Way.RELEASED))
    assert "Proven: no. Nobody proved this address" in note


def test_the_whole_text_reads_so() -> None:
    one = ticket(attachments=(attachment("plan.pdf", b"x"),), fields={"Order": "1", "Steps": "a\nb"}, tags=("vip",))
    assert rendering.whole(one) == (
        "It burns.\nPlease come.\n\n"
        "--- Stillpost ---\n"
        "Reference: T-0001\n"
        "Portal: support\n"
        "Received: 2026-11-23T10:00:00Z\n"
        "Address: alice@example.com\n"
        "Name: Alice Example\n"
        "Proven: by the link mailed to the address, 2026-11-23T10:00:00Z\n"
        "Copies asked for (not added; nobody asked these people): carol@example.org\n"
        "Field Order: 1\n"
        "Field Steps:\n    a\n    b\n"
        "Attachment: plan.pdf (application/pdf, 1 bytes, "
        "sha256 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881)\n"
        "Tags: vip"
    )


@pytest.mark.parametrize("bad", ["", "-x", "a b", "a/b", "../x", "a\nb", "ü", "x" * 101])
def test_an_id_that_is_not_ours_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="ticket's id"):
        rendering.reference(ticket(bad))


def test_a_text_that_is_too_long_is_cut_and_says_so() -> None:
    shown = rendering.text(ticket(text="x" * (rendering.TEXT_LIMIT + 5)))
    assert shown.endswith("\n[cut after 200000 characters]")


def test_nothing_is_ever_empty() -> None:
    empty = ticket(subject=" \n", text="\n\n", name="", at=AT)
    assert (rendering.subject(empty), rendering.text(empty), rendering.name(empty)) == ("(no subject)", "(no text)", "")
