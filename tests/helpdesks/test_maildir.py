"""The Maildir: once, at whatever step it died, and readable by any mail program."""

import errno
import mailbox
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stillpost.helpdesks.maildir import ticket as maildir
from stillpost.helpdesks.protocol import Helpdesk, HelpdeskError
from tests.helpdesks.tickets import attachment, surroundings, ticket

pytestmark = pytest.mark.anyio

STEPS = 13
"""System calls of one first delivery that can fail: opens, fsyncs, renames; the test below holds the number."""


def build(place: Path) -> Helpdesk:
    return maildir.build(maildir.MaildirOptions(), surroundings(place))


def mails(place: Path) -> list[Path]:
    return sorted(path for folder in ("new", "cur") for path in (place / "tickets" / folder).glob("*"))


class Full:
    """The n-th system call that writes fails, and all after it: a full disk, or as good as a power cut."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        self.calls = 0
        self.after = after
        for name in ("open", "fsync", "rename"):
            monkeypatch.setattr(os, name, self.wrapped(getattr(os, name)))

    def wrapped(self, call):  # type: ignore[no-untyped-def]
        def counted(*args: object, **settings: object) -> object:
            self.calls += 1
            if self.calls > self.after:
                raise OSError(errno.ENOSPC, "No space left on device")
            return call(*args, **settings)

        return counted


@pytest.mark.parametrize("after", range(STEPS))
async def test_a_delivery_that_broke_at_any_step_is_made_good_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    (tmp_path / "tickets").mkdir()
    await build(tmp_path).deliver(ticket("T-0000"), ())
    with monkeypatch.context() as patch:
        Full(patch, after)
        with pytest.raises(HelpdeskError, match="tickets cannot be written: No space left") as failed:
            await build(tmp_path).deliver(ticket(), ())
        assert not failed.value.permanent
    assert await build(tmp_path).deliver(ticket(), ()) == "T-0001"
    assert [path.name for path in mails(tmp_path)] == ["T-0000", "T-0001"]
    assert b"It burns." in mails(tmp_path)[1].read_bytes()


async def test_a_first_delivery_has_so_many_steps_and_a_second_one_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await build(tmp_path).deliver(ticket("T-0000"), ())
    with monkeypatch.context() as patch:
        calls = Full(patch, 1000)
        await build(tmp_path).deliver(ticket(), ())
        assert calls.calls == STEPS
        await build(tmp_path).deliver(ticket(), ())
        assert calls.calls == STEPS


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda path: path.rename(path.parents[1] / "cur" / f"{path.name}:2,S"), id="read"),
        pytest.param(lambda path: path.rename(path.parents[2] / "elsewhere"), id="moved"),
        pytest.param(lambda path: path.unlink(), id="deleted"),
    ],
)
async def test_a_mail_that_an_agent_dealt_with_does_not_come_back(tmp_path: Path, change) -> None:  # type: ignore[no-untyped-def]
    await build(tmp_path).deliver(ticket(), ())
    change(mails(tmp_path)[0])
    before = mails(tmp_path)
    await build(tmp_path).deliver(ticket(), ())
    assert mails(tmp_path) == before


async def test_a_mail_program_reads_the_tickets(tmp_path: Path) -> None:
    one = ticket(subject="Größe", attachments=(attachment("plan.pdf", b"PDF"),))
    await build(tmp_path).deliver(one, (b"PDF",))
    (read,) = mailbox.Maildir(tmp_path / "tickets", create=False)
    assert read["Message-ID"] == "<T-0001@stillpost.invalid>"
    assert read["Stillpost-Proof"] == "link"
    assert read["Auto-Submitted"] is None
    assert [part.get_filename() for part in read.walk()][-1] == "plan.pdf"
    assert mails(tmp_path)[0].stat().st_mode & 0o777 == 0o600


async def test_a_quiet_ticket_says_that_nothing_must_answer_it(tmp_path: Path) -> None:
    await build(tmp_path).deliver(ticket(quiet=True), ())
    header = mails(tmp_path)[0].read_bytes().partition(b"\r\n\r\n")[0]
    assert b"\r\nAuto-Submitted: auto-replied\r\n" in header
    assert b"\r\nStillpost-Proof: none\r\n" in header


async def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    desk = maildir.build(maildir.MaildirOptions(path=str(tmp_path / "there")), surroundings(tmp_path / "state"))
    await desk.deliver(ticket(), ())
    assert (tmp_path / "there/new/T-0001").is_file()


async def test_a_path_that_is_a_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "tickets").write_text("not a folder")
    with pytest.raises(HelpdeskError, match=r"cannot be written: (Not a directory|File exists)"):
        await build(tmp_path).deliver(ticket(), ())
    with pytest.raises(HelpdeskError, match=r"cannot be written: (Not a directory|File exists)"):
        await build(tmp_path).check()


async def test_marks_older_than_a_hundred_days_are_swept_but_not_those_of_waiting_mail(tmp_path: Path) -> None:
    await build(tmp_path).deliver(ticket("T-0000"), ())
    own = tmp_path / "tickets/stillpost"
    for name in ("T-0000.delivered", "T-9999.delivered", "T-9999.eml"):
        (own / name).touch()
        os.utime(own / name, (0, 0))
    await build(tmp_path).deliver(ticket(), ())
    assert sorted(path.name for path in own.iterdir()) == ["T-0001.delivered", "T-9999.delivered", "T-9999.eml"]


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.helpdesks.test_maildir import build
from tests.helpdesks.tickets import ticket

calls = 0
def deadly(call):
    def counted(*args, **settings):
        global calls
        calls += 1
        if calls > int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **settings)
    return counted

for name in ("open", "fsync", "rename"):
    setattr(os, name, deadly(getattr(os, name)))
asyncio.run(build(Path(sys.argv[1])).deliver(ticket(), ()))
"""


def test_a_process_killed_at_every_step_in_turn_leaves_one_mail_in_the_end(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    for after in (*range(0, STEPS, 3), 1000):
        command = [sys.executable, "-c", KILLED, str(tmp_path), str(after)]
        done = subprocess.run(command, cwd=root, capture_output=True, check=False)
        assert done.returncode in {0, -9}, done.stderr
    assert [path.name for path in mails(tmp_path)] == ["T-0001"]
