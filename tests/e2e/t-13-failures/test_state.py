"""The state folder is full, read-only, damaged, taken: one clear error, nothing lost, and it recovers."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e import products, stillposts
from tests.e2e.products import Sink
from tests.e2e.stillposts import Stillpost, eventually

pytestmark = pytest.mark.e2e


@pytest.fixture
def relay() -> Iterator[Sink]:
    with products.listening() as sink:
        yield sink


def portal(place: Path, relay: Sink, state: Path | None = None) -> Stillpost:
    plain = {"proof": "link", "mode": "observe"}
    return stillposts.install(place, relay=relay.port, limits=stillposts.WIDE, portals={"support": plain}, state=state)


def refused(stillpost: Stillpost) -> str:
    """What ``serve`` says when it cannot start: one line, exit code 2, no traceback."""
    done = stillpost.command("serve")
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr.startswith("stillpost: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.strip()


# --- mounts of our own ----------------------------------------------------------------------------------------------


class Mounts:
    """A mount namespace that lives as long as the test; nothing in it is seen outside, nothing is left of it."""

    def __init__(self) -> None:
        own = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        self.holder = subprocess.Popen(
            ["unshare", *own, "--mount", "sh", "-c", "echo ready; cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.holder.stdout is not None
        self.ready = self.holder.stdout.readline() == "ready\n"
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        self.inside = ("nsenter", "--target", str(self.holder.pid), *user, "--mount")

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([*self.inside, *command], capture_output=True, text=True, check=False)

    def do(self, *command: str) -> None:
        done = self.run(*command)
        assert done.returncode == 0, done.stderr

    def close(self) -> None:
        assert self.holder.stdin is not None
        assert self.holder.stdout is not None
        self.holder.stdin.close()
        self.holder.wait(timeout=10)
        self.holder.stdout.close()


@pytest.fixture
def mounts(needs: Callable[..., None]) -> Iterator[Mounts]:
    needs("unshare", "nsenter", "mount")
    mounts = Mounts()
    try:
        if not mounts.ready:
            needs("a-kernel-that-lets-us-mount")
        yield mounts
    finally:
        mounts.close()


@pytest.fixture
def small(mounts: Mounts, relay: Sink, tmp_path: Path) -> Iterator[Stillpost]:
    """A Stillpost whose state is on a disk of its own, of 8 MB."""
    stillpost = portal(tmp_path, relay)
    stillpost.state.mkdir()
    mounts.do("mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "stillpost-test", str(stillpost.state))
    stillpost.before = mounts.inside
    with stillposts.running(stillpost):
        yield stillpost


def fill(stillpost: Stillpost) -> Path:
    filler = stillpost.seen / "filler"
    file = os.open(filler, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(file, b"\0" * 512)
    except OSError:
        return filler
    finally:
        os.close(file)


def test_a_full_disk_is_said_and_loses_nothing_and_is_recovered_from(small: Stillpost, relay: Sink) -> None:
    stillpost = small
    kept = [stillpost.ask(f"ann.{number}@example.com", "Before", files=[("a", b"x" * 900)]) for number in range(3)]
    stillpost.idle()
    filler = fill(stillpost)
    answers = []
    for number in range(400):
        answers.append(stillpost.ask(f"bob.{number}@example.com", "While full", files=[("a", b"x" * 9000)]))
        if [answer.status for answer in answers[-5:]] == [503] * 5:
            break
    assert {answer.status for answer in answers} <= {202, 503}
    assert answers[-1].status == 503
    assert "nothing was kept" in answers[-1].text
    kept += [answer for answer in answers if answer.status == 202]
    called = {"requester": {"email": "carl@example.com"}, "subject": "While full", "text": "x" * 20_000}
    assert stillpost.call(called).status_code == 503
    assert stillpost.first_mail("ann.0@example.com", kept[0].code)[0] in {250, 451}
    assert [stillpost.stands(answer.secret) for answer in kept[1:]] == ["waiting"] * (len(kept) - 1)

    filler.unlink()
    code, said = stillpost.first_mail("ann.0@example.com", kept[0].code)
    assert code == 250 or "was used already" in said
    again = stillpost.ask("bob@example.org", "After", files=[("a", b"x" * 9000)])
    assert again.state == "challenged"
    stillpost.idle(60)
    assert [stillpost.stands(answer.secret) for answer in (*kept[1:], again)] == ["waiting"] * len(kept)
    assert len(stillposts.tickets(stillpost.seen)) == 1
    assert all(len(relay.to(f"ann.{number}@example.com")) == 1 for number in range(3))
    owners = {folder.name for folder in (stillpost.seen / "holds").iterdir()}
    assert owners == {answer.id for answer in (*kept[1:], again)}


def test_a_full_disk_lets_it_start_or_says_why_not_and_keeps_everything(small: Stillpost, mounts: Mounts) -> None:
    stillpost = small
    kept = [stillpost.ask(f"ann.{number}@example.com", "Before") for number in range(3)]
    filler = fill(stillpost)
    stillpost.kill()
    inside = [*mounts.inside, "timeout", "-s", "KILL", "3", "sh", "-c"]
    done = subprocess.run(
        [*inside, f"exec {os.sys.executable} -m stillpost serve --config {stillpost.config}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode in {-9, 137} or (done.returncode == 2 and "full" in done.stderr), (
        done
    )  # still running, or so
    mounts.do("rm", str(stillpost.state / filler.name))
    stillpost.start()
    assert [stillpost.stands(answer.secret) for answer in kept] == ["waiting"] * 3


def test_a_read_only_folder_is_refused_in_one_line(mounts: Mounts, relay: Sink, tmp_path: Path) -> None:
    stillpost = portal(tmp_path, relay)
    with stillposts.running(stillpost):
        answer = stillpost.ask("ann@example.com", "Before")
        assert stillpost.stop() == 0
    mounts.do("mount", "--bind", str(stillpost.state), str(stillpost.state))
    mounts.do("mount", "-o", "remount,bind,ro", str(stillpost.state))
    done = mounts.run(os.sys.executable, "-m", "stillpost", "serve", "--config", str(stillpost.config))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Read-only" in done.stderr
    with stillposts.running(stillpost):
        assert stillpost.stands(answer.secret) == "waiting"


# --- damage ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def used(relay: Sink, tmp_path: Path) -> Stillpost:
    """A stopped Stillpost with some past."""
    stillpost = portal(tmp_path, relay)
    with stillposts.running(stillpost):
        for number in range(60):
            assert stillpost.ask(f"ann.{number}@example.com", "Before", "word " * 400).status == 202
        assert stillpost.stop() == 0
    return stillpost


def overwrite(file: Path, start: int, content: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(start)
        opened.write(content)


def header(file: Path) -> None:
    overwrite(file, 0, b"this is no database at all")


def half(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def first_table(file: Path) -> None:
    overwrite(file, 100, os.urandom(3000))


def within(file: Path) -> None:
    """The second half of its pages."""
    connection = sqlite3.connect(file)
    size, pages = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "page_count"))
    connection.close()
    for page in range(pages // 2, pages):
        overwrite(file, page * size, os.urandom(size))


@pytest.mark.parametrize("damage", [header, half, first_table, within])
def test_a_damaged_store_is_refused_in_one_line_and_left_as_it_is(
    used: Stillpost, damage: Callable[[Path], None]
) -> None:
    database = used.state / "stillpost.db"
    damage(database)
    before = database.read_bytes()
    said = refused(used)
    assert "damaged" in said
    assert database.read_bytes() == before


def test_damage_under_a_running_process_is_an_error_of_the_requests_that_meet_it(used: Stillpost) -> None:
    with stillposts.running(used):
        within(used.state / "stillpost.db")
        answers = [used.ask(f"bob.{number}@example.com", "After") for number in range(30)]
        assert {answer.status for answer in answers} <= {202, 503}
        assert used.stop() == 0
        assert "Traceback" not in used.log.read_text()


def test_a_damaged_secret_file_is_refused_in_one_line(used: Stillpost) -> None:
    (used.state / "secrets.json").write_text('{"signing": [')
    assert "put back your copy" in refused(used)


# --- taken ----------------------------------------------------------------------------------------------------------


def test_a_second_process_on_the_same_state_is_refused_and_the_first_goes_on(relay: Sink, tmp_path: Path) -> None:
    first = portal(tmp_path / "first", relay)
    with stillposts.running(first):
        second = portal(tmp_path / "second", relay, state=first.state)
        said = refused(second)
        assert "another process" in said
        assert str(first.process and first.process.pid) in said
        answer = first.ask("ann@example.com", "Still here")
        assert first.first_mail("ann@example.com", answer.code) == (250, "")
        first.idle()


def test_of_two_processes_that_start_at_once_on_a_new_state_one_serves_with_the_keys_on_disk(
    relay: Sink, tmp_path: Path
) -> None:
    for turn in range(5):
        one = portal(tmp_path / f"one-{turn}", relay)
        other = portal(tmp_path / f"other-{turn}", relay, state=one.state)
        started = [one.launch(), other.launch()]
        eventually(lambda started=started: any(process.poll() is not None for process in started), "one gives up")
        winner, loser = (one, other) if started[1].poll() is not None else (other, one)
        try:
            assert loser.process is not None
            assert loser.process.wait() == 2
            winner.ready()
            answer = winner.ask("ann@example.com", "Before")
            winner.kill()
            winner.start()
            assert winner.stands(answer.secret) == "waiting"  # its hash is keyed with the key on disk
        finally:
            for each in (one, other):
                if each.process is not None:
                    each.kill()


@pytest.mark.parametrize("key", ["serve.listen", "inbound.listen"])
def test_a_port_in_use_is_refused_in_one_line_that_names_the_key(relay: Sink, tmp_path: Path, key: str) -> None:
    stillpost = portal(tmp_path, relay)
    mine = stillpost.port if key == "serve.listen" else stillpost.mail_port
    with products.listening(Sink(port=mine)):
        said = refused(stillpost)
    assert key in said
    assert "Address already in use" in said
    with stillposts.running(stillpost):
        assert stillpost.ask("ann@example.com", "Now").status == 202


def test_a_state_folder_with_a_very_long_name_has_its_control_socket_all_the_same(relay: Sink, tmp_path: Path) -> None:
    stillpost = portal(tmp_path, relay, state=tmp_path / ("a-rather-long-name/" * 12) / "state")
    with stillposts.running(stillpost):
        stillpost.ask("ann@example.com", "Before")
        stillpost.idle()
        done = stillpost.command("brake", "on", "--for", "2h")
        assert done.returncode == 0, done.stderr
        assert stillpost.journal("operated")
    shutil.rmtree(tmp_path / "a-rather-long-name")
