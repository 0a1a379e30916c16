"""The scan command as people run it: exit codes, one line on errors, an account's password from where it is said to be."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from stillpost.cli.mailbox import account_of, owner_of
from stillpost.cli.main import cli
from tests.mailboxes.boxes import mail, mbox
from tests.mailboxes.imapserver import Imap, serving
from tests.scan.boxes import bombed
from tests.scan.test_moving import maildir


@pytest.fixture
def imap() -> Iterator[Imap]:
    with serving(Imap(folders={"INBOX": {1: mail(1), 2: mail(2)}, "Sent": {1: mail(3)}})) as server:
        yield server


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text("secret\nnot this\n", encoding="utf-8")
    return path


@pytest.mark.enable_socket
def test_an_account_is_scanned_with_a_password_out_of_a_file(imap: Imap, password: Path) -> None:
    place = f"imap://anna%40example.org@127.0.0.1:{imap.port}/INBOX"
    done = CliRunner().invoke(cli, ["scan", place, "--password-file", str(password), "--format", "json"])
    assert done.exit_code == 0, done.output
    (mailbox,) = json.loads(done.stdout)["mailboxes"]
    assert mailbox["mailbox"] == "imap://anna@example.org@127.0.0.1/INBOX"
    assert mailbox["messages"] == 3
    assert imap.seen[-1] == "LOGOUT"


@pytest.mark.enable_socket
def test_a_wrong_password_is_one_line(imap: Imap, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("wrong", encoding="utf-8")
    done = CliRunner().invoke(
        cli, ["scan", f"imap://a@127.0.0.1:{imap.port}", "--password-file", str(tmp_path / "wrong")]
    )
    assert done.exit_code == 2
    assert "refuses this user or password" in done.stderr
    assert "wrong" not in done.stderr


def test_a_password_is_taken_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring")
    backend = pytest.importorskip("keyring.backend")

    class Ring(backend.KeyringBackend):  # type: ignore[misc,name-defined]  # the library's own way to add one
        priority = 1

        def set_password(self, service: str, username: str, password: str) -> None:
            raise NotImplementedError

        def get_password(self, service: str, username: str) -> str | None:
            return {("stillpost", "anna@imap.example.org"): "secret"}.get((service, username))

    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    try:
        assert account_of("imaps://anna@imap.example.org/", None, keyring=True).place.password == "secret"
        with pytest.raises(click.ClickException, match="keyring set stillpost bert@imap"):
            account_of("imaps://bert@imap.example.org/", None, keyring=True)
    finally:
        keyring.set_keyring(before)


def test_an_account_s_user_is_its_owner_where_it_is_an_address() -> None:
    assert owner_of("imaps://anna%40example.org@imap.example.org") == ("anna@example.org",)
    assert owner_of("imaps://anna@imap.example.org") == ()
    assert owner_of("/home/anna@example.org/Mail") == ()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-file"], "No such file"),
        (["imaps://anna:secret@imap.example.org"], "leave the password out"),
        (["imap://anna@imap.example.org"], "imaps://"),
        (["imaps://anna@imap.example.org"], "nobody is here to be asked"),
        (["imaps://anna@imap.example.org", "--password-file", "no-such-file"], "no-such-file cannot be read"),
        (["imaps://anna@imap.example.org", "--password-file", "/dev/null"], "the password is empty"),
        (["INBOX", "--me", "anna"], "has an @"),
    ],
)
def test_what_cannot_be_scanned_is_one_line_and_exit_code_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "INBOX").write_bytes(mbox(1))
    done = CliRunner().invoke(cli, ["scan", *arguments])
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr


def test_a_wave_is_an_exit_code_only_where_it_is_asked_for(tmp_path: Path) -> None:
    bombed(tmp_path / "inbox")
    assert CliRunner().invoke(cli, ["scan", str(tmp_path / "inbox")]).exit_code == 0
    assert CliRunner().invoke(cli, ["scan", str(tmp_path / "inbox"), "--fail-on-wave"]).exit_code == 1


def test_a_stranger_s_words_cannot_steer_the_terminal(tmp_path: Path) -> None:
    evil = mail(1).replace(b"Subject: 1", b"Subject: =?utf-8?b?GzJKG10wO2V2aWwH4oCuYWJj?=")
    (tmp_path / "a\x1b[2J.mbox").write_bytes(mbox(2) + b"From a@example.org Mon Nov 23 10:00:00 2026\n" + evil)
    command = [sys.executable, "-m", "stillpost", "scan", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"LANG": "C.UTF-8"})
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr


def test_reports_are_written_and_said_beside_the_answer(tmp_path: Path) -> None:
    bombed(tmp_path / "inbox")
    arguments = ["scan", str(tmp_path / "inbox"), "--reports", str(tmp_path / "reports"), "--format", "json"]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2
    assert "--me" in done.stderr
    done = CliRunner().invoke(cli, [*arguments, "--me", "anna@example.org"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["mailboxes"][0]["waves"]
    assert "reports in" in done.stderr
    assert len(list((tmp_path / "reports").iterdir())) > 50
    done = CliRunner().invoke(cli, [*arguments, "--me", "anna@example.org"])
    assert done.exit_code == 2
    assert "is not empty" in done.stderr


@pytest.mark.parametrize(
    ("rules", "word"), [("sieve", "fileinto :create"), ("rspamd", "STILLPOST_WAVE_"), ("exchange", "New-TransportRule")]
)
def test_rules_are_all_that_is_printed(tmp_path: Path, rules: str, word: str) -> None:
    bombed(tmp_path / "inbox")
    done = CliRunner().invoke(cli, ["scan", str(tmp_path / "inbox"), "--rules", rules])
    assert done.exit_code == 0
    assert word in done.stdout
    assert "WAVE 1" not in done.stdout


def test_the_page_is_written_whole_for_its_owner_alone(tmp_path: Path) -> None:
    bombed(tmp_path / "inbox")
    page = tmp_path / "report.html"
    page.write_text("an older one", encoding="utf-8")
    done = CliRunner().invoke(cli, ["scan", str(tmp_path / "inbox"), "--html", str(page)])
    assert done.exit_code == 0, done.output
    assert page.read_text(encoding="utf-8").endswith("</html>\n")
    assert page.stat().st_mode & 0o077 == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inbox", "report.html"]


def test_a_page_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "inbox").write_bytes(mbox(1))
    done = CliRunner().invoke(cli, ["scan", str(tmp_path / "inbox"), "--html", str(tmp_path / "no/report.html")])
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr


@pytest.mark.parametrize("language", ["en_US.UTF-8", "de_DE.UTF-8"])
def test_moving_only_says_what_it_would_do_until_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", language)
    maildir(tmp_path / "Maildir")
    before = sorted(str(path) for path in (tmp_path / "Maildir").rglob("*"))
    done = CliRunner().invoke(cli, ["scan", "Maildir", "--move", "Wave"])
    assert "183" in done.stderr
    assert "--yes" in done.stderr
    assert sorted(str(path) for path in (tmp_path / "Maildir").rglob("*")) == before
    done = CliRunner().invoke(cli, ["scan", "Maildir", "--move", "Wave", "--yes"])
    assert done.exit_code == 0, done.output
    (record,) = tmp_path.glob("stillpost-move-*.jsonl")
    assert record.name in done.stderr
    assert len(list((tmp_path / "Maildir/.Wave").rglob("*host*"))) == 183
    assert CliRunner().invoke(cli, ["scan", "Maildir", "--undo", record.name]).exit_code == 0
    assert len(list((tmp_path / "Maildir/.Wave").rglob("*host*"))) == 183
    done = CliRunner().invoke(cli, ["scan", "Maildir", "--undo", record.name, "--yes"])
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "Maildir/.Wave").rglob("*host*"))) == 0


def test_a_record_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "record").write_text("no", encoding="utf-8")
    done = CliRunner().invoke(cli, ["scan", str(tmp_path), "--undo", str(tmp_path / "record"), "--yes"])
    assert done.exit_code == 2
    assert "no record of a move" in done.stderr
