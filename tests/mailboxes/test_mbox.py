"""mbox files: every mail once, whatever the file looks like and however it is cut into blocks and pieces."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.mailboxes.mbox import MboxPart, is_mbox, unquoted
from stillpost.mailboxes.protocol import HEAD_MAX_BYTES, Found, Item, Unreadable

FROM = b"From a@example.org Mon Nov 23 10:00:00 2026\n"


def part(folder: Path, content: bytes, **sizes: int) -> MboxPart:
    path = folder / "box"
    path.write_bytes(content)
    return MboxPart(path=path, name="box", **sizes)


def items(box: MboxPart) -> list[Item]:
    return [item for piece in box.pieces() for item in piece.mails()]


def bodies(box: MboxPart) -> list[bytes]:
    found = items(box)
    assert all(isinstance(item, Found) for item in found), found
    return [box.read(item.where, 1 << 26) or b"" for item in found if isinstance(item, Found)]


words = st.lists(
    st.sampled_from(
        [b"From ", b">From x", b"\n", b"\r\n", b"From a 10:00", b"Fro", b"hello", b"Subject: b", b" ", b"2026", b"\n\n"]
    ),
    max_size=30,
).map(b"".join)


def quoted(body: bytes) -> bytes:
    lines = body.split(b"\n")
    return b"\n".join(b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines)


@given(st.lists(words, min_size=1, max_size=6), st.integers(9, 400), st.integers(1, 500), st.booleans())
def test_what_was_put_in_comes_out(
    tmp_path_factory: pytest.TempPathFactory, said: list[bytes], block: int, piece: int, windows: bool
) -> None:
    mails = [b"Subject: %d\n\n%s\n" % (number, body) for number, body in enumerate(said)]
    content = b"".join(FROM + quoted(mail) + b"\n" for mail in mails)
    if windows:
        content = content.replace(b"\n", b"\r\n")
    box = part(tmp_path_factory.mktemp("box"), content, block_bytes=block, piece_bytes=piece)
    expected = [mail + b"\n" for mail in mails]
    assert bodies(box) == [mail.replace(b"\n", b"\r\n") if windows else mail for mail in expected]


@given(st.binary(max_size=2000), st.integers(9, 100), st.integers(1, 300))
def test_any_bytes_are_read_the_same_in_blocks_and_pieces(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, block: int, piece: int
) -> None:
    folder = tmp_path_factory.mktemp("box")
    whole = items(part(folder, content))
    assert items(part(folder, content, block_bytes=block, piece_bytes=piece)) == whole


@pytest.mark.parametrize(
    ("content", "subjects"),
    [
        pytest.param(FROM + b"Subject: a\n\nx\n\n" + FROM + b"Subject: b\n\ny\n", [b"a", b"b"], id="plain"),
        pytest.param(FROM + b"Subject: a\n\nx\n" + FROM + b"Subject: b\n\ny\n", [b"a", b"b"], id="no empty line between"),
        pytest.param(FROM + b"Subject: a\n\nFrom here to 10:00 in 2026\nwe go\n", [b"a"], id="a sentence that begins so"),
        pytest.param(FROM + b"Subject: a\n\nx\n\nFrom here on: nothing\n", [b"a"], id="a sentence after an empty line"),
        pytest.param(b"From - Mon Nov 23 10:00:00 2026\nSubject: a\n\nx\n\nFrom - Mon\nSubject: b\n\n", [b"a", b"b"], id="no date"),
        pytest.param(b"From 123@xxx Mon Nov 23 10:00:00 +0000 2026\r\nSubject: a\r\n\r\nx\r\n", [b"a"], id="Takeout"),
        pytest.param(b"From a Mon, 23 Nov 2026 10:00:00 +0100\nSubject: a\n\nx\n", [b"a"], id="RFC 5322 date"),
        pytest.param(b"\n\n" + FROM + b"Subject: a\n\nx\n", [b"a"], id="empty lines on top"),
        pytest.param(b"\xef\xbb\xbf" + FROM + b"Subject: a\n\nx\n", [b"a"], id="byte order mark"),
        pytest.param(FROM + b">From b Mon Nov 23 10:00:00 2026\nSubject: a\n\nx\n", [b"a"], id="a quoted separator on top"),
        pytest.param(FROM + b"Subject: a\n\nx\n\n" + FROM + b"garbage\n\n" + FROM + b"Subject: c\n", [b"a", b"", b"c"], id="garbage"),
        pytest.param(FROM + b"Subject: a\n\nx\n\n" + FROM, [b"a", b""], id="cut off behind a separator"),
    ],
)  # fmt: skip
def test_files_of_all_kinds(tmp_path: Path, content: bytes, subjects: list[bytes]) -> None:
    assert is_mbox(content[:300])
    found = [mail.partition(b"Subject: ")[2].partition(b"\n")[0].strip() for mail in bodies(part(tmp_path, content))]
    assert found == subjects


def test_what_stands_before_the_first_separator_is_said(tmp_path: Path) -> None:
    found = items(part(tmp_path, b"half a mail\n\n" + FROM + b"Subject: a\n\nx\n"))
    assert [type(item) for item in found] == [Unreadable, Found]
    assert items(part(tmp_path, b"nothing at all")) == [Unreadable("box", "its beginning is no mail of an mbox")]
    assert items(part(tmp_path, b"")) == []


def test_mails_deleted_in_thunderbird_are_passed_over(tmp_path: Path) -> None:
    mails = [
        b"X-Mozilla-Status: 0009\nX-Mozilla-Status2: 00000000\nSubject: deleted\n\n",
        b"X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00200000\nSubject: deleted at the server\n\n",
        b"X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\nSubject: read\n\n",
        b"Subject: quotes\n\nX-Mozilla-Status: 0009\n\n",
    ]
    found = bodies(part(tmp_path, b"".join(FROM + mail + b"x\n\n" for mail in mails)))
    assert [b"read" in mail or b"quotes" in mail for mail in found] == [True, True]


def test_a_mail_of_fifty_megabytes_is_handed_out_by_its_beginning(tmp_path: Path) -> None:
    big = b"Subject: big\n\n" + b"A" * 70 + b"\n" + (b"B" * 70 + b"\n") * 700_000
    box = part(tmp_path, FROM + b"Subject: a\n\nx\n\n" + FROM + big + b"\n" + FROM + b"Subject: c\n\n")
    found = [item for item in items(box) if isinstance(item, Found)]
    assert [len(item.head) for item in found] == [len(FROM) + 15, HEAD_MAX_BYTES, len(FROM) + 12]
    assert found[1].where.size == len(FROM) + len(big) + 1
    assert len(box.read(found[1].where) or b"") == 1_310_720


def test_a_mail_that_is_not_there_any_more_is_none(tmp_path: Path) -> None:
    box = part(tmp_path, FROM + b"Subject: a\n\nx\n")
    (found,) = [item for item in items(box) if isinstance(item, Found)]
    box.path.write_bytes(b"")
    assert box.read(found.where) is None
    box.path.unlink()
    assert box.read(found.where) is None


def test_quoting_is_taken_off_once() -> None:
    assert unquoted(FROM + b"a\n>From b\n>>From c\n> From d\n") == b"a\nFrom b\n>From c\n> From d\n"
