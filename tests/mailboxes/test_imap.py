"""An IMAP account is a mailbox, whatever its server does: every mail once, or told why not."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.mailboxes.files import GONE
from stillpost.mailboxes.imap import BATCH_MAILS, ImapPart, fetched, open_account, ranges
from stillpost.mailboxes.place import Place, place_of
from stillpost.mailboxes.protocol import Found, Item, Kind, MailboxError, Unreadable
from tests.mailboxes.boxes import items, mail, subjects
from tests.mailboxes.imapserver import CUT, Imap, serving

pytestmark = pytest.mark.enable_socket

MANY = 2 * BATCH_MAILS + 10


@pytest.fixture
def imap() -> Iterator[Imap]:
    inbox = {uid: mail(uid) for uid in range(1, MANY + 1)}
    folders = {"INBOX": inbox, "Gesendet": {1: mail(9001)}, "Entw&APw-rfe": {1: mail(9002)}, "Lists": {1: mail(9003)}}
    with serving(Imap(folders=folders)) as server:
        yield server


def test_every_folder_of_an_account_is_read(imap: Imap) -> None:
    with closing(imap.account()) as account:
        mailbox = open_account(account)
        found = subjects(mailbox)
        assert sorted(found, key=int) == [str(number) for number in (*range(1, MANY + 1), 9001, 9002, 9003)]
        assert subjects(mailbox, Kind.SENT) == ["9001"]
        assert subjects(mailbox, Kind.DRAFTS) == ["9002"]


def test_one_folder_is_read_with_what_the_owner_sent(imap: Imap) -> None:
    imap.folders["Odd name"] = {3: mail(7)}
    imap.flags["Odd name"] = "\\HasNoChildren \\Sent"
    with closing(imap.account("inbox")) as account:
        assert len(subjects(open_account(account), Kind.MAIL)) == MANY
        assert subjects(open_account(account), Kind.SENT) == ["9001", "7"]


def test_nothing_is_changed_by_reading(imap: Imap) -> None:
    with closing(imap.account("INBOX")) as account:
        subjects(open_account(account))
    words = {line.split()[0] if not line.startswith("UID") else line.split()[1] for line in imap.seen}
    assert words == {"CAPABILITY", "LOGIN", "LIST", "EXAMINE", "SEARCH", "FETCH", "LOGOUT"}
    assert all("BODY.PEEK[" in line for line in imap.seen if "FETCH" in line)


def test_the_folder_of_all_mail_is_read_in_place_of_its_labels(imap: Imap) -> None:
    imap.folders["All"] = {1: mail(1)}
    imap.flags |= {"All": "\\All", "Gesendet": "\\Sent", "Lists": "\\Flagged"}
    with closing(imap.account()) as account:
        assert [part.name for part in open_account(account).parts] == ["All", "Gesendet"]


def test_the_server_s_date_is_the_mail_s(imap: Imap) -> None:
    with closing(imap.account("Lists")) as account:
        found = [item for item in items(open_account(account)) if isinstance(item, Found)]
        assert found[0].internal_date is not None
        assert found[0].internal_date.isoformat() == "2026-11-23T09:00:00+00:00"


def once(word: str, answer: bytes, times: int = 1, after: int = 0) -> Callable[[str], bytes | None]:
    """Spoil some of the commands that hold a word."""
    seen: list[str] = []

    def spoil(line: str) -> bytes | None:
        if word not in line:
            return None
        seen.append(line)
        return answer if after < len(seen) <= after + times else None

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(once("FETCH", CUT), id="cut before an answer"),
        pytest.param(once("FETCH", CUT, after=1), id="cut between two batches"),
        pytest.param(once("FETCH", b"* 1 FETCH (UID 1 BODY[HEADER]<0> {100}\r\nFrom: a" + CUT), id="cut in a mail"),
        pytest.param(once("EXAMINE", CUT, 2), id="cut twice at a folder's door"),
        pytest.param(once("LOGIN", CUT, 2), id="cut twice at login"),
        pytest.param(once("SEARCH", b"* BYE out of memory\r\n" + CUT), id="goodbye"),
        pytest.param(once("FETCH", b"\xff\xfe\r\n{{{\r\n" + CUT), id="garbage"),
        pytest.param(once("FETCH", b"TAG NO try later\r\n"), id="refused once"),
        pytest.param(once("FETCH", b"* 1 FETCH (UID 1 BODY[HEADER]<0> {99999999999}\r\n"), id="a literal of 100 GB"),
        pytest.param(once("SEARCH", b"* SEARCH 1 2 x -3 99999999999999999999999\r\nTAG BAD\r\n"), id="bad"),
    ],
)
def test_a_connection_that_breaks_is_made_again_and_no_mail_is_lost_or_doubled(
    imap: Imap, spoil: Callable[[str], bytes | None]
) -> None:
    imap.spoil = spoil
    with closing(imap.account("INBOX")) as account:
        assert subjects(open_account(account), Kind.MAIL) == [str(number) for number in range(1, MANY + 1)]
    assert imap.connections > 1


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        pytest.param(lambda _: CUT, "cannot be read", id="always cut"),
        pytest.param(lambda _: b"* garbage\r\n\r\nTAG\r\n", "cannot be read", id="always garbage"),
        pytest.param(lambda _: b"x" * 30_000_000 + b"\r\n", "cannot be read", id="a line of 30 MB"),
        pytest.param(once("LOGIN", b"TAG NO wrong\r\n"), "refuses this user or password", id="wrong password"),
        pytest.param(once("LIST", b"* LIST (\\Noselect) \"/\" INBOX\r\nTAG OK done\r\n"), "no folder", id="no folder"),
        pytest.param(once("LIST", b"* LIST x\r\n* LIST\r\nTAG OK\r\n", 9), "cannot be read|no folder", id="a list of nothing"),
    ],
)  # fmt: skip
def test_what_stays_broken_is_one_sentence(imap: Imap, spoil: Callable[[str], bytes | None], why: str) -> None:
    imap.spoil = spoil
    with closing(imap.account("INBOX")) as account, pytest.raises(MailboxError, match=why) as raised:
        open_account(account)
    assert "\n" not in str(raised.value)


def test_a_server_that_does_not_answer_is_given_up(imap: Imap) -> None:
    imap.spoil = once("LIST", b"", times=9)
    with (
        closing(imap.account("INBOX", timeout=0.05)) as account,
        pytest.raises(MailboxError, match=r"does not answer|timed out"),
    ):
        open_account(account)


def test_one_mail_that_breaks_the_server_does_not_take_its_neighbors_with_it(imap: Imap) -> None:
    imap.spoil = lambda line: CUT if "FETCH 1:200 " in line or "FETCH 7 " in line else None
    with closing(imap.account("INBOX")) as account:
        found = items(open_account(account))
    assert [item.source for item in found if isinstance(item, Unreadable)] == ["INBOX;UID=7"]
    assert len(found) == MANY + 1


def test_mails_that_vanish_meanwhile_are_told(imap: Imap) -> None:
    with closing(imap.account("INBOX")) as account:
        pieces = [piece for part in open_account(account).parts for piece in part.pieces()]
        del imap.folders["INBOX"][5]
        found: list[Item] = [item for piece in pieces for item in piece.mails()]
    assert [item for item in found if isinstance(item, Unreadable)] == [Unreadable("INBOX;UID=5", GONE)]


def test_a_folder_numbered_anew_is_not_taken_for_the_old_one(imap: Imap) -> None:
    with closing(imap.account("INBOX")) as account:
        mailbox = open_account(account)
        (first, *_) = [item for item in items(mailbox) if isinstance(item, Found)]
        account.close()
        imap.numbering = 2
        with pytest.raises(MailboxError, match="new numbers") as raised:
            items(mailbox)
        assert raised.value.refused
    with closing(imap.account("INBOX")) as account:
        assert open_account(account).read(first.where, 1000) is None


@pytest.mark.parametrize(("after", "uids"), [(0, [1, 2, 3]), (2, [3]), (3, []), (9, [])])
def test_mails_above_a_number_are_listed(imap: Imap, after: int, uids: list[int]) -> None:
    imap.folders["Lists"] = {number: mail(number) for number in (1, 2, 3)}
    with closing(imap.account("Lists")) as account:
        assert ImapPart(account=account, folder="Lists").uids(after) == uids


def test_mails_marked_as_deleted_are_passed_over(imap: Imap) -> None:
    imap.deleted["Lists"] = {1}
    with closing(imap.account("Lists")) as account:
        assert subjects(open_account(account), Kind.MAIL) == []


@given(st.lists(st.integers(1, 60), max_size=40))
def test_ranges_say_the_same_numbers(uids: list[int]) -> None:
    said = [each.split(":") for each in ranges(uids).split(",") if each]
    assert [uid for each in said for uid in range(int(each[0]), int(each[-1]) + 1)] == sorted(set(uids))


@given(st.lists(st.one_of(st.binary(), st.none(), st.tuples(st.binary(), st.binary()), st.tuples(st.binary()))))
def test_any_answer_is_read_or_passed_over(said: list[object]) -> None:
    assert all(uid >= 0 for uid, _, _ in fetched(said))


def test_fields_may_stand_before_or_after_the_content() -> None:
    said = [
        (b"1 (UID 5 BODY[] {1}", b"a"),
        b")",
        (b"2 (BODY[] {1}", b"b"),
        b' UID 6 INTERNALDATE "1-Jan-2026 00:00:00 +0000")',
    ]
    assert [(uid, raw) for uid, raw, _ in fetched(said)] == [(5, b"a"), (6, b"b")]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("imaps://anna@imap.example.org/INBOX", Place(user="anna", host="imap.example.org", port=993, folder="INBOX")),
        ("imaps://anna@example.org@imap.example.org", Place(user="anna@example.org", host="imap.example.org", port=993)),
        ("imaps://a%40b@h:1993/Entw%C3%BCrfe/x", Place(user="a@b", host="h", port=1993, folder="Entwürfe/x")),
        ("imap://anna@localhost", Place(user="anna", host="localhost", port=143, tls=False)),
    ],
)  # fmt: skip
def test_an_address_of_an_account_is_read(text: str, place: Place) -> None:
    assert place_of(text) == place


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("imaps://anna:secret@imap.example.org", "password"),
        ("imaps://imap.example.org/INBOX", "write it like"),
        ("imaps://anna@", "write it like"),
        ("imaps://anna@h:x/", "write it like"),
        ("imaps://anna@h/INBOX?a", "write it like"),
        ("imaps://anna@h/IN%0D%0ABOX", "control"),
        ("imap://anna@imap.example.org", "imaps://"),
        ("imaps://[::1", "write it like"),
    ],
)
def test_what_is_no_address_of_an_account_says_how_it_should_look(text: str, why: str) -> None:
    with pytest.raises(MailboxError, match=why) as raised:
        place_of(text)
    assert "secret" not in str(raised.value)


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(Place(user="a", host="h", port=1, password="secret"))
