"""The watch command: one line on errors; what it tells is in the reader's language."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from stillpost.cli.main import cli
from stillpost.cli.watch import teller
from stillpost.scan.needle import Reason
from stillpost.scan.watching import ALARM, HIDDEN
from tests.mailboxes.imapserver import Imap, serving
from tests.scan.boxes import START


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ("Maildir", "write it like imaps://"),
        ("imaps://anna:secret@imap.example.org", "leave the password out"),
        ("imaps://anna@imap.example.org", "nobody is here to be asked"),
    ],
)
def test_what_cannot_be_watched_is_one_line(account: str, said: str) -> None:
    done = CliRunner().invoke(cli, ["watch", account])
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.enable_socket
def test_an_account_that_refuses_ends_the_watch(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("wrong", encoding="utf-8")
    with serving(Imap(folders={"INBOX": {}})) as imap:
        arguments = ["watch", f"imap://a@127.0.0.1:{imap.port}", "--password-file", str(tmp_path / "password")]
        done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2
    assert "refuses this user or password" in done.stderr


@pytest.mark.parametrize(
    ("locale", "alarm", "hidden"),
    [
        ("en_US.UTF-8", "ALARM now: at least 5 organizations", "LOOK AT THIS: a\\u202e: b (you wrote to this sender"),
        ("de_DE.UTF-8", "ALARM now: mindestens 5", "SEHEN SIE SICH DAS AN: a\\u202e: b (Sie haben diesem Absender"),
    ],
)
def test_it_tells_in_the_reader_s_language(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], locale: str, alarm: str, hidden: str
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    tell = teller(lambda: START)
    text = "at least {count} organizations new to this mailbox wrote within {minutes} minutes; {limit} are an alarm"
    tell(ALARM, at="now", why=(text, {"count": 5, "limit": 5, "minutes": 5}))
    tell(HIDDEN, sender="a\u202e", subject="b", why=(Reason("you wrote to this sender before"),))
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("2026-10-20 18:00:00 ")
    assert alarm in first
    assert hidden in second
