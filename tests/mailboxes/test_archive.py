"""Archives: every mail once, nothing written to disk, and what is broken, locked, climbing or a bomb is told."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.mailboxes.archive import CLIMBS, LOCKED, NESTED
from stillpost.mailboxes.protocol import Found, Kind, MailboxError
from stillpost.mailboxes.stream import BOMB, BROKEN, Budget, Quiet
from stillpost.mailboxes.tar import members
from tests.mailboxes.boxes import items, mail, mbox, opened, subjects, unreadable

FILES = {
    "Takeout/Mail/All mail Including Spam and Trash.mbox": mbox(1, 2, 3),
    "box/Gesendet/4.eml": mail(4),
    "Maildir/cur/1795428000.M1.host:2,S": mail(5),
    "Maildir/.Sent/new/1795428001.M2.host": mail(6),
    "notes.txt": b"nothing that is mail\n",
    "Mail/7.emlx": b"%d\n" % len(mail(7)) + mail(7) + b"<plist></plist>",
}


def tar(files: Mapping[str, bytes], mode: str = "w", kind: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=kind) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def packed(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


@pytest.mark.parametrize(
    ("name", "build"),
    [
        pytest.param("a.tar", tar, id="tar"),
        pytest.param("a.tar", lambda files: tar(files, kind=tarfile.GNU_FORMAT), id="GNU tar"),
        pytest.param("a.tar", lambda files: tar(files, kind=tarfile.USTAR_FORMAT), id="ustar"),
        pytest.param("a.tar.gz", lambda files: tar(files, "w:gz"), id="tar.gz"),
        pytest.param("a.tbz2", lambda files: tar(files, "w:bz2"), id="tar.bz2"),
        pytest.param("a.tar.xz", lambda files: tar(files, "w:xz"), id="tar.xz"),
        pytest.param("takeout.zip", packed, id="zip"),
        pytest.param("no suffix", packed, id="zip without its suffix"),
    ],
)
def test_every_mail_of_an_archive_is_found_once_and_again(
    tmp_path: Path, name: str, build: Callable[[Mapping[str, bytes]], bytes]
) -> None:
    (tmp_path / name).write_bytes(build(FILES))
    mailbox = opened(tmp_path / name)
    assert subjects(mailbox) == ["1", "2", "3", "4", "5", "6", "7"]
    assert subjects(mailbox, Kind.SENT) == ["4", "6"]
    assert unreadable(mailbox) == []
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gzip", "bzip2", "xz"])
def test_a_packed_mbox_and_a_packed_mail_are_read(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    (tmp_path / "Sent.mbox.gz").write_bytes(pack(mbox(1, 2)))
    (tmp_path / "3.eml.gz").write_bytes(pack(mail(3)))
    assert subjects(opened(tmp_path)) == ["3", "1", "2"]
    assert subjects(opened(tmp_path), Kind.SENT) == ["1", "2"]


@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT], ids=["pax", "GNU"])
def test_long_names_are_read(tmp_path: Path, kind: int) -> None:
    name = "/".join(["ordner-äöü"] * 30) + "/gesendet/1.eml"
    (tmp_path / "a.tar").write_bytes(tar({name: mail(1), "2.eml": mail(2)}, kind=kind))
    mailbox = opened(tmp_path / "a.tar")
    assert subjects(mailbox, Kind.SENT) == ["1"]
    assert subjects(mailbox, Kind.MAIL) == ["2"]


@pytest.mark.parametrize("build", [tar, packed], ids=["tar", "zip"])
def test_names_that_climb_are_told_and_the_rest_is_read(
    tmp_path: Path, build: Callable[[Mapping[str, bytes]], bytes]
) -> None:
    (tmp_path / "a").write_bytes(build({"../../home/1.eml": mail(1), "/etc/2.eml": mail(2), "a/../../3": mail(3)}))
    mailbox = opened(tmp_path / "a")
    assert subjects(mailbox) == ["2"]
    assert [(each.source, each.why) for each in unreadable(mailbox)] == [
        ("a/../../home/1.eml", CLIMBS),
        ("a/a/../../3", CLIMBS),
    ]


def test_links_and_devices_in_a_tar_are_no_mail(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for number, kind in enumerate([tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE]):
            info = tarfile.TarInfo(f"{number}.eml")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("9.eml")
        info.size = len(mail(9))
        archive.addfile(info, io.BytesIO(mail(9)))
    (tmp_path / "a.tar").write_bytes(out.getvalue())
    assert subjects(opened(tmp_path / "a.tar")) == ["9"]


def test_an_archive_cut_off_gives_what_is_before_the_cut(tmp_path: Path) -> None:
    whole = gzip.compress(mbox(*range(2000)), compresslevel=0)
    (tmp_path / "a.mbox.gz").write_bytes(whole[: len(whole) // 2])
    mailbox = opened(tmp_path / "a.mbox.gz")
    found = [item for item in items(mailbox) if isinstance(item, Found)]
    assert 900 < len(found) < 1100
    assert [each.why for each in unreadable(mailbox)] == [BROKEN]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(packed(FILES)[:-40], id="a zip without its end"),
        pytest.param(packed(FILES)[:300], id="a zip cut off"),
        pytest.param(tar(FILES)[:700], id="a tar cut off in a mail"),
        pytest.param(tar(FILES)[:1200], id="a tar cut off in a header"),
        pytest.param(b"\x1f\x8b\x08\x00" + b"x" * 40, id="no gzip after all"),
        pytest.param(flipped(packed(FILES), 120), id="a zip with a wrong byte"),
    ],
)
def test_what_is_broken_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert BROKEN in {each.why for each in unreadable(opened(tmp_path / "a"))}


def test_an_encrypted_member_and_an_archive_in_the_archive_are_told(tmp_path: Path) -> None:
    content = bytearray(packed({"1.eml": mail(1), "2.zip": packed(FILES), "3.eml.gz": gzip.compress(mail(3))}))
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + flags] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    assert [each.why for each in unreadable(opened(tmp_path / "a.zip"))] == [LOCKED, NESTED, NESTED]


@pytest.mark.parametrize("build", [packed, lambda files: tar(files, "w:gz")], ids=["zip", "tar.gz"])
def test_a_bomb_is_not_unpacked_to_its_end(tmp_path: Path, build: Callable[[Mapping[str, bytes]], bytes]) -> None:
    (tmp_path / "a").write_bytes(build({"1.eml": mail(1), "2.mbox": mbox(2) + b"\0" * 150_000_000}))
    mailbox = opened(tmp_path / "a")
    assert subjects(mailbox)[0] == "1"
    assert [each.why for each in unreadable(mailbox)] == [BOMB]


def test_documents_that_are_zips_are_passed_over_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "letter.docx").write_bytes(packed({"word/1.eml": mail(1)}))
    (tmp_path / "takeout-001.zip").write_bytes(packed({"2.eml": mail(2)}))
    (tmp_path / "takeout-002.zip").write_bytes(packed({"3.eml": mail(3)}))
    assert subjects(opened(tmp_path)) == ["2", "3"]


def test_an_archive_without_mail_is_empty(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(packed({"a.txt": b"hello\n", "b/": b""}))
    assert subjects(opened(tmp_path / "a.zip")) == []


def test_a_mail_of_an_archive_that_is_gone_is_none(tmp_path: Path) -> None:
    for name, content in (("a.zip", packed(FILES)), ("a.tar", tar(FILES))):
        path = tmp_path / name
        path.write_bytes(content)
        mailbox = opened(path)
        (first, *_) = [item for part in mailbox.parts for piece in part.pieces() for item in piece.mails()]
        path.write_bytes(packed({}) if name == "a.zip" else b"")
        assert mailbox.read(first.where, 1000) is None  # type: ignore[union-attr]
        path.unlink()
        assert mailbox.read(first.where, 1000) is None  # type: ignore[union-attr]


def test_a_zip_whose_list_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    content = bytearray(packed(FILES))
    end = content.rindex(b"PK\x05\x06")
    content[end + 12 : end + 16] = (200_000_000).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(content)
    (told,) = unreadable(opened(tmp_path / "a.zip"))
    assert "2000000" in told.why


@pytest.mark.parametrize("suffix", [".pst", ".olm", ".msg"])
def test_formats_of_other_programs_are_named(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"box{suffix}"
    path.write_bytes(b"!BDN")
    with pytest.raises(MailboxError, match="Outlook"):
        opened(path)
    (tmp_path / "1.eml").write_bytes(mail(1))
    assert [each.source for each in unreadable(opened(tmp_path))] == [path.name]


@given(st.binary(max_size=3000), st.integers(0, 4000))
def test_a_tar_of_any_bytes_ends(noise: bytes, place: int) -> None:
    content = bytearray(tar({"1.eml": mail(1), "x" * 200: mail(2)}, kind=tarfile.GNU_FORMAT))
    content[place : place + len(noise)] = noise
    stream = Quiet(io.BytesIO(content), Budget(len(content)))
    assert all(0 <= member.at <= len(content) for member in members(stream))
